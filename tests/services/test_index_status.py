"""What the index tells of itself, and what a rebuild leaves out."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from copyhound.indexes import gathering
from copyhound.matching import FINGERPRINT_VERSION
from copyhound.services.candidates import Rebuilt
from copyhound.services.indexing import IndexState
from copyhound.storage import hashes

from ..fixtures import photos
from ..fixtures.houses import Home, home

SITE = "https://a.example.com"


async def change(house: Home, statement: str, **values: object) -> None:
    async with house.house.database.write() as connection:
        await connection.execute(sa.text(statement), values)


async def spoil(house: Home, name: str, fingerprint: bytes) -> None:
    """Put these bytes in place of an entry's fingerprint."""
    where = "WHERE number = (SELECT number FROM entries WHERE image_url = :url)"
    await change(house, f"UPDATE entry_fingerprints SET fingerprint = :new {where}", new=fingerprint, url=name)


@pytest.mark.parametrize(
    ("fingerprint", "reason"),
    [
        (b"rubbish", "its fingerprint is damaged"),
        (b"CH" + bytes([FINGERPRINT_VERSION]) + bytes(50), "its fingerprint is damaged: a fingerprint's length"),
        (b"CH\x01" + bytes(50), "its fingerprint is of version 1"),
    ],
)
async def test_a_rebuild_names_what_it_leaves_out(at_both_homes: Home, fingerprint: bytes, reason: str) -> None:
    """Entries whose stored fingerprints cannot be used are told, with the reason; the others are in the index."""
    house = at_both_homes
    for number in range(3):
        await house.index(f"{SITE}/{number}.jpg", photos.photo(number))
    await spoil(house, f"{SITE}/1.jpg", fingerprint)
    done = await house.services.collections.rebuild()
    assert (done.entries, done.expected, done.whole) == (2, 3, False)
    (left,) = done.left_out
    assert (left.collection, left.image_url) == ("web", f"{SITE}/1.jpg")
    assert left.reason.startswith(reason)
    await house.services.collections.remove(house.caller, "web", prefix=f"{SITE}/1.jpg")
    assert await house.services.collections.rebuild() == Rebuilt(2, 2)


async def test_a_rebuild_tells_of_entries_that_the_log_does_not_name(at_home: Home) -> None:
    """Where the log of changes misses an entry, the rebuilt index is not called whole."""
    await at_home.index(f"{SITE}/0.jpg", photos.photo(0))
    await at_home.index(f"{SITE}/1.jpg", photos.photo(1))
    await change(at_home, "DELETE FROM index_changes WHERE seq = (SELECT min(seq) FROM index_changes)")
    done = await at_home.services.collections.rebuild()
    assert (done.entries, done.expected, done.whole) == (1, 2, False)


async def test_the_status_tells_what_the_index_holds(at_both_homes: Home) -> None:
    """Entries, what left, segments, bytes by what they are, and the changes that wait."""
    house = at_both_homes
    for number in range(3):
        await house.index(f"{SITE}/{number}.jpg", photos.photo(number))
    await house.services.kit.index.clear()
    before = await house.services.indexing.status(house.caller)
    assert (before.engine, before.fingerprint_version) == ("embedded", FINGERPRINT_VERSION)
    assert (before.state, before.pending) == (IndexState.behind, 3)
    assert (before.collections[0].entries, before.collections[0].part.entries) == (3, 0)
    await house.services.candidates.catch_up()
    (one,) = (await house.services.indexing.status(house.caller)).collections
    assert (one.part.entries, one.part.waiting, one.part.segments) == (3, 3, 0)
    await house.services.kit.index.optimise()  # type: ignore[attr-defined]
    await house.services.collections.remove(house.caller, "web", prefix=f"{SITE}/1.jpg")
    status = await house.services.indexing.status(house.caller)
    assert (status.state, status.pending, status.mark) == (IndexState.ready, 0, 4)
    (one,) = status.collections
    assert (one.entries, one.part.entries, one.part.removed, one.part.segments) == (2, 2, 1, 1)
    assert set(one.part.disk) == {"postings", "words", "other"}
    assert 3_000 < one.part.disk["postings"] < 3 * 16 * 1_000
    stored = (await house.services.collections.entries(house.caller, "web")).items
    assert one.fingerprint_bytes == sum(len(entry.fingerprint) for entry in stored)


async def test_the_status_tells_that_the_index_is_made_anew(at_home: Home, tmp_path: Path) -> None:
    """An index that is ahead of its database is told as what it is, until the next search has made it anew."""
    await at_home.index(f"{SITE}/0.jpg", photos.photo(0))
    await at_home.services.kit.index.set_mark(1_000)
    status = await at_home.services.indexing.status(at_home.caller)
    assert (status.state, status.mark, status.pending) == (IndexState.rebuilding, 0, 1)
    await at_home.services.candidates.catch_up()
    status = await at_home.services.indexing.status(at_home.caller)
    assert (status.state, status.mark, status.pending) == (IndexState.ready, 1, 0)


async def test_caps_that_searches_met_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Crowded hash values and words are counted by collection, and are 0 where no search met any."""
    monkeypatch.setattr(hashes, "BAND_CAP", 1)
    monkeypatch.setattr(gathering, "CROWDED", 1)
    async with home(tmp_path, work=False) as house:
        for number in range(3):
            await house.index(f"{SITE}/{number}.jpg", photos.photo(1))
        await house.services.collections.ensure(house.caller.workspace_id, "other")
        await house.services.collections.search(house.caller, "web", photos.photo(1))
        other, web = (await house.services.indexing.status(house.caller)).collections
        assert (other.capped_bands, other.part.crowded_words) == (0, 0)
        assert web.capped_bands >= 12
        assert web.part.crowded_words > 50
        assert house.services.candidates.capped_bands == web.capped_bands
        assert house.services.kit.index.crowded_words == web.part.crowded_words
