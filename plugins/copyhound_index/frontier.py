"""What a crawl has still to do, and what it has done: all of it in the state, so that it can stop at any point.

Keys: `run`; `todo-<kind>-<depth>-<number>`, in the order of work; `page:` and `picture:` with the address's hash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

import msgspec

from copyhound.plugin_api import Page, StateStore
from copyhound_index.looks import Size
from copyhound_index.urls import without_query

MAX_TRIES: Final = 3
_MAX_PAGES_EACH: Final = 1000


class Kind(IntEnum):
    """What there is to do; lower ones come first."""

    leads = 0
    picture = 1
    sitemap = 2
    page = 3


class Todo(msgspec.Struct):
    """One thing to do."""

    kind: Kind
    url: str = ""
    depth: int = 0
    tries: int = 0
    page: list[Any] = []
    """Leads: the page."""
    pictures: list[str] = []
    """Leads: the pictures that stand on it."""
    sizes: dict[str, Size] = {}
    """Leads: how large they are shown on it."""


class Record(msgspec.Struct):
    """What is known of a page or a picture."""

    crawl: int = 0
    """In which crawl it was met last."""
    done: int = 0
    """In which crawl it was dealt with last."""
    failed: bool = False
    validators: dict[str, str] = {}
    title: str | None = None
    links: list[str] = []
    pictures: list[str] = []
    pages: list[list[Any]] = []
    """Pictures: pages that it was met on before it was fetched."""
    language: str | None = None
    description: str | None = None
    sizes: dict[str, Size] = {}
    """Pages: how large they show their pictures."""
    looked: bool = False
    """Pages: whether language, description and sizes were looked for."""


class Run(msgspec.Struct):
    """How far the crawl is. A new crawl begins when the last one is done."""

    crawl: int = 0
    done: bool = True
    number: int = 0
    planned: int = 0
    pages: int = 0
    pictures: int = 0
    failed: int = 0
    first_failure: str | None = None


class Frontier:
    """The state of one crawl. Changes are collected, and written together by `save`."""

    def __init__(self, state: StateStore) -> None:
        self._state = state
        self._changed: dict[str, Any] = {}
        self._met: set[str] = set()
        self.run = Run()

    async def open(self) -> bool:
        """Read the run; True where a new crawl begins."""
        found = await self._state.get("run")
        self.run = msgspec.convert(found, Run) if found is not None else Run()
        if not self.run.done:
            return False
        self.run = Run(crawl=self.run.crawl + 1, done=False, number=self.run.number)
        return True

    async def next(self) -> tuple[str, Todo] | None:
        """The first thing to do, and its key."""
        for key, value in (await self._state.scan("todo-", limit=1)).items():
            return key, msgspec.convert(value, Todo)
        return None

    def add(self, todo: Todo) -> None:
        """Something more to do, after what is there of its kind and depth."""
        self.run.number += 1
        self._changed[f"todo-{todo.kind.value}-{todo.depth:04d}-{self.run.number:012d}"] = msgspec.to_builtins(todo)

    async def record(self, what: Kind, url: str) -> Record:
        """What is known of a page or picture; empty where nothing is."""
        key = _key(what, url)
        found = self._changed.get(key) or await self._state.get(key)
        return msgspec.convert(found, Record) if found is not None else Record()

    def keep(self, what: Kind, url: str, record: Record) -> None:
        """Remember a page or picture."""
        self._changed[_key(what, url)] = msgspec.to_builtins(record)

    async def save(self) -> None:
        """Write all changes in one transaction."""
        await self._state.put({**self._changed, "run": msgspec.to_builtins(self.run)})
        self._changed = {}

    async def drop(self, key: str) -> None:
        """Something is done."""
        await self._state.delete([key])

    async def plan_pages(self, urls: Iterable[str], depth: int, *, most: int, variants: int) -> None:
        """Add the pages that this crawl has not met, up to `most` in all, and `variants` of one path."""
        for url in urls:
            if self.run.planned >= most:
                return
            if url in self._met or (record := await self.record(Kind.page, url)).crawl == self.run.crawl:
                self._met.add(url)
                continue
            self._met.add(url)
            if "?" in url and not await self._one_more(without_query(url), variants):
                continue
            record.crawl = self.run.crawl
            self.keep(Kind.page, url, record)
            self.add(Todo(Kind.page, url, depth))
            self.run.planned += 1

    async def plan_pictures(self, urls: Sequence[str], on_page: Page, sizes: Mapping[str, Size]) -> None:
        """Add pictures that stand on a page: to be fetched where this crawl has not met them, else as leads."""
        leads = []
        for url in urls:
            page = shown(on_page, sizes.get(url))
            record = await self.record(Kind.picture, url)
            if record.crawl != self.run.crawl:
                self.keep(
                    Kind.picture, url, Record(self.run.crawl, record.done, False, record.validators, pages=[_row(page)])
                )
                self.add(Todo(Kind.picture, url))
            elif record.done != self.run.crawl:
                if _row(page) not in record.pages and len(record.pages) < _MAX_PAGES_EACH:
                    record.pages.append(_row(page))
                    self.keep(Kind.picture, url, record)
            elif not record.failed and _row(page) not in record.pages:
                leads.append(url)
        if leads:
            said = {url: sizes[url] for url in leads if url in sizes}
            self.add(Todo(Kind.leads, page=_row(on_page), pictures=leads, sizes=said))

    async def _one_more(self, path: str, most: int) -> bool:
        key = f"variants:{_hash(path)}"
        crawl, count = self._changed.get(key) or await self._state.get(key) or (0, 0)
        count = count + 1 if crawl == self.run.crawl else 1
        self._changed[key] = [self.run.crawl, count]
        return bool(count <= most)


def shown(page: Page, size: Size | None) -> Page:
    """A page, as it shows one of its pictures."""
    if size is None:
        return page
    return msgspec.structs.replace(page, width_on_page=size[0], height_on_page=size[1])


def _row(page: Page) -> list[Any]:
    """The fields of a page, without those at its end that are not known."""
    row = list(msgspec.structs.astuple(page))
    while len(row) > 2 and row[-1] is None:
        row.pop()
    return row


def _key(what: Kind, url: str) -> str:
    return f"{what.name}:{_hash(url)}"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:40]
