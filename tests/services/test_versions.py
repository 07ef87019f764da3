"""Fingerprints of another version: told, never mixed, and made anew from what is kept."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from copyhound.domain.collections import Collection
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Schedule
from copyhound.domain.searches import ImageInput, Outcome
from copyhound.matching import FINGERPRINT_VERSION, prepare_query, version_of
from copyhound.services.verifying import Side

from ..fixtures import photos
from ..fixtures.houses import Home, until

OLD = FINGERPRINT_VERSION - 1
SITE = "https://a.example.com"


async def filled(house: Home, count: int = 3) -> None:
    """So many pictures in `web`."""
    for number in range(count):
        await house.index(f"{SITE}/{number}.jpg", photos.photo(number))


async def age(house: Home, *, images: bool = False) -> None:
    """As if an earlier version had written all of it: the version stands in the third byte of a fingerprint."""
    tables = ["entry_fingerprints", *(["images"] if images else [])]
    async with house.house.database.write() as connection:
        postgres = connection.dialect.name == "postgresql"
        for table in tables:
            aged = f"set_byte(fingerprint, 2, {OLD})" if postgres else _aged_on_sqlite()
            await connection.execute(sa.text(f"UPDATE {table} SET fingerprint = {aged}"))
        await connection.execute(sa.text(f"UPDATE collections SET fingerprint_version = {OLD}"))


def _aged_on_sqlite() -> str:
    return f"CAST(substr(fingerprint, 1, 2) || x'{OLD:02x}' || substr(fingerprint, 4) AS BLOB)"


async def web(house: Home) -> Collection:
    found, _ = await house.services.collections.get(house.caller, "web")
    return found


async def found(house: Home, number: int) -> list[str]:
    matches = await house.services.collections.search(house.caller, "web", photos.cropped(number))
    return [match.entry.image_url for match in matches]


async def lose_reduced_copy(house: Home, name: str) -> None:
    async with house.house.database.write() as connection:
        gone = sa.text("UPDATE entries SET reduced_blob = NULL WHERE image_url = :url")
        await connection.execute(gone, {"url": f"{SITE}/{name}"})


async def test_a_collection_says_which_version_it_holds(at_home: Home) -> None:
    """A new one holds what this code makes."""
    await filled(at_home, 1)
    assert (await web(at_home)).fingerprint_version == FINGERPRINT_VERSION
    (entry,) = (await at_home.services.collections.entries(at_home.caller, "web")).items
    assert version_of(entry.fingerprint) == FINGERPRINT_VERSION


async def test_another_version_is_refused_and_the_way_out_is_named(at_both_homes: Home) -> None:
    """Searching, adding and rebuilding name the collection and both versions, and what to run."""
    house, collections = at_both_homes, at_both_homes.services.collections
    await filled(house, 2)
    await age(house)
    for attempt in (
        lambda: found(house, 1),
        lambda: house.index(f"{SITE}/5.jpg", photos.photo(5)),
        lambda: house.index(f"{SITE}/1.jpg", photos.photo(1)),
        collections.rebuild,
    ):
        with pytest.raises(CopyhoundError) as caught:
            await attempt()
        assert caught.value.code == "index_version_mismatch"
        assert "web" in caught.value.detail
        assert (caught.value.extra["holds"], caught.value.extra["works_with"]) == (OLD, FINGERPRINT_VERSION)
        assert "copyhound index refresh" in caught.value.kind.hint
    assert await collections.count(house.caller, "web") == 2


async def test_a_search_of_an_old_collection_says_what_to_run(at_home: Home) -> None:
    """Its lookup does not end as if a later search might succeed, however often it is asked; then others still are."""
    await filled(at_home, 2)
    await age(at_home)
    for _ in range(6):
        progress = await at_home.search(photos.cropped(1))
        assert progress.outcomes == {Outcome.skipped: 1}
        (lookup,) = progress.images[0].lookups
        assert "index_version_mismatch" in (lookup.reason or "")
        assert "copyhound index refresh" in (lookup.reason or "")
    await at_home.services.refreshing.run()
    progress = await at_home.search(photos.cropped(1))
    assert progress.outcomes == {Outcome.answered: 1}


async def test_one_old_collection_holds_up_no_other(at_home: Home) -> None:
    """The index follows the log past what it cannot read, and other collections are searched and fed."""
    await filled(at_home, 2)
    await age(at_home)
    await at_home.services.kit.index.clear()
    workspace = at_home.caller.workspace_id
    await at_home.services.collections.add(workspace, "new", image_url=f"{SITE}/3.jpg", data=photos.photo(3))
    (match,) = await at_home.services.collections.search(at_home.caller, "new", photos.photo(3))
    assert match.entry.image_url == f"{SITE}/3.jpg"
    assert await at_home.services.kit.index.count() == 1


async def test_a_refresh_makes_fingerprints_anew(at_both_homes: Home) -> None:
    """From reduced copies: the same entries are found as before, and nothing else of them has changed."""
    house = at_both_homes
    await filled(house)
    entries = (await house.services.collections.entries(house.caller, "web")).items
    before = [await found(house, number) for number in range(3)]
    await age(house)
    done = await house.services.refreshing.run()
    assert (done.refreshed, done.dropped, done.lost) == (3, 0, ())
    assert [await found(house, number) for number in range(3)] == before
    after = (await house.services.collections.entries(house.caller, "web")).items
    assert [(e.id, e.pages, e.first_seen, e.last_seen, e.width) for e in after] == [
        (e.id, e.pages, e.first_seen, e.last_seen, e.width) for e in entries
    ]
    assert {version_of(entry.fingerprint) for entry in after} == {FINGERPRINT_VERSION}
    assert (await web(house)).fingerprint_version == FINGERPRINT_VERSION
    await house.index(f"{SITE}/5.jpg", photos.photo(5))
    assert (await house.services.refreshing.run()).refreshed == 0


@pytest.mark.parametrize("code", ["internal_error", "compute_unavailable"])
async def test_trouble_of_ours_loses_no_entry(at_home: Home, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Where pictures cannot be read just now a refresh fails, and takes nothing out; the next one does all."""
    await filled(at_home)
    await age(at_home)

    async def down(*_: object) -> None:
        raise CopyhoundError(code, "The process that reads pictures does not start.")

    with monkeypatch.context() as patched:
        patched.setattr(at_home.services.kit.compute, "run", down)
        with pytest.raises(CopyhoundError):
            await at_home.services.refreshing.run(drop_lost=True)
    assert await at_home.services.collections.count(at_home.caller, "web") == 3
    assert (await at_home.services.refreshing.run(drop_lost=True)).refreshed == 3


