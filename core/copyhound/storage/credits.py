"""The credit ledger, limits and counters in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from copyhound.domain.credits import Bundle, Charge, ChargeState, UsageDay
from copyhound.storage.base import Repository
from copyhound.storage.tables_credits import BUNDLES, CHARGES, COUNTERS, NONCES, PLACES, WINDOWS
from copyhound.storage.types import row_of, struct_of

_LAST_DAY = date.max - timedelta(days=1)
"""The calendar's last day has no morning after it."""


class Credits(Repository):
    """Bundles and charges in SQL."""

    async def grant(self, bundle: Bundle) -> None:
        await self.insert(BUNDLES, [row_of(bundle, BUNDLES)])

    async def bundles(self, workspace_id: str, now: datetime | None = None) -> list[Bundle]:
        statement = sa.select(BUNDLES).where(BUNDLES.c.workspace_id == workspace_id)
        if now is not None:
            statement = statement.where(*_usable(now))
        rows = await self.all_rows(statement.order_by(BUNDLES.c.expires_at, BUNDLES.c.id))
        return [struct_of(Bundle, row) for row in rows]

    async def metered(self, workspace_id: str) -> bool:
        found = sa.select(BUNDLES.c.id).where(BUNDLES.c.workspace_id == workspace_id).limit(1)
        return await self.one_row(found) is not None

    async def reserve(self, charges: Sequence[Charge]) -> bool:
        if not charges:
            return True
        workspace_id, now = charges[0].workspace_id, charges[0].at
        bundles = await self._take(workspace_id, now, len(charges))
        if bundles is None:
            return False
        rows = [{**row_of(charge, CHARGES), "bundle_id": b} for charge, b in zip(charges, bundles, strict=True)]
        await self.insert(CHARGES, rows)
        return True

    async def _take(self, workspace_id: str, now: datetime, count: int) -> list[str | None] | None:
        """A bundle for each of `count` credits, the first to end first; None where there are not enough."""
        statement = sa.select(BUNDLES).where(BUNDLES.c.workspace_id == workspace_id, *_usable(now))
        rows = await self.all_rows(self.held(statement.order_by(BUNDLES.c.expires_at, BUNDLES.c.id)))
        if not rows and not await self.metered(workspace_id):
            return [None] * count
        if sum(row.remaining for row in rows) < count:
            return None
        taken: list[str | None] = []
        for row in rows:
            part = min(row.remaining, count - len(taken))
            if part:
                await self.run(_changed(row.id, -part))
                taken += [row.id] * part
        return taken

    async def settle(self, search_id: str, image_id: str, at: datetime) -> None:
        this = CHARGES.c.search_id == search_id, CHARGES.c.image_id == image_id
        await self.run(_ended(ChargeState.settled, at).where(*this))

    async def refund_search(self, search_id: str, at: datetime) -> None:
        await self._refund(CHARGES.c.search_id == search_id, at)

    async def refund_list(self, list_id: str, at: datetime) -> None:
        await self._refund(CHARGES.c.list_id == list_id, at)

    async def refund_image(self, image_id: str, list_id: str, at: datetime) -> None:
        await self._refund(sa.and_(CHARGES.c.list_id == list_id, CHARGES.c.image_id == image_id), at)

    async def _refund(self, which: sa.ColumnElement[bool], at: datetime) -> None:
        refunded = _ended(ChargeState.refunded, at).where(which).returning(CHARGES.c.bundle_id)
        back: dict[str, int] = {}
        for row in await self.all_rows(refunded):
            if row.bundle_id is not None:
                back[row.bundle_id] = back.get(row.bundle_id, 0) + 1
        for bundle_id in sorted(back):
            await self.run(_changed(bundle_id, back[bundle_id]))

    async def charges(self, search_id: str) -> list[Charge]:
        statement = sa.select(CHARGES).where(CHARGES.c.search_id == search_id).order_by(CHARGES.c.id)
        return [struct_of(Charge, row) for row in await self.all_rows(statement)]

    async def usage(self, workspace_id: str, start: date, end: date) -> list[UsageDay]:
        first, after = _midnight(start), _midnight(min(end, _LAST_DAY)) + timedelta(days=1)
        day = _day_of(CHARGES.c.at, postgres=self.postgres).label("day")
        counts = [sa.func.count().filter(CHARGES.c.state == state.value).label(state.value) for state in ChargeState]
        statement = (
            sa.select(day, CHARGES.c.surface, *counts)
            .where(CHARGES.c.workspace_id == workspace_id, CHARGES.c.at >= first, CHARGES.c.at < after)
            .group_by(day, CHARGES.c.surface)
            .order_by(day, CHARGES.c.surface)
        )
        rows = await self.all_rows(statement)
        return [
            UsageDay(date.fromisoformat(str(r.day)[:10]), r.surface, r.reserved, r.settled, r.refunded) for r in rows
        ]


