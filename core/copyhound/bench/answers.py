"""What goes into a recall benchmark, and what comes out of it."""

from __future__ import annotations

import zlib
from collections.abc import Container, Iterable
from pathlib import Path, PurePath
from typing import Any, Final

import msgspec

from copyhound.domain.collections import EntryMatch
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import Matrix

FOLDERS: Final = ("originals", "distractors")
"""What is indexed, below the folder that is named."""
LINE: Final = 50.0
UNCERTAIN: Final = 20.0
UNREADABLE: Final = "unreadable"
"""In the place of an error's code, for a file that the system does not give out."""


class Query(msgspec.Struct, frozen=True):
    """A line of queries.jsonl. All else that stands there is the truth, and is not read."""

    query: str
    """Path of the picture, from the folder of the queries."""


class Told(msgspec.Struct, frozen=True):
    """A picture of the index that was found in a query."""

    id: str
    """Its path, from the folder that was indexed."""
    score: float
    """Our confidence: what the benchmark calls score."""
    matrix: Matrix
    """Indexed picture's pixel to query's pixel."""
    comparison: dict[str, Any]
    """All else that our comparison tells."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer to a query."""

    query: str
    matches: list[Told]
    """Surest first."""
    uncertain: list[Told] = []
    """What was compared and not believed, down to a confidence of 20: for the reliability of the confidence."""
    seconds: float | None = None
    refused: str | None = None
    """Code of the error, or UNREADABLE, where the query was not searched."""


def read_queries(folder: Path, limit: int = 0) -> list[Query]:
    """The queries of a folder; with `limit` so many of them, spread by chance that is the same each time.

    Blank lines count for nothing. invalid_request, with the line's number, where one is no query, leads out of the
    folder or was there before; and where there is none.
    """
    file = folder / "queries.jsonl"
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise CopyhoundError("invalid_request", f"{file} cannot be read: {error}.") from None
    rows: dict[str, Query] = {}
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                row = _query(line, rows)
            except (msgspec.DecodeError, ValueError) as error:
                raise CopyhoundError("invalid_request", f"{file} cannot be read: line {number}: {error}.") from None
            rows[row.query] = row
    if not rows:
        raise CopyhoundError("invalid_request", f"{file} has no query.")
    kept = _drawn(rows, limit) if limit else rows
    return [row for row in rows.values() if row.query in kept]


def _query(line: bytes, before: Container[str]) -> Query:
    """Raises msgspec.DecodeError, and ValueError where it cannot be asked."""
    row = msgspec.json.decode(line, type=Query)
    path = PurePath(row.query)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"{row.query} leads out of the folder")
    if row.query in before:
        raise ValueError(f"{row.query} stands there twice")
    return row


def _drawn(names: Iterable[str], limit: int) -> set[str]:
    return set(sorted(names, key=lambda name: (zlib.crc32(name.encode()), name))[:limit])


def read_index(folder: Path) -> list[str]:
    """The ids of the pictures to index. invalid_request where there is none, or a name cannot be an id."""
    found = [path for name in FOLDERS for path in sorted((folder / name).glob("*")) if path.is_file()]
    if not found:
        raise CopyhoundError("invalid_request", f"{folder} has neither {FOLDERS[0]} nor {FOLDERS[1]} with pictures.")
    ids = [path.relative_to(folder).as_posix() for path in found]
    for name in ids:
        try:
            name.encode()
        except UnicodeEncodeError:
            raise CopyhoundError("invalid_request", f"{name!a} is no UTF-8: give that picture another name.") from None
    return ids


def answer_of(query: str, found: list[EntryMatch], ids: dict[str, str], seconds: float) -> Answer:
    """The line for what a search has found; `ids`: address in the collection -> id."""
    told = [_told(match, ids) for match in found]
    return Answer(
        query,
        [one for one in told if one.score >= LINE],
        [one for one in told if one.score < LINE],
        round(seconds, 5),
    )


def _told(match: EntryMatch, ids: dict[str, str]) -> Told:
    facts = msgspec.to_builtins(match.comparison)
    del facts["matrix"]
    return Told(ids[match.entry.image_url], match.comparison.confidence, match.comparison.matrix, facts)
