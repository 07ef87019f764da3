#!/usr/bin/env python3
"""How search costs and recall grow with the index, from a thousand pictures to a million.

    growth.py --queries DIR --index DIR --out FILE [--sizes N ...] [--limit N] [--work DIR]

DIR of queries holds queries.jsonl; DIR/originals and DIR/distractors are indexed. Beyond these real pictures the index
is filled with made-up ones: each takes its features from random features of real pictures, moved a little within the
space of descriptors (so that words are as skewed as real ones), and its places from a random real picture. They have
no geometry in common with a query but by chance; scenes that look alike are not made up.

For each size: CPU of a search (prepare, candidates, verification of the whole short list; the second time that a query
is asked, so that the index's pages are mapped) as a ratio to plain OpenCV SIFT of the same picture at 512 px; the share
of queries whose source is in the short list, and is found first; RAM, disk, time to open, and to add one picture. A
made-up candidate is verified against the fingerprint of a real one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tests.bench.growth_plot import plot

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import IndexRecord
from copyhound.indexes import EmbeddedIndex
from copyhound.indexes.manifest import FORMAT, Kept, Manifest
from copyhound.indexes.segments import build
from copyhound.indexes.shelf import Shelf
from copyhound.matching import Prepared, compare, prepare_entry, prepare_query
from copyhound.matching.fingerprint import FINGERPRINT_VERSION, Fingerprint, Postings, postings_of
from copyhound.matching.voting import lookup_of
from copyhound.matching.words import signatures_of, words_of
from copyhound.services.candidates import MOST, short_list

WORKSPACE, COLLECTION = "ws_bench", "col_bench"
COPIES = 8
"""Moved copies of each real feature that made-up pictures draw from."""
MOVED = 0.25
"""How far, as a share of a vector's length."""
BLOCK = 5_000


class Pool:
    """Features of real pictures, moved."""

    def __init__(self, prints: list[bytes], rng: np.random.Generator) -> None:
        vectors = np.concatenate([Fingerprint.from_bytes(one).vectors for one in prints])
        self.places = [postings_of(one).places for one in prints]
        parts = [self._moved(part, rng) for part in np.array_split(np.repeat(vectors, COPIES, axis=0), 200)]
        self.words = np.concatenate([words for words, _ in parts])
        self.signatures = np.concatenate([signatures for _, signatures in parts])
        self._rng = rng

    @staticmethod
    def _moved(vectors: NDArray[np.float32], rng: np.random.Generator) -> tuple[NDArray[np.uint32], NDArray[np.uint64]]:
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        noise = rng.normal(size=vectors.shape).astype(np.float32)
        moved = vectors + noise * (MOVED * lengths / vectors.shape[1] ** 0.5)
        words = words_of(moved)
        return words, signatures_of(moved, words)

    def picture(self) -> Postings:
        """A made-up picture."""
        places = self.places[int(self._rng.integers(len(self.places)))]
        chosen = self._rng.integers(0, len(self.words), len(places))
        flips = np.uint64(1) << self._rng.integers(0, 64, len(places)).astype(np.uint64)
        return Postings(self.words[chosen], self.signatures[chosen] ^ flips, places[self._rng.permutation(len(places))])