class Limits(Repository):
    """Windows, places and nonces in SQL: exact over all processes, since each is one statement or one held row."""

    async def count(self, subject: str, seconds: int, most: int, now: datetime) -> float:
        start = int(now.timestamp())
        insert = self.upsert(WINDOWS).values(
            subject=subject, start=start, requests=1, expires_at=now + timedelta(seconds=seconds)
        )
        fresh = WINDOWS.c.start + seconds <= start
        insert = insert.on_conflict_do_update(
            index_elements=["subject"],
            set_={
                "start": sa.case((fresh, start), else_=WINDOWS.c.start),
                "requests": sa.case((fresh, 1), else_=WINDOWS.c.requests + 1),
                "expires_at": sa.case((fresh, insert.excluded.expires_at), else_=WINDOWS.c.expires_at),
            },
        )
        row = await self.one_row(insert.returning(WINDOWS.c.start, WINDOWS.c.requests))
        assert row is not None
        return 0.0 if row.requests <= most else max(1.0, row.start + seconds - now.timestamp())

    async def take_place(
        self, key_id: str, name: str, place_id: str, most: int, until: datetime, *, now: datetime, among_all: bool
    ) -> bool:
        await self.lock_text(f"places:{key_id}")
        counted = _places(key_id, None if among_all else name)
        await self.run(sa.delete(PLACES).where(counted, PLACES.c.expires_at <= now))
        if await self.scalar(sa.select(sa.func.count()).where(counted)) >= most:
            return False
        await self.insert(PLACES, [{"id": place_id, "subject": _place(key_id, name), "expires_at": until}])
        return True

    async def places(self, key_id: str, name: str) -> list[datetime]:
        held = sa.select(PLACES.c.expires_at).where(_places(key_id, name)).order_by(PLACES.c.expires_at)
        return [row.expires_at for row in await self.all_rows(held)]

    async def keep_place(self, place_id: str, until: datetime) -> None:
        await self.run(sa.update(PLACES).where(PLACES.c.id == place_id).values(expires_at=until))

    async def leave_place(self, place_id: str) -> None:
        await self.run(sa.delete(PLACES).where(PLACES.c.id == place_id))

    async def use_nonce(self, key_id: str, nonce: str, until: datetime) -> bool:
        row = {"key_id": key_id, "nonce": nonce, "expires_at": until}
        return await self.insert_new(NONCES, row) is not None

    async def forget(self, now: datetime) -> None:
        for table in (WINDOWS, PLACES, NONCES):
            await self.run(sa.delete(table).where(table.c.expires_at <= now))


def _place(key_id: str, name: str) -> str:
    return f"{key_id}:{name}"


def _places(key_id: str, name: str | None) -> sa.ColumnElement[bool]:
    """Those of a key under a name, or under any."""
    if name is None:
        return PLACES.c.subject.startswith(_place(key_id, ""), autoescape=True)
    return PLACES.c.subject == _place(key_id, name)


async def numbers(connection: AsyncConnection, workspace_id: str, name: str, count: int) -> range:
    """The next `count` numbers of what is counted under `name` in a workspace, from 1."""
    repository = Repository(connection)
    insert = repository.upsert(COUNTERS).values(workspace_id=workspace_id, name=name, value=count)
    insert = insert.on_conflict_do_update(
        index_elements=["workspace_id", "name"], set_={"value": COUNTERS.c.value + count}
    )
    last = int(await repository.scalar(insert.returning(COUNTERS.c.value)))
    return range(last - count + 1, last + 1)


def _usable(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return BUNDLES.c.starts_at <= now, BUNDLES.c.expires_at > now, BUNDLES.c.remaining > 0


def _changed(bundle_id: str, by: int) -> sa.Update:
    return sa.update(BUNDLES).where(BUNDLES.c.id == bundle_id).values(remaining=BUNDLES.c.remaining + by)


def _ended(state: ChargeState, at: datetime) -> sa.Update:
    still = CHARGES.c.state == ChargeState.reserved.value
    return sa.update(CHARGES).where(still).values(state=state.value, ended_at=at)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _day_of(column: sa.ColumnElement[Any], *, postgres: bool) -> sa.ColumnElement[Any]:
    return (
        sa.func.date(sa.func.timezone("UTC", column)) if postgres else sa.func.substr(sa.cast(column, sa.String), 1, 10)
    )
