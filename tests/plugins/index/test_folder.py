"""Reading a folder of pictures."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from copyhound.plugin_api import Context, CopyhoundError, Lead, Progress, SourceItem
from copyhound_index.folder import FolderSettings, run
from copyhound_index.site import Given


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "pictures"
    (root / "b é").mkdir(parents=True)
    (root / "a").mkdir()
    for name in ("z.jpg", "a/2.PNG", "a/1.webp", "b é/x y#1.jpeg", "notes.txt", "a/raw.psd", "noextension"):
        (root / name).write_bytes(b"bytes of " + name.encode())
    return root


async def everything(run: AsyncIterator[Given]) -> list[Given]:
    return [given async for given in run]


async def items(context: Context, **settings: object) -> list[SourceItem | Lead]:
    given = await everything(run(FolderSettings(**settings), context))  # type: ignore[arg-type]
    return [one for one in given if not isinstance(one, Progress)]


async def test_gives_pictures_in_order(folder: Path, context: Context) -> None:
    """Every picture file comes once, sorted, with its bytes; other files do not."""
    found = await items(context, path=str(folder), base_url="https://example.org/pics/")
    assert [one.image_url for one in found] == [
        "https://example.org/pics/a/1.webp",
        "https://example.org/pics/a/2.PNG",
        "https://example.org/pics/b%20%C3%A9/x%20y%231.jpeg",
        "https://example.org/pics/z.jpg",
    ]
    assert isinstance(found[0], SourceItem)
    assert found[0].data == b"bytes of a/1.webp"


async def test_without_base_url_files_have_file_addresses(folder: Path, context: Context) -> None:
    """Without an address on the web a picture is known by its file URI."""
    found = await items(context, path=str(folder), recursive=False, pages=("https://example.org/album",))
    assert [one.image_url for one in found] == [(folder / "z.jpg").as_uri()]
    assert [page.url for page in found[0].pages] == ["https://example.org/album"]


async def test_second_run_reads_only_what_changed(folder: Path, context: Context) -> None:
    """An unchanged file is a lead; a changed or new one comes with its bytes."""
    await items(context, path=str(folder))
    (folder / "z.jpg").write_bytes(b"other")
    (folder / "new.gif").write_bytes(b"new")
    found = await items(context, path=str(folder))
    assert len(found) == 5
    assert [one.data for one in found if isinstance(one, SourceItem)] == [b"new", b"other"]


async def test_file_is_remembered_once_it_was_taken(folder: Path, context: Context) -> None:
    """A run that is cut gives the picture it was giving again, and no other."""
    first = run(FolderSettings(str(folder)), context)
    taken = [await anext(first), await anext(first)]
    await first.aclose()
    again = await items(context, path=str(folder))
    assert isinstance(again[0], Lead)
    assert again[1] == taken[1]
    assert len(again) == 4


async def test_links_out_of_the_folder_are_not_followed(folder: Path, context: Context, tmp_path: Path) -> None:
    """A symbolic link to a file or folder outside gives nothing, and the last progress counts it; one within
    the folder does."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.jpg").write_bytes(b"secret")
    (folder / "out.jpg").symlink_to(outside / "secret.jpg")
    (folder / "outdir").symlink_to(outside)
    (folder / "in.jpg").symlink_to(folder / "z.jpg")
    (folder / "broken.jpg").symlink_to(folder / "nothing")
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "notes.html").symlink_to(outside)
    (folder / "notes.doc").symlink_to(folder / "notes.txt")
    *given, last = await everything(run(FolderSettings(str(folder)), context))
    names = [one.image_url.rsplit("/", 1)[-1] for one in given if not isinstance(one, Progress)]
    assert "in.jpg" in names
    assert not {"out.jpg", "secret.jpg", "broken.jpg"} & set(names)
    assert isinstance(last, Progress)
    assert last.note == "Links that were not followed: 5."
    *_, last = await everything(run(FolderSettings(str(folder), recursive=False), context))
    assert isinstance(last, Progress)
    assert last.note == "Links that were not followed: 3."


async def test_odd_names_and_pipes_do_no_harm(folder: Path, context: Context) -> None:
    """A name that is no UTF-8 has an address all the same; what is no file is left out."""
    os.mkfifo(folder / "pipe.jpg")
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff.jpg")).write_bytes(b"odd")
    found = await items(context, path=str(folder), base_url="https://example.org")
    assert "https://example.org/%FF.jpg" in [one.image_url for one in found]
    assert "https://example.org/pipe.jpg" not in [one.image_url for one in found]


async def test_file_that_vanishes_is_left_out(folder: Path, context: Context) -> None:
    """A file that goes away while the folder is read stops nothing, and the last progress tells of it."""
    given = []
    async for one in run(FolderSettings(str(folder)), context):
        given.append(one)
        (folder / "a/2.PNG").unlink(missing_ok=True)
    assert len(given) == 4
    assert isinstance(given[-1], Progress)
    assert "read: 1" in (given[-1].note or "")


async def test_missing_folder_is_an_error(context: Context, tmp_path: Path) -> None:
    """A folder that is not there is a clear error."""
    with pytest.raises(CopyhoundError) as refused:
        await items(context, path=str(tmp_path / "none"))
    assert refused.value.code == "settings_invalid"
