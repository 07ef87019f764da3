"""What is deprecated says so in every answer; `GET /lifecycle` tells the whole table; requests are counted."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, Final

import msgspec
import structlog
from litestar import Litestar, Request, get
from litestar.di import NamedDependency

from copyhound.domain.lifecycle import (
    NOTICE_MONTHS,
    QUIET,
    ApiVersion,
    Ending,
    Lifecycle,
    OldOperation,
    State,
    Use,
    state_of,
)
from copyhound.domain.workspaces import Scope
from copyhound.http.auth import PUBLIC, key_of
from copyhound.http.metrics import Metrics
from copyhound.services import Services

_FLUSH_SECONDS: Final = 60.0
_NO_USE: Final = frozenset({0, 401, 403, 404, 405})
log = structlog.get_logger("copyhound.http.lifecycle")


class VersionOut(msgspec.Struct):
    """A version of an API. `may_go`: its sunset has come, or nobody uses it. `use` is told to admins alone."""

    api: str
    version: str
    prefix: str
    state: State
    announced: date | None
    sunset: date | None
    successor: str | None
    note: str
    use: Use | None = None


class OperationOut(msgspec.Struct):
    """A deprecated operation of a version that stays."""

    method: str
    path: str
    state: State
    announced: date | None
    sunset: date | None
    successor: str | None
    note: str
    use: Use | None = None


class LifecycleOut(msgspec.Struct):
    """Every version, every deprecated operation, and the rules."""

    policy: str
    notice_months: int
    quiet_days: int
    versions: list[VersionOut]
    operations: list[OperationOut]


class Journal:
    """Sends the headers of what is deprecated, and counts."""

    def __init__(self, table: Lifecycle, metrics: Metrics, *, docs: str, executor: str = "local") -> None:
        self.table, self._metrics, self._executor = table, metrics, executor
        self.policy = f"{docs}/lifecycle"
        self.counted: Counter[str] = Counter()
        self._told: set[str] = set()

    def headers(self, used: Sequence[Ending], today: date) -> list[tuple[bytes, bytes]]:
        """What an answer says of the end of the version or operation that was `used`."""
        ending = next((one for one in reversed(used) if one.announced and one.announced <= today), None)
        return ending_headers(ending, self.policy) if ending else []

    def count(self, used: Sequence[ApiVersion | OldOperation], status: int) -> None:
        """Count a request by the status of its answer: who is refused, or asks for what is not there, uses nothing."""
        if status in _NO_USE:
            return
        for one in used:
            self.counted[one.key] += 1
            self._metrics.used(one.key)

    async def keep(self, services: Services) -> None:
        """Add the counts to those in the database. What cannot be written is counted on."""
        counted, self.counted = self.counted, Counter()
        try:
            if counted:
                await services.lifecycle.add(counted, self._executor)
        except Exception as error:
            self.counted.update(counted)
            log.warning("the use of versions could not be kept", error=str(error))

    @contextlib.asynccontextmanager
    async def kept(self, services: Services) -> AsyncIterator[None]:
        """While the application runs: counts are kept each minute and at the end."""
        task = asyncio.create_task(self._keep_on(services))
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
            await self.keep(services)

    async def _keep_on(self, services: Services) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            await self.keep(services)
            try:
                await self.look(services)
            except Exception as error:
                log.warning("the use of versions could not be read", error=str(error))

    async def look(self, services: Services) -> None:
        """Say in the log, once for each, what may be taken away."""
        for key in sorted(set(await services.lifecycle.may_go(self.table)) - self._told):
            log.warning("may be taken away: its sunset has come, or nobody uses it", what=key)
            self._told.add(key)

    def lifespan(self, services: Services) -> Callable[[Litestar], contextlib.AbstractAsyncContextManager[None]]:
        """For the application."""
        return lambda _: self.kept(services)


def ending_headers(ending: Ending, policy: str) -> list[tuple[bytes, bytes]]:
    """`Deprecation` (RFC 9745), `Sunset` (RFC 8594) and `Link`, as ASGI has headers."""
    assert ending.announced is not None
    assert ending.sunset is not None
    links = [f'<{policy}>; rel="deprecation"; type="text/html"']
    if ending.successor:
        links.append(f'<{ending.successor}>; rel="successor-version"')
    told = {
        "deprecation": f"@{int(_midnight(ending.announced).timestamp())}",
        "sunset": format_datetime(_midnight(ending.sunset), usegmt=True),
        "link": ", ".join(links),
    }
    return [(name.encode(), value.encode()) for name, value in told.items()]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


@get("/lifecycle", opt=PUBLIC, tags=["operations"])
async def get_lifecycle(
    request: Request[Any, Any, Any], services: NamedDependency[Services], journal: NamedDependency[Journal]
) -> LifecycleOut:
    """Every version of every API: which are deprecated, since when, until when, what takes their place.

    With an admin's key also how much each is used.
    """
    admin = await _is_admin(request, services)
    if admin:
        await journal.keep(services)
    use = await services.lifecycle.use()
    shown = use if admin else None
    today = services.kit.now().date()
    table = journal.table
    return LifecycleOut(
        policy=journal.policy,
        notice_months=NOTICE_MONTHS,
        quiet_days=QUIET.days,
        versions=[_out(VersionOut, one, today, use, shown) for one in table.versions],
        operations=[_out(OperationOut, one, today, use, shown) for one in table.operations],
    )


async def _is_admin(request: Request[Any, Any, Any], services: Services) -> bool:
    plain = key_of(request)
    return plain is not None and Scope.operator in (await services.keys.check(plain)).scopes


def _out(kind: Any, one: Any, today: date, use: dict[str, Use], shown: dict[str, Use] | None) -> Any:
    counted = use.get(one.key, Use())
    told = msgspec.structs.asdict(one)
    return kind(**told, state=state_of(one, today, counted.last_used), use=counted if shown is not None else None)
