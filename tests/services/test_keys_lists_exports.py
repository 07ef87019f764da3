"""Keys, lists and exports."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from copyhound.bootstrap import local_key
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.matches import MatchFilter
from copyhound.domain.searches import ImageInput, SearchRequest
from copyhound.domain.workspaces import Scope
from copyhound.services.exports import COLUMNS, safe_cell
from copyhound.services.lists import ListChanges

from ..fixtures import photos
from ..fixtures.houses import Home, home


async def test_the_first_key_is_shown_once_and_kept_as_a_hash(tmp_path: Path) -> None:
    """The first start makes a key, later ones none; its secret is nowhere in the data folder."""
    async with home(tmp_path / "data", work=False) as house:
        assert await house.services.keys.bootstrap() is None
        _, plain = await house.services.keys.create(house.caller.workspace_id, "mine", (Scope.read,))
        caller = await house.services.keys.check(plain)
        assert (caller.workspace_id, caller.scopes) == (house.caller.workspace_id, (Scope.read,))
    secret = plain.rsplit("_", 1)[-1].encode()
    for file in (tmp_path / "data").rglob("*"):
        assert not file.is_file() or secret not in file.read_bytes()


async def test_wrong_revoked_and_expired_keys_are_refused_alike(at_home: Home) -> None:
    """Whatever is wrong with a key, the answer is the same."""
    keys, caller = at_home.services.keys, at_home.caller
    key, plain = await keys.create(caller.workspace_id, "a")
    _, short = await keys.create(caller.workspace_id, "b", expires_at=at_home.clock() + timedelta(hours=1))
    await keys.check(short)
    at_home.clock.turn(hours=2)
    await keys.revoke(caller, key.id)
    wrong = plain[:-1] + ("a" if plain[-1] != "a" else "b")
    for text in ("", "nonsense", wrong, plain, short, re.sub("key_.", "key_0", plain)):
        with pytest.raises(CopyhoundError) as caught:
            await keys.check(text)
        assert (caught.value.code, caught.value.detail) == ("unauthorized", "No valid API key.")


async def test_the_local_key_needs_the_key_file_and_ends(at_home: Home) -> None:
    """A key signed with the data folder's key file works for its time, without a row; a changed one does not."""
    plain = await local_key(at_home.house.settings)
    at_home.clock.time = datetime.now(UTC)
    caller = await at_home.services.keys.check(plain)
    assert caller.workspace_id == at_home.caller.workspace_id
    workspace, key = await at_home.services.keys.describe(caller)
    assert (workspace.id, key.name) == (caller.workspace_id, "command line")
    assert len(await at_home.services.keys.all(at_home.caller)) == 1
    at_home.clock.turn(hours=2)
    for text in (plain, plain.replace(caller.workspace_id, "ws_0")):
        with pytest.raises(CopyhoundError) as caught:
            await at_home.services.keys.check(text)
        assert caught.value.code == "unauthorized"


async def test_deleting_a_list_deletes_its_data_and_no_other(at_home: Home) -> None:
    """Images, matches, searches and pictures go with a list; those of another list with the same picture stay."""
    await at_home.index("https://a.example.com/1.jpg", photos.cropped(1))
    one = (await at_home.search(photos.photo(1))).search
    two = (await at_home.search(photos.photo(1))).search
    await at_home.services.lists.delete(at_home.caller, one.list_id)
    for call in (
        at_home.services.lists.get(at_home.caller, one.list_id),
        at_home.services.searches.progress(at_home.caller, one.id),
        at_home.matches(one.list_id),
        at_home.services.lists.delete(at_home.caller, one.list_id),
    ):
        with pytest.raises(CopyhoundError) as caught:
            await call
        assert caught.value.code == "not_found"
    (match,) = await at_home.matches(two.list_id)
    assert await at_home.services.matches.overlay(at_home.caller.workspace_id, match.id)
    await at_home.services.lists.delete(at_home.caller, two.list_id)
    blobs = [file for file in (at_home.house.settings.folder / "blobs").rglob("*") if file.is_file()]
    assert len(blobs) == 1  # the indexed copy's


