"""What the operations take, for the OpenAPI document: the clients' many forms, in their simplest one."""

from __future__ import annotations

from typing import Any, Final

from copyhound.plugin_api.describing import FILE, form, operation, path, query

_TEXT: Final = {"type": "string"}
_COLLECTION: Final = path("collection", "The collection's name.")
_COMMON: Final = (
    _COLLECTION,
    query("format", "The answer's form.", enum=["json", "xml"], default="json"),
    query("timeout", "Seconds after which to give up; 0: never.", type="number"),
)
_MATCHING: Final = (
    *_COMMON,
    query("min_score", "Only matches with this score at least.", type="number", default=0),
    query("check_horizontal_flip", "Look for mirrored copies too.", type="boolean", default=False),
)
_FOUND: Final = (
    *_MATCHING,
    query("offset", "How many matches are skipped.", type="integer", default=0),
    query("limit", "How many matches are answered at most.", type="integer", default=10),
    query("generate_overlay", "Give each match the address of its overlay.", type="boolean", default=False),
)
_BASE: Final = "/{collection}/rest"


def _told(method: str, verb: str, description: str, *parameters: Any, body: Any = None) -> tuple[str, Any]:
    told = operation(description, *parameters, body=body, name=f"{verb}_{method.lower()}")
    return f"{method} {_BASE}/{verb}", told


_PICTURE: Final = form(image=FILE, url=_TEXT, filepath=_TEXT)
_EVERYTHING: Final[dict[str, Any]] = {
    f"{method} {where}": None for method in ("GET", "POST", "DELETE") for where in ("/", "/{path}")
}
OPERATIONS: Final[dict[str, Any]] = {
    **_EVERYTHING,
    **dict(
        (
            _told("POST", "add", "Add a picture: a file, or a URL with a filepath.", *_COMMON, body=_PICTURE),
            _told("POST", "search", "Pictures that are like a file, a URL, or one of its own.", *_FOUND, body=_PICTURE),
            _told(
                "GET",
                "search",
                "Pictures that are like the one at a URL, or one of its own.",
                *_FOUND,
                query("url", "Where the picture is."),
                query("filepath", "Or: a picture of the collection."),
            ),
            _told(
                "POST",
                "compare",
                "Whether two pictures are alike.",
                *_MATCHING,
                body=form(image1=FILE, image2=FILE, url1=_TEXT, url2=_TEXT, filepath1=_TEXT, filepath2=_TEXT),
            ),
            _told("DELETE", "delete", "Take a picture out.", *_COMMON, query("filepath", "Which one.", required=True)),
            _told("GET", "count", "How many pictures there are.", *_COMMON),
            _told(
                "GET",
                "list",
                "The paths of its pictures.",
                *_COMMON,
                query("offset", "How many are skipped.", type="integer", default=0),
                query("limit", "How many are answered at most.", type="integer", default=20),
            ),
            _told("GET", "ping", "Whether the collection is there.", *_COMMON),
        )
    ),
}
