"""What schemathesis is told beside its own rules; it runs in an environment of its own, so that nothing here is ours.

Data that fit the schema may be refused, but only for what no schema can say. Each such cause stands here with its
reason. A refusal that names fields (`errors`) and is not among them is a fault of the schema, and is told as one.
"""

import re
from typing import Any

import schemathesis  # type: ignore[import-not-found]
from schemathesis.openapi.checks import RejectedPositiveData  # type: ignore[import-not-found]
from schemathesis.specs.openapi.checks import positive_data_acceptance  # type: ignore[import-not-found]

CODES = {
    "idempotency_mismatch": "the tool sends one key with different bodies",
    "no_image": "a picture may come in either of several fields",
    "too_many_images": "the most is a setting",
    "payload_too_large": "the most is a setting",
    "not_an_image": "bytes that are no picture",
    "image_truncated": "bytes that are no picture",
    "image_too_many_bytes": "the most is a setting",
    "image_too_simple": "what a picture shows",
    "plugin_unknown": "plugins come and go; the schema is one for all",
    "settings_invalid": "each plugin has settings of its own",
    "url_invalid": "which texts are web addresses of hosts",
    "url_forbidden": "addresses inside of the network",
}
TEXTS = {
    r"cursor is not one of ours|not a cursor of this log": "cursors are opaque: only the server makes them",
    r"filter is not valid|no JSON filter|The filter": "JSON within a parameter",
    r"before the first one|is before `since`|must be after|in the past|is over": "two times, one after the other",
    r"either days or cron|in time zone|schedule|cron|time zone": "one of two fields; lines that fire; zones",
    r"There is no |is no trigger of": "names that are not there",
    r"is not there": "names that are not there",
    r"not a host|No host": "which texts are hosts",
    r"send one of both": "one of two fields",
    r"its filter names none": "a field of the filter that feeds have no use for",
    r"was not found on that page": "names that are not there",
    r"^prefix: Expected either a prefix": "one of two parameters",
    r"either url or base64": "one of two fields",
    r"not base64": "base64 has many forms that are taken",
    r"^again: It is for a consumer": "parameters that go together",
    r"outside of the years 1 to 9999": "the calendar in UTC",
    r"half a surrogate pair": "JSON that is no text",
    r"nested too deeply": "no schema says how deep",
    r"Expected one for each file": "as many of one field as of another",
    r"Expected `int` <= 9223372036854775807": "the tool rounds numbers as large as this",
    r"Invalid RFC3339": "leap seconds, and days that no month has",
}

ANY_ACTION = "/api/v1/actions/{key}"
"""It takes any object; what each action takes, its own path tells."""


@schemathesis.check  # type: ignore[untyped-decorator]
def valid_data_is_taken(ctx: Any, response: Any, case: Any) -> Any:
    """As schemathesis' own check, but for the causes above."""
    try:
        return positive_data_acceptance(ctx, response, case)
    except RejectedPositiveData:
        if case.operation.path == ANY_ACTION:
            return None
        told = response.json()
        if told["code"] in CODES:
            return None
        if told["code"] == "invalid_request" and any(re.search(text, told["detail"]) for text in TEXTS):
            return None
        raise
