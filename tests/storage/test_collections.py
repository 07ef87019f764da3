from __future__ import annotations

import asyncio

import msgspec
import pytest
import sqlalchemy as sa

from copyhound.domain.collections import Entry, IngestStatus
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.matches import Page
from copyhound.domain.repositories import UnitOfWork
from copyhound.storage import Units
from copyhound.storage.base import CHUNK
from copyhound.storage.hashes import BANDS
from copyhound.storage.tables_collections import HASH_BANDS
from copyhound.storage.units import Unit

from .makers import AT, W1, W2, a_list, an_entry, an_image, an_ingest, at, blob_key, web


async def test_a_collection_is_made_once(units: Units) -> None:
    """Of several who want it at once all get the same; another workspace has its own of that name."""

    async def ensure() -> str:
        async with units() as unit:
            return (await unit.collections.ensure(W1, "web", AT)).id

    assert len(set(await asyncio.gather(*[ensure() for _ in range(4)]))) == 1
    async with units() as unit:
        other = await unit.collections.ensure(W2, "web", AT)
        mine = await unit.collections.by_name(W1, "web")
        assert mine is not None
        assert other.id != mine.id
        assert await unit.collections.all(W1) == [mine]
        assert await unit.collections.by_name(W1, "none") is None


async def kept(unit: UnitOfWork, entry_id: str) -> Entry:
    """An entry, as it stands now."""
    (entry,) = await unit.collections.by_ids(W1, [entry_id])
    return entry


async def test_entries_come_in_the_order_asked_for(units: Units) -> None:
    """By id and by number, many more than one statement takes: each once, none that is not there."""
    async with units() as unit:
        collection = await web(unit)
        made = [(await unit.collections.put_entry(collection, an_entry(name), AT))[0] for name in ("a", "b", "c")]
        unknown = [f"entry_{n}" for n in range(2 * CHUNK)]
        found = await unit.collections.by_ids(W1, [made[2].id, *unknown, made[0].id, made[2].id])
        assert found == [made[2], made[0]]
        assert await unit.collections.by_ids(W1, []) == []
        found = await unit.collections.by_numbers(W1, [made[1].number, *range(10_000, 12_000), made[0].number])
        assert found == [made[1], made[0]]


async def test_a_new_entry_comes_back_whole(units: Units) -> None:
    """By id and by number, with its fingerprint and pages; pages without times get that of the sight."""
    async with units() as unit:
        collection = await web(unit)
        entry, new = await unit.collections.put_entry(collection, an_entry(), AT)
        assert new
        assert entry.pages == (Page("https://web.example/page", "A page", AT, AT),)
        assert (entry.bytes, entry.first_seen, entry.last_seen) == (4_000_000_000, AT, AT)
        assert await kept(unit, entry.id) == entry
        assert await unit.collections.by_numbers(W1, [99, entry.number, entry.number]) == [entry]
        assert await unit.collections.fingerprints([entry.number, 99]) == {entry.number: an_entry().fingerprint}
        assert await unit.collections.count(collection) == 1


async def test_an_entry_seen_again_keeps_its_number(units: Units) -> None:
    """Pages are united, last_seen moves, and the indexes are told nothing, for nothing changed."""
    async with units() as unit:
        collection = await web(unit)
        first, _ = await unit.collections.put_entry(collection, an_entry(), AT)
        mark = await unit.collections.last_change()
        again = an_entry(pages=(Page("https://web.example/page"), Page("https://web.example/other", "Other")))
        second, new = await unit.collections.put_entry(collection, again, at(5))
        assert not new
        assert await unit.collections.last_change() == mark
        assert await kept(unit, first.id) == second
    assert (second.id, second.number, second.first_seen, second.last_seen) == (first.id, first.number, AT, at(5))
    assert second.pages == (
        Page("https://web.example/page", "A page", AT, at(5)),
        Page("https://web.example/other", "Other", at(5), at(5)),
    )


