#!/usr/bin/env python3
"""Answer recall queries with other people's matching, in the form of `copyhound bench recall`.

    peers.py --queries DIR --index DIR --out DIR [--peer NAME ...] [--limit N]

For each peer OUT/<peer>.jsonl has what it believes, by the threshold that is customary for it, and
OUT/<peer>-nearest.jsonl its five nearest however far they are: so it is seen what another threshold could reach.
OUT/<peer>.json tells the threshold, and the CPU time of a picture and of a search.
Each is called as its own documentation shows, at its defaults; pictures are not resized for it first.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import imagehash
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from copyhound.bench.answers import read_index, read_queries

try:
    import pdqhash  # type: ignore[import-untyped,import-not-found,unused-ignore]
except ImportError:  # it comes as source alone, so that it takes a C++ compiler to install it
    pdqhash = None

Bits = NDArray[np.uint8]
Hit = dict[str, Any]
NEAREST = 5
KEPT = 50
SLOW, SLOWEST = 1200, 200
"""Queries at most, where all would take long: a quarter of a second each, and some seconds each."""


class Table(Protocol):
    """A peer's index: hits, best first, with whether the peer believes each."""

    def search(self, query: Any) -> list[tuple[int, float, bool, Any]]: ...


@dataclass(frozen=True)
class Peer:
    """Another way to find copies."""

    threshold: str
    """What it believes, in words."""
    entry: Callable[[Path], Any]
    query: Callable[[Path], Any]
    table: Callable[[Sequence[Any]], Table]
    limit: int = 0
    """Queries at most; 0: all."""


class Hashes:
    """One hash a picture; a query may have several, of which the nearest counts."""

    def __init__(self, entries: Sequence[Bits], within: int) -> None:
        self._all, self._within = np.concatenate(entries), within

    def search(self, query: Bits) -> list[tuple[int, float, bool, Any]]:
        apart = np.bitwise_count(query[:, None] ^ self._all[None]).sum(axis=2).min(axis=0)
        order = np.argsort(apart, kind="stable")[:KEPT]
        bits = 8 * query.shape[1]
        return [(int(i), 100 * (1 - int(apart[i]) / bits), bool(apart[i] <= self._within), None) for i in order]


class Regions:
    """Hashes of a picture's regions, as `ImageMultiHash.matches` and its difference count them."""

    WITHIN = 16  # a quarter of 64 bits

    def __init__(self, entries: Sequence[Bits]) -> None:
        self._all = np.concatenate(entries)
        self._starts = np.cumsum([0, *(len(one) for one in entries)])[:-1]

    def search(self, query: Bits) -> list[tuple[int, float, bool, Any]]:
        apart = np.bitwise_count(query[:, None] ^ self._all[None]).sum(axis=2)
        lowest = np.minimum.reduceat(apart, self._starts, axis=1)
        near = lowest <= self.WITHIN
        count = near.sum(axis=0)
        strength = count - np.where(near, lowest, 0).sum(axis=0) / np.maximum(1, 64 * count)
        order = [int(i) for i in np.argsort(-strength, kind="stable")[:KEPT] if count[i]]
        return [(i, float(100 * strength[i] / (1 + strength[i])), True, None) for i in order]


class Features:
    """ORB against every picture by brute force, the ratio test, a homography by RANSAC."""

    RATIO, INLIERS, LEAST = 0.7, 10, 4

    def __init__(self, entries: Sequence[tuple[Any, Any]]) -> None:
        self._entries, self._matcher = entries, cv2.BFMatcher(cv2.NORM_HAMMING)

    def search(self, query: tuple[Any, Any]) -> list[tuple[int, float, bool, Any]]:
        found = [(i, *self._inliers(query, entry)) for i, entry in enumerate(self._entries)]
        best = sorted((one for one in found if one[1] >= self.LEAST), key=lambda one: -one[1])[:KEPT]
        return [(i, 100 * n / (n + self.INLIERS), n >= self.INLIERS, matrix) for i, n, matrix in best]

    def _inliers(self, query: tuple[Any, Any], entry: tuple[Any, Any]) -> tuple[int, Any]:
        if min(len(query[0]), len(entry[0])) < self.LEAST:
            return 0, None
        pairs = self._matcher.knnMatch(query[1], entry[1], 2)
        good = [a for a, b in pairs if a.distance < self.RATIO * b.distance]
        if len(good) < self.LEAST:
            return 0, None
        theirs = np.array([entry[0][one.trainIdx] for one in good], np.float32)
        ours = np.array([query[0][one.queryIdx] for one in good], np.float32)
        matrix, mask = cv2.findHomography(theirs, ours, cv2.RANSAC, 5.0)
        return (0, None) if matrix is None else (int(mask.sum()), matrix.tolist())


