from __future__ import annotations

import asyncio
import errno
import hashlib
import os
from contextlib import nullcontext
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from copyhound.domain.errors import CopyhoundError
from copyhound.storage import Database, FolderBlobs
from copyhound.storage.lists import Images

GUARDS = [(False, False, False), (False, True, True), (True, False, True), (True, True, True)]


@pytest.fixture
def blobs(tmp_path: Path) -> FolderBlobs:
    return FolderBlobs(tmp_path / "blobs")


def _files(blobs: FolderBlobs) -> list[str]:
    return sorted(str(path.relative_to(blobs.root)) for path in blobs.root.rglob("*") if path.is_file())


async def test_bytes_come_back_by_their_key(blobs: FolderBlobs) -> None:
    """The key tells workspace and content; the same bytes are kept once."""
    digest = hashlib.sha256(b"picture").hexdigest()
    keys = [await blobs.put("ws_1", b"picture") for _ in range(2)]
    assert keys == [f"ws_1/{digest[:2]}/{digest}"] * 2
    assert await blobs.get(keys[0]) == b"picture"
    assert _files(blobs) == [keys[0]]


async def test_workspaces_share_no_file(blobs: FolderBlobs) -> None:
    """Deleting one workspace's copy leaves the other's."""
    mine, theirs = await blobs.put("ws_1", b"x"), await blobs.put("ws_2", b"x")
    await blobs.drop(mine)
    assert await blobs.get(theirs) == b"x"


async def test_what_is_gone_is_not_found(blobs: FolderBlobs) -> None:
    """Reading says so; deleting again is quiet."""
    key = await blobs.put("ws_1", b"x")
    for there in (True, False):
        assert await blobs.has(key) is there
        await blobs.drop(key)
    with pytest.raises(CopyhoundError, match="not_found"):
        await blobs.get(key)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "../../etc/passwd",
        "ws_1/../../x",
        "/etc/passwd",
        "ws_1/aa/" + "a" * 63,
        "ws_1/aa/" + "a" * 64 + "\n",
        "a\x00b",
    ],
)
async def test_only_keys_of_ours_are_looked_up(blobs: FolderBlobs, key: str) -> None:
    """No path can be smuggled in."""
    for use in (blobs.get, blobs.has, blobs.drop):
        with pytest.raises(CopyhoundError, match="not_found"):
            await use(key)


async def test_a_workspace_cannot_be_a_path(blobs: FolderBlobs) -> None:
    """A workspace id that is no plain name is refused."""
    with pytest.raises(CopyhoundError, match="not_found"):
        await blobs.put("../x", b"x")


async def test_a_full_disk_leaves_no_partial_file(blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOSPC is the retryable `unavailable`; afterwards nothing of the picture is there, and later it can be put."""

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CopyhoundError, match="No space left") as caught:
            await blobs.put("ws_1", b"picture")
    assert (caught.value.code, caught.value.retryable) == ("unavailable", True)
    assert _files(blobs) == []
    assert await blobs.get(await blobs.put("ws_1", b"picture")) == b"picture"


async def test_a_file_of_the_wrong_size_is_written_again(blobs: FolderBlobs) -> None:
    """What a crash of the file system cut short is healed by the next put."""
    key = await blobs.put("ws_1", b"picture")
    (blobs.root / key).write_bytes(b"pic")
    await blobs.put("ws_1", b"picture")
    assert await blobs.get(key) == b"picture"


async def test_a_damaged_file_is_not_given_out(blobs: FolderBlobs, caplog: pytest.LogCaptureFixture) -> None:
    """A file whose bytes have changed is as good as gone, the log says so once, and the next put heals it."""
    key = await blobs.put("ws_1", b"picture")
    (blobs.root / key).write_bytes(b"p1cture")
    for _ in range(3):
        with pytest.raises(CopyhoundError, match="damaged") as caught:
            await blobs.get(key)
        assert caught.value.code == "not_found"
    assert caplog.text.count("is damaged") == 1
    await blobs.put("ws_1", b"picture")
    assert await blobs.get(key) == b"picture"


@pytest.mark.parametrize(
    ("number", "code", "told"), [(errno.EIO, "not_found", "damaged"), (errno.EACCES, "unavailable", "cannot be read")]
)
async def test_what_cannot_be_read_says_so(
    blobs: FolderBlobs, monkeypatch: pytest.MonkeyPatch, number: int, code: str, told: str
) -> None:
    """A bad sector is damage of one file; a folder that may not be read is trouble that passes."""
    key = await blobs.put("ws_1", b"picture")

    def broken(path: Path) -> bytes:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "read_bytes", broken)
    with pytest.raises(CopyhoundError, match=told) as caught:
        await blobs.get(key)
    assert caught.value.code == code


async def test_the_same_bytes_can_be_put_at_once(blobs: FolderBlobs) -> None:
    """Many writers of one file end with one whole file."""
    data = os.urandom(300_000)
    keys = await asyncio.gather(*[blobs.put("ws_1", data) for _ in range(8)])
    assert await blobs.get(keys[0]) == data
    assert _files(blobs) == [keys[0]]


@pytest.mark.parametrize(("alone", "beside_it", "waits"), GUARDS)
async def test_who_deletes_bytes_is_alone(postgres_url: str, alone: bool, beside_it: bool, waits: bool) -> None:
    """On PostgreSQL (SQLite has one writer) many may name bytes at once; who would delete waits, and is waited for."""
    database = Database(postgres_url)
    async with database.write() as one, database.write() as two:
        await Images(one).guard_blobs("ws_1", alone=alone)
        await Images(two).guard_blobs("ws_2", alone=True)
        await two.execute(sa.text("set local lock_timeout = '50ms'"))
        with pytest.raises(DBAPIError, match="lock timeout") if waits else nullcontext():
            await Images(two).guard_blobs("ws_1", alone=beside_it)
    await database.dispose()


async def test_those_left_come_in_one_go(blobs: FolderBlobs) -> None:
    """Of several, those that are there and whole come back by their keys; the others are left out."""
    kept, gone, damaged = [await blobs.put("w", data) for data in (b"kept", b"gone", b"damaged")]
    await blobs.drop(gone)
    (blobs.root / damaged).write_bytes(b"DAMAGED")
    assert await blobs.get_those_left([kept, gone, damaged, "no key"]) == {kept: b"kept"}
