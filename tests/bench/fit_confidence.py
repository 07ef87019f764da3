#!/usr/bin/env python3
"""Fit the weights of the confidence, and say how well they hold on pictures that they were not fitted on.

    fit_confidence.py --queries DIR [DIR ...] --index DIR --work DIR [--limit N]

Each of --queries holds queries.jsonl as the recall benchmark's maker of queries writes it; the last part of a row's
source is a picture in --index, whose other pictures are the false candidates: those that an index of them proposes.
None of them may be pictures of the benchmark. --limit is of each folder: one of the hardest edits alone, beside one of
all edits, keeps the easy ones from deciding. --work keeps what was prepared, compared and paired, by the fingerprint's
version: a second run is quick. Half of the sources (by the digest of their names) fit, the other half are held out.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "matching"))

import hard  # type: ignore[import-not-found]
import msgspec
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.optimize import minimize  # type: ignore[import-untyped]

from copyhound.domain.errors import CopyhoundError
from copyhound.indexes.gathering import candidates_in
from copyhound.indexes.segments import build
from copyhound.matching import FINGERPRINT_VERSION, Prepared, prepare_entry, prepare_query
from copyhound.matching.confidence import ALONE, WITH_PIXELS, terms_of
from copyhound.matching.evidence import Evidence, gather
from copyhound.matching.fingerprint import postings_of
from copyhound.matching.voting import lookup_of
from copyhound.services.candidates import MOST, short_list

FALSE = 3.0
"""What a false candidate weighs: shops have more pictures on one rug than these."""
ROUNDS = 4
RIDGE = 0.02
BINS = (0, 1, 5, 20, 50, 80, 95, 99, 100.001)
SHARING = ("collage50", "collage30", "cover", "logo")
"""Edits that put a second picture into the query, which may be one of the index: their false pairs say nothing."""
BY_HAND = ("within", "loose")
"""Weights that are not fitted."""
HARD_KINDS = ("products", "burst", "framed", "branded", "screen", "page", "facade")
PAGES = 12
"""So many pairs of pages of text to each other hard pair."""
HARD = 2.0
"""What a pair made hard by code weighs."""
Array = NDArray[np.float64]


class Pair(msgspec.Struct):
    """A query and a candidate; `weight` is for how many such pairs it stands."""

    query: str
    entry: str
    edit: str
    source: str
    right: bool
    weight: float
    variant: int


class Compared(msgspec.Struct):
    """A pair and its hypotheses."""

    pair: Pair
    terms: list[dict[str, float]]
    alone: list[dict[str, float]]


Terms = Callable[[Compared], list[dict[str, float]]]


def prepared(prepare: Callable[[bytes], Prepared], paths: Iterable[Path], folder: Path) -> dict[str, Prepared]:
    """Prepare pictures, or take what was prepared before. Refused pictures are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    out = {}
    for path in paths:
        name = f"{path.parent.name}/{path.name}"
        kept = folder / hashlib.sha256(name.encode()).hexdigest()
        if not kept.exists():
            try:
                kept.write_bytes(msgspec.msgpack.encode(prepare(path.read_bytes())))
            except CopyhoundError:
                continue
        out[name] = msgspec.msgpack.decode(kept.read_bytes(), type=Prepared)
    return out


def rows_of(folders: list[Path], limit: int) -> tuple[list[dict[str, Any]], list[Path]]:
    """So many rows of each folder, and their files. No two may have one name."""
    rows, files = [], []
    for folder in folders:
        lines = (folder / "queries.jsonl").read_text().splitlines()
        chosen = random.Random(3).sample([json.loads(line) for line in lines], min(limit, len(lines)))
        rows += chosen
        files += [folder / row["query"] for row in chosen]
    return rows, files


