"""The manual's page on MatchEngine says what the code does."""

from __future__ import annotations

from importlib.resources import files

import msgspec

from copyhound_matchengine.settings import MatchEngineSettings
from copyhound_matchengine.wire import CompareMatch, SearchMatch

PAGE = files("copyhound.docs").joinpath("matchengine.md").read_text("utf-8")


def test_every_setting_is_told_with_its_default() -> None:
    """Each setting has its line, with its default where that is a number."""
    for field in msgspec.structs.fields(MatchEngineSettings):
        default = f"`{field.default}` |" if isinstance(field.default, int) else "|"
        assert f"| `{field.name}` | {default}" in PAGE, field.name


def test_every_field_of_a_match_is_told() -> None:
    """Each field of a result stands in the table of fields, or in the text."""
    for struct in (SearchMatch, CompareMatch):
        assert [name for name in struct.__struct_fields__ if f"`{name}`" not in PAGE] == []
