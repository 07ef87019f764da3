"""Stored fingerprints that were damaged: left out of searches, and made anew from the reduced copies."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from copyhound.domain.collections import Ingest
from copyhound.matching import FINGERPRINT_VERSION, is_entry, prepare_query

from ..fixtures import photos
from ..fixtures.houses import Home, until

SITE = "https://a.example.com"
WHOLE = photos.photo(1)
RUBBISH = b"rubbish"
CUT_SHORT = b"CH" + bytes([FINGERPRINT_VERSION]) + bytes(50)
OTHER_VERSION = b"CH\x01" + bytes(50)
QUERYS = prepare_query(WHOLE).fingerprint


async def spoil(house: Home, name: str, fingerprint: bytes = RUBBISH, *, copy: bool = True) -> None:
    """Put these bytes in place of the fingerprint of entries whose address ends so; without `copy` lose theirs."""
    numbers = "(SELECT number FROM entries WHERE image_url LIKE :name)"
    async with house.house.database.write() as connection:
        spoilt = sa.text(f"UPDATE entry_fingerprints SET fingerprint = :new WHERE number IN {numbers}")
        await connection.execute(spoilt, {"new": fingerprint, "name": f"%{name}"})
        if not copy:
            lost = sa.text("UPDATE entries SET reduced_blob = NULL WHERE image_url LIKE :name")
            await connection.execute(lost, {"name": f"%{name}"})


async def found(house: Home, number: int) -> list[str]:
    """Where a collection's search finds a cropped copy."""
    matches = await house.services.collections.search(house.caller, "web", photos.cropped(number))
    return [match.entry.image_url for match in matches]


async def test_a_search_leaves_out_what_it_cannot_compare(at_home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """The entries are no matches, not even unchecked ones, and the log names them; others are found, in either
    search."""
    for number, damage in enumerate((RUBBISH, CUT_SHORT, OTHER_VERSION, QUERYS)):
        await at_home.index(f"{SITE}/bad{number}.jpg", WHOLE)
        await spoil(at_home, f"bad{number}.jpg", damage)
    await at_home.index(f"{SITE}/good.jpg", photos.resaved(1))
    assert await found(at_home, 1) == [f"{SITE}/good.jpg"]
    progress = await at_home.search(WHOLE)
    assert [match.image_url for match in await at_home.matches(progress.search.list_id)] == [f"{SITE}/good.jpg"]
    assert all(f"{SITE}/bad{number}.jpg, is left out of a search" in caplog.text for number in range(4))


async def test_a_refresh_makes_single_fingerprints_anew(at_both_homes: Home) -> None:
    """Also where the collection's version is right; nothing else is touched."""
    house = at_both_homes
    for number in range(3):
        await house.index(f"{SITE}/{number}.jpg", photos.photo(number))
    await spoil(house, "1.jpg", RUBBISH)
    await spoil(house, "2.jpg", OTHER_VERSION)
    assert [await found(house, number) for number in range(3)] == [[f"{SITE}/0.jpg"], [], []]
    done = await house.services.refreshing.run()
    assert (done.refreshed, done.dropped, done.lost) == (2, 0, ())
    assert [await found(house, number) for number in range(3)] == [[f"{SITE}/{number}.jpg"] for number in range(3)]
    assert (await house.services.collections.rebuild()).whole
    assert (await house.services.refreshing.run()).refreshed == 0


async def test_what_a_refresh_cannot_mend_is_named(at_home: Home) -> None:
    """Without a reduced copy: it is taken out only when that is asked for, and the others are searched meanwhile."""
    for number in range(2):
        await at_home.index(f"{SITE}/{number}.jpg", photos.photo(number))
    await spoil(at_home, "1.jpg", copy=False)
    done = await at_home.services.refreshing.run()
    assert (done.refreshed, [one.image_url for one in done.lost]) == (0, [f"{SITE}/1.jpg"])
    assert await found(at_home, 0) == [f"{SITE}/0.jpg"]
    assert (await at_home.services.refreshing.run(drop_lost=True)).dropped == 1
    assert await at_home.services.collections.count(at_home.caller, "web") == 1


async def ingested(house: Home, folder: Path) -> Ingest:
    """A run of the source `folder`, at its end."""
    settings = {"path": str(folder), "base_url": SITE}
    started = await house.services.ingests.start(house.caller, "web", "folder", settings)

    async def ended() -> Ingest | None:
        ingest = await house.services.ingests.get(house.caller, started.id)
        return ingest if ingest.finished_at is not None else None

    done = await until(ended, "the ingest")
    assert done is not None
    return done


async def test_a_source_that_comes_again_mends(at_home: Home, tmp_path: Path) -> None:
    """An unchanged file whose entry was damaged is brought up to date in truth; without a copy it is refused."""
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(photos.photo(number))
    assert (await ingested(at_home, tmp_path)).added == 3
    await spoil(at_home, "1.jpg")
    await spoil(at_home, "2.jpg", copy=False)
    again = await ingested(at_home, tmp_path)
    assert (again.seen, again.added, again.updated, again.refused) == (3, 0, 2, 1)
    assert [(one.image_url, one.code) for one in again.refusals] == [(f"{SITE}/2.jpg", "index_version_mismatch")]
    assert await found(at_home, 1) == [f"{SITE}/1.jpg"]
    entries = (await at_home.services.collections.entries(at_home.caller, "web")).items
    assert {entry.image_url[-5:]: is_entry(entry.fingerprint) for entry in entries} == {
        "0.jpg": True, "1.jpg": True, "2.jpg": False,
    }  # fmt: skip


async def test_a_picture_that_is_sent_again_mends(at_home: Home) -> None:
    """The same bytes under the same address write the damaged fingerprint anew."""
    await at_home.index(f"{SITE}/1.jpg", WHOLE)
    await spoil(at_home, "1.jpg", copy=False)
    await at_home.index(f"{SITE}/1.jpg", WHOLE)
    assert await found(at_home, 1) == [f"{SITE}/1.jpg"]