async def test_an_image_can_be_taken_out_of_a_list(at_home: Home) -> None:
    """A deleted image takes its matches with it."""
    await at_home.index("https://a.example.com/1.jpg", photos.cropped(1))
    search = (await at_home.search(photos.photo(1), photos.photo(2))).search
    images = (await at_home.services.lists.images(at_home.caller, search.list_id)).items
    (match,) = await at_home.matches(search.list_id)
    await at_home.services.lists.delete_image(at_home.caller, search.list_id, match.image_id)
    assert await at_home.matches(search.list_id) == []
    left = (await at_home.services.lists.images(at_home.caller, search.list_id)).items
    assert [image.id for image in left] == [image.id for image in images if image.id != match.image_id]


async def test_a_list_can_be_searched_by_its_threshold(at_home: Home) -> None:
    """A list with `min_confidence` 100 keeps only what is certain; a wrong value is refused."""
    lists, caller = at_home.services.lists, at_home.caller
    made = await lists.create(caller, "strict")
    with pytest.raises(CopyhoundError):
        await lists.update(caller, made.id, ListChanges(min_confidence=101))
    changed = await lists.update(caller, made.id, ListChanges(min_confidence=80, label="stricter"))
    assert (changed.label, changed.min_confidence) == ("stricter", 80)
    assert (await lists.page(caller, label="RICT")).items == [changed]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_formulas_are_made_safe(text: str) -> None:
    """A cell that a spreadsheet would run begins with an apostrophe."""
    assert safe_cell(text) == "'" + text
    assert safe_cell("https://a.example.com/=1") == "https://a.example.com/=1"


async def test_the_three_formats_hold_the_same_rows(at_both_homes: Home) -> None:
    """CSV, JSON and JSON Lines have the same matches, in the same order; a hostile name is made safe in CSV alone."""
    house = at_both_homes
    for number, copy in enumerate((photos.cropped(1), photos.mirrored(1))):
        await house.index(f"https://a.example.com/{number}.jpg", copy)
    evil = ImageInput('=HYPERLINK("http://evil.example")', photos.photo(1))
    made = await house.services.lists.create(house.caller, "mine")
    (image,) = await house.services.lists.add_images(house.caller, made.id, [evil])
    assert image.name == evil.name
    search = await house.services.searches.start(house.caller, SearchRequest((evil,), list_id=made.id), wait=60)
    texts = {}
    for form in ("csv", "json", "jsonl"):
        stream = await house.services.exports.stream(house.caller, MatchFilter(list_id=search.list_id), form)
        texts[form] = b"".join([piece async for piece in stream]).decode()
    rows = json.loads(texts["json"])
    assert len(rows) == 2
    assert [json.loads(line) for line in texts["jsonl"].splitlines()] == rows
    read = list(csv.DictReader(io.StringIO(texts["csv"])))
    assert tuple(read[0]) == COLUMNS
    assert [row["match_id"] for row in read] == [row["match_id"] for row in rows]
    assert rows[0]["image_name"] == evil.name
    assert read[0]["image_name"] == "'" + evil.name


async def test_an_empty_export_is_well_formed(at_home: Home) -> None:
    """A list without matches gives a header line, an empty array, and nothing."""
    made = await at_home.services.lists.create(at_home.caller, "empty")
    for form, text in (("csv", ",".join(COLUMNS) + "\r\n"), ("json", "[]"), ("jsonl", "")):
        stream = await at_home.services.exports.stream(at_home.caller, MatchFilter(list_id=made.id), form)
        assert b"".join([piece async for piece in stream]).decode() == text
    with pytest.raises(CopyhoundError):
        await at_home.services.exports.stream(at_home.caller, MatchFilter(), "pdf")
