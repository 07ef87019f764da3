"""What every repository shares: a connection, upserts in both dialects, keyset paging."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import UTCDateTime

from copyhound.domain.errors import CopyhoundError

CHUNK = 500
"""Values in one IN list, rows in one read of a stream."""

EVENTS_LOCK = 0x636F_7079_6501
CHANGES_LOCK = 0x636F_7079_6502


_OF_PAGE = ("title", "language", "description", "width_on_page", "height_on_page")


class Repository:
    """SQL on one connection, which is in a transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self.connection = connection

    @property
    def postgres(self) -> bool:
        return self.connection.dialect.name == "postgresql"

    @property
    def locking(self) -> bool:
        """Whether rows can be locked: not in a transaction that only reads."""
        sync = self.connection.sync_connection
        return sync is None or not sync.get_execution_options().get("postgresql_readonly", False)

    def held(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """The same, with its rows held until the unit ends, so that what is read may be changed and saved."""
        return statement.with_for_update(key_share=True) if self.locking else statement

    async def all_rows(self, statement: sa.Executable) -> Sequence[sa.Row[Any]]:
        return (await self.connection.execute(statement)).all()

    async def one_row(self, statement: sa.Executable) -> sa.Row[Any] | None:
        return (await self.connection.execute(statement)).first()

    async def scalar(self, statement: sa.Executable) -> Any:
        return (await self.connection.execute(statement)).scalar()

    async def run(self, statement: sa.Executable, rows: Sequence[Mapping[str, Any]] | None = None) -> int:
        """How many rows it touched (not reliable with many `rows`)."""
        return (await self.connection.execute(statement, rows)).rowcount

    async def insert(self, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            await self.connection.execute(sa.insert(table), rows)

    async def insert_new(self, table: sa.Table, row: Mapping[str, Any]) -> Any:
        """The new row's first primary key; None where a row of that key was there already."""
        statement = self.upsert(table).values(**row).on_conflict_do_nothing()
        return await self.scalar(statement.returning(next(iter(table.primary_key.columns))))

    def upsert(self, table: sa.Table) -> Any:
        """An INSERT with the dialect's ON CONFLICT."""
        return upsert_into(self.connection.dialect.name, table)

    async def lock(self, key: int) -> None:
        """Until the transaction ends. SQLite has one writer anyway."""
        if self.postgres:
            await self.connection.execute(sa.select(sa.func.pg_advisory_xact_lock(key)))

    async def lock_text(self, text: str, *, shared: bool = False) -> None:
        """The same, by a name; with others who hold it `shared`."""
        if self.postgres:
            lock = sa.func.pg_advisory_xact_lock_shared if shared else sa.func.pg_advisory_xact_lock
            await self.connection.execute(sa.select(lock(sa.func.hashtextextended(text, 0))))

    async def unite_pages(self, table: sa.Table, owner: Mapping[str, Any], pages: Sequence[Mapping[str, Any]]) -> None:
        """Add pages by their URL, or move last_seen of those that are there; first_seen never changes."""
        if not pages:
            return
        united = _unite(self.connection.dialect.name, table)
        await self.connection.execute(united, [{**owner, **page} for page in pages])


def upsert_into(dialect: str, table: sa.Table) -> Any:
    """An INSERT of that dialect, which may have an ON CONFLICT."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def _unite(dialect: str, table: sa.Table) -> sa.Insert:
    insert = upsert_into(dialect, table)
    new = insert.excluded
    later = sa.case((new.last_seen > table.c.last_seen, new.last_seen), else_=table.c.last_seen)
    known = {name: sa.func.coalesce(new[name], table.c[name]) for name in _OF_PAGE if name in table.c}
    changed = {"last_seen": later, **known}
    united: sa.Insert = insert.on_conflict_do_update(index_elements=list(table.primary_key.columns), set_=changed)
    return united


class Order:
    """An order that pages can go on in: by one column, then by id. NULLs come last."""

    def __init__(self, name: str, column: sa.ColumnElement[Any], tie: sa.ColumnElement[Any], *, down: bool) -> None:
        self.name = name
        self.column = column
        self.tie = tie
        self.down = down

    def apply(self, statement: sa.Select[Any], cursor: str | None, limit: int) -> sa.Select[Any]:
        """One row more than `limit`, to see whether there is another page."""
        if cursor is not None:
            statement = statement.where(self._after(*self._decode(cursor)))
        return statement.order_by(*self._terms()).limit(limit + 1)

    def cursor(self, rows: Sequence[sa.Row[Any]], limit: int) -> str | None:
        """Where the next page begins; None where `rows` hold the last one."""
        if len(rows) <= limit or not limit:
            return None
        last = rows[limit - 1]._mapping
        return self._encode(last[str(self.column.key)], last[str(self.tie.key)])

    def _terms(self) -> tuple[sa.ColumnElement[Any], ...]:
        first = self.column.desc() if self.down else self.column.asc()
        if self.nullable:
            first = first.nulls_last()
        return first, self.tie.desc() if self.down else self.tie.asc()

    @property
    def nullable(self) -> bool:
        return bool(getattr(self.column, "nullable", False))

    def _after(self, value: Any, tie: Any) -> sa.ColumnElement[bool]:
        further = self.tie < tie if self.down else self.tie > tie
        if value is None:
            return sa.and_(self.column.is_(None), further)
        if not self.nullable:
            pair, cut = (
                sa.tuple_(self.column, self.tie),
                sa.tuple_(sa.literal(value, self.column.type), sa.literal(tie)),
            )
            return pair < cut if self.down else pair > cut
        beyond = self.column < value if self.down else self.column > value
        return sa.or_(beyond, sa.and_(self.column == value, further), self.column.is_(None))

    def _encode(self, value: Any, tie: Any) -> str:
        packed = msgspec.json.encode([self.name, value, tie])
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    def _decode(self, cursor: str) -> tuple[Any, str]:
        kind = datetime if isinstance(self.column.type, UTCDateTime) else float | None
        return decode_cursor(cursor, self.name, kind)


def decode_cursor(cursor: str, name: str, kind: Any) -> tuple[Any, str]:
    """Value and id at which a page ended. CopyhoundError invalid_request for anything else."""
    try:
        packed = base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        made_for, value, tie = msgspec.json.decode(packed, type=tuple[str, kind, str])
        if made_for != name:
            raise ValueError
        return (value.astimezone(UTC) if isinstance(value, datetime) else value), tie
    except (ValueError, msgspec.MsgspecError, OverflowError):
        raise CopyhoundError("invalid_request", "The cursor is not one of ours for this order.") from None


def chunks(items: Sequence[Any]) -> list[Sequence[Any]]:
    """`items` in pieces that fit into one statement."""
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]