@pytest.mark.parametrize("what", ["sha256", "fingerprint"])
async def test_a_changed_picture_replaces_the_old_one(units: Units, what: str) -> None:
    """Its fingerprint, hash and bands; the change log tells the indexes. So does a fingerprint of a new version."""
    changed = an_entry("two", image_url=an_entry().image_url)
    if what == "fingerprint":
        changed = msgspec.structs.replace(changed, sha256=an_entry().sha256)
    async with units() as unit:
        collection = await web(unit)
        old, _ = await unit.collections.put_entry(collection, an_entry(), AT)
        mark = await unit.collections.last_change()
        new, was_new = await unit.collections.put_entry(collection, changed, at(5))
        changes = await unit.collections.changes(mark, 10)
        assert not was_new
        assert new == await kept(unit, old.id)
        assert await unit.collections.fingerprints([old.number]) == {old.number: changed.fingerprint}
        assert await unit.collections.hash_candidates(collection, [an_entry().hash256], 31, 10) == []
        assert await unit.collections.hash_candidates(collection, [changed.hash256], 0, 10) == [(old.number, 0)]
        assert isinstance(unit, Unit)
        assert await unit.connection.scalar(sa.select(sa.func.count()).select_from(HASH_BANDS)) == BANDS
    assert [(change.number, change.removed) for change in changes] == [(old.number, False)]
    assert (new.sha256, new.hash256, new.number) == (changed.sha256, changed.hash256, old.number)


async def test_an_entry_that_was_not_modified_is_touched(units: Units) -> None:
    """Pages and last_seen only; an address that is not there is not made."""
    async with units() as unit:
        collection = await web(unit)
        entry, _ = await unit.collections.put_entry(collection, an_entry(), AT)
        page = Page("https://web.example/new", None)
        assert await unit.collections.touch_entry(collection, entry.image_url, [page], at(7)) == entry.number
        assert await unit.collections.touch_entry(collection, "https://web.example/none", [page], at(7)) is None
        touched = await kept(unit, entry.id)
    assert touched is not None
    assert touched.last_seen == at(7)
    assert [one.url for one in touched.pages] == ["https://web.example/page", "https://web.example/new"]


async def test_an_address_stands_once_in_a_collection(units: Units) -> None:
    """Of several who put it at the same time one makes it, and no page is lost."""
    async with units() as unit:
        collection = await web(unit)

    async def put(number: int) -> bool:
        async with units() as unit:
            entry = an_entry(pages=(Page(f"https://web.example/{number}"),))
            return (await unit.collections.put_entry(collection, entry, AT))[1]

    assert sorted(await asyncio.gather(*[put(number) for number in range(5)])) == [False] * 4 + [True]
    async with units.read() as unit:
        page = await unit.collections.entries(collection, image_url=an_entry().image_url, cursor=None, limit=5)
    assert len(page.items) == 1
    assert len(page.items[0].pages) == 5


async def test_the_change_log_grows_in_the_order_of_commits(units: Units) -> None:
    """A follower that goes on after the last change it saw misses none, although writers overlap."""
    async with units() as unit:
        collection = await web(unit)

    async def put(number: int) -> None:
        async with units() as unit:
            await unit.collections.put_entry(collection, an_entry(f"e{number}"), AT)

    async def follow(many: int) -> set[int]:
        seen: set[int] = set()
        mark = 0
        while len(seen) < many:
            async with units.read() as unit:
                for change in await unit.collections.changes(mark, 4):
                    seen.add(change.number)
                    mark = change.seq
        return seen

    follower = asyncio.create_task(follow(20))
    await asyncio.gather(*[put(number) for number in range(20)])
    assert len(await asyncio.wait_for(follower, 30)) == 20


async def test_removed_numbers_are_never_used_again(units: Units) -> None:
    """The newest entry gone, the next one still gets a higher number; the log tells of the removal."""
    async with units() as unit:
        collection = await web(unit)
        entry, _ = await unit.collections.put_entry(collection, an_entry(), AT)
        assert await unit.collections.remove_entry(collection, entry.id) == (True, [blob_key("one")])
        assert await unit.collections.remove_entry(collection, entry.id) == (False, [])
        again, _ = await unit.collections.put_entry(collection, an_entry(), AT)
        changes = await unit.collections.changes(0, 10)
    assert again.number > entry.number
    assert [(one.number, one.removed) for one in changes] == [
        (entry.number, False),
        (entry.number, True),
        (again.number, False),
    ]


