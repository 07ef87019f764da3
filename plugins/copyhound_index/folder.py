"""The source that reads pictures from a folder of the server."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Meta

from copyhound.plugin_api import Context, CopyhoundError, Lead, Page, Progress, SourceItem, SourceSpec
from copyhound_index.urls import PICTURES

_MAX_BYTES: Final = 100 * 2**20
_TELL_EVERY: Final = 50


class FolderSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the source `folder`."""

    path: Annotated[str, Meta(min_length=1, description="The folder, on the server.")]
    base_url: Annotated[
        str | None,
        Meta(
            description="Where the folder stands on the web: a picture's address is this and its path below the folder."
        ),
    ] = None
    recursive: Annotated[
        bool,
        Meta(description="Look into folders below, too. Links that lead out of the folder are never followed."),
    ] = True
    pages: Annotated[
        tuple[str, ...],
        Meta(description="Addresses of pages on which every one of these pictures stands."),
    ] = ()


async def run(settings: FolderSettings, context: Context) -> AsyncGenerator[SourceItem | Lead | Progress, None]:
    """Every picture file in order of its path: read where it is new or changed, else a Lead.

    Files that cannot be read and links that are not followed are left out, and counted in the last progress.
    CopyhoundError `settings_invalid` where there is no such folder.
    """
    root = await asyncio.to_thread(_root, settings.path)
    pages = tuple(Page(url) for url in settings.pages)
    seen = unread = 0
    links: list[str] = []
    files = pictures(root, recursive=settings.recursive, links=links)
    while (path := await asyncio.to_thread(next, files, None)) is not None:
        seen += 1
        try:
            stamp, data = await _changed(path, root, context)
        except OSError as error:
            context.log.warning("not read: %s (%s)", path, error.strerror)
            unread += 1
            continue
        url = _address(path, root, settings.base_url)
        if data is None:
            yield Lead(url, pages)
        else:
            yield SourceItem(url, data, pages)
            await context.state.put({_key(path, root): stamp})
        if seen % _TELL_EVERY == 0:
            yield Progress(pictures=seen, note=str(path.relative_to(root)))
    counts = {"Files that could not be read": unread, "Links that were not followed": len(links)}
    told = " ".join(f"{what}: {count}." for what, count in counts.items() if count)
    yield Progress(pictures=seen, total=seen, note=told or None)


def pictures(root: Path, *, recursive: bool, links: list[str]) -> Iterator[Path]:
    """Files below `root` that are named like pictures, sorted, one folder at a time; none that lies outside.

    `links` takes those to pictures and folders that are not followed.
    """
    try:
        entries = sorted(os.scandir(root), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if recursive:
                yield from pictures(Path(entry.path), recursive=True, links=links)
        elif (named := entry.name.rpartition(".")[2].lower() in PICTURES) and _inside(entry, root):
            yield Path(entry.path)
        elif entry.is_symlink() and (named or (recursive and _leads_to_folder(entry))):
            links.append(entry.path)


def _inside(entry: os.DirEntry[str], folder: Path) -> bool:
    if not entry.is_symlink():
        return entry.is_file()
    target = Path(os.path.realpath(entry.path))  # Path.resolve raises where a link leads to itself
    try:
        return target.is_file() and target.is_relative_to(folder.resolve())
    except OSError:  # such as a folder on the way that is closed to us
        return False


def _leads_to_folder(link: os.DirEntry[str]) -> bool:
    try:
        return link.is_dir()
    except OSError:  # as above, or it leads to itself
        return False


def _root(path: str) -> Path:
    root = Path(path).expanduser().absolute()
    if not root.is_dir():
        raise CopyhoundError("settings_invalid", f"There is no folder {path!r} on the server.")
    return root


async def _changed(path: Path, root: Path, context: Context) -> tuple[list[int], bytes | None]:
    """The file's stamp, and its bytes where they are new. Raises OSError."""
    known: Any = await context.state.get(_key(path, root))

    def read() -> tuple[list[int], bytes | None]:
        with path.open("rb") as file:
            facts = os.fstat(file.fileno())
            stamp = [facts.st_mtime_ns, facts.st_size]
            return stamp, None if known == stamp else file.read(_MAX_BYTES + 1)

    return await asyncio.to_thread(read)


def _key(path: Path, root: Path) -> str:
    return "file:" + os.fsencode(path.relative_to(root)).hex()


def _address(path: Path, root: Path, base_url: str | None) -> str:
    if base_url is None:
        return path.as_uri()
    return base_url.rstrip("/") + "/" + quote(os.fsencode(path.relative_to(root)))


FOLDER = SourceSpec(
    name="folder",
    title="Folder",
    description="Pictures in a folder of the server; with the address at which the folder stands on the web.",
    run=run,
    settings=FolderSettings,
    reads_server_files=True,
)
