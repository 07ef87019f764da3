"""Summaries of operations: whole phrases, in every document that is published."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import pytest

from copyhound.http.openapi_summaries import phrase

ROOT = resources.files("copyhound_schemas")
DOCUMENTS = [
    ROOT / "openapi.json",
    *sorted((one for one in (ROOT / "openapi").iterdir() if one.name.endswith(".json")), key=str),
]


def operations(document: dict[str, Any]) -> dict[str, str]:
    """`GET /path` -> summary."""
    return {
        f"{method.upper()} {path}": operation.get("summary", "")
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: one.name)
def test_every_summary_is_a_whole_phrase(document: Any) -> None:
    """Two words or more; no code or bracket is cut in two; no mark at the end."""
    for name, told in operations(json.loads(document.read_text("utf-8"))).items():
        assert len(told.split()) >= 2, (name, told)
        assert len(told) <= 120, (name, told)
        assert told.count("`") % 2 == 0, (name, told)
        assert all(told.count(a) == told.count(b) for a, b in ("()", "[]", "{}")), (name, told)
        assert told[-1] not in ".:;,?!-", (name, told)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("One list.", "One list"),
        ("Make it. Then go.", "Make it"),
        ("Make it: at once.", "Make it"),
        ("To the manual (`Accept: text/html`).", "To the manual (`Accept: text/html`)"),
        ("As `a: b`, or JSON Feed 1.1: both.", "As `a: b`, or JSON Feed 1.1"),
        ("Two\nlines. More.", "Two lines"),
        ("An odd `tick. More.", "An odd `tick"),
        ("", ""),
    ],
)
def test_a_phrase_ends_where_a_sentence_does(text: str, told: str) -> None:
    """Not at a full stop or colon within code, brackets or a number."""
    assert phrase(text) == told