def _hash(function: Callable[[Image.Image], Any]) -> Callable[[Path], Bits]:
    def of(path: Path) -> Bits:
        with Image.open(path) as picture:
            return np.packbits(function(picture.convert("RGB")).hash.reshape(1, -1), axis=1)

    return of


def _regions(path: Path) -> Bits:
    with Image.open(path) as picture:
        found = imagehash.crop_resistant_hash(picture.convert("RGB"))
    return np.stack([np.packbits(one.hash.ravel()) for one in found.segment_hashes])


def _pdq(path: Path) -> Bits:
    with Image.open(path) as picture:
        one, _ = pdqhash.compute(np.asarray(picture.convert("RGB")))
    return np.packbits(one.astype(np.uint8)[None], axis=1)


def _pdq_turned(path: Path) -> Bits:
    with Image.open(path) as picture:
        eight, _ = pdqhash.compute_dihedral(np.asarray(picture.convert("RGB")))
    return np.packbits(np.stack(eight).astype(np.uint8), axis=1)


def _orb(path: Path) -> tuple[Any, Any]:
    cv2.setNumThreads(1)
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None, path
    points, descriptors = cv2.ORB.create().detectAndCompute(picture, None)
    return [point.pt for point in points], descriptors


PHASH, DHASH = _hash(imagehash.phash), _hash(imagehash.dhash)
PEERS = {
    "phash": Peer("at most 10 of 64 bits apart", PHASH, PHASH, lambda all: Hashes(all, 10)),
    "dhash": Peer("at most 10 of 64 bits apart", DHASH, DHASH, lambda all: Hashes(all, 10)),
    "crop_resistant": Peer("one region within a quarter of its bits (the default)", _regions, _regions, Regions, SLOW),
    "pdq": Peer("at most 31 of 256 bits apart, best of 8 orientations", _pdq, _pdq_turned, lambda all: Hashes(all, 31)),
    "orb": Peer("10 inliers after the ratio test at 0.7", _orb, _orb, Features, SLOWEST),
}

_PEER: Peer
_TABLE: Table
_NAMES: list[str]
_QUERIES: Path


def _entry(path: Path) -> tuple[Any, float]:
    started = time.process_time()
    return _PEER.entry(path), time.process_time() - started


def _answer(query: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what the peer believes, its nearest)"""
    started = time.process_time()
    hits = _TABLE.search(_PEER.query(_QUERIES / query))
    seconds = round(time.process_time() - started, 5)
    believed = [_line(hit) for hit in hits if hit[2]]
    return (
        {"query": query, "matches": believed, "seconds": seconds},
        {"query": query, "matches": [_line(hit) for hit in hits[:NEAREST]], "seconds": seconds},
    )


def _line(hit: tuple[int, float, bool, Any]) -> Hit:
    number, score, _, matrix = hit
    return {"id": _NAMES[number], "score": round(score, 3), **({"matrix": matrix} if matrix else {})}


def run(name: str, queries: Path, index: Path, out: Path, limit: int, jobs: int) -> dict[str, Any]:
    """Index, search, write the three files; what the last one tells."""
    global _PEER, _TABLE, _NAMES, _QUERIES
    _PEER, _NAMES, _QUERIES = PEERS[name], read_index(index), queries
    most = min(filter(None, (limit, _PEER.limit)), default=0)
    asked = [one.query for one in read_queries(queries, most)]
    # forked workers share what stands in this module by now
    with ProcessPoolExecutor(jobs) as pool:
        entries = list(pool.map(_entry, [index / name for name in _NAMES], chunksize=8))
    _TABLE = _PEER.table([one for one, _ in entries])
    with ProcessPoolExecutor(jobs) as pool:
        answers = list(pool.map(_answer, asked, chunksize=4))
    for suffix, column in (("", 0), ("-nearest", 1)):
        lines = (json.dumps(answer[column]) + "\n" for answer in answers)
        (out / f"{name}{suffix}.jsonl").write_text("".join(lines))
    told = {
        "peer": name,
        "threshold": _PEER.threshold,
        "queries": len(asked),
        "seconds_per_entry": statistics.fmean(seconds for _, seconds in entries),
        "seconds_per_query": statistics.median(answer["seconds"] for answer, _ in answers),
    }
    (out / f"{name}.json").write_text(json.dumps(told, indent=1))
    return told


def main() -> None:
    """One peer after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--index", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--peer", action="append", choices=PEERS)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.peer or PEERS:
        if name == "pdq" and pdqhash is None:
            print("pdq is left out: it takes `.venv/bin/pip install pdqhash`, and a C++ compiler", flush=True)
            continue
        told = run(name, args.queries, args.index, args.out, args.limit, args.jobs)
        print(" ".join(f"{key}={value}" for key, value in told.items()), flush=True)


if __name__ == "__main__":
    main()