async def test_a_refresh_that_was_cut_short_goes_on(at_home: Home) -> None:
    """Until the last entry is done the collection counts as old; what is done is not done again."""
    await filled(at_home)
    await age(at_home)

    def cut(done: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await at_home.services.refreshing.run(tell=cut)
    with pytest.raises(CopyhoundError, match="index_version_mismatch"):
        await found(at_home, 1)
    assert (await at_home.services.refreshing.run()).refreshed == 1
    assert await found(at_home, 1) == [f"{SITE}/1.jpg"]


async def test_what_cannot_be_made_anew_is_named(at_home: Home) -> None:
    """Without a reduced copy: the collection stays refused until the entry is dropped, then its source may bring it."""
    await filled(at_home)
    await lose_reduced_copy(at_home, "1.jpg")
    await age(at_home)
    done = await at_home.services.refreshing.run()
    assert (done.refreshed, [(one.collection, one.image_url) for one in done.lost]) == (2, [("web", f"{SITE}/1.jpg")])
    with pytest.raises(CopyhoundError, match="index_version_mismatch"):
        await found(at_home, 0)
    done = await at_home.services.refreshing.run(drop_lost=True)
    assert (done.refreshed, done.dropped) == (0, 1)
    assert await found(at_home, 0) == [f"{SITE}/0.jpg"]
    assert await found(at_home, 1) == []
    await at_home.index(f"{SITE}/1.jpg", photos.photo(1))
    assert await found(at_home, 1) == [f"{SITE}/1.jpg"]


async def test_images_of_lists_are_refreshed_when_they_are_searched(at_home: Home) -> None:
    """Their originals are kept: a later search of a list makes their fingerprints anew, and finds as before."""
    await filled(at_home)
    made = await at_home.services.lists.create(at_home.caller, "watched", monitored=True, schedule=Schedule(days=1))
    await at_home.services.lists.add_images(at_home.caller, made.id, [ImageInput("mine", photos.cropped(1))])
    await searched(at_home, made.id, 1)
    await age(at_home, images=True)
    await at_home.services.refreshing.run()
    await searched(at_home, made.id, 2)
    (image,) = (await at_home.services.lists.images(at_home.caller, made.id)).items
    assert image.fingerprint is not None
    assert version_of(image.fingerprint) == FINGERPRINT_VERSION
    newest = (await at_home.services.searches.page(at_home.caller, list_id=made.id)).items[0]
    progress = await at_home.services.searches.progress(at_home.caller, newest.id)
    assert progress.outcomes == {Outcome.answered: 1}
    assert [match.image_url for match in await at_home.matches(made.id)] == [f"{SITE}/1.jpg"]


async def searched(house: Home, list_id: str, times: int) -> None:
    """Let a list become due and be searched, to its end."""
    house.clock.turn(days=1)

    async def complete() -> bool:
        await house.services.monitoring.run_due_lists()
        found = (await house.services.searches.page(house.caller, list_id=list_id)).items
        return len(found) == times and all(search.complete for search in found)

    await until(complete, "the search")


async def test_an_old_image_is_compared_from_its_original(at_home: Home) -> None:
    """A recheck before the next search reads the original: nothing is told as gone or unreachable."""
    progress = await at_home.search(photos.photo(1))
    await age(at_home, images=True)
    (image,) = (await at_home.services.lists.images(at_home.caller, progress.search.list_id)).items
    prepared = prepare_query(photos.resaved(1))
    side = Side(prepared.fingerprint, prepared.reduced, None, prepared.facts)
    seen = await at_home.services.monitoring._verifying.compare(image, None, side)
    assert seen is not None
    assert seen.confidence > 50
