"""What a field of an action or a filter may be set to, for drop-downs: pages of ids with names."""

from __future__ import annotations

import base64
import binascii
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.filters import read_filter
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.matches import Match, MatchFilter
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.triggers import Trigger
from copyhound.domain.workspaces import Caller
from copyhound.services.kit import Desk, Kit

_NEWEST = "-first_seen"
_LONGEST_NAME: Final = 40
_LONGEST_ADDRESS: Final = 70
_ID_END: Final = 6


class Choice(msgspec.Struct, frozen=True):
    """One line of a drop-down."""

    id: str
    """What the field is set to."""
    name: str
    """What people read."""


class Wanted(msgspec.Struct, frozen=True):
    """Which choices are asked for."""

    q: str | None = None
    """Only names that contain this, upper and lower case alike."""
    cursor: str | None = None
    limit: int = 50
    list_id: str | None = None
    """Of what is in lists: only of this one."""


_Read = Callable[[UnitOfWork, Caller, Wanted], Awaitable[PageOf]]


class ChoiceService:
    """Choices of every kind. `triggers` may be filled later: it is read at each call."""

    def __init__(self, kit: Kit, desk: Desk, triggers: Mapping[str, Trigger]) -> None:
        self._kit, self._desk, self._triggers = kit, desk, triggers
        self._kinds: dict[str, _Read] = {
            "lists": self._lists,
            "images": self._images,
            "searches": self._searches,
            "matches": self._matches,
            "providers": self._providers,
            "triggers": self._of_triggers,
            "collections": self._collections,
        }

    async def page(self, caller: Caller, kind: str, wanted: Wanted, *, number: int = 0) -> PageOf:
        """A page of choices; `number` pages after the one that the cursor asks for.

        CopyhoundError not_found, and invalid_request for a cursor of something else.
        """
        if kind not in self._kinds:
            raise CopyhoundError("not_found", f"There are no choices {kind!r}; there are {', '.join(self._kinds)}.")
        async with self._kit.units.read() as uow:
            page = await self._kinds[kind](uow, caller, wanted)
            for _ in range(number):
                if page.cursor is None:
                    return PageOf([])
                wanted = msgspec.structs.replace(wanted, cursor=page.cursor)
                page = await self._kinds[kind](uow, caller, wanted)
        return page

    async def _lists(self, uow: UnitOfWork, caller: Caller, wanted: Wanted) -> PageOf:
        page = await uow.lists.page(caller.workspace_id, label=wanted.q, cursor=wanted.cursor, limit=wanted.limit)
        return PageOf(_told_apart([_list(item) for item in page.items]), page.cursor)

    async def _images(self, uow: UnitOfWork, caller: Caller, wanted: Wanted) -> PageOf:
        if wanted.list_id is None or await uow.lists.get(caller.workspace_id, wanted.list_id) is None:
            raise CopyhoundError("invalid_request", "Images are chosen from a list: list_id names one that is there.")
        list_id = wanted.list_id

        async def read(cursor: str | None) -> PageOf:
            page = await uow.images.of_list(caller.workspace_id, list_id, cursor=cursor, limit=wanted.limit)
            return PageOf([_image(image) for image in page.items], page.cursor)

        return await _sought(read, wanted)

    async def _searches(self, uow: UnitOfWork, caller: Caller, wanted: Wanted) -> PageOf:
        """Newest first, by the label of the list and the time of the start."""

        async def read(cursor: str | None) -> PageOf:
            page = await uow.searches.page(
                caller.workspace_id, list_id=wanted.list_id, cursor=cursor, limit=wanted.limit
            )
            labels = await _labels(uow, caller, [one.list_id for one in page.items])
            told = [(one.id, f"{labels.get(one.list_id, '')}, {_minute(one.created_at)}") for one in page.items]
            return PageOf([_Told(*one) for one in told], page.cursor)

        return await _sought(read, wanted)

    async def _matches(self, uow: UnitOfWork, caller: Caller, wanted: Wanted) -> PageOf:
        """Newest first; `q` is sought in the host."""
        only = read_filter(msgspec.json.encode({"host-cont": wanted.q})) if wanted.q else None
        where = MatchFilter(list_id=wanted.list_id, filter=only)
        page = await uow.matches.page(
            caller.workspace_id, where, cursor=wanted.cursor, limit=wanted.limit, sort=_NEWEST
        )
        images = await uow.images.by_ids(caller.workspace_id, sorted({match.image_id for match in page.items}))
        names = {image.id: image.name for image in images}
        told = [(match, _copy(match, names.get(match.image_id, ""))) for match in page.items]
        often = Counter(name for _, name in told)
        labels = await _labels(uow, caller, (match.list_id for match, name in told if often[name] > 1))
        seen = [_Told(one.id, name, (labels.get(one.list_id, ""), _minute(one.first_seen))) for one, name in told]
        return PageOf(_told_apart(seen), page.cursor)

    async def _providers(self, uow: UnitOfWork, caller: Caller, wanted: Wanted) -> PageOf:
        """Those that can be asked, and which of them are where a search names none."""
        usual, titles = set(self._desk.ready()), self._desk.titles()
        named = {name: f"{title} (asked by default)" if name in usual else title for name, title in titles.items()}
        return among((Choice(name, title) for name, title in named.items()), wanted)

    async def _of_triggers(self, uow: UnitOfWork, caller: Caller, wanted: Wanted) -> PageOf:
        return among((Choice(one.key, one.title) for one in self._triggers.values()), wanted)

    async def _collections(self, uow: UnitOfWork, caller: Caller, wanted: Wanted) -> PageOf:
        found = await uow.collections.all(caller.workspace_id)
        return among((Choice(one.name, one.name) for one in found), wanted)


