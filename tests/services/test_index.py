"""Our own index: what is added is found, what is removed is not, and it can always be made anew."""

from __future__ import annotations

import asyncio
import io
import os
import shutil
from pathlib import Path

import pytest

from copyhound.domain.collections import IngestStatus
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.matches import Page
from copyhound.domain.ports import IndexRecord
from copyhound.domain.workspaces import Caller, Scope, Workspace
from copyhound.indexes import segment_file
from copyhound.services.candidates import Rebuilt

from ..fixtures import photos
from ..fixtures.houses import Home, home, until
from ..fixtures.website import Website


async def found(house: Home, number: int) -> list[str]:
    """The addresses of the entries that show one of the shipped pictures."""
    matches = await house.services.collections.search(house.caller, "web", photos.photo(number))
    return [match.entry.image_url for match in matches]


async def test_added_is_found_and_removed_is_not(at_both_homes: Home) -> None:
    """A picture is searchable when `add` returns, and gone when `remove` returns."""
    house = at_both_homes
    await house.index("https://a.example.com/1.jpg", photos.cropped(1))
    await house.index("https://b.example.com/2.jpg", photos.cropped(2))
    assert await found(house, 1) == ["https://a.example.com/1.jpg"]
    assert await house.services.collections.remove(house.caller, "web", prefix="https://a.example.com/") == 1
    assert await found(house, 1) == []
    assert await found(house, 2) == ["https://b.example.com/2.jpg"]
    assert await house.services.collections.count(house.caller, "web") == 1


async def test_seen_again_unites_pages(at_both_homes: Home) -> None:
    """The same address added twice is one entry, with the pages of both."""
    house, add = at_both_homes, at_both_homes.services.collections.add
    for page in ("https://a.example.com/p", "https://a.example.com/q"):
        _, new = await add(
            house.caller.workspace_id, "web", image_url="https://a.example.com/1.jpg", data=photos.photo(1),
            pages=(Page(page),),
        )  # fmt: skip
    assert not new
    (entry,) = (await house.services.collections.entries(house.caller, "web")).items
    assert {page.url for page in entry.pages} == {"https://a.example.com/p", "https://a.example.com/q"}


async def test_each_copy_is_found_once(at_home: Home) -> None:
    """Copies of the whole picture, which are compared first, and a piece of it are all found, none of them twice."""
    house, whole = at_home, [f"https://a.example.com/{number}.jpg" for number in range(3)]
    for url in whole:
        await house.index(url, photos.photo(1))
    await house.index("https://b.example.com/piece.jpg", photos.cropped(1))
    assert sorted(await found(house, 1)) == [*whole, "https://b.example.com/piece.jpg"]


