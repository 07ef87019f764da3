"""What every adapter computes, so that all rank alike.

An entry's score for one variant of a query is the sum over the words w that they share of

    query[w] * idf(w) * entry[w]        with  idf(w) = ln(1 + (N - n + 0.5) / (n + 0.5))

where the weights of query and entry are brought to length 1 first, N is the number of entries in the
collection, and n how many of those hold w. A word that stands in half of the pictures thus weighs 0.7, one in
5 % of them 3, one in a single picture of a million 13.4: frequent words fade, none is cut off. Counting within
the collection keeps other workspaces' pictures from moving a score.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from copyhound.domain.ports import IndexHit


def unit(words: Mapping[int, float]) -> dict[int, float]:
    """The same direction with length 1; words without a positive weight are left out."""
    kept = {word: weight for word, weight in words.items() if weight > 0}
    length = math.sqrt(math.fsum(weight * weight for weight in kept.values()))
    return {word: weight / length for word, weight in kept.items()}


def idf(total: int, holding: int) -> float:
    """How much a word tells that `holding` of `total` entries have."""
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def unite(found: Iterable[Sequence[IndexHit]], limit: int) -> list[IndexHit]:
    """The hits of all variants, each entry once with its best, best first, at most `limit`."""
    best: dict[int, IndexHit] = {}
    for hits in found:
        for hit in hits:
            known = best.get(hit.number)
            if known is None or hit.score > known.score:
                best[hit.number] = hit
    return sorted(best.values(), key=rank)[:limit]


def rank(hit: IndexHit) -> tuple[float, int]:
    """Sorts hits best first; among equals the older entry first."""
    return (-hit.score, hit.number)
