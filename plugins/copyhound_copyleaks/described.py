"""What the operations take, for the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from copyhound.plugin_api.describing import FILE, form, operation, query, sent

_TEXT: Final = {"type": "string"}
CHECKS: Final[dict[str, Any]] = {
    "POST /image-plagiarism-detector/{scan_id}/check": operation(
        "Check a picture; the answer is there when the request ends. The same id and bytes again: the same answer.",
        body=form(
            "image",
            "filename",
            image=FILE,
            filename={"type": "string", "maxLength": 255},
            sandbox={"type": "string", "enum": ["true", "false"]},
            developerPayload=_TEXT,
        ),
    ),
}
ACCOUNT: Final[dict[str, Any]] = {
    "POST /account/login/api": operation(
        "A token for 48 hours, for an API key.", body=sent("email", "key", email=_TEXT, key=_TEXT), open=True
    ),
    "GET /scans/usages/history": operation(
        "What each day took, as CSV.",
        query("start", "First day, dd-MM-yyyy.", required=True),
        query("end", "Last day, dd-MM-yyyy.", required=True),
    ),
    "GET /miscellaneous/ocr-languages-list": operation("Languages that are read from pictures: none.", open=True),
    "GET /miscellaneous/supported-file-types": operation("Which files can be checked.", open=True),
    "GET /release-logs.json": operation("What was changed.", open=True),
}
