#!/usr/bin/env python3
"""Answer recall queries with this tree's matching, for development; candidates by brute force over words and hashes.

    recall.py --queries DIR --index DIR [--index DIR ...] --answers FILE [--limit N] [--candidates N] [--evidence FILE]

DIR of queries holds queries.jsonl, as the recall benchmark's maker of queries writes it; each --index folder's
pictures are indexed under "folder/name". FILE gets one line of answers for each query, in the form that the
benchmark's score keeper reads. --evidence also writes what each candidate's verdict was built from.
Fingerprints are kept in --cache, by digest, so that a second run is quick.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import msgspec
import numpy as np
from scipy import sparse  # type: ignore[import-untyped]

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import (
    WORD_COUNT,
    Fingerprint,
    Prepared,
    compare,
    entry_words,
    hamming,
    prepare_entry,
    prepare_query,
    query_words,
)
from copyhound.matching.confidence import confidence_of
from copyhound.matching.evidence import gather

Row = dict[str, Any]
HASH_LIMIT = 60
COMMON = 0.05


class Index:
    """All entries in memory: a sparse matrix of words, and the hashes."""

    def __init__(self, names: list[str], entries: list[Prepared]) -> None:
        self.names, self.entries = names, entries
        vectors = [entry_words(entry.fingerprint) for entry in entries]
        matrix = _sparse(vectors)
        seen = np.asarray((matrix > 0).sum(axis=0)).ravel()
        idf = np.where((seen > 0) & (seen <= max(3, COMMON * len(names))), np.log(len(names) / np.maximum(seen, 1)), 0)
        weighted = (matrix @ sparse.diags(idf)).tocsr()
        lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
        self.matrix = (sparse.diags(1 / np.maximum(lengths, 1e-6)) @ weighted).tocsc()
        self.idf = idf
        self.hashes = [Fingerprint.from_bytes(entry.fingerprint).hash256 for entry in entries]

    def candidates(self, query: Prepared, count: int) -> list[int]:
        """The best by votes, and all whose hash is near."""
        votes = np.max([self._votes(vector) for vector in query_words(query.fingerprint)], axis=0)
        best = np.argsort(-votes)[:count]
        chosen = dict.fromkeys(int(i) for i in best if votes[i] > 0)
        hashes = Fingerprint.from_bytes(query.fingerprint).hashes
        near = [i for i, own in enumerate(self.hashes) if min(hamming(own, one) for one in hashes) <= HASH_LIMIT]
        return list(dict.fromkeys([*chosen, *near[:count]]))

    def _votes(self, vector: dict[int, float]) -> np.ndarray:
        words = np.fromiter(vector, np.int64)
        weights = np.fromiter(vector.values(), np.float64) * self.idf[words]
        return np.asarray(self.matrix[:, words] @ weights)


def _sparse(vectors: list[dict[int, float]]) -> sparse.csr_matrix:
    rows = np.repeat(np.arange(len(vectors)), [len(vector) for vector in vectors])
    words = np.concatenate([np.fromiter(vector, np.int64) for vector in vectors])
    weights = np.concatenate([np.fromiter(vector.values(), np.float64) for vector in vectors])
    return sparse.csr_matrix((weights, (rows, words)), shape=(len(vectors), WORD_COUNT))


def prepared(kind: str, path: Path, cache: Path | None) -> Prepared | str:
    """Prepare a picture, or say why not. Kept in `cache` by digest."""
    data = path.read_bytes()
    kept = cache / f"{kind}-{hashlib.sha256(data).hexdigest()}" if cache else None
    if kept and kept.exists():
        return msgspec.msgpack.decode(kept.read_bytes(), type=Prepared)
    try:
        one = prepare_entry(data) if kind == "entry" else prepare_query(data)
    except CopyhoundError as error:
        return error.code
    if kept:
        kept.write_bytes(msgspec.msgpack.encode(one))
    return one


_INDEX: Index | None = None
_ARGS: argparse.Namespace | None = None


def answer(row: Row) -> tuple[Row, list[Row]]:
    """Search one query; also what the verdicts on its candidates were built from, where asked for."""
    assert _INDEX is not None
    assert _ARGS is not None
    query = prepared("query", _ARGS.queries / row["query"], _ARGS.cache)
    if isinstance(query, str):
        return {"query": row["query"], "refused": query, "matches": []}, []
    started = time.process_time()
    matches: list[Row] = []
    evidence: list[Row] = []
    for i in _INDEX.candidates(query, _ARGS.candidates):
        name, entry = _INDEX.names[i], _INDEX.entries[i]
        found = compare(query.fingerprint, entry.fingerprint, query.reduced, entry.reduced)
        if found is not None and found.confidence >= 50:
            matches.append({"id": name, "score": found.confidence, "inliers": found.inliers, "matrix": found.matrix})
        if _ARGS.evidence and name != row["source"] and found is not None:
            evidence += _evidence_of(row, name, query, entry)
    if _ARGS.evidence and row["source"] is not None:
        evidence += _evidence_of(row, row["source"], query, _INDEX.entries[_INDEX.names.index(row["source"])])
    matches.sort(key=lambda one: (-one["score"], -one["inliers"]))
    return {"query": row["query"], "seconds": time.process_time() - started, "matches": matches}, evidence


def _evidence_of(row: Row, name: str, query: Prepared, entry: Prepared) -> list[Row]:
    prints = Fingerprint.from_bytes(query.fingerprint), Fingerprint.from_bytes(entry.fingerprint)
    found = gather(*prints, query.reduced, entry.reduced)
    kept = max(found, key=confidence_of, default=None)
    if kept is None:
        return []
    facts = {"inliers": kept.inliers, "expected": kept.expected, "hash_distance": kept.hash_distance}
    pixels = msgspec.to_builtins(kept.pixels) if kept.pixels else None
    right = name == row["source"]
    return [
        {
            "query": row["query"],
            "id": name,
            "right": right,
            "confidence": confidence_of(kept),
            **facts,
            "pixels": pixels,
        }
    ]


def main() -> None:
    """Index, search, write."""
    global _INDEX, _ARGS
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--index", type=Path, action="append", required=True)
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--evidence", type=Path)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--limit", type=int, default=0, help="only every so manieth query, to make this many")
    parser.add_argument("--candidates", type=int, default=50)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    _ARGS = args = parser.parse_args()
    if args.cache:
        args.cache.mkdir(parents=True, exist_ok=True)
    paths = [path for folder in args.index for path in sorted(folder.iterdir())]
    with ProcessPoolExecutor(args.processes) as pool:
        ready = list(pool.map(prepared, ["entry"] * len(paths), paths, [args.cache] * len(paths), chunksize=16))
    kept = [
        (f"{path.parent.name}/{path.name}", one)
        for path, one in zip(paths, ready, strict=True)
        if not isinstance(one, str)
    ]
    print(f"indexed {len(kept)} of {len(paths)} pictures")
    _INDEX = Index([name for name, _ in kept], [one for _, one in kept])
    rows = [json.loads(line) for line in (args.queries / "queries.jsonl").read_text().splitlines()]
    rows = rows[:: max(1, len(rows) // args.limit)][: args.limit] if args.limit else rows
    # forked workers share the index
    with ProcessPoolExecutor(args.processes) as pool:
        results = list(pool.map(answer, rows, chunksize=8))
    args.answers.write_text("".join(json.dumps(one) + "\n" for one, _ in results))
    if args.evidence:
        args.evidence.write_text("".join(json.dumps(fact) + "\n" for _, facts in results for fact in facts))


if __name__ == "__main__":
    main()
