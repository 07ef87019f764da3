"""From a query's lookup and some segments to votes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from copyhound.domain.ports import IndexHit
from copyhound.indexes.segments import Ints, Segment, entries_in, places_in
from copyhound.matching.voting import Lookup, Pairs, rank, rarity_of, weights_of

CROWDED = 1_000
"""A word with more postings than this, and in more than one of 200 entries, tells too little: it is not read."""
_AT_ONCE = 2_000_000


def candidates_in(segments: Sequence[Segment], lookup: Lookup, limit: int) -> list[IndexHit]:
    """The best entries of all segments, best first."""
    found = [one.find(lookup.words) for one in segments]
    population = np.asarray(sum(ends - starts for starts, ends in found))
    entries = sum(one.alive for one in segments)
    rarity = rarity_of(population, entries)
    wanted = population <= max(CROWDED, entries // 200)
    parts, base = [], 0
    for one, (starts, ends) in zip(segments, found, strict=True):
        parts += _pairs(one, lookup, rarity, starts, np.where(wanted, ends, starts), base)
        base += len(one.numbers)
    if not parts:
        return []
    whole = Pairs(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pairs.__struct_fields__))
    numbers = _Numbers(segments)
    return [IndexHit(numbers.of(vote.entry), vote.score, vote.variant) for vote in rank(lookup, whole, limit)]


def _pairs(
    one: Segment, lookup: Lookup, rarity: NDArray[np.float32], starts: Ints, ends: Ints, base: int
) -> list[Pairs]:
    """The pairs of one segment, in parts of bounded size."""
    counts = ends - starts
    rows = np.flatnonzero(counts)
    slices = np.searchsorted(np.cumsum(counts[rows]), np.arange(_AT_ONCE, counts.sum(), _AT_ONCE)) + 1
    return [_met(one, lookup, rarity, part, starts[part], counts[part], base) for part in np.split(rows, slices)]


def _met(
    one: Segment, lookup: Lookup, rarity: NDArray[np.float32], rows: Ints, starts: Ints, counts: Ints, base: int
) -> Pairs:
    at = np.arange(counts.sum()) + np.repeat(starts - (np.cumsum(counts) - counts), counts)
    rows = np.repeat(rows, counts)
    weights = weights_of(lookup, rows, one.postings[at, 1], rarity)
    kept = np.flatnonzero(weights)
    heads = one.postings[at[kept], 0]
    entries = entries_in(heads)
    if one.gone.any():
        there = ~one.gone[entries]
        kept, heads, entries = kept[there], heads[there], entries[there]
    return Pairs(rows[kept], entries + base, places_in(heads), weights[kept])


class _Numbers:
    """From an entry's place in all segments, one behind the other, to its number."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._starts = np.cumsum([0, *(len(one.numbers) for one in segments)])

    def of(self, entry: int) -> int:
        at = int(np.searchsorted(self._starts, entry, "right")) - 1
        return int(self._segments[at].numbers[entry - self._starts[at]])