async def test_all_copies_are_found(at_home: Home) -> None:
    """A picture that has more copies than the short list is long is found with all of them."""
    image = photos.opened(3)
    for number in range(27):
        piece = image.crop((number, number // 2, image.width - 40 + number, image.height - 30 + number // 2))
        data = io.BytesIO()
        piece.save(data, "JPEG", quality=85)
        await at_home.index(f"https://a.example.com/{number}.jpg", data.getvalue())
    assert len(await found(at_home, 3)) == 27


async def test_a_damaged_fingerprint_holds_up_no_other(at_home: Home, caplog: pytest.LogCaptureFixture) -> None:
    """An entry whose stored fingerprint is damaged is left out of the index, and named in the log; others are found."""
    await at_home.index("https://a.example.com/1.jpg", photos.photo(1))
    await at_home.index("https://a.example.com/2.jpg", photos.photo(2))
    kit = at_home.services.kit
    numbers = [entry.number for entry in (await at_home.services.collections.entries(at_home.caller, "web")).items]
    async with kit.units.read() as uow:
        stored = await uow.collections.fingerprints(numbers)
    await kit.index.clear()
    bad, good = sorted(numbers)
    records = [
        IndexRecord(bad, at_home.caller.workspace_id, "col_x", stored[bad][:-1]),
        IndexRecord(good, at_home.caller.workspace_id, "col_x", stored[good]),
    ]
    await at_home.services.candidates._upsert(records)
    assert await kit.index.count() == 1
    assert f"entry {bad} is left out" in caplog.text


async def test_another_picture_at_the_address_replaces(at_home: Home) -> None:
    """When the picture at an address changes, the old one is no longer found there."""
    await at_home.index("https://a.example.com/1.jpg", photos.photo(1))
    await at_home.index("https://a.example.com/1.jpg", photos.photo(12))
    assert await found(at_home, 1) == []
    assert await found(at_home, 12) == ["https://a.example.com/1.jpg"]


async def test_a_lost_index_is_made_anew_by_itself(tmp_path: Path) -> None:
    """The candidate index follows the database: without its folder, or rebuilt, it answers the same."""
    data = tmp_path / "data"
    async with home(data, work=False) as house:
        for number in range(6):
            await house.index(f"https://a.example.com/{number}.jpg", photos.cropped(number))
        before = [await found(house, number) for number in range(6)]
    shutil.rmtree(data / "index")
    async with home(data, work=False) as house:
        assert [await found(house, number) for number in range(6)] == before
        assert await house.services.collections.rebuild() == Rebuilt(6, 6)
        assert [await found(house, number) for number in range(6)] == before


async def test_a_damaged_index_is_made_anew_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that changed on the disk are noticed by the search that reads them first; it is answered all the same."""
    monkeypatch.setattr(segment_file, "_MAPPED_FROM", 0)
    async with home(tmp_path) as house:
        for number in range(2):
            await house.index(f"https://a.example.com/{number}.jpg", photos.photo(number))
        await house.services.candidates.catch_up()
    (file,) = (tmp_path / "index").rglob("segment")
    data = file.read_bytes()
    file.write_bytes(bytes(2_000) + data[2_000:])
    async with home(tmp_path) as house:
        index = house.services.kit.index
        assert await index.count() == 2
        assert await index.mark() > 0
        progress = await house.search(photos.cropped(1))
        assert progress.outcomes == {"answered": 1}
        assert progress.images[0].lookups[0].matches == 1
        assert await index.count() == 2
    (file,) = (tmp_path / "index").rglob("segment")
    assert file.read_bytes()[:2_000] == data[:2_000]


async def test_an_index_file_cut_under_the_server_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search after it is answered, from an index that was made anew, and the process lives."""
    monkeypatch.setattr(segment_file, "_MAPPED_FROM", 0)
    async with home(tmp_path) as house:
        await house.index("https://a.example.com/1.jpg", photos.photo(1))
        await house.services.candidates.catch_up()
    async with home(tmp_path) as house:
        (file,) = (tmp_path / "index").rglob("segment")
        os.truncate(file, 0)
        progress = await house.search(photos.cropped(1))
        assert progress.outcomes == {"answered": 1}
        assert progress.images[0].lookups[0].matches == 1


async def test_an_index_of_another_past_starts_anew(tmp_path: Path) -> None:
    """Where the database was put back to an earlier state, the index forgets what it knew, and follows again."""
    data = tmp_path / "data"
    async with home(data, work=False) as house:
        await house.index("https://a.example.com/1.jpg", photos.photo(1))
        await house.index("https://a.example.com/2.jpg", photos.photo(2))
    for file in data.glob("copyhound.db*"):
        file.unlink()
    async with home(data, work=False) as house:
        await house.index("https://a.example.com/3.jpg", photos.photo(3))
        assert await house.services.kit.index.count() == 1
        assert await found(house, 3) == ["https://a.example.com/3.jpg"]


async def test_pictures_added_at_once_are_all_there(at_home: Home) -> None:
    """Many adds in parallel lose none."""
    await asyncio.gather(*(at_home.index(f"https://a.example.com/{n}.jpg", photos.photo(n)) for n in range(10)))
    assert await at_home.services.kit.index.count() == 10
    assert [await found(at_home, number) for number in range(10)] == [
        [f"https://a.example.com/{number}.jpg"] for number in range(10)
    ]


async def test_a_workspace_sees_its_own_entries_alone(at_home: Home) -> None:
    """A picture that another workspace indexed is no candidate, and its collection does not exist."""
    await at_home.index("https://a.example.com/1.jpg", photos.photo(1))
    other = Workspace(new_id("ws"), "other", at_home.clock())
    async with at_home.services.kit.units() as uow:
        await uow.workspaces.add(other)
    stranger = Caller(other.id, "key_other", (Scope.admin, Scope.read, Scope.write))
    with pytest.raises(CopyhoundError) as caught:
        await at_home.services.collections.search(stranger, "web", photos.photo(1))
    assert caught.value.code == "not_found"
    await at_home.services.collections.ensure(other.id, "web")
    assert await at_home.services.collections.search(stranger, "web", photos.photo(1)) == []


async def test_compare_two_pictures(at_home: Home) -> None:
    """A crop is the same picture, another photograph is not."""
    compare = at_home.services.collections.compare
    same = await compare(photos.photo(1), photos.cropped(1))
    assert same is not None
    assert same.confidence > 50
    other = await compare(photos.photo(1), photos.photo(12))
    assert other is None or other.confidence < 50


async def test_an_ingest_counts_what_it_took(at_home: Home, website: Website) -> None:
    """A crawl tells how many pictures it added and refused; run again, it adds nothing, but what was removed."""
    website.put("/", b'<img src="/a.jpg"><img src="/flat.jpg"><img src="/gone.jpg">')
    website.put("/a.jpg", photos.photo(1))
    website.put("/flat.jpg", photos.flat())
    settings = {"url": website.url + "/", "delay_seconds": 0}
    counts = []
    for _ in range(3):
        started = await at_home.services.ingests.start(at_home.caller, "web", "site", settings)

        async def ended(ingest_id: str = started.id) -> bool:
            return (await at_home.services.ingests.get(at_home.caller, ingest_id)).finished_at is not None

        await until(ended, "the ingest")
        ingest = await at_home.services.ingests.get(at_home.caller, started.id)
        assert ingest.status is IngestStatus.complete, ingest.note
        counts.append((ingest.added, ingest.refused))
        if len(counts) == 2:
            await at_home.services.collections.remove(at_home.caller, "web", prefix="")
    assert counts[0] == (1, 1)
    assert counts[1][0] == 0
    assert counts[2][0] == 1
    assert await found(at_home, 1) == [website.url + "/a.jpg"]


async def test_a_folder_needs_the_operator(at_home: Home, tmp_path: Path) -> None:
    """A source that reads the server's files is refused to a key without the operator's scope."""
    writer = Caller(at_home.caller.workspace_id, "key_writer", (Scope.read, Scope.write, Scope.admin))
    with pytest.raises(CopyhoundError) as caught:
        await at_home.services.ingests.start(writer, "web", "folder", {"path": str(tmp_path)})
    assert caught.value.code == "forbidden"


@pytest.mark.parametrize(
    ("source", "settings", "code"),
    [
        ("nobody", {}, "plugin_unknown"),
        ("site", {}, "settings_invalid"),
        ("site", {"url": "https://a.example.com", "unknown": 1}, "settings_invalid"),
    ],
)
async def test_bad_ingests_are_refused(at_home: Home, source: str, settings: dict[str, object], code: str) -> None:
    """An unknown source, missing and unknown settings are refused, and no ingest is stored."""
    with pytest.raises(CopyhoundError) as caught:
        await at_home.services.ingests.start(at_home.caller, "web", source, settings)
    assert caught.value.code == code
    assert (await at_home.services.ingests.page(at_home.caller)).items == []
