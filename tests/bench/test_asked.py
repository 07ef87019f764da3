"""The table of what we ask of the engine."""

from __future__ import annotations

from typing import Any

import pytest
from tests.bench.asked import ASKED, UNKNOWN, asked


def growth(size: int, search: float, first: float) -> dict[str, Any]:
    """A row of the growth curve."""
    return {
        "size": size, "search_ratio": search, "first": first, "ram": {"own": 5e8, "mapped": 5e9},
        "disk_per_picture": 5_000.0, "open_seconds": 0.1, "add_and_find_seconds": 2.0,
    }  # fmt: skip


ALL: dict[str, Any] = {
    "copyhound.score": {
        "first": 0.97, "strict": 0.96, "worst_edit_first": 0.7, "false_alarms": 0.006, "noise": 0.0, "aligned": 1.0,
        "first_by_edit": {"crop": 1.0, "blur": 1.0},
    },
    "copyhound-searched.score": {"worst_edit_first": 0.8},
    "copyhound": {
        "queries": 5_000, "indexed": 999, "refused": {"a": "image_too_simple"},
        "data_bytes": {"copyhound.db": 9_990_000, "copyhound.db-wal": 10**9, "blobs": 9_990_000},
    },
    "accuracy": {
        "edits": {"cropped": {"so": 9, "named": 0.99}, "rotated": {"so": 9, "named": 0.89}, "mirrored": {"so": 0}},
        "registration": {"crop": {"mean": 0.01}, "blur": {"mean": 0.4}},
    },
    "speed": {"ratios": {"prepare_entry_640px": 0.81, "prepare_entry_12mp": 1.6}},
    "growth": {"sizes": [growth(2_650, 1, 0.95), growth(100_000, 2, 0.94), growth(1_000_000, 3, 0.93)]},
}  # fmt: skip


def measured(parts: dict[str, Any]) -> list[str]:
    """The table's last column."""
    return [line.split(" | ")[-1].removesuffix(" |") for line in asked(parts).splitlines()[2 : 2 + len(ASKED)]]


def test_each_figure_stands_beside_what_is_asked() -> None:
    """What falls short is marked; a figure that is just what must be is not."""
    assert measured(ALL) == [
        "0.970", "0.960", "0.800", "0.60, **missed**", "0.0000", "1.000", "0.890, **missed**", "0.40", "0.10",
        "0.81, **missed**", "1.60", "2.00", "1.50", "0.020", "5.5", "25.0", "0.10", "2.00, **missed**",
    ]  # fmt: skip
    assert "5,000 queries, 2 edits, 999 pictures" in asked(ALL)


@pytest.mark.parametrize("missing", list(ALL))
def test_what_was_not_measured_is_said(missing: str) -> None:
    """Without the results of a step its figures are said to be missing, and all others stand."""
    here = measured({name: part for name, part in ALL.items() if name != missing})
    told = [one if one == UNKNOWN else whole for one, whole in zip(here, measured(ALL), strict=True)]
    assert told == here or missing == "copyhound-searched.score"
    assert (UNKNOWN in here) == (missing != "copyhound-searched.score")


def test_a_growth_curve_that_ends_early_leaves_the_rest_open() -> None:
    """Figures of sizes that were not reached are not made up."""
    short = {**ALL, "growth": {"sizes": ALL["growth"]["sizes"][:2]}}
    assert measured(short).count(UNKNOWN) == 6
    assert measured({}) == [UNKNOWN] * len(ASKED)
