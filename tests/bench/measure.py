"""How well and how fast copies are found among your own pictures.

    python tests/bench/measure.py [--limit 100] PICTURES

PICTURES is a folder of photographs, no two of which show the same. Each is indexed in every edit that the demo knows,
each edit in a collection of its own; then each picture is searched for in each collection. A match with another
photograph's copy is a false one.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from copyhound.demo import edits
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import IndexRecord
from copyhound.indexes import BruteForceIndex
from copyhound.matching import (
    Prepared,
    compare,
    entry_hash,
    entry_words,
    hamming,
    prepare_entry,
    prepare_query,
    query_hashes,
    query_words,
)

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
SHORT_LIST, HASH_DISTANCE, LINE = 5, 31, 50.0
EDITS = {
    edit.__name__: edit
    for edit in (
        edits.untouched, edits.cropped, edits.close_crop, edits.mirrored, edits.thumbnail, edits.recompressed,
        edits.captioned, edits.logo, edits.grey, edits.sepia, edits.recoloured, edits.inverted, edits.rotated,
        edits.quarter_turn, edits.slanted, edits.bordered, edits.screenshot, edits.collage,
    )
}  # fmt: skip


@dataclass
class Entry:
    """An indexed copy: of which picture, and how it was edited."""

    of: str
    edit: str
    prepared: Prepared


@dataclass
class Tally:
    """What came out."""

    planted: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    false: list[str] = field(default_factory=list)
    refused: int = 0
    indexing: float = 0.0
    searching: float = 0.0


def copies(paths: list[Path]) -> Iterator[tuple[str, str, bytes]]:
    """(picture, edit, file) of each edited copy."""
    for number, path in enumerate(paths):
        picture = _open(path)
        others = [_open(paths[(number + step) % len(paths)]) for step in (1, 2, 3)]
        for name, edit in EDITS.items():
            yield path.name, name, edits.save(edit(picture, others))


def _open(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        picture.draft("RGB", (1200, 1200))
        picture.thumbnail((1200, 1200))
        return picture.convert("RGB")


async def fill(index: BruteForceIndex, paths: list[Path], tally: Tally) -> list[Entry]:
    """Index every copy."""
    entries: list[Entry] = []
    for of, edit, data in track(copies(paths), "indexing", total=len(paths) * len(EDITS)):
        started = time.perf_counter()
        try:
            prepared = prepare_entry(data)
        except CopyhoundError:
            tally.refused += 1
            continue
        await index.upsert([IndexRecord(len(entries), "bench", edit, entry_words(prepared.fingerprint))])
        tally.indexing += time.perf_counter() - started
        tally.planted[edit] += 1
        entries.append(Entry(of, edit, prepared))
    return entries


async def search(index: BruteForceIndex, entries: list[Entry], path: Path, tally: Tally) -> None:
    """Search for one picture, and judge what is found."""
    data = edits.save(_open(path), quality=92)
    started = time.perf_counter()
    query = prepare_query(data)
    words = query_words(query.fingerprint)
    for edit in EDITS:
        hits = await index.candidates("bench", edit, words, SHORT_LIST)
        for number in dict.fromkeys([*_near(query, entries, edit), *(hit.number for hit in hits)]):
            _judge(query, entries[number], path.name, tally)
    tally.searching += time.perf_counter() - started


def _judge(query: Prepared, entry: Entry, name: str, tally: Tally) -> None:
    result = compare(query.fingerprint, entry.prepared.fingerprint, query.reduced, entry.prepared.reduced)
    if result is None or result.confidence < LINE:
        return
    if entry.of == name:
        tally.found[entry.edit] += 1
    elif entry.edit != "collage":  # that one holds three more pictures
        tally.false.append(f"{name} in {entry.edit} {entry.of}: confidence {result.confidence:.1f}")


def _near(query: Prepared, entries: list[Entry], edit: str) -> list[int]:
    wanted = query_hashes(query.fingerprint)
    distances = {
        number: min(hamming(entry_hash(entry.prepared.fingerprint), one) for one in wanted)
        for number, entry in enumerate(entries)
        if entry.edit == edit
    }
    near = sorted(distances, key=distances.__getitem__)[:SHORT_LIST]
    return [number for number in near if distances[number] <= HASH_DISTANCE]


def tell(tally: Tally, pictures: int) -> None:
    """The table, the false matches, and the times."""
    console = Console(highlight=False)
    table = Table("edit", "found", "of", header_style="bold")
    for edit in EDITS:
        table.add_row(edit, str(tally.found[edit]), str(tally.planted[edit]))
    table.add_row("all", str(tally.found.total()), str(tally.planted.total()), style="bold")
    console.print(table)
    for line in tally.false:
        console.print(f"false: {line}")
    console.print(f"{len(tally.false)} false matches, {tally.refused} copies refused as too small or too simple")
    console.print(f"{1000 * tally.indexing / max(1, tally.planted.total()):.0f} ms to index a picture")
    each = tally.searching / max(1, pictures * len(EDITS))
    console.print(f"{1000 * each:.0f} ms to search for one in one collection and check {SHORT_LIST} candidates or more")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--limit", type=int, default=100, help="how many pictures at most")
    asked = parser.parse_args()
    paths = sorted(path for path in asked.pictures.iterdir() if path.suffix.lower() in SUFFIXES)
    index, tally = BruteForceIndex(), Tally()
    entries = await fill(index, paths[: asked.limit], tally)
    for path in track(paths[: asked.limit], "searching"):
        await search(index, entries, path, tally)
    tell(tally, len(paths[: asked.limit]))


if __name__ == "__main__":
    asyncio.run(main())
