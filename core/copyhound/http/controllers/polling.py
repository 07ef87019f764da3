"""The polling twin of every trigger, and the pollers that are remembered by name."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

import msgspec
from litestar import Controller, delete, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, QueryParameter

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.faults import SAYS
from copyhound.domain.feeds import Consumer
from copyhound.domain.pictures import MatchType
from copyhound.domain.workspaces import Caller
from copyhound.http.paging import Cursor, Limit, Percent, zoned
from copyhound.http.problems import refused
from copyhound.http.wire.automation import EventsOut
from copyhound.http.wire.common import Items
from copyhound.http.wire.feeds import ConsumerOut
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.services import Services
from copyhound.services.hooks import HookFilter
from copyhound.services.polling import Asked

_NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$(?!\n)"  # `$` alone lets a newline pass
_SAID: Final = "Only letters, digits and . _ : - are taken, at most 100, and first a letter or a digit"
ConsumerName = Annotated[
    Annotated[str, msgspec.Meta(extra={SAYS: _SAID})] | None,
    QueryParameter(
        pattern=_NAME,
        description="Your own name for this poller: the server keeps how far it is. Asking on acknowledges "
        "what the last answer gave, unless a `cursor` says how far or `again` is true.",
    ),
]
Since = Annotated[
    str | None,
    QueryParameter(
        description="Where to begin without a cursor; of no effect for a consumer that is known already.",
        schema_extra={"format": "date-time"},
    ),
]
Again = Annotated[
    bool,
    QueryParameter(
        description="Acknowledge nothing by asking: give all that the consumer has not acknowledged by a `cursor`. "
        "Safe to repeat, and to send with every question."
    ),
]


def provide_event_filter(
    list_ids: FromQuery[list[str] | None] = None,
    min_confidence: Percent = None,
    min_score: Percent = None,
    match_types: FromQuery[list[MatchType] | None] = None,
    domains: FromQuery[list[str] | None] = None,
    providers: FromQuery[list[str] | None] = None,
) -> HookFilter:
    """Which events are asked for: the filter of hooks, from the query."""
    return HookFilter(
        list_ids=tuple(list_ids or ()),
        min_confidence=min_confidence,
        min_score=min_score,
        match_types=tuple(match_types or ()),
        domains=tuple(domains or ()),
        providers=tuple(providers or ()),
    )


class PollingController(Controller):
    """Events for those who cannot be called."""

    path = "/triggers/{key:str}"
    tags = ("automation",)

    @get("/events", dependencies={"where": Provide(provide_event_filter, sync_to_thread=False)})
    async def get_events(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        where: NamedDependency[HookFilter],
        key: FromPath[str],
        consumer: ConsumerName = None,
        again: Again = False,
        since: Since = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> EventsOut:
        """Events after a cursor, oldest first. Without one: from where `consumer` is, from `since`, from the start."""
        _known(catalogue, key)
        if again and consumer is None:
            raise refused([{"field": "again", "message": "It is for a consumer"}])
        after = read_cursor(cursor) if cursor else None
        asked = Asked(key, limit, where, after, zoned(since, "since"), consumer, again)
        polled = await services.polling.read(caller, asked)
        return EventsOut(polled.events, make_cursor(polled.until), polled.more)

    @get("/consumers")
    async def list_consumers(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        catalogue: NamedDependency[Catalogue],
        key: FromPath[str],
    ) -> Items[ConsumerOut]:
        """The pollers of a trigger that have a name, and how far each is."""
        _known(catalogue, key)
        return Items([_consumer(one) for one in await services.polling.consumers(caller, key)])

    @delete("/consumers/{name:str}")
    async def delete_consumer(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        key: FromPath[str],
        name: FromPath[str],
    ) -> None:
        """Forget how far a poller is; 204 also where nobody knows it."""
        await services.polling.forget(caller, key, name)


def _known(catalogue: Catalogue, key: str) -> None:
    if key not in catalogue.triggers:
        raise CopyhoundError("not_found", f"There is no trigger {key!r}.")


def _consumer(one: Consumer) -> ConsumerOut:
    return ConsumerOut(one.name, make_cursor(one.acknowledged), make_cursor(one.given), one.asked_at)


def make_cursor(sequence: int) -> str:
    """Opaque, and good for ever: it says how far in the log a poller is."""
    return base64.urlsafe_b64encode(f"seq:{sequence}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> int:
    """Raises CopyhoundError `invalid_request` for what `make_cursor` did not make."""
    try:
        kind, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition(":")
        if kind == "seq" and number.isascii() and number.isdigit() and len(number) < 19:
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise refused([{"field": "cursor", "message": "It is not a cursor of this log"}])