class _Told(msgspec.Struct, frozen=True):
    """A choice, and what tells it from others of the same name, the plainest first."""

    id: str
    name: str
    more: tuple[str, ...] = ()


def _told_apart(page: Sequence[_Told]) -> list[Choice]:
    """The choices of a page: where names repeat, with as much more as tells them apart, at last the ids' ends."""
    names = [one.name for one in page]
    further = [(*one.more, one.id[-_ID_END:]) for one in page]
    for turn in range(max(map(len, further), default=0)):
        alike: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            alike[name].append(place)
        for places in alike.values():
            if len({further[place][turn] for place in places}) > 1:  # what all have in common tells nothing
                for place in places:
                    names[place] = f"{names[place]}, {further[place][turn]}"
    return [Choice(one.id, name) for one, name in zip(page, names, strict=True)]


def _list(item: ImageList) -> _Told:
    return _Told(item.id, item.label, (_minute(item.created_at),))


def _image(image: Image) -> _Told:
    return _Told(image.id, image.name, (_minute(image.created_at),))


def _copy(match: Match, image: str) -> str:
    """The host alone would not do: one shop may have ten copies of a picture."""
    address = match.image_url.partition("://")[2] or match.image_url
    return f"{_cut(image, _LONGEST_NAME)} at {_cut(address, _LONGEST_ADDRESS)}"


async def _labels(uow: UnitOfWork, caller: Caller, list_ids: Iterable[str]) -> dict[str, str]:
    """What the lists are called."""
    found = [await uow.lists.get(caller.workspace_id, list_id) for list_id in set(list_ids)]
    return {one.id: _cut(one.label, _LONGEST_NAME) for one in found if one is not None}


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


def _cut(text: str, most: int) -> str:
    """At most so long: its beginning and its end, where addresses differ."""
    head = most // 3
    return text if len(text) <= most else f"{text[:head]}…{text[head + 1 - most :]}"


async def _sought(read: Callable[[str | None], Awaitable[PageOf]], wanted: Wanted) -> PageOf:
    """Choices whose names contain `q`. They are read page by page, at most so many for one answer."""
    found: list[_Told] = []
    cursor = wanted.cursor
    for _ in range(10):
        page = await read(cursor)
        found += [one for one in page.items if _holds(one.name, wanted)]
        cursor = page.cursor
        if cursor is None or found:
            break
    return PageOf(_told_apart(found), cursor)


def among(choices: Iterable[Choice], wanted: Wanted) -> PageOf:
    """A page of choices that are all at hand, in the order of their ids."""
    after = _after(wanted.cursor) if wanted.cursor else ""
    fitting = (one for one in choices if one.id > after and (_holds(one.name, wanted) or _holds(one.id, wanted)))
    found = sorted(fitting, key=lambda one: one.id)
    page = found[: wanted.limit]
    return PageOf(page, _cursor(page) if len(found) > len(page) else None)


def _holds(text: str, wanted: Wanted) -> bool:
    return (wanted.q or "").casefold() in text.casefold()


def _cursor(page: Sequence[Choice]) -> str:
    return base64.urlsafe_b64encode(f"choice:{page[-1].id}".encode()).decode().rstrip("=")


def _after(cursor: str) -> str:
    try:
        kind, _, after = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
    except (binascii.Error, ValueError):
        kind, after = "", ""
    if kind != "choice":
        raise CopyhoundError("invalid_request", "The cursor is not one of ours for these choices.")
    return after