def pairs_of(rows: list[dict[str, Any]], queries: dict[str, Prepared], entries: dict[str, Prepared]) -> Iterator[Pair]:
    """Each query with what an index of the entries proposes, as for a search."""
    names = list(entries)
    index = [build([(i, postings_of(one.fingerprint)) for i, one in enumerate(entries.values())])]
    for row in rows:
        query = queries.get(row["query"])
        if query is None:
            continue
        source = Path(row["source"]).name if row["source"] else row["query"].rpartition("-")[2]
        for hit in short_list(candidates_in(index, lookup_of(query.fingerprint), MOST)):
            right = Path(names[hit.number]).name == source
            if right or row["edit"] not in SHARING:
                weight = 1.0 if right else FALSE
                yield Pair(row["query"], names[hit.number], row["edit"], source, right, weight, hit.variant)


def hard_pairs(paths: list[Path], count: int) -> Iterator[tuple[Pair, Prepared, Prepared]]:
    """Pairs that share a floor, a frame, a logo, lettering, an app, or an instant, and are no copies: made by code."""
    rng = random.Random(2)
    for k in range(count):
        a, b, c, d = (Image.open(path).convert("RGB") for path in rng.sample(paths, 4))
        made = {
            "products": hard.products(a, b, c),
            "burst": hard.burst(a, b, rng.uniform(3, 9)),
            "framed": hard.framed(a, b),
            "branded": hard.branded(a, b),
            "screen": (hard.screen(2 * k, (a, b)), hard.screen(2 * k + 1, (c, d))),
            "facade": (hard.facade(1000 + k), hard.facade(2000 + k)),
        }
        # type, size and pitch of text differ far more than floors and frames do
        made |= {f"page{i}": pages(PAGES * k + i, rng) for i in range(PAGES)}
        for kind, (one, other) in made.items():
            try:
                ready = prepare_query(jpeg(one)), prepare_entry(jpeg(other))
            except CopyhoundError:
                continue
            name = f"{kind}/{k}"
            yield Pair(name, f"{name}/other", kind.rstrip("012345"), name, False, HARD, 0), *ready


def pages(k: int, rng: random.Random) -> hard.Pair:
    """Two pages of other words, in one type and size."""
    size = rng.randint(12, 30)
    look = {"size": size, "pitch": int(size * rng.uniform(1.25, 2)), "rows": rng.randint(4, 34), "dark": k % 4 == 0}
    return hard.page(1000 + k, **look), hard.page(2000 + k, **look)


def jpeg(image: Image.Image) -> bytes:
    """A JPEG file."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def compared(pairs: Iterable[Pair], queries: dict[str, Prepared], entries: dict[str, Prepared]) -> Iterator[Compared]:
    """All hypotheses of each pair, as terms."""
    for pair in pairs:
        query, entry = queries[pair.query], entries[pair.entry]
        found = list(gather(query.fingerprint, entry.fingerprint, query.reduced, entry.reduced, pair.variant))
        alone = list(gather(query.fingerprint, entry.fingerprint, None, None, pair.variant))
        yield Compared(pair, _all_terms(one for one in found if one.pixels), _all_terms(alone))


def _all_terms(found: Iterable[Evidence]) -> list[dict[str, float]]:
    return [terms_of(one) for one in found]


def held_out(pair: Pair) -> bool:
    """Whether a pair's source is in the half that is not fitted on."""
    return bool(hashlib.sha256(pair.source.encode()).digest()[0] % 2)


def fitted(rows: list[Compared], terms: Terms, names: list[str]) -> Array:
    """Weights (the base first) by maximum likelihood; of each pair the surest hypothesis counts, found in turns."""
    weights = np.array([WITH_PIXELS.get(name, 1.0) for name in names])
    tables = [np.array([[one[name] for name in names] for one in terms(row)]) for row in rows]
    known = [i for i, table in enumerate(tables) if len(table) and not held_out(rows[i].pair)]
    right = np.array([float(rows[i].pair.right) for i in known])
    share = np.array([rows[i].pair.weight for i in known])
    start = dict(zip(names, weights, strict=True))
    bounds = [(None, None)] + [(start[one], start[one]) if one in BY_HAND else (0.0, None) for one in names[1:]]
    for _ in range(ROUNDS):
        best = np.array([tables[i][(tables[i] @ weights).argmax()] for i in known])
        found = minimize(_loss, weights, (best, right, share), "L-BFGS-B", jac=True, bounds=bounds)
        weights = found.x
    return np.asarray(weights)


