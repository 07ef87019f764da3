"""What was found, against what was planted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

ENOUGH: Final = 0.9
"""The part of the planted copies that must be found."""


@dataclass(frozen=True)
class Hit:
    """A match as the API tells of it."""

    match_id: str
    image: str
    """Name of the own picture."""
    image_url: str
    pages: tuple[str, ...]
    confidence: float
    score: float
    match_type: str
    edits: tuple[str, ...]
    """In words, each with its figure."""
    shares: str = ""
    """In words: how much of each picture is in the other."""

    @property
    def path(self) -> str:
        return urlsplit(self.image_url).path


@dataclass(frozen=True)
class Missed:
    """A planted copy that no match names."""

    image: str
    path: str
    edit: str


@dataclass(frozen=True)
class Verdict:
    """The demo's result. `problems` are sentences about everything but matches."""

    found: tuple[tuple[Hit, str], ...]
    """Each right hit, and how its copy was edited."""
    missed: tuple[Missed, ...]
    false: tuple[Hit, ...]
    problems: tuple[str, ...] = field(default=())

    @property
    def planted(self) -> int:
        return len(self.found) + len(self.missed)

    @property
    def good(self) -> bool:
        """Whether at least nine of ten were found, nothing false, and nothing else went wrong."""
        return len(self.found) >= ENOUGH * self.planted and not self.false and not self.problems


def judge(planted: Mapping[tuple[str, str], str], hits: Iterable[Hit], problems: Iterable[str] = ()) -> Verdict:
    """Compare hits with what was planted: (own picture, path) -> edit."""
    told = {(hit.image, hit.path): hit for hit in hits}
    found = tuple((hit, planted[at]) for at, hit in told.items() if at in planted)
    missed = tuple(Missed(image, path, edit) for (image, path), edit in planted.items() if (image, path) not in told)
    false = tuple(hit for at, hit in told.items() if at not in planted)
    ordered = tuple(sorted(found, key=lambda pair: (pair[0].image, -pair[0].score)))
    return Verdict(ordered, missed, false, tuple(problems))
