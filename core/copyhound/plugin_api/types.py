"""The types that plugins give and get. Public: changes follow semantic versioning (`API_VERSION`)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Protocol

import httpx
import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lifecycle import ApiVersion
from copyhound.domain.matches import Page
from copyhound.domain.searches import Outcome
from copyhound.domain.triggers import Action as ActionSpec
from copyhound.domain.triggers import Trigger as TriggerSpec
from copyhound.plugin_api.use_cases import StateStore, UseCases

API_VERSION = "1.1"

__all__ = [
    "API_VERSION",
    "ActionSpec",
    "Answer",
    "Candidate",
    "Context",
    "Emit",
    "Lead",
    "NoSettings",
    "Notice",
    "NoticePicture",
    "NotifierSpec",
    "Outcome",
    "OwnIndex",
    "Page",
    "Progress",
    "ProviderLimits",
    "ProviderSpec",
    "Query",
    "SourceItem",
    "SourceSpec",
    "StateStore",
    "SurfaceSpec",
    "TriggerSpec",
    "UseCases",
]


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For plugins without settings."""


class Candidate(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a provider says that it found; not yet believed."""

    image_url: str
    """Absolute, http or https: where the found picture lies."""
    pages: tuple[Page, ...] = ()
    width: int | None = None
    height: int | None = None
    provider_score: float | None = None
    """The provider's own score, in its own units; shown, never trusted."""
    entry_id: str | None = None
    """Set by the own index alone: what is verified without fetching."""
    variant: int | None = None
    """Set by the own index alone: whether it was found as it is (0), mirrored (1), as a negative (2) or both (3)."""


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """How a provider's search ended. `answered` with no candidates is read as `no_match`."""

    outcome: Outcome
    candidates: tuple[Candidate, ...] = ()
    reason: str | None = None
    """One sentence, when the outcome is neither answered nor no_match."""
    units_spent: float = 0.0
    """In the provider's price unit."""
    retry_after: float | None = None
    """Seconds, as the service asked for, with quota, blocked or transient."""


class Query(msgspec.Struct, frozen=True):
    """The image that a provider looks for."""

    workspace_id: str
    image_id: str
    name: str
    sha256: str
    format: str
    width: int
    height: int
    data: bytes
    """The file as it was sent or fetched."""
    fingerprint: bytes
    source_url: str | None = None
    """Public address of the image, where it came by URL."""


class OwnIndex(Protocol):
    """The core's own index, as a provider may ask it."""

    async def candidates(self, query: Query, collection: str) -> Sequence[Candidate]:
        """The pictures of a collection that are worth comparing; best first."""


class Emit(Protocol):
    """Tells an event of a trigger that the plugin registers itself."""

    async def __call__(
        self, trigger: str, fields: Mapping[str, Any], *, key: str | None = None, list_id: str | None = None
    ) -> str | None:
        """Append an event to the workspace that the call works for, and deliver it; its id.

        None where one of that `key` was emitted before. `fields` is the payload without `id`, `type`, `timestamp` and
        `sequence`. With `list_id` the event belongs to a list. CopyhoundError plugin_failed, not_found.
        """


async def emit_nowhere(
    trigger: str, fields: Mapping[str, Any], *, key: str | None = None, list_id: str | None = None
) -> str | None:
    """Stands where nothing takes events. CopyhoundError plugin_failed."""
    raise CopyhoundError("plugin_failed", f"{trigger}: nothing takes events here.")


class Context(msgspec.Struct, frozen=True):
    """What the core hands to every call of a plugin."""

    settings: Any
    """The plugin's own settings: an instance of the Struct that its specification names."""
    http: httpx.AsyncClient
    """Guarded: private addresses are refused, time and size are limited."""
    log: logging.Logger
    now: Callable[[], datetime]
    state: StateStore
    index: OwnIndex
    emit: Emit = emit_nowhere
    """Give a `key` where the work may be done again: calls are retried, and a source is run again after a crash."""


class ProviderLimits(msgspec.Struct, frozen=True):
    """What the core enforces around a provider."""

    timeout_seconds: float = 30.0
    concurrency: int = 4
    per_minute: int | None = None
    max_bytes: int = 20 * 2**20
    max_candidates: int = 1000
    """More are cut, and the lookup says so."""
    retries: int = 2
    """How often a `transient` answer, a time-out or an exception is tried again."""


ProviderSearch = Callable[[Query, Context], Awaitable[Answer]]


class ProviderSpec(msgspec.Struct, frozen=True):
    """A provider, as its plugin registers it."""

    name: str
    """Lower-case letters, digits, underscores; unique."""
    title: str
    description: str
    search: ProviderSearch
    settings: type[msgspec.Struct] = NoSettings
    limits: ProviderLimits = ProviderLimits()
    price_unit: str = "search"
    accepts: tuple[str, ...] = ("bytes",)
    """`bytes`, `url`, or both: with `url` alone, images without a public address end as `unsupported`."""
    formats: tuple[str, ...] = ("JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF")
    default: bool = True
    """Asked when a search names no providers."""
    homepage: str | None = None


class NoticePicture(msgspec.Struct, frozen=True):
    """A small picture that belongs to a notice, so that nothing need be fetched."""

    url: str
    """Its address in the notice's `html`, where the link is: `src="<url, escaped>"`."""
    name: str
    """One line: what is on it."""
    data: bytes
    content_type: str = "image/jpeg"


class Notice(msgspec.Struct, frozen=True):
    """What a notifier tells. `events`, of one workspace, oldest first, may be empty where there is a `body`."""

    title: str
    """One line, without control characters."""
    text: str
    """For people, without markup."""
    events: tuple[dict[str, Any], ...]
    url: str | None = None
    id: str | None = None
    """The same when the same is told again: a receiver may leave out what it has."""
    html: str | None = None
    """The same for people, as a page."""
    body: bytes | None = None
    """For machines, in the format that the target's owner chose; None: the notifier makes its own."""
    content_type: str | None = None
    """Of `body`."""
    pictures: tuple[NoticePicture, ...] = ()
    """Some of those in `html`, best first: at most 20, at most a megabyte in all."""


class NotifierSpec(msgspec.Struct, frozen=True):
    """A notifier. `target` says whom to tell; its schema is the Struct."""

    name: str
    title: str
    description: str
    notify: Callable[[Notice, Any, Context], Awaitable[None]]
    target: type[msgspec.Struct] = NoSettings
    settings: type[msgspec.Struct] = NoSettings
    timeout_seconds: float = 30.0
    check: Callable[[Any, Any], None] | None = None
    """Given a target and the settings before the target is kept; returns at once, or raises CopyhoundError."""


class SurfaceSpec(msgspec.Struct, frozen=True):
    """Another API: an ASGI application, mounted under its prefixes, that wears its own errors.

    `make_app` makes it when a server begins to answer, once; the command line and the workers never need it.
    """

    name: str
    title: str
    description: str
    prefixes: tuple[str, ...]
    make_app: Callable[[], Any]
    versions: tuple[ApiVersion, ...] = ()
    """What its prefixes are versions of, and which of them are to end. Empty: each prefix is one, and none ends."""
    openapi: Mapping[str, Any] = {}
    """`GET /search` -> what is told of the operation (`plugin_api.describing`), laid over Litestar's; None hides it."""
    security: tuple[Literal["key", "bearer", "basic"], ...] = ()
    """How its clients send a key: `x-api-key`, a bearer token, a password. Empty: any of them."""


class Lead(msgspec.Struct, frozen=True):
    """A picture seen again, unchanged: nothing is fetched or decoded, only pages and time are kept."""

    image_url: str
    pages: tuple[Page, ...] = ()


class SourceItem(msgspec.Struct, frozen=True):
    """A picture that a source gives."""

    image_url: str
    data: bytes
    pages: tuple[Page, ...] = ()


class Progress(msgspec.Struct, frozen=True):
    """How far a source is: shown to the one who waits."""

    pages: int = 0
    pictures: int = 0
    total: int | None = None
    note: str | None = None


class SourceSpec(msgspec.Struct, frozen=True):
    """What feeds a collection. `run` may be stopped at any point and is run again with the same state.

    What it gives is kept when the next one is asked for: not before that should its state say that it is done.
    """

    name: str
    title: str
    description: str
    run: Callable[[Any, Context], AsyncIterator[SourceItem | Lead | Progress]]
    settings: type[msgspec.Struct] = NoSettings
    reads_server_files: bool = False
    """Needs the operator scope when started through the API."""