def _loss(weights: Array, terms: Array, right: Array, share: Array) -> tuple[float, Array]:
    odds = terms @ weights
    free = np.concatenate([[0.0], weights[1:]])
    loss = share @ (np.logaddexp(0, odds) - right * odds) + RIDGE * free @ free
    return float(loss), terms.T @ (share * (1 / (1 + np.exp(-odds)) - right)) + 2 * RIDGE * free


def report(title: str, rows: list[Compared], percents: Array) -> None:
    """Reliability over bins, recall by edit, and which of the hard kinds are mistaken."""
    right = np.array([row.pair.right for row in rows])
    share = np.array([row.pair.weight for row in rows])
    above = np.mean(percents[right] > percents[~right].max())
    print(f"\n{title}: {right.sum()} true pairs, {share[~right].sum():.0f} false ones (weighted)")
    print(f"found {np.mean(percents[right] >= 50):.4f}, above all false ones {above:.4f}")
    print(f"false ones at 50 and more {share[~right & (percents >= 50)].sum():.1f}")
    for low, high in pairwise(BINS):
        there = (percents >= low) & (percents < high)
        if total := share[there].sum():
            predicted, observed = share[there] @ percents[there] / total / 100, share[there & right].sum() / total
            print(f"{low:5.0f} -{high:4.0f}  n {total:9.1f}  predicted {predicted:.3f}  observed {observed:.3f}")
    found, mistaken = defaultdict(list), Counter[str]()
    for row, percent in zip(rows, percents, strict=True):
        if row.pair.right:
            found[row.pair.edit].append(percent >= 50)
        elif row.pair.edit in HARD_KINDS and percent >= 50:
            mistaken[row.pair.edit] += 1
    print("found by edit:", {edit: round(float(np.mean(one)), 3) for edit, one in found.items() if not all(one)})
    print("hard kinds at 50 and more:", dict(mistaken))


def percents_of(rows: list[Compared], terms: Terms, weights: dict[str, float]) -> Array:
    """The confidence of each pair under weights."""
    odds = [max((sum(w * one[k] for k, w in weights.items()) for one in terms(row)), default=-30.0) for row in rows]
    return np.asarray(100 / (1 + np.exp(-np.clip(odds, -30, 30))))


def main() -> None:
    """Prepare, pair, compare, fit, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=Path, nargs="+", required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=1500, help="so many queries of each folder")
    parser.add_argument("--hard", type=int, default=25, help="so many pairs of each hard kind, made by code")
    args = parser.parse_args()
    rows, files = rows_of(args.queries, args.limit)
    kept = args.work / f"version{FINGERPRINT_VERSION}"
    entries = prepared(prepare_entry, sorted(args.index.iterdir()), kept)
    queries = prepared(prepare_query, files, kept)
    known = args.work / f"pairs{len(rows)}.json"
    if not known.exists():
        known.write_bytes(msgspec.json.encode(list(pairs_of(rows, queries, entries))))
    pairs = msgspec.json.decode(known.read_bytes(), type=list[Pair])
    pairs = [pair for pair in pairs if pair.query in queries and pair.entry in entries]
    for pair, query, entry in hard_pairs(sorted(args.index.iterdir()), args.hard):
        pairs.append(pair)
        queries[pair.query], entries[pair.entry] = query, entry
    results = list(compared(pairs, queries, entries))
    for title, weights, terms in (("WITH_PIXELS", WITH_PIXELS, _with), ("ALONE", ALONE, _alone)):
        names = list(weights)
        new = dict(zip(names, fitted(results, terms, names).round(2).tolist(), strict=True))
        print(f"\n{title} = {new}")
        for half, wanted in (("fitted on", False), ("held out", True)):
            part = [row for row in results if held_out(row.pair) == wanted]
            report(f"{title}, {half}", part, percents_of(part, terms, new))
        report(f"{title}, held out, with the weights in the code", part, percents_of(part, terms, dict(weights)))


def _with(row: Compared) -> list[dict[str, float]]:
    return row.terms


def _alone(row: Compared) -> list[dict[str, float]]:
    return row.alone


if __name__ == "__main__":
    main()
