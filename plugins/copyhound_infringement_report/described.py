"""What the operations take, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from copyhound.plugin_api.describing import header, operation, query, raw, sent

_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "array", "items": _TEXT}
_ROWS: Final = (
    query("start", "How many rows are skipped.", type="integer", default=0),
    query("rows", "How many rows are answered at most.", type="integer", default=50, maximum=1000),
)
_WHICH: Final = (
    query("filters", 'Conditions as a JSON object, `{"host-cont": "domain.com"}`; `filter[host-cont]=` does too.'),
    query("use_ignore_lists", "Leave out the hosts that are ignored.", type="boolean"),
)
_QUERY: Final = (
    *_WHICH,
    *_ROWS,
    query("sort", "A metric and `asc` or `desc`: `found_timestamp desc`."),
    query("group_by", "One group for each host.", enum=["host"]),
    query("facet", "Count the values of metrics, such as `tag,language`."),
    query("date_range", "Count results by the day on which their host was found first.", enum=["host_first_found"]),
    query("tag[eql]", "Only results with a tag, such as `approved`; `tag[ne]` for those without."),
    query("extend_thumbnails", "With addresses of thumbnails.", type="boolean", default=False),
    query("output", "The answer's form.", enum=["json", "csv", "jsonl"], default="json"),
)
_EXPORT: Final = (*_WHICH, query("format", "The file's form.", enum=["csv", "json", "jsonl"], default="csv"))
_NOTIFY: Final = sent(
    "type",
    "endpoint",
    list_id={"type": "array", "items": {}},
    filter_string=_TEXT,
    schedule={"type": "string", "enum": ["1", "7", "14", "30"]},
    type={"type": "string", "enum": ["email", "postback"]},
    endpoint=_TEXT,
    format={"type": "string", "enum": ["htmlsummary", "textsummary", "jsontextsummary", "jsonsummary", "jsonfull"]},
)
_IGNORED: Final = sent(add=_TEXTS, add_lsv_urls=_TEXT)
_VERIFY: Final = query("verify", "Fetch and compare what is found; monitored lists do anyway.", type="boolean")
_FLAG: Final = {"type": "boolean"}
_UPLOAD: Final = (
    header("X-Mime-Type", "What the file is, such as image/jpeg."),
    query("base64", "`true`: the body is the file as base64 text."),
    _VERIFY,
)
OPERATIONS: Final[dict[str, Any]] = {
    "POST /search": operation(
        "Search for pictures by their addresses.", body=sent("images", images=_TEXTS, list_label=_TEXT, verify=_FLAG)
    ),
    "GET /search/{list_id}": operation("Search all images of a list again.", _VERIFY),
    "GET /list": operation("The lists.", *_ROWS),
    "POST /list": operation("Make a list.", body=sent("list_label", list_label=_TEXT, monitor={"type": "boolean"})),
    "PATCH /list/{list_id}": operation(
        "Change a list.", body=sent(list_label=_TEXT, monitor=_FLAG, add_lsv_urls=_TEXT, verify=_FLAG)
    ),
    "GET /list/{list_id}/query": operation("The results of a list.", *_QUERY),
    "POST /list/{list_id}/query": operation("The results of a list, the filters in the body.", *_QUERY),
    "GET /list/{list_id}/export": operation("All results of a list, as a file.", *_EXPORT),
    "GET /export": operation(
        "All results of a list, as a file.", query("list_id", "Which list.", required=True), *_EXPORT
    ),
    "PUT /list/{list_id}/file/{filename}": operation("Upload a picture into a list.", *_UPLOAD, body=raw()),
    "PATCH /list/{list_id}/ignore": operation("Ignore hosts; `*` stands for anything.", body=_IGNORED),
    "POST /list/{list_id}/tag": operation("Make a tag.", body=sent("tag_label", tag_label=_TEXT, colour=_TEXT)),
    "PATCH /result/{result_id}": operation("Tag a result; an empty tag takes it away.", body=sent("tag", tag=_TEXT)),
    "PATCH /result/bulk": operation(
        "Tag many results.", body=sent("tag", tag=_TEXT, result_ids=_TEXTS, list_id=_TEXT, q=_TEXT)
    ),
    "POST /notify/new": operation("Make a notification.", body=_NOTIFY),
    "POST /notification/new": operation("Make a notification.", body=_NOTIFY),
}
