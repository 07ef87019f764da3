#!/usr/bin/env python3
"""How right the answers of `copyhound bench recall` are beyond finding: edits, shares, registration, confidence.

    accuracy.py QUERIES.jsonl ANSWERS.jsonl --images DIR [--json OUT] [--plot OUT.svg]

Edits, shares and registration are judged over the positives that were found. Where the truth of an edit is too near to
the edge of being worth a word, it is not asked. The registration error is the mean distance between the places to which
our transform and the true one take a grid of the source's points, of those that are in the query, as a share of the
query's diagonal. The reliability counts every comparison with a confidence of 20 or more.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.bench.reliability import Bin, bins_of, plot
from tests.bench.truth import SHAPES, SURFACES, Array, Size, Truth, project, truth_of

Row = dict[str, Any]
ANGLE, SHARE = 2.0, 5.0
GRID = 9
COLOURLESS = 6  # mean distance between a pixel's highest and lowest channel


@dataclass(frozen=True)
class Found:
    """A positive that was found: its line, the truth, our comparison, our transform."""

    edit: str
    truth: Truth
    told: Row
    guess: Array
    true: Array
    size: Size
    query_size: Size

    def value(self, kind: str, name: str) -> float | None:
        return next((edit.get(name) for edit in self.told["edits"] if edit["kind"] == kind), None)


@cache
def size_of(path: Path) -> Size:
    with Image.open(path) as picture:
        return picture.size


@cache
def colourful(path: Path) -> bool:
    """Whether a picture has colours worth the name."""
    with Image.open(path) as picture:
        picture.draft("RGB", (200, 200))
        small = np.asarray(picture.convert("RGB").resize((100, 100)), np.int16)
    return float(np.ptp(small, axis=2).mean()) > COLOURLESS


def found_of(queries: list[Row], answers: dict[str, Row], images: Path, folder: Path) -> Iterator[Found]:
    for row in queries:
        for match in answers[row["query"]]["matches"]:
            if match["id"] == row["source"]:
                source, query = images / row["source"], folder / row["query"]
                sizes = size_of(source), size_of(query)
                truth = truth_of(row, *sizes, colourful=colourful(source))
                matrices = np.array(match["matrix"], float), np.array(row["matrix"], float)
                yield Found(row["edit"], truth, match["comparison"], *matrices, *sizes)


def kinds_table(found: list[Found]) -> dict[str, Row]:
    """Kind -> how often it is named where it is so, and where it is not."""
    table = {}
    for kind in (*SHAPES, *SURFACES):
        asked = [(one, one.truth.kinds[kind]) for one in found if kind in one.truth.kinds]
        named = {so: [_names(one, kind) for one, truth in asked if truth is so] for so in (True, False)}
        table[kind] = {
            "so": len(named[True]), "named": _mean(named[True]),
            "not_so": len(named[False]), "wrongly_named": _mean(named[False]),
            "value_right": _mean([right for one, truth in asked if truth for right in _value_right(one, kind)]),
            "missed_in": Counter(one.edit for one, truth in asked if truth and not _names(one, kind)),
            "wrong_in": Counter(one.edit for one, truth in asked if not truth and _names(one, kind)),
            "value_wrong_in": Counter(one.edit for one, truth in asked if truth and False in _value_right(one, kind)),
        }  # fmt: skip
    return table


def _names(one: Found, kind: str) -> bool:
    return any(edit["kind"] == kind for edit in one.told["edits"])


def _value_right(one: Found, kind: str) -> Iterator[bool]:
    """Whether the angle, share or factor that is told with an edit is right; nothing where the edit is not named."""
    truth = one.truth
    if kind == "rotated" and (angle := one.value(kind, "angle")) is not None:
        yield abs((angle - truth.angle + 180) % 360 - 180) <= ANGLE
    if kind == "resized" and (factor := one.value(kind, "factor")) is not None:
        yield abs(math.log(factor / truth.factor)) <= 0.05
    shares = {"cropped": 1 - truth.query_share, "embedded": truth.match_share, "covered": truth.hidden}
    known = shares.get(kind)
    if known is not None and (share := one.value(kind, "share")) is not None:
        yield abs(share - 100 * known) <= SHARE


def shares_table(found: list[Found]) -> Row:
    """How far the shares are from the truth, in points, where it is known what is hidden."""
    out: Row = {}
    for name in ("query_share", "match_share"):
        by_edit = defaultdict(list)
        for one in found:
            if one.truth.hidden is not None:
                hidden = one.truth.hidden * (one.truth.query_share if name == "query_share" else 1)
                true = getattr(one.truth, name) - hidden
                by_edit[one.edit].append(abs(one.told[name] - 100 * true))
        flat = [value for values in by_edit.values() for value in values]
        worst = max(by_edit, key=lambda edit: _mean(by_edit[edit]) or 0, default="")
        out[name] = {
            "mean_error": _mean(flat), "within_5": _mean([value <= SHARE for value in flat]),
            "worst_edit": worst, "worst_mean_error": _mean(by_edit[worst]),
        }  # fmt: skip
    return out


def registration(found: list[Found]) -> dict[str, Row]:
    """Edit -> mean and highest registration error, in percent of the query's diagonal."""
    by_edit = defaultdict(list)
    for one in found:
        by_edit[one.edit].append(100 * _error(one))
    return {
        edit: {"pictures": len(values), "mean": float(np.mean(values)), "median": float(np.median(values)),
               "p95": float(np.percentile(values, 95))}
        for edit, values in by_edit.items()
    }  # fmt: skip


