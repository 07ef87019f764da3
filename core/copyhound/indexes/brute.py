"""The exact index in memory: the yardstick that other adapters are held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from copyhound.domain.ports import IndexHit, IndexRecord
from copyhound.indexes.scoring import idf, rank, unit, unite

_Place = tuple[str, str]


class BruteForceIndex:
    """Keeps everything in dictionaries and computes every score. Forgets all when the process ends."""

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}
        self._entries: dict[_Place, dict[int, dict[int, float]]] = defaultdict(dict)
        self._seq = 0

    async def upsert(self, records: Sequence[IndexRecord]) -> None:
        """Write entries, each in place of what stood under its number."""
        for record in records:
            self._forget(record.number)
            place = (record.workspace_id, record.collection_id)
            self._places[record.number] = place
            self._entries[place][record.number] = unit(record.words)

    async def remove(self, numbers: Sequence[int]) -> None:
        """Take entries out; quiet where one is not there."""
        for number in numbers:
            self._forget(number)

    async def candidates(
        self, workspace_id: str, collection_id: str, variants: Sequence[Mapping[int, float]], limit: int
    ) -> list[IndexHit]:
        """Best first, each entry once (its best variant); only entries that share a word."""
        entries = self._entries.get((workspace_id, collection_id), {})
        return unite((_scored(entries, unit(words), variant) for variant, words in enumerate(variants)), limit)

    async def count(self) -> int:
        """How many entries there are, over all collections."""
        return len(self._places)

    async def mark(self) -> int:
        """The last change that is in the index."""
        return self._seq

    async def set_mark(self, seq: int) -> None:
        """Remember that the changes up to `seq` are in."""
        self._seq = seq

    async def clear(self) -> None:
        """Empty the index; its mark is 0 again."""
        self._places.clear()
        self._entries.clear()
        self._seq = 0

    async def close(self) -> None:
        """Nothing to release."""

    def _forget(self, number: int) -> None:
        place = self._places.pop(number, None)
        if place is not None:
            del self._entries[place][number]


def _scored(entries: Mapping[int, Mapping[int, float]], query: Mapping[int, float], variant: int) -> list[IndexHit]:
    holding = {word: sum(word in words for words in entries.values()) for word in query}
    weights = {word: weight * idf(len(entries), holding[word]) for word, weight in query.items()}
    hits = []
    for number, words in entries.items():
        shared = weights.keys() & words.keys()
        if shared:
            hits.append(IndexHit(number, sum(weights[word] * words[word] for word in shared), variant))
    return sorted(hits, key=rank)
