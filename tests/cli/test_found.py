"""What `copyhound search` shows of matches."""

from __future__ import annotations

from typing import Any

import pytest

from copyhound.cli.found import COLUMNS, by_confidence, show_matches

NAMES = {"img_1": "hats.jpg", "img_2": "boat.jpg"}
ADDRESS = "https://cdn.example.org/" + "a" * 90 + ".jpg"
EDITS = [
    {"kind": "cropped", "share": 25.3},
    {"kind": "embedded", "share": 50.0},
    {"kind": "rotated", "angle": -10.24},
    {"kind": "stretched", "factor": 0.8},
    {"kind": "resized", "factor": 0.5},
    {"kind": "covered", "share": 4.04},
    {"kind": "inverted"},
]
WORDS = (
    "cropped: 25.3 % cut away; embedded: fills 50 % of the copy; rotated 10.2° anticlockwise; stretched: 1.25 times as "
    "high for its width; resized to 50 %; covered: 4 % hidden; inverted"
)


def a_match(name: str, confidence: float | None, image: str = "img_1", edits: tuple[Any, ...] = ()) -> dict[str, Any]:
    """A match as the API answers it."""
    comparison = confidence and {
        "confidence": confidence, "score": 71.26, "match_type": "partial", "edits": list(edits), "query_share": 74.7,
        "match_share": 100.0,
    }  # fmt: skip
    verification = {
        "state": "verified",
        "reason": None if comparison else "fetch_failed: No.",
        "comparison": comparison,
    }
    return {
        "id": f"match_{name}_01m8094syrztjd9rjt0c6hwfn0", "image_id": image, "image_url": ADDRESS,
        "pages": [{"url": "https://shop.example/p"}], "verification": verification,
    }  # fmt: skip


MATCHES = [a_match("c", None), a_match("b", 63.0), a_match("a", 99.9, edits=tuple(EDITS)), a_match("d", 80.0, "img_2")]


def test_surest_first() -> None:
    """Matches are ordered by confidence; one that could not be compared comes last."""
    assert [match["id"][6] for match in by_confidence(MATCHES)] == ["a", "d", "b", "c"]


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that a person sees in 80 columns."""
    monkeypatch.setattr("copyhound.cli.found.for_people", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    show_matches(by_confidence(MATCHES), NAMES)
    return capsys.readouterr().out.splitlines()


def test_people_see_all_of_a_match(screen: list[str]) -> None:
    """Type, score, edits with their figures and both shares are told, below the picture's name."""
    assert screen[0] == "hats.jpg: 3 copies, surest first"
    assert "boat.jpg: 1 copy, surest first" in screen
    told = " ".join(" ".join(screen).split())
    assert "confidence 99.9, score 71.3, partial" in told
    assert f"edits {WORDS} shares" in told
    assert "74.7 % of the image and 100 % of the copy are in common" in told
    assert "unchecked fetch_failed: No." in told


def test_only_an_address_is_wider_than_the_screen(screen: list[str]) -> None:
    """In 80 columns addresses and ids stand whole, each on one line; all else is folded between words."""
    assert [line for line in screen if len(line) > 80 and not line.endswith(ADDRESS)] == []
    assert sum(line.endswith(f" {ADDRESS}") for line in screen) == 4
    assert [line.split()[-1] for line in screen if " match  " in line] == [m["id"] for m in by_order()]


def by_order() -> list[dict[str, Any]]:
    """The matches in the order of the screen: picture by picture."""
    return sorted(by_confidence(MATCHES), key=lambda match: str(match["image_id"]))


def test_programs_see_all_of_a_match(capsys: pytest.CaptureFixture[str]) -> None:
    """A line has each figure of a match between tabs."""
    show_matches(by_confidence(MATCHES), NAMES)
    names, first = (line.split("\t") for line in capsys.readouterr().out.splitlines()[:2])
    assert names == list(COLUMNS)
    assert dict(zip(names, first, strict=True)) == {
        "picture": "hats.jpg", "copy": ADDRESS, "page": "https://shop.example/p", "confidence": "99.9",
        "score": "71.26", "match_type": "partial", "edits": WORDS, "query_share": "74.7", "match_share": "100.0",
        "match_id": MATCHES[2]["id"],
    }  # fmt: skip


def test_no_copies_are_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing was found a person reads a sentence."""
    monkeypatch.setattr("copyhound.cli.found.for_people", lambda: True)
    show_matches([], NAMES)
    assert capsys.readouterr().out == "No copies were found.\n"
