"""The exact index in memory: the yardstick that other adapters are held against."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from copyhound.domain.ports import IndexHit, IndexPart, IndexRecord
from copyhound.matching.fingerprint import Postings, postings_of
from copyhound.matching.voting import Lookup, Pairs, lookup_of, meet, rank, terms_of

_Place = tuple[str, str]


class BruteForceIndex:
    """Keeps everything in dictionaries and looks at every entry. Forgets all when the process ends."""

    engine = "brute force"
    crowded_words = 0

    def __init__(self) -> None:
        self._places: dict[int, _Place] = {}
        self._entries: dict[_Place, dict[int, Postings]] = defaultdict(dict)
        self._seq = 0

    async def upsert(self, records: Sequence[IndexRecord]) -> None:
        """Write entries, each in place of what stood under its number."""
        for record in records:
            place, postings = (record.workspace_id, record.collection_id), postings_of(record.fingerprint)
            self._forget(record.number)
            self._places[record.number] = place
            self._entries[place][record.number] = postings

    async def remove(self, numbers: Sequence[int]) -> None:
        """Take entries out; quiet where one is not there."""
        for number in numbers:
            self._forget(number)

    async def candidates(
        self, workspace_id: str, collection_id: str, fingerprint: bytes, limit: int, *, mirrored: bool = True
    ) -> list[IndexHit]:
        """Best first, each entry once (in its best variant)."""
        entries = self._entries.get((workspace_id, collection_id), {})
        return ranked(entries, lookup_of(fingerprint, mirrored=mirrored), limit)

    async def count(self) -> int:
        """How many entries there are, over all collections."""
        return len(self._places)

    async def part(self, workspace_id: str, collection_id: str) -> IndexPart:
        """How many entries a collection has; nothing else is known."""
        return IndexPart(len(self._entries.get((workspace_id, collection_id), {})))

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


def ranked(entries: dict[int, Postings], lookup: Lookup, limit: int) -> list[IndexHit]:
    """The best of these entries, best first, each held against the whole lookup."""
    if not entries:
        return []
    words = np.sort(np.concatenate([one.words for one in entries.values()]))
    population = np.searchsorted(words, lookup.words, "right") - np.searchsorted(words, lookup.words, "left")
    terms = terms_of(lookup, population, len(entries))
    parts = []
    for number, one in sorted(entries.items()):
        rows, features = meet(lookup, one)
        kept, weights = terms.meetings(rows, one.signatures[features])
        parts.append(Pairs(rows[kept], np.full(len(kept), number), one.places[features[kept]], weights))
    whole = Pairs(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pairs.__struct_fields__))
    return [IndexHit(vote.entry, vote.score, vote.variant) for vote in rank(lookup, whole, limit)]
