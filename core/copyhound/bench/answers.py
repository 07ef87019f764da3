"""What goes into a recall benchmark, and what comes out of it."""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.pictures import Matrix
from copyhound.services.collections import EntryMatch

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

    Blank lines count for nothing. invalid_request, with the line's number, where one is no query.
    """
    file = folder / "queries.jsonl"
    try:
        lines = file.read_bytes().splitlines()
    except OSError as error:
        raise CopyhoundError("invalid_request", f"{file} cannot be read: {error}.") from None
    rows = [_query(file, number, line) for number, line in enumerate(lines, start=1) if line.strip()]
    if not limit:
        return rows
    kept = _drawn(rows, limit)
    return [row for row in rows if row.query in kept]


def _query(file: Path, number: int, line: bytes) -> Query:
    try:
        return msgspec.json.decode(line, type=Query)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise CopyhoundError("invalid_request", f"{file} cannot be read: line {number}: {error}.") from None


def _drawn(rows: list[Query], limit: int) -> set[str]:
    return set(sorted((row.query for row in rows), key=lambda name: (zlib.crc32(name.encode()), name))[:limit])


def read_index(folder: Path) -> list[str]:
    """The ids of the pictures to index."""
    found = [path for name in FOLDERS for path in sorted((folder / name).glob("*")) if path.is_file()]
    if not found:
        raise CopyhoundError("invalid_request", f"{folder} has neither {FOLDERS[0]} nor {FOLDERS[1]} with pictures.")
    return [path.relative_to(folder).as_posix() for path in found]


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