async def test_entries_are_removed_by_a_literal_prefix(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """Case and wildcards mean themselves; bands, fingerprints and pages go too, and blobs that others name stay."""
    monkeypatch.setattr("copyhound.storage.collections.CHUNK", 2)
    urls = ["https://a.example/x_1", "https://a.example/x_2", "https://a.example/x_3", "https://a.example/xy1"]
    async with units() as unit:
        collection = await web(unit)
        for number, url in enumerate([*urls, "https://A.example/x_1"]):
            await unit.collections.put_entry(collection, an_entry(f"n{number}", image_url=url), AT)
        await unit.lists.add(a_list())
        await unit.images.add([an_image(reduced_blob=blob_key("n1"))])
        removed, blobs = await unit.collections.remove_entries(collection, prefix="https://a.example/x_")
        left = await unit.collections.entries(collection, image_url=None, cursor=None, limit=9)
        found = await unit.collections.hash_candidates(collection, [an_entry("n0").hash256], 31, 9)
        assert isinstance(unit, Unit)
        assert await unit.connection.scalar(sa.select(sa.func.count()).select_from(HASH_BANDS)) == 2 * BANDS
    assert removed == 3
    assert blobs == sorted([blob_key("n0"), blob_key("n2")])
    assert {entry.image_url for entry in left.items} == {"https://a.example/xy1", "https://A.example/x_1"}
    assert found == []


async def test_entries_are_paged_newest_first(units: Units) -> None:
    """All of them, each once, with their pages."""
    async with units() as unit:
        collection = await web(unit)
        for number in range(5):
            await unit.collections.put_entry(collection, an_entry(f"e{number}"), at(number))
        first = await unit.collections.entries(collection, image_url=None, cursor=None, limit=3)
        rest = await unit.collections.entries(collection, image_url=None, cursor=first.cursor, limit=3)
    assert [entry.image_url[-6:-4] for entry in first.items + rest.items] == ["e4", "e3", "e2", "e1", "e0"]
    assert all(len(entry.pages) == 1 for entry in first.items)
    assert rest.cursor is None


async def test_a_collection_that_is_gone_is_not_found(units: Units) -> None:
    """Nothing is put into a collection that another workspace owns, or nobody."""
    async with units() as unit:
        collection = msgspec.structs.replace(await web(unit), workspace_id=W2)
        with pytest.raises(CopyhoundError, match="not_found"):
            await unit.collections.put_entry(collection, an_entry(), AT)


async def test_an_ingest_comes_back_as_it_was_saved(units: Units) -> None:
    """Counters beyond 32 bits included."""
    changed = an_ingest(status=IngestStatus.complete, seen=5_000_000_000, finished_at=at(9), note="Done.")
    async with units() as unit:
        await unit.ingests.add(an_ingest())
        await unit.ingests.add(an_ingest("ingest_2", created_at=at(1)))
        await unit.ingests.save(changed)
        assert await unit.ingests.get(W1, "ingest_1") == changed
        assert await unit.ingests.by_id("ingest_1") == changed
        first = await unit.ingests.page(W1, cursor=None, limit=1)
        rest = await unit.ingests.page(W1, cursor=first.cursor, limit=1)
    assert [one.id for one in first.items + rest.items] == ["ingest_2", "ingest_1"]


async def test_a_collection_takes_one_version_alone(units: Units) -> None:
    """An entry in another version than the collection's is refused, until all that is there is in that one."""
    async with units() as unit:
        collection = await web(unit)
        old, _ = await unit.collections.put_entry(collection, an_entry(), AT)
    newer = an_entry("two", fingerprint_version=2)
    with pytest.raises(CopyhoundError) as caught:
        async with units() as unit:
            await unit.collections.put_entry(collection, newer, AT)
    assert (caught.value.code, caught.value.extra) == (
        "index_version_mismatch",
        {"collection": "web", "holds": 1, "works_with": 2},
    )
    async with units() as unit:
        assert [one.id for one in await unit.collections.outdated(2)] == [collection.id]
        assert collection.id in [one.id for one in await unit.collections.of_all_workspaces()]
        mark = await unit.collections.last_change()
        hash256 = bytes(32)
        await unit.collections.replace_fingerprint(collection, old, b"new", hash256)
        await unit.collections.set_version(collection, 2)
        assert await unit.collections.outdated(2) == []
        assert [change.number for change in await unit.collections.changes(mark, 9)] == [old.number]
        _, new = await unit.collections.put_entry(collection, newer, AT)
        assert new
    async with units.read() as unit:
        now = await kept(unit, old.id)
        assert now == msgspec.structs.replace(old, fingerprint=b"new", hash256=hash256)
        assert await unit.collections.hash_candidates(collection, [old.hash256], 31, 9) == []
        assert await unit.collections.hash_candidates(collection, [hash256], 0, 9) == [(old.number, 0)]
