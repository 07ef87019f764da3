"""The benchmark's results as Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

Row = dict[str, Any]
Parts = dict[str, Row]
OURS: Final = "copyhound"
NAMES: Final = {
    "phash": "imagehash phash",
    "dhash": "imagehash dhash",
    "crop_resistant": "imagehash crop_resistant_hash",
    "pdq": "pdqhash, 8 orientations",
    "orb": "OpenCV ORB, brute force",
}
LOCATING: Final = {"orb"}
"""Peers that say where in the query the picture is."""


def results(parts: Parts, peers: Sequence[str]) -> str:
    """All tables that there are figures for. `parts`: name of a file of results -> what stands in it."""
    sections = [*_engines(parts, peers), *_by_edit(parts, peers), *_kinds(parts), *_registration(parts)]
    return "\n".join([*sections, *_reliability(parts), *_speed(parts), *_growth(parts)]) + "\n"


def table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table; all columns but the first are figures."""
    rule = ["---", *["---:"] * (len(names) - 1)]
    return ["| " + " | ".join(line) + " |" for line in (names, rule, *rows)] + [""]


def _share(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.3f}"


def _ms(value: float) -> str:
    return f"{1000 * value:.1f}" if value < 0.1 else f"{1000 * value:.0f}"


def _engines(parts: Parts, peers: Sequence[str]) -> Iterator[str]:
    rows = []
    ours = parts.get(f"{OURS}.score")
    if ours is not None:
        rows.append(_ours("Copyhound", ours, parts[OURS], parts[OURS]["queries"]))
        if (searched := parts.get(f"{OURS}-searched.score")) and (refused := parts[OURS]["queries_refused"]):
            number = parts[OURS]["queries"] - refused
            rows.append(_ours("Copyhound, of the queries not refused as too simple", searched, parts[OURS], number))
    rows += [_peer(name, parts) for name in peers if f"{name}.score" in parts]
    names = ("engine", "queries", "first", "strict", "worst edit, first", "found", "false alarms", "noise", "aligned",
             "ms to index", "ms to search")  # fmt: skip
    yield "### Finding"
    yield ""
    if OURS in parts:
        yield f"{parts[OURS]['indexed']} pictures are indexed, {len(parts[OURS]['refused'])} are refused.\n"
    yield from table(names, rows)
    yield "*First*: the source comes first. *Strict*: also with a score above that of every false match of the run."
    yield "*False alarms*: share of the negatives for which anything is found. *Noise*: false matches of a positive."
    yield "Times are CPU. A peer's *first*, *strict* and *worst edit* are those of its nearest pictures however far"
    yield "they are, the best that any threshold could reach; the rest is by the threshold that is customary for it:"
    told = [f"{NAMES[name]}: {parts[name]['threshold']}" for name in peers if name in parts]
    yield "; ".join(told) + "."
    yield "Where a peer has fewer queries, it ran on a sample that is drawn evenly.\n"


def _ours(name: str, score: Row, report: Row, queries: int) -> list[str]:
    figures = (score[key] for key in ("first", "strict", "worst_edit_first", "found", "false_alarms", "noise"))
    costs = (_ms(report["seconds_per_entry"]), _ms(report["seconds_per_query"]))
    return [name, str(queries), *map(_share, figures), _share(score["aligned"]), *costs]


def _peer(name: str, parts: Parts) -> list[str]:
    believed, nearest, costs = parts[f"{name}.score"], parts[f"{name}-nearest.score"], parts[name]
    return [
        NAMES[name],
        str(costs["queries"]),
        *(_share(nearest[key]) for key in ("first", "strict", "worst_edit_first")),
        *(_share(believed[key]) for key in ("found", "false_alarms", "noise")),
        _share(believed["aligned"]) if name in LOCATING else "-",
        _ms(costs["seconds_per_entry"]),
        _ms(costs["seconds_per_query"]),
    ]


def _by_edit(parts: Parts, peers: Sequence[str]) -> Iterator[str]:
    columns = {"Copyhound": f"{OURS}.score", **{NAMES[name]: f"{name}-nearest.score" for name in peers}}
    there = {name: parts[file]["first_by_edit"] for name, file in columns.items() if file in parts}
    edits = list(dict.fromkeys(edit for one in there.values() for edit in one))
    yield "### First, by edit\n"
    yield from table(["edit", *there], [[edit, *(_share(one.get(edit)) for one in there.values())] for edit in edits])


