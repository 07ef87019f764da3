"""What the table of hash bands holds and costs: skew on real pictures, rows and CPU of a search, bytes of a picture.

    python tests/bench/bands.py [--entries 100000] [--hashes FILE] PICTURES

PICTURES is a folder of photographs. Their hashes give the skew as it is: for every pair of pictures, whether a token
that a search for the one looks under is one that the other is stored under. From pairs, rows at a million follow by
proportion, as long as pictures are like these. CPU and disk are measured on a SQLite file with `--entries` made-up
hashes: real ones, with a share of their bits turned at random that leaves as many pairs in one band as real pictures
have (the turned share and both figures are printed). Prints one JSON object. With `--hashes`, the hashes of the
pictures are kept in a file for the next run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from copyhound.domain.collections import Collection
from copyhound.matching.decode import decode
from copyhound.matching.hashes import phashes
from copyhound.matching.header import Limits
from copyhound.storage import Database
from copyhound.storage.collections import Collections
from copyhound.storage.hashes import BAND_BITS, BANDS, HASH_BYTES, HashBands, probes_of, tokens_of
from copyhound.storage.migrations import upgrade
from copyhound.storage.tables_collections import ENTRIES

Hashes = list[list[bytes]]
"""Of each picture the 16 hashes of a query; the first is that of the entry."""

_SAME = 48
_AT_ONCE = 20_000
_TRIED = 40_000
_TURNED = (0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
_QUERIES = 200
_DISTANCE = 31


def hashed(folder: Path, kept: Path | None) -> Hashes:
    """The hashes of all pictures of a folder, without those that are nearly the same as one before."""
    if kept is not None and kept.exists():
        return [[bytes.fromhex(one) for one in picture] for picture in json.loads(kept.read_text())]
    found = [_hashes(path) for path in sorted(folder.rglob("*.jpg"))]
    bits = np.unpackbits(np.array([[*one[0]] for one in found], np.uint8), axis=1).astype(np.float32)
    apart = bits @ (1 - bits).T
    twice = set(np.nonzero(np.triu(apart + apart.T <= _SAME, 1))[1].tolist())
    unique = [one for at, one in enumerate(found) if at not in twice]
    if kept is not None:
        kept.write_text(json.dumps([[one.hex() for one in picture] for picture in unique]))
    return unique


def _hashes(path: Path) -> list[bytes]:
    return phashes(decode(path.read_bytes(), Limits(), 300)[1])


def skew(pictures: Hashes) -> dict[str, Any]:
    """How crowded the tokens are, against hashes whose bits were coins."""
    stored = Counter(token for picture in pictures for token in tokens_of(picture[0]))
    probes = [probes_of(picture, _DISTANCE) for picture in pictures]
    own = BANDS * len(pictures)
    read = sum(stored[token] for tokens in probes for token in tokens) - own
    pairs = len(pictures) * (len(pictures) - 1)
    asked = statistics.fmean(len(tokens) for tokens in probes)
    hottest = [(token >> BAND_BITS, count) for token, count in stored.most_common(5)]
    return {
        "pictures": len(pictures),
        "tokens_asked": round(asked),
        "rows_at_1m": round(read / pairs * 1e6),
        "rows_at_1m_if_bits_were_coins": round(asked * 1e6 / 2**BAND_BITS),
        "hottest_band_and_entries": hottest,
        "shares_a_band": _crowding([picture[0] for picture in pictures]),
    }


def _crowding(entries: Sequence[bytes]) -> float:
    """Of a million pairs of entries, how many times two share a band."""
    tokens = Counter(token for one in entries for token in tokens_of(one))
    together = sum(count * (count - 1) for count in tokens.values())
    return round(together / (len(entries) * (len(entries) - 1)) * 1e6, 1)


def made_up(pictures: Hashes, count: int, turned: float, seed: int) -> Iterator[NDArray[np.uint8]]:
    """`count` hashes, in blocks: real ones with a share of their bits turned."""
    random = np.random.default_rng(seed)
    real = np.array([[*picture[0]] for picture in pictures], np.uint8)
    for start in range(0, count, _AT_ONCE):
        size = min(_AT_ONCE, count - start)
        noise = np.packbits(random.random((size, HASH_BYTES * 8)) < turned, axis=1)
        yield real[random.integers(0, len(real), size)] ^ noise


def like_real(pictures: Hashes) -> tuple[float, float]:
    """(the share of bits to turn so that made-up hashes are as crowded as real ones, how crowded they are then)."""
    wanted = _crowding([picture[0] for picture in pictures])

    def crowded(turned: float) -> float:
        return _crowding([row.tobytes() for block in made_up(pictures, _TRIED, turned, 1) for row in block])

    tried = [(turned, crowded(turned)) for turned in _TURNED]
    return min(tried, key=lambda pair: float(abs(np.log((pair[1] + 0.1) / wanted))))


async def filled(database: Database, pictures: Hashes, count: int, turned: float) -> Collection:
    """A collection with so many entries: their rows without fingerprints, and their bands."""
    await upgrade(database)
    async with database.schema_change() as connection:
        collection = await Collections(connection).ensure("ws_1", "web", datetime.now(UTC))
        number = 0
        for block in made_up(pictures, count, turned, 3):
            raw = [row.tobytes() for row in block]
            rows = [_entry(collection, number + at, one) for at, one in enumerate(raw, 1)]
            await connection.execute(sa.insert(ENTRIES), rows)
            bands = sorted((token, number + at) for at, one in enumerate(raw, 1) for token in tokens_of(one))
            await connection.exec_driver_sql("INSERT INTO hash_bands VALUES (1, ?, ?)", bands)
            number += len(raw)
    return collection


def _entry(collection: Collection, number: int, hash256: bytes) -> dict[str, Any]:
    now, key = datetime.now(UTC), f"{number:032x}"
    owner = {"workspace_id": collection.workspace_id, "collection_id": collection.id}
    size = {"width": 640, "height": 480, "format": "JPEG", "bytes": 90_000}
    seen = {"first_seen": now, "last_seen": now, "sha256": key * 2, "reduced_blob": f"ws_1/aa/{key * 2}"}
    address = {"image_url": f"https://www.example.com/pictures/{key}.jpg", "url_key": key}
    return {"number": number, "id": f"entry_{key}", "hash256": hash256, **owner, **size, **seen, **address}


async def cost(database: Database, collection: Collection, pictures: Hashes) -> dict[str, Any]:
    """CPU of a search in ms (this process: all its threads), its rows and what the bands take on disk."""
    spent, rows, capped = [], [], 0
    for picture in pictures[:: max(1, len(pictures) // _QUERIES)]:
        async with database.read() as connection:
            began = time.process_time()
            await Collections(connection).hash_candidates(collection, picture, _DISTANCE, 40)
            spent.append(1000 * (time.process_time() - began))
            probed = await HashBands(connection).probe(1, picture, _DISTANCE)
            rows.append(len(probed.numbers))
            capped += probed.capped
    return {
        "cpu_ms_median": round(statistics.median(spent), 2),
        "cpu_ms_p95": round(sorted(spent)[int(0.95 * len(spent))], 2),
        "entries_read_median": round(statistics.median(rows)),
        "entries_read_most": max(rows),
        "tokens_capped": capped,
        **await _disk(database),
    }


async def _disk(database: Database) -> dict[str, Any]:
    async with database.read() as connection:
        pages = "SELECT sum(pgsize) FROM dbstat WHERE name = 'hash_bands'"
        taken = (await connection.exec_driver_sql(pages)).scalar_one()
        count = (await connection.execute(sa.select(sa.func.count()).select_from(ENTRIES))).scalar_one()
    return {"entries": count, "bands_bytes_per_picture": round(taken / count)}


async def measured(pictures: Hashes, count: int) -> dict[str, Any]:
    """The cost with so many entries."""
    turned, crowded = like_real(pictures)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bands.db")
        collection = await filled(database, pictures, count, turned)
        found = await cost(database, collection, pictures)
        await database.dispose()
    return {"bits_turned": turned, "shares_a_band": crowded, **found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--hashes", type=Path)
    asked = parser.parse_args()
    pictures = hashed(asked.pictures, asked.hashes)
    print(json.dumps({"real": skew(pictures), "made_up": asyncio.run(measured(pictures, asked.entries))}, indent=2))


if __name__ == "__main__":
    main()
