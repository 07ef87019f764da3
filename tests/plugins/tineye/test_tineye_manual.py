"""The manual's page on TinEye."""

from __future__ import annotations

from importlib.resources import files

import msgspec

from copyhound_tineye.errors import _SAID, NO_IMAGE, Said
from copyhound_tineye.settings import TinEyeSettings

PAGE = files("copyhound").joinpath("docs", "tineye.md").read_text("utf-8")


def test_every_setting_is_told() -> None:
    """Each setting of [plugins.tineye] stands on the page, and each has a description."""
    assert [name for name in TinEyeSettings.__struct_fields__ if f"`{name}`" not in PAGE] == []
    described = msgspec.json.schema(TinEyeSettings)["$defs"]["TinEyeSettings"]["properties"]
    assert [name for name, field in described.items() if not field.get("description")] == []


def test_every_sentence_of_a_picture_is_told() -> None:
    """What a client may read of its picture, in both styles, stands on the page."""
    told: list[Said] = [said for code, said in _SAID.items() if said.code == 400 and not said.detail]
    assert [said.message for said in told if f"`{said.message}`" not in PAGE] == []
    classic = [message for said in told if said.classic for message in said.classic[1]]
    assert [message for message in classic if f"`{message}`" not in PAGE] == []
    assert NO_IMAGE in PAGE


def test_the_caveats_are_told() -> None:
    """The page warns of cutting by score, tells of logos, and where the documents contradict themselves."""
    for words in ("Do not cut by score", "only a logo or a line of text", "never `result`", "never `end_date`"):
        assert words in PAGE


def test_how_often_we_are_wrong_is_told() -> None:
    """The benchmark's page states the share of false alarms, and TinEye's page leads to it and to marking them."""
    benchmark = files("copyhound").joinpath("docs", "benchmark.md").read_text("utf-8")
    assert "false alarms, % of the negatives" in benchmark
    for words in ("(benchmark.md)", "not a match"):
        assert words in PAGE