def _kinds(parts: Parts) -> Iterator[str]:
    if "accuracy" not in parts:
        return
    told = parts["accuracy"]
    rows = [
        [f"`{kind}`", str(row["so"]), _share(row["named"]), str(row["not_so"]), _share(row["wrongly_named"]),
         _share(row["value_right"])]
        for kind, row in told["edits"].items()
    ]  # fmt: skip
    yield "### Edits\n"
    yield from table(("edit", "copies", "named", "copies without", "wrongly named", "its value right"), rows)
    yield "*Its value right*: the angle within 2 degrees, the share within 5 points, the factor within 5 %.\n"
    names = ("share", "mean error, points", "within 5 points", "worst edit", "its mean error")
    shares = [
        [f"`{name}`", f"{row['mean_error']:.1f}", _share(row["within_5"]), row["worst_edit"],
         f"{row['worst_mean_error']:.1f}"]
        for name, row in told["shares"].items()
    ]  # fmt: skip
    yield from table(names, shares)


def _registration(parts: Parts) -> Iterator[str]:
    if "accuracy" not in parts:
        return
    rows = [
        [edit, str(row["pictures"]), f"{row['mean']:.2f}", f"{row['median']:.2f}", f"{row['p95']:.2f}"]
        for edit, row in parts["accuracy"]["registration"].items()
    ]
    yield "### Registration\n"
    yield "Mean distance between where a point is taken and where it truly is, in percent of the query's diagonal.\n"
    yield from table(("edit", "copies found", "mean", "median", "95 of 100 below"), rows)


def _reliability(parts: Parts) -> Iterator[str]:
    if "accuracy" not in parts:
        return
    rows = [
        [
            f"{one['low']:.0f} to {one['high']:.0f}",
            str(one["number"]),
            _share(one["predicted"]),
            _share(one["observed"]),
        ]
        for one in parts["accuracy"]["reliability"]
    ]
    yield "### Confidence\n"
    yield "![Confidence told, and how often it was right](reliability.svg)\n"
    yield from table(("confidence", "comparisons", "predicted", "true"), rows)


def _speed(parts: Parts) -> Iterator[str]:
    if "speed" not in parts:
        return
    told = parts["speed"]
    names = {
        "yardstick": "the yardstick: OpenCV SIFT at 512 px",
        "prepare_entry_640px": "index a 640 px JPEG",
        "prepare_entry_12mp": "index a 12-megapixel JPEG",
        "prepare_query_640px": "prepare a query of 640 px",
        "search": f"a whole search among {told['indexed']} pictures",
    }
    rows = [[text, _ms(told["cpu_seconds"][key]), f"{told['ratios'][key]:.2f}"] for key, text in names.items()]
    yield "### Speed\n"
    yield f"CPU of one core, medians over {told['pictures']} pictures.\n"
    yield from table(("", "ms", "of the yardstick"), rows)


def _growth(parts: Parts) -> Iterator[str]:
    if "growth" not in parts:
        return
    rows = [
        [
            f"{row['size']:,}",
            *(f"{value:.2f}" for value in (row["search_ratio"], *row["ratios"].values())),
            _share(row["short_list"]),
            _share(row["first"]),
            f"{row['ram']['own'] / 1e6:.0f}",
            f"{row['ram']['mapped'] / row['size'] / 1e3:.1f}",
            f"{row['disk_per_picture'] / 1e3:.1f}",
            f"{row['open_seconds']:.2f}",
            f"{row['add_and_find_seconds']:.2f}",
        ]
        for row in parts["growth"]["sizes"]
    ]
    yield "### Growth\n"
    yield "![Cost and recall by the size of the index](growth.svg)\n"
    names = ("pictures", "search", "prepare", "candidates", "verify", "in the short list", "first", "own memory, MB",
             "mapped, kB a picture", "index, kB a picture", "s to open", "s to add one and find it")  # fmt: skip
    yield from table(names, rows)
    yield "Medians of CPU, in units of plain SIFT of the same query at 512 px. Beyond the real pictures the index holds"
    yield "made-up ones: features of real pictures, moved a little, in places of others. Mapped memory belongs to files"
    yield "and can be taken back by the system. *Prepare* is decoding and features; *verify* the whole short list.\n"