def _error(one: Found) -> float:
    xs, ys = (np.linspace(0, side, GRID) for side in one.size)
    grid = np.array([(x, y) for x in xs for y in ys])
    true = project(one.true, grid)
    inside: NDArray[np.bool_] = np.all((true >= 0) & (true <= one.query_size), axis=1)
    if not inside.any():  # a narrow crop may lie between the grid's points
        inside = np.ones(len(grid), bool)
    apart = np.linalg.norm(project(one.guess, grid[inside]) - true[inside], axis=1)
    return float(np.mean(apart) / math.hypot(*one.query_size))


def _mean(values: list[Any]) -> float | None:
    return float(np.mean(values)) if values else None


def compared(queries: list[Row], answers: dict[str, Row]) -> list[tuple[float, bool]]:
    """(confidence, whether it is the source) of everything that was compared and has a confidence of 20 or more."""
    return [
        (told["score"], told["id"] == row["source"])
        for row in queries
        for told in (*answers[row["query"]]["matches"], *answers[row["query"]].get("uncertain", ()))
    ]


def tell(result: Row, bins: list[Bin]) -> None:
    print(f"{'kind':13}{'so':>6}{'named':>8}{'not so':>8}{'wrongly':>9}{'value right':>13}")
    for kind, row in result["edits"].items():
        cells = (
            row["so"],
            _shown(row["named"]),
            row["not_so"],
            _shown(row["wrongly_named"]),
            _shown(row["value_right"]),
        )
        print("{:13}{:>6}{:>8}{:>8}{:>9}{:>13}".format(kind, *cells))
        for name in ("missed_in", "wrong_in", "value_wrong_in"):
            if row[name]:
                print(f"{'':13}{name}", *(f"{edit} {count}" for edit, count in row[name].most_common(6)))
    for name, row in result["shares"].items():
        print(name, row)
    print(f"{'edit':13}{'pictures':>9}{'mean %':>9}{'median %':>9}{'p95 %':>9}")
    for edit, row in result["registration"].items():
        print(f"{edit:13}{row['pictures']:>9}{row['mean']:9.2f}{row['median']:9.2f}{row['p95']:9.2f}")
    for one in bins:
        told = f"predicted {one.predicted:.3f}, true {one.observed:.3f}"
        print(f"confidence {one.low:5.1f}-{one.high:5.1f}: {one.number:6} compared, {told}")


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main() -> None:
    """Judge, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("queries", type=Path)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    args = parser.parse_args()
    answers = {row["query"]: row for row in map(json.loads, args.answers.read_text().splitlines())}
    rows = map(json.loads, args.queries.read_text().splitlines())
    queries = [row for row in rows if row["query"] in answers]
    found = list(found_of(queries, answers, args.images, args.queries.parent))
    judged = compared(queries, answers)
    bins = bins_of(judged)
    result = {
        "positives": sum(row["source"] is not None for row in queries),
        "found": len(found),
        "edits": kinds_table(found),
        "shares": shares_table(found),
        "registration": registration(found),
        "reliability": [one._asdict() for one in bins],
    }
    tell(result, bins)
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))
    if args.plot:
        args.plot.write_text(plot(bins))


if __name__ == "__main__":
    main()