def main() -> None:
    """Fill, search, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 2_650, 10_000, 100_000, 1_000_000])
    parser.add_argument("--limit", type=int, default=150, help="queries, evenly taken")
    parser.add_argument("--work", type=Path, default=None, help="where the index is built (20 GB for a million)")
    parser.add_argument("--keep", type=Path, default=None, help="where indexes are built, kept and found again")
    parser.add_argument("--cache", type=Path, default=None, help="where prepared entries are kept between runs")
    if sys.argv[1:2] == ["--open"]:
        print(json.dumps(opened(Path(sys.argv[2]))))
        return
    args = parser.parse_args()
    work = args.keep or Path(tempfile.mkdtemp(dir=args.work))
    try:
        sizes = run(args, work)
        args.out.write_text(json.dumps({"sizes": sizes}, indent=1))
        args.out.with_suffix(".svg").write_text(plot(sizes))
    finally:
        if not args.keep:
            shutil.rmtree(work)


def run(args: argparse.Namespace, work: Path) -> list[dict[str, Any]]:
    """One row for each size."""
    rows = [json.loads(line) for line in (args.queries / "queries.jsonl").read_text().splitlines()]
    rows = rows[:: max(1, len(rows) // args.limit)]
    wanted = {row["source"] for row in rows}
    entries = prepared_entries(args.index, args.cache, wanted)
    pool, held, out = None, 0, []
    shelf = Shelf(Kept(WORKSPACE, COLLECTION, []), work / "segments")
    (work / "segments").mkdir(parents=True, exist_ok=True)
    numbers = dict(enumerate(entries))
    for size in sorted(args.sizes):
        built: dict[str, Any] = (
            json.loads((work / "built.json").read_text()) if (work / "built.json").exists() else {"size": 0}
        )
        if built["size"] == size:
            shelf = Shelf(Kept(WORKSPACE, COLLECTION, built["segments"]), work / "segments")
        else:
            pool = pool or Pool([one.fingerprint for one in entries.values()], np.random.default_rng(0))
            real = [(n, postings_of(entries[name].fingerprint)) for n, name in numbers.items() if held <= n < size]
            fill(shelf, real, pool, max(held, len(entries)), size, work)
        held = size
        out.append({"size": size, **measure(work, shelf, size, rows, args.queries, entries, numbers)})
        print(json.dumps(out[-1]), flush=True)
    return out


def prepared_entries(folder: Path, cache: Path | None, wanted: set[str | None]) -> dict[str, Prepared]:
    """The pictures of DIR/originals and DIR/distractors; those that queries were made from first."""
    if cache and cache.exists():
        return dict(pickle.loads(cache.read_bytes()))
    out: dict[str, Prepared] = {}
    for part in ("originals", "distractors"):
        for path in sorted((folder / part).iterdir()):
            try:
                out[f"{part}/{path.name}"] = prepare_entry(path.read_bytes())
            except CopyhoundError as error:
                print(path.name, error.code)
    out = dict(sorted(out.items(), key=lambda item: item[0] not in wanted))
    if cache:
        cache.write_bytes(pickle.dumps(out))
    return out


def fill(shelf: Shelf, real: list[tuple[int, Postings]], pool: Pool, start: int, size: int, work: Path) -> None:
    """Bring the shelf to `size` entries, in segments that are merged as the index merges them, at the end into one."""
    made = ((n, pool.picture()) for n in range(start, size))
    block = real
    for n, one in enumerate(made):
        block.append((start + n, one[1]))
        if len(block) >= BLOCK:
            _settle(shelf, block)
            block = []
    if block:
        _settle(shelf, block)
    shelf.merge_all(f"segment-all-{size}")
    for folder in (work / "segments").glob("segment-*"):
        if folder.name not in shelf.kept.segments:
            shutil.rmtree(folder)
    (work / "built.json").write_text(json.dumps({"size": size, "segments": shelf.kept.segments}))


_MADE = 0


def _settle(shelf: Shelf, block: list[tuple[int, Postings]]) -> None:
    global _MADE
    _MADE += 1
    shelf._tail.append(build(block))
    shelf.settle(f"segment-{_MADE:06d}")


def measure(
    work: Path,
    shelf: Shelf,
    size: int,
    rows: list[dict[str, Any]],
    queries: Path,
    entries: dict[str, Prepared],
    numbers: dict[int, str],
) -> dict[str, Any]:
    """Search all queries; figures of one size."""
    names = list(entries)
    # whoever asks first waits for the system to map the pages: a server that has run a while has them
    for row in rows:
        _searched(shelf, row, queries / row["query"], entries, numbers, names)
    results = [_searched(shelf, row, queries / row["query"], entries, numbers, names) for row in rows]
    asked = [one for one in results if one is not None]
    positive = [one for one in asked if one["positive"]]
    ratio = {
        key: float(np.median([one[key] / one["yardstick"] for one in asked]))
        for key in ("prepare", "candidates", "verify")
    }
    total = [(one["prepare"] + one["candidates"] + one["verify"]) / one["yardstick"] for one in asked]
    disk = sum(path.stat().st_size for name in shelf.kept.segments for path in (work / "segments" / name).iterdir())
    return {
        "short_list": float(np.mean([one["listed"] for one in positive])),
        "first": float(np.mean([one["first"] for one in positive])),
        "search_ratio": float(np.median(total)),
        "search_ratio_p95": float(np.percentile(total, 95)),
        "ratios": ratio,
        "candidates_ms": 1e3 * float(np.median([one["candidates"] for one in asked])),
        "disk_per_picture": disk / size,
        **_opening(work, shelf, [(one["query"], one["entry"]) for one in asked if one["entry"]]),
    }


def _searched(
    shelf: Shelf,
    row: dict[str, Any],
    path: Path,
    entries: dict[str, Prepared],
    numbers: dict[int, str],
    names: list[str],
) -> dict[str, Any] | None:
    data = path.read_bytes()
    try:
        prepare, query = _timed(prepare_query, data)
    except CopyhoundError:
        return None
    candidates, hits = _timed(lambda: short_list(shelf.candidates(lookup_of(query.fingerprint), MOST)))
    started, found = time.process_time(), []
    for hit in hits:
        name = numbers.get(hit.number)
        entry = entries[name or names[hit.number % len(names)]]
        said = compare(query.fingerprint, entry.fingerprint, query.reduced, entry.reduced, variant=hit.variant)
        if name and said is not None and said.confidence >= 50:
            found.append((said.confidence, name))
    verify = time.process_time() - started
    return {
        "positive": row["source"] is not None,
        "listed": row["source"] in {numbers.get(hit.number) for hit in hits},
        "first": bool(found) and max(found)[1] == row["source"],
        "prepare": prepare,
        "candidates": candidates,
        "verify": verify,
        "yardstick": _yardstick(path),
        "query": query.fingerprint,
        "entry": entries[row["source"]].fingerprint if row["source"] else b"",
    }


def _timed(work: Any, *args: Any) -> tuple[float, Any]:
    started = time.process_time()
    out = work(*args)
    return time.process_time() - started, out


def _yardstick(path: Path) -> float:
    image = Image.open(path).convert("L")
    scale = 512 / max(image.size)
    grey = np.asarray(image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale)))))
    cv2.setNumThreads(1)
    sift = cv2.SIFT_create()  # type: ignore[attr-defined]
    return _timed(sift.detectAndCompute, grey, None)[0]


def _opening(work: Path, shelf: Shelf, fingerprints: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    """Open what was built as the server does, in a process of its own: time, memory, and one more picture."""
    manifest = Manifest(FORMAT, FINGERPRINT_VERSION, 1, 10**6, [shelf.kept])
    (work / "segments" / "manifest.json").write_bytes(manifest.to_bytes())
    (work / "queries.pkl").write_bytes(pickle.dumps(fingerprints))
    command = [sys.executable, "-m", "tests.bench.growth", "--open", str(work)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def opened(work: Path) -> dict[str, Any]:
    """What the child process measures. Memory is that of this process, over what it had before it opened the index."""
    fingerprints: list[tuple[bytes, bytes]] = pickle.loads((work / "queries.pkl").read_bytes())
    lookup_of(fingerprints[0][0])
    before, started = _memory(), time.perf_counter()
    index = EmbeddedIndex(work / "segments")
    seconds = time.perf_counter() - started

    async def use() -> tuple[dict[str, int], float, bool, bool]:
        for query, _ in fingerprints:
            await index.candidates(WORKSPACE, COLLECTION, query, MOST)
        after = _memory()
        started = time.perf_counter()
        number, (query, entry) = 2**40, fingerprints[0]
        await index.upsert([IndexRecord(number, WORKSPACE, COLLECTION, entry)])
        found = await index.candidates(WORKSPACE, COLLECTION, query, MOST)
        added = time.perf_counter() - started
        await index.remove([number])
        left = await index.candidates(WORKSPACE, COLLECTION, query, MOST)
        return after, added, number in {hit.number for hit in found}, number in {hit.number for hit in left}

    after, added, found, left = asyncio.run(use())
    return {
        "open_seconds": seconds,
        "ram": {name: after[name] - before[name] for name in after},
        "add_and_find_seconds": added,
        "found_at_once": found,
        "gone_at_once": not left,
    }


def _memory() -> dict[str, int]:
    """Bytes of this process: its own, and those of mapped files that are in memory (the system may take these back)."""
    lines = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    found = {line[0].rstrip(":"): int(line[1]) * 1024 for line in lines if line[0].startswith("Rss")}
    return {"own": found["RssAnon"], "mapped": found["RssFile"]}


if __name__ == "__main__":
    main()
