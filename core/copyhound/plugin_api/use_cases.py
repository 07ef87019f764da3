"""The use cases that surfaces and actions stand on, as Protocols. The core fills them in.

All raise CopyhoundError with a code from the table of errors; all take a `Caller` and answer nothing of another
workspace. What a Protocol leaves out is not for plugins.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime, timedelta
from typing import Any, Protocol, TypeVar

import msgspec

from copyhound.domain.collections import Entry, Kept, Looked, Weighed
from copyhound.domain.credits import Balance, UsageDay
from copyhound.domain.figures import ImageFigures, ListFigures
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.matches import Decision, HostCount, HostGroup, Match, MatchFilter, ResultRow
from copyhound.domain.notifications import NewNotification, Notification, NotificationChanges
from copyhound.domain.pictures import Matrix, Readable
from copyhound.domain.repositories import PageOf
from copyhound.domain.searches import ImageInput, Search, SearchProgress, SearchRequest
from copyhound.domain.tags import IgnoredHost, Tag
from copyhound.domain.workspaces import ApiKey, Caller, Workspace

T = TypeVar("T", bound=msgspec.Struct)


class StateStore(Protocol):
    """Small JSON values that survive restarts; private to the plugin, workspace and target at hand."""

    async def get(self, key: str) -> Any | None: ...
    async def put(self, items: Mapping[str, Any]) -> None:
        """Write all of `items` in one transaction."""

    async def delete(self, keys: Sequence[str] | None = None) -> None:
        """None: everything."""

    async def scan(self, prefix: str = "", limit: int = 1000) -> dict[str, Any]: ...


class KeyUseCases(Protocol):
    """Who is asking."""

    async def check(self, plain: str) -> Caller:
        """Whose API key it is. CopyhoundError unauthorized."""

    async def signing_secret(self, key_id: str) -> tuple[Caller, str] | None:
        """Of a key made for signatures: whose it is, and its plain text."""

    async def use_nonce(self, key_id: str, nonce: str, until: datetime) -> bool:
        """False where the key has used it before; remembered until then."""

    def issue_token(self, caller: Caller, audience: str, life: timedelta) -> tuple[str, datetime]:
        """(a token that stands for the caller's key, until when). `audience` names the surface."""

    async def check_token(self, token: str, audience: str) -> Caller:
        """Whose token it is. CopyhoundError unauthorized."""

    async def describe(self, caller: Caller) -> tuple[Workspace, ApiKey]: ...


class LimitUseCases(Protocol):
    """How often, and how many at once."""

    async def count(self, subject: Caller | str, name: str, *, most: int, seconds: int) -> None:
        """Count a request. CopyhoundError too_many_requests with extra `retry_after` in seconds."""

    def place(self, caller: Caller, name: str, *, most: int) -> AbstractAsyncContextManager[None]:
        """Hold one of `most` places. CopyhoundError too_many_requests with extra `retry_after`."""


class CreditUseCases(Protocol):
    """What may still be searched."""

    async def balance(self, caller: Caller) -> Balance: ...
    async def usage(self, caller: Caller, start: date, end: date) -> list[UsageDay]:
        """Both days included, oldest first."""


class PictureUseCases(Protocol):
    """Pictures before they are searched."""

    async def readable(self, data: bytes, *, whole: bool = False) -> Readable:
        """An upload as it is, an icon or a raw file turned into what can be searched; `whole`: its pixels are read.

        CopyhoundErrors of pictures.
        """


class SearchUseCases(Protocol):
    """Searches."""

    async def start(self, caller: Caller, request: SearchRequest, *, wait: float = 0.0) -> Search:
        """Start a search; with `wait` it is done here and now for so many seconds, and by its jobs after them.

        CopyhoundErrors of pictures and addresses, insufficient_credits; then nothing is stored.
        """

    async def repeat(
        self, caller: Caller, list_id: str, *, verify: bool = True, key: str | None = None, surface: str = "native"
    ) -> Search:
        """Search all images of a list again. CopyhoundError not_found, no_image, insufficient_credits."""

    async def wait(self, caller: Caller, search_id: str, seconds: float) -> SearchProgress: ...
    async def progress(self, caller: Caller, search_id: str) -> SearchProgress: ...
    async def page(
        self, caller: Caller, *, list_id: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> PageOf: ...


class ListUseCases(Protocol):
    """Lists and their images. `changes` is a `ListChanges`."""

    async def create(self, caller: Caller, label: str, **settings: Any) -> ImageList: ...
    async def get(self, caller: Caller, list_id: str) -> ImageList: ...
    async def by_number(self, caller: Caller, number: int) -> ImageList: ...
    async def page(
        self, caller: Caller, *, label: str | None = None, cursor: str | None = None, limit: int = 50
    ) -> PageOf: ...
    async def update(self, caller: Caller, list_id: str, changes: Any) -> ImageList: ...
    async def delete(self, caller: Caller, list_id: str) -> None: ...
    async def add_images(self, caller: Caller, list_id: str, inputs: Sequence[ImageInput]) -> list[Image]: ...
    async def images(self, caller: Caller, list_id: str, *, cursor: str | None = None, limit: int = 50) -> PageOf: ...
    async def image(self, caller: Caller, image_id: str) -> Image: ...
    async def image_by_number(self, caller: Caller, number: int) -> Image: ...
    async def images_by_ids(self, caller: Caller, image_ids: Sequence[str]) -> list[Image]: ...
    async def picture(self, workspace_id: str, image_id: str) -> bytes:
        """A JPEG of an image, made small. CopyhoundError not_found where it was not looked at yet."""

    async def delete_image(self, caller: Caller, list_id: str, image_id: str) -> None: ...


class MatchUseCases(Protocol):
    """Matches."""

    async def page(
        self,
        caller: Caller,
        where: MatchFilter,
        *,
        cursor: str | None = None,
        limit: int = 50,
        sort: str = "-first_seen",
    ) -> PageOf: ...
    async def get(self, caller: Caller, match_id: str) -> Match: ...
    async def decide(self, caller: Caller, match_id: str, decision: Decision, note: str | None = None) -> Match: ...
    def overlay_url(self, match: Match) -> str | None: ...
    async def overlay(self, workspace_id: str, match_id: str, view: str = "pair") -> bytes:
        """A JPEG: left half the match, right half the image aligned to it. CopyhoundError not_found."""

    async def picture(self, workspace_id: str, match_id: str) -> bytes:
        """A JPEG of what is kept of the found picture. CopyhoundError not_found."""


class CollectionUseCases(Protocol):
    """Sets of indexed pictures, by name. All but `add` raise CopyhoundError not_found where there is none."""

    async def count(self, caller: Caller, name: str) -> int: ...
    async def add(self, workspace_id: str, name: str, *, image_url: str, data: bytes) -> tuple[Entry, bool]:
        """Index a picture under its address; (entry, whether it is new). Searchable when this returns."""

    async def at(self, caller: Caller, name: str, image_url: str) -> Entry: ...
    async def addresses(self, caller: Caller, name: str, *, offset: int = 0, limit: int = 50) -> list[str]:
        """In the order in which they were first added."""

    async def remove_at(self, caller: Caller, name: str, image_urls: Sequence[str]) -> list[str]:
        """Remove the entries of these addresses; those that were not there."""

    async def look(
        self, caller: Caller, name: str, picture: bytes | Entry, *, least: float = 50, mirrored: bool = True
    ) -> Looked:
        """The entries that show the same picture, sooner without mirrored ones. CopyhoundErrors of pictures."""

    async def weigh(self, image: bytes | Entry, other: bytes | Entry) -> Weighed:
        """How two pictures compare. CopyhoundErrors of pictures."""

    async def fetch(self, url: str) -> bytes:
        """A picture from the web. CopyhoundErrors of addresses."""

    async def kept(self, workspace_id: str, entry_id: str) -> Kept: ...
    async def lay(self, query: Kept, match: Kept, matrix: Matrix, view: str = "pair") -> bytes:
        """A JPEG of two pictures laid upon each other; `view` is pair or difference."""


class ExportUseCases(Protocol):
    """Matches as files."""

    def stream(self, caller: Caller, where: MatchFilter, format: str) -> AsyncIterator[bytes]: ...


class ResultUseCases(Protocol):
    """Result rows: each match on each of its pages. `sort`: a metric, and whether the largest come first."""

    def filter(self, *wanted: str | dict[str, Any]) -> Any:
        """A filter for `MatchFilter.filter`, from JSON or its text; all must hold.

        CopyhoundError invalid_request names what is wrong in it.
        """

    async def rows(
        self, caller: Caller, where: MatchFilter, *, sort: tuple[str, bool] = ..., start: int = 0, rows: int = 50
    ) -> list[ResultRow]: ...
    async def groups(
        self,
        caller: Caller,
        where: MatchFilter,
        *,
        sort: tuple[str, bool] = ...,
        start: int = 0,
        rows: int = 50,
        each: int = 10,
    ) -> list[HostGroup]:
        """By host; `start` and `rows` count hosts, `each` the rows of one."""

    async def count(self, caller: Caller, where: MatchFilter) -> int: ...
    async def count_hosts(self, caller: Caller, where: MatchFilter) -> int: ...
    async def facet(self, caller: Caller, where: MatchFilter, metric: str) -> list[tuple[Any, int]]:
        """How many rows there are of each value of a metric, the most first."""

    async def host_counts(self, caller: Caller, where: MatchFilter) -> list[HostCount]: ...
    def stream(self, caller: Caller, where: MatchFilter) -> AsyncIterator[ResultRow]:
        """All rows, in constant memory."""

    async def figures(self, caller: Caller, list_ids: Sequence[str]) -> dict[str, ListFigures]: ...
    async def open_images(self, caller: Caller, list_id: str) -> int:
        """How many images of a list are still looked for."""

    async def image_figures(self, caller: Caller, image_ids: Sequence[str]) -> dict[str, ImageFigures]: ...


class TagUseCases(Protocol):
    """Tags of a list, and of found copies. `list_id` None stands for all lists of the workspace."""

    async def tags(self, caller: Caller, list_id: str | None) -> list[Tag]: ...
    async def add(
        self, caller: Caller, list_id: str | None, label: str, colour: str = "808080", state: Any = ...
    ) -> Tag:
        """`state` is a `TagState`; live unless told."""

    async def update(self, caller: Caller, list_id: str | None, key: str, changes: Any) -> Tag:
        """`changes` is a `TagChanges`."""

    async def update_all(self, caller: Caller, list_id: str | None, changes: Sequence[tuple[str, Any]]) -> list[Tag]:
        """Several tags by their keys: all are changed, or none where one is refused."""

    async def remove(self, caller: Caller, list_id: str | None, key: str) -> None: ...
    async def counts(self, caller: Caller) -> dict[str | None, int]: ...
    async def give(self, caller: Caller, rows: Sequence[str], key: str) -> int:
        """Give rows (ids of matches or of result rows) a tag in place of those they have; "" takes all off."""

    async def given(self, caller: Caller, match_ids: Sequence[str]) -> dict[tuple[str, str], list[str]]:
        """(match id, page key, empty for the whole match) -> keys of tags."""


class IgnoreUseCases(Protocol):
    """Hosts that are left out where a reader asks for it. `list_id` None stands for all lists."""

    async def hosts(self, caller: Caller, list_id: str | None) -> list[IgnoredHost]: ...
    async def add(self, caller: Caller, list_id: str | None, hosts: Sequence[str]) -> list[IgnoredHost]: ...
    async def remove(self, caller: Caller, list_id: str | None, ignore_id: str) -> None: ...
    async def counts(self, caller: Caller) -> dict[str | None, int]: ...


class NotificationUseCases(Protocol):
    """Who is told of new domains. `new` is a `NewNotification`, `changes` a `NotificationChanges`."""

    async def create(self, caller: Caller, new: NewNotification) -> Notification:
        """CopyhoundError not_found, invalid_request, plugin_unknown, settings_invalid, url_invalid, url_forbidden."""

    async def get(self, caller: Caller, notification_id: str) -> Notification: ...
    async def by_number(self, caller: Caller, number: int) -> Notification: ...
    async def page(self, caller: Caller, *, cursor: str | None = None, limit: int = 50) -> PageOf: ...
    async def update(self, caller: Caller, notification_id: str, changes: NotificationChanges) -> Notification: ...
    async def delete(self, caller: Caller, notification_id: str) -> None: ...


class ActionDescription(msgspec.Struct, frozen=True):
    """An action, as a surface shows it to its clients."""

    key: str
    title: str
    description: str
    scope: str
    """What a key must be allowed to."""
    input_schema: dict[str, Any]
    """JSON Schema 2020-12, whole in itself."""
    output_schema: dict[str, Any]
    sample: dict[str, Any]
    """An answer."""


class CatalogueUseCases(Protocol):
    """What automations can do: the actions of the core and of all plugins."""

    def actions(self) -> Sequence[ActionDescription]: ...
    async def run(self, caller: Caller, key: str, arguments: bytes, *, once: str | None = None) -> dict[str, Any]:
        """Do it with the JSON `arguments`; the JSON-ready answer. With the same `once` within a day: what it was then,
        but for an action of the kind `find`, which looks anew.

        CopyhoundError not_found, forbidden, malformed_json, invalid_request with extra `errors`, idempotency_mismatch,
        idempotency_in_flight, and the action's own.
        """


class TriggerUseCases(Protocol):
    """Events of the triggers that plugins add."""

    async def emit(
        self,
        workspace_id: str,
        trigger: str,
        fields: Mapping[str, Any],
        *,
        key: str | None = None,
        list_id: str | None = None,
    ) -> str | None:
        """Append an event, and deliver it; its id. None where one of that `key` was emitted before.

        `fields` is the payload without `id`, `type`, `timestamp` and `sequence`. With `list_id` the event belongs to a
        list. CopyhoundError not_found; plugin_failed where the event is not of the trigger's payload, or the trigger
        is the core's.
        """


class LinkUseCases(Protocol):
    """Addresses that need no key."""

    def sign(self, text: str) -> str:
        """A URL-safe signature. `text` says what for, so that no link opens another thing."""

    def holds(self, text: str, signature: str) -> bool: ...


class UseCases(Protocol):
    """All of them. Filled in by bootstrap."""

    @property
    def public_url(self) -> str: ...
    @property
    def keys(self) -> KeyUseCases: ...
    @property
    def limits(self) -> LimitUseCases: ...
    @property
    def credits(self) -> CreditUseCases: ...
    @property
    def pictures(self) -> PictureUseCases: ...
    @property
    def searches(self) -> SearchUseCases: ...
    @property
    def lists(self) -> ListUseCases: ...
    @property
    def matches(self) -> MatchUseCases: ...
    @property
    def exports(self) -> ExportUseCases: ...
    @property
    def notifications(self) -> NotificationUseCases: ...
    @property
    def collections(self) -> CollectionUseCases: ...
    @property
    def results(self) -> ResultUseCases: ...
    @property
    def tags(self) -> TagUseCases: ...
    @property
    def ignores(self) -> IgnoreUseCases: ...
    @property
    def triggers(self) -> TriggerUseCases: ...
    @property
    def links(self) -> LinkUseCases: ...
    @property
    def catalogue(self) -> CatalogueUseCases:
        """Whole when a server begins to answer: not for the time in which plugins are loaded."""

    def now(self) -> datetime:
        """The time, aware, UTC."""

    def settings(self, name: str, struct: type[T]) -> T:
        """The section [plugins.<name>]: one Struct for all that a plugin offers under that name.

        CopyhoundError settings_invalid.
        """

    def state(self, workspace_id: str, scope: str) -> StateStore:
        """Small JSON values of a surface in a workspace."""
