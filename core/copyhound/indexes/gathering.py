"""From a query's lookup and some segments to votes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from copyhound.domain.ports import IndexHit
from copyhound.indexes.sealed import Ints
from copyhound.indexes.segments import Segment, entries_in, places_in
from copyhound.matching.voting import Lookup, Pairs, Terms, rank, terms_of

CROWDED = 1_000
"""A word with more postings than this, and in more than one of 200 entries, tells too little: it is not read."""
_AT_ONCE = 200_000


def candidates_in(
    segments: Sequence[Segment], lookup: Lookup, limit: int, tell: Callable[[int], None] = lambda crowded: None
) -> list[IndexHit]:
    """The best entries of all segments, best first. What left still counts in how common a word is, until a merge.

    `tell` is told how many crowded words were not read, where there were any.
    """
    for one in segments:
        one.check()
    found = [one.find(lookup.words) for one in segments]
    population = np.asarray(sum(ends - starts for starts, ends in found))
    entries = sum(one.alive for one in segments)
    terms = terms_of(lookup, population, entries)
    wanted = population <= max(CROWDED, entries // 200)
    if not wanted.all():
        tell(len(np.unique(lookup.words[~wanted])))
    parts, base = [], 0
    for one, (starts, ends) in zip(segments, found, strict=True):
        parts += _pairs(one, terms, starts, np.where(wanted, ends, starts), base)
        base += len(one.numbers)
    if not parts:
        return []
    whole = Pairs(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pairs.__struct_fields__))
    numbers = _Numbers(segments)
    return [IndexHit(numbers.of(vote.entry), vote.score, vote.variant) for vote in rank(lookup, whole, limit)]


def _pairs(one: Segment, terms: Terms, starts: Ints, ends: Ints, base: int) -> list[Pairs]:
    """The pairs of one segment, in parts that fit into the processor's cache."""
    counts = ends - starts
    rows = np.flatnonzero(counts)
    total = int(counts.sum())
    slices = np.searchsorted(np.cumsum(counts[rows]), np.arange(_AT_ONCE, total, _AT_ONCE)) + 1
    return [_met(one, terms, part, starts[part], counts[part], base) for part in np.split(rows, slices)]


def _met(one: Segment, terms: Terms, rows: Ints, starts: Ints, counts: Ints, base: int) -> Pairs:
    ends = np.cumsum(counts)
    at = np.arange(counts.sum()) + np.repeat(starts - (ends - counts), counts)
    bits = np.bitwise_count(one.signatures[at] ^ np.repeat(terms.signatures[rows], counts))
    kept = np.flatnonzero(bits <= np.repeat(terms.limits[rows], counts))
    heads = one.heads[at[kept]]
    entries = entries_in(heads)
    if one.gone.any():
        there = ~one.gone[entries]
        kept, heads, entries = kept[there], heads[there], entries[there]
    rows = rows[np.searchsorted(ends, kept, "right")]
    return Pairs(rows, entries + base, places_in(heads), terms.weights(rows, bits[kept]))


class _Numbers:
    """From an entry's place in all segments, one behind the other, to its number."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._starts = np.cumsum([0, *(len(one.numbers) for one in segments)])

    def of(self, entry: int) -> int:
        at = int(np.searchsorted(self._starts, entry, "right")) - 1
        return int(self._segments[at].numbers[entry - self._starts[at]])
