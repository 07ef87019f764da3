"""What we ask of the engine, beside what was measured: the table at the top of the manual's page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Parts = Mapping[str, Any]
"""Name of a file of results -> what stands in it."""
UNKNOWN: Final = "- (not measured in this run)"
SMALL, MIDDLE, LARGE = 2_650, 100_000, 1_000_000
GEOMETRIC: Final = ("resized", "cropped", "embedded", "mirrored", "rotated", "stretched", "perspective")


@dataclass(frozen=True)
class Asked:
    """A figure that we ask for."""

    what: str
    must: float
    aim: float | None
    measured: Callable[[Parts], float]
    """KeyError, TypeError, ValueError or NaN where it was not measured."""
    form: str = "{:.3f}"
    least: bool = False
    """Whether it must be at least so much; else at most."""

    def row(self, parts: Parts) -> str:
        """Its line of the table."""
        aim = "-" if self.aim is None else self._bound(self.aim)
        return f"| {self.what} | {self._bound(self.must)} | {aim} | {self._told(parts)} |"

    def _bound(self, value: float) -> str:
        plain = self.form.format(value)
        return ("at least " if self.least else "at most ") + plain if value else plain

    def _told(self, parts: Parts) -> str:
        try:
            value = round(self.measured(parts), 9)
        except (KeyError, TypeError, ValueError):  # not there, null, or a mean of none
            return UNKNOWN
        if math.isnan(value):
            return UNKNOWN
        held = value >= self.must if self.least else value <= self.must
        return self.form.format(value) + ("" if held else ", **missed**")


def asked(parts: Parts) -> str:
    """The table, and how it came about. What there are no figures for is said to be not measured."""
    lines = ["| figure | must | aim | measured |", "| --- | ---: | ---: | ---: |", *(one.row(parts) for one in ASKED)]
    return "\n".join([*lines, "", *_how(parts)]) + "\n"


def _how(parts: Parts) -> Iterator[str]:
    ours, growth = parts.get("copyhound"), parts.get("growth")
    yield "`make bench` measures all this and writes this table, each figure from the last run of its step."
    if ours:
        edits = len(parts.get("copyhound.score", {}).get("first_by_edit", ()))
        yield f"Finding: {ours['queries']:,} queries, {edits} edits, {ours['indexed']:,} pictures, default settings."
    if growth:
        sizes = ", ".join(f"{row['size']:,}" for row in growth["sizes"])
        yield f"Growth: an index of {sizes} pictures, made-up ones beyond the real."
    yield "*SIFT* is the CPU time of plain OpenCV SIFT, all features, of the same picture at 512 px, in the same run."


def _score(name: str) -> Callable[[Parts], float]:
    return lambda parts: float(parts["copyhound.score"][name])


def _worst(parts: Parts) -> float:
    return float(parts.get("copyhound-searched.score", parts["copyhound.score"])["worst_edit_first"])


def _speed(name: str) -> Callable[[Parts], float]:
    return lambda parts: float(parts["speed"]["ratios"][name])


def _at(size: int, name: str) -> Callable[[Parts], float]:
    return lambda parts: float(_size(parts, size)[name])


def _size(parts: Parts, size: int) -> dict[str, Any]:
    rows: dict[int, dict[str, Any]] = {row["size"]: row for row in parts["growth"]["sizes"]}
    return rows[size]


def _dearer(parts: Parts) -> float:
    return _at(LARGE, "search_ratio")(parts) / _at(MIDDLE, "search_ratio")(parts)


def _lost(parts: Parts) -> float:
    return max(0.0, _at(SMALL, "first")(parts) - _at(LARGE, "first")(parts))


def _ram(parts: Parts) -> float:
    return float(sum(_size(parts, LARGE)["ram"].values()) / LARGE / 1e3)


def _disk(parts: Parts) -> float:
    """kB: the index at a million, and of a picture in the benchmark what the database and the blobs take."""
    ours = parts["copyhound"]
    kept = sum(ours["data_bytes"][name] for name in ("copyhound.db", "blobs"))
    return float(_size(parts, LARGE)["disk_per_picture"] + kept / ours["indexed"]) / 1e3


def _refused(parts: Parts) -> float:
    ours = parts["copyhound"]
    return float(100 * len(ours["refused"]) / (ours["indexed"] + len(ours["refused"])))


def _named(parts: Parts) -> float:
    kinds = parts["accuracy"]["edits"]
    return min(float(kinds[name]["named"]) for name in GEOMETRIC if name in kinds and kinds[name]["so"])


def _registered(parts: Parts) -> float:
    return max(float(row["mean"]) for row in parts["accuracy"]["registration"].values())


ASKED: Final = (
    Asked("first: the source comes first, over all edits", 0.97, 0.99, _score("first"), least=True),
    Asked("strict: first, and above every false match of the run", 0.95, 0.98, _score("strict"), least=True),
    Asked("first in the worst edit, but for pictures refused as too simple", 0.80, 0.90, _worst, least=True),
    Asked("false alarms, % of the negatives", 0.5, 0, lambda parts: 100 * _score("false_alarms")(parts), form="{:.2f}"),
    Asked("noise: false matches of a positive", 0.01, 0, _score("noise"), form="{:.4f}"),
    Asked("aligned: corners within 3 %", 0.97, 0.99, _score("aligned"), least=True),
    Asked("geometric edits named, the worst of them", 0.9, None, _named, least=True),
    Asked("registration error in the worst edit, % of the diagonal", 1.5, None, _registered, form="{:.2f}"),
    Asked("pictures refused as too simple, %", 0.5, None, _refused, form="{:.2f}"),
    Asked("indexing a JPEG of 640 px, in SIFT", 0.8, None, _speed("prepare_entry_640px"), form="{:.2f}"),
    Asked("indexing a JPEG of 12 megapixels, in SIFT", 1.6, None, _speed("prepare_entry_12mp"), form="{:.2f}"),
    Asked("a search among 100,000, in SIFT", 3, None, _at(MIDDLE, "search_ratio"), form="{:.2f}"),
    Asked("a search among 1,000,000, to one among 100,000", 1.5, None, _dearer, form="{:.2f}"),
    Asked("first among 1,000,000: less than among 2,650 by", 0.02, None, _lost),
    Asked("memory at 1,000,000, mapped files included, kB a picture", 6, None, _ram, form="{:.1f}"),
    Asked("disk at 1,000,000, in all and in whole blocks, kB a picture", 30, None, _disk, form="{:.1f}"),
    Asked("opening the index at 1,000,000, s", 5, None, _at(LARGE, "open_seconds"), form="{:.2f}"),
    Asked(
        "adding a picture to 1,000,000 and finding it, s", 1, None, _at(LARGE, "add_and_find_seconds"), form="{:.2f}"
    ),
)
