"""What happens when two things happen at once, or one of them is missing."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Image
from copyhound.domain.searches import ImageInput, Outcome, SearchRequest
from copyhound.services.blobs import drop_blobs
from copyhound.services.images import ImageIntake

from ..fixtures import photos
from ..fixtures.houses import Home, home
from ..fixtures.website import Website


async def test_an_upload_survives_the_deletion_of_its_twin(at_home: Home) -> None:
    """The same picture is uploaded to one list while another list that holds it is deleted: its bytes stay."""
    lists, caller = at_home.services.lists, at_home.caller
    kept = await lists.create(caller, "kept")
    for _ in range(40):
        gone = await lists.create(caller, "gone")
        await lists.add_images(caller, gone.id, [ImageInput("a", photos.photo(1))])
        (image,), _ = await asyncio.gather(
            lists.add_images(caller, kept.id, [ImageInput("b", photos.photo(1))]), lists.delete(caller, gone.id)
        )
        assert image.original_blob is not None
        assert await at_home.services.kit.blobs.get(image.original_blob) == photos.photo(1)
        await lists.delete_image(caller, kept.id, image.id)


async def test_bytes_deleted_before_their_rows_are_there_are_put_again(
    at_both_homes: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A picture was taken in, and its twin's last list is deleted before the new rows are there: it is searched."""
    kit, caller, take = at_both_homes.services.kit, at_both_homes.caller, ImageIntake.take

    async def taken(self: ImageIntake, workspace_id: str, inputs: tuple[ImageInput, ...]) -> list[Image]:
        images = await take(self, workspace_id, inputs)
        keys = [image.original_blob for image in images if image.original_blob]
        await drop_blobs(kit, workspace_id, keys)
        assert not await kit.blobs.has(keys[0])
        return images

    monkeypatch.setattr(ImageIntake, "take", taken)
    (image,) = (await at_both_homes.search(photos.photo(1))).images
    assert [lookup.outcome for lookup in image.lookups] == [Outcome.no_match]
    made = await at_both_homes.services.lists.create(caller, "later")
    (added,) = await at_both_homes.services.lists.add_images(caller, made.id, [ImageInput("b", photos.photo(2))])
    assert added.original_blob is not None
    assert await kit.blobs.get(added.original_blob) == photos.photo(2)


async def test_a_search_ends_although_a_kept_copy_is_lost(at_home: Home) -> None:
    """Without its reduced copies a search is decided by geometry alone, and still completes."""
    await at_home.index("https://a.example.com/1.jpg", photos.cropped(1))
    search = (await at_home.search(photos.photo(1))).search
    for file in (at_home.house.settings.folder / "blobs").rglob("*"):
        if file.is_file() and file.read_bytes() != photos.photo(1):
            file.unlink()
    made = await at_home.services.lists.get(at_home.caller, search.list_id)
    request = SearchRequest((ImageInput("again", photos.photo(2)),), list_id=made.id)
    again = await at_home.services.searches.start(at_home.caller, request, wait=60)
    assert (await at_home.services.searches.progress(at_home.caller, again.id)).search.complete


async def test_a_lookup_that_broke_for_good_ends(at_home: Home) -> None:
    """What the job reports as broken ends as `transient` with its reason, and completes the search."""
    request = SearchRequest((ImageInput("a", url="http://127.0.0.1:1/x.jpg"),))
    search = await at_home.services.searches.start(at_home.caller, request, wait=0)
    (row,) = (await at_home.services.searches.progress(at_home.caller, search.id)).images
    await at_home.services.lookups.lookup_failed(
        at_home.caller.workspace_id, search.id, row.image_id, "own_index", "internal_error: The job broke."
    )
    progress = await at_home.services.searches.wait(at_home.caller, search.id, 30)
    assert progress.search.complete
    assert progress.images[0].lookups[0].outcome is Outcome.transient


async def test_a_refused_search_leaves_no_bytes(at_home: Home) -> None:
    """A search in a list that is not there stores nothing, its picture included."""
    request = SearchRequest((ImageInput("a", photos.photo(1)),), list_id="list_nobody")
    with pytest.raises(CopyhoundError):
        await at_home.services.searches.start(at_home.caller, request)
    assert not [file for file in (at_home.house.settings.folder / "blobs").rglob("*") if file.is_file()]


async def test_the_same_key_begins_one_search(at_home: Home) -> None:
    """A repeated request finds the search that was begun, also at the same time; a day later it is a new one."""
    request = SearchRequest((ImageInput("a", photos.photo(1)),), key="k:1")
    searches = await asyncio.gather(
        *(at_home.services.searches.start(at_home.caller, request) for _ in range(4)), return_exceptions=True
    )
    ids = {search.id for search in searches if not isinstance(search, BaseException)}
    assert len(ids) == 1
    assert len((await at_home.services.searches.page(at_home.caller)).items) == 1
    assert len((await at_home.services.lists.page(at_home.caller)).items) == 1
    at_home.clock.turn(days=2)
    later = await at_home.services.searches.start(at_home.caller, request)
    assert later.id not in ids


async def test_a_lost_key_file_is_told(tmp_path: Path) -> None:
    """A first start says nothing; a start without the key file that was there before says what follows."""
    told: list[str] = []
    listener = logging.Handler()
    listener.emit = lambda record: told.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("copyhound.bootstrap")  # its own listener: others may have set up the root's
    log.addHandler(listener)
    try:
        async with home(tmp_path / "data", work=False):
            assert told == []
        (tmp_path / "data" / "secret.key").unlink()
        async with home(tmp_path / "data", work=False):
            assert "secret.key was missing" in told[0]
    finally:
        log.removeHandler(listener)


async def test_slow_addresses_hold_up_their_own_search_alone(at_home: Home, website: Website) -> None:
    """While dozens of addresses of one search do not answer, another search is done."""
    held = [website.hold(f"/{number}.jpg") for number in range(30)]
    slow = SearchRequest(tuple(ImageInput("slow", url=one.url) for one in held))
    search = await at_home.services.searches.start(at_home.caller, slow)
    quick = await at_home.search(photos.photo(1), wait=30)
    assert quick.search.complete
    assert not (await at_home.services.searches.progress(at_home.caller, search.id)).search.complete
    for one in held:
        one.release(404)
