"""Workspaces, API keys, plugins' states, idempotency keys, executors."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import sqlalchemy as sa

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import ApiKey, KeyLimits, Workspace
from copyhound.storage.base import EVENTS_LOCK, Repository, chunks
from copyhound.storage.tables_accounts import API_KEYS, EXECUTORS, IDEMPOTENCY, STATE, WORKSPACES
from copyhound.storage.types import row_of, struct_of

KEPT = timedelta(hours=24)
IN_FLIGHT = timedelta(minutes=3)


class Workspaces(Repository):
    """Workspaces in SQL."""

    async def add(self, workspace: Workspace) -> None:
        await self.insert(WORKSPACES, [row_of(workspace, WORKSPACES)])

    async def get(self, workspace_id: str) -> Workspace | None:
        row = await self.one_row(sa.select(WORKSPACES).where(WORKSPACES.c.id == workspace_id))
        return struct_of(Workspace, row) if row else None

    async def first(self) -> Workspace | None:
        row = await self.one_row(sa.select(WORKSPACES).order_by(WORKSPACES.c.created_at, WORKSPACES.c.id).limit(1))
        return struct_of(Workspace, row) if row else None

    async def all(self) -> list[Workspace]:
        rows = await self.all_rows(sa.select(WORKSPACES).order_by(WORKSPACES.c.created_at, WORKSPACES.c.id))
        return [struct_of(Workspace, row) for row in rows]


class Keys(Repository):
    """API keys in SQL."""

    async def add(self, key: ApiKey) -> None:
        await self.insert(API_KEYS, [row_of(key, API_KEYS)])

    async def by_id(self, key_id: str) -> ApiKey | None:
        row = await self.one_row(sa.select(API_KEYS).where(API_KEYS.c.id == key_id))
        return struct_of(ApiKey, row) if row else None

    async def all(self, workspace_id: str) -> list[ApiKey]:
        order = API_KEYS.c.created_at, API_KEYS.c.id
        rows = await self.all_rows(sa.select(API_KEYS).where(API_KEYS.c.workspace_id == workspace_id).order_by(*order))
        return [struct_of(ApiKey, row) for row in rows]

    async def set_limits(self, workspace_id: str, key_id: str, limits: KeyLimits) -> None:
        mine = (API_KEYS.c.id == key_id) & (API_KEYS.c.workspace_id == workspace_id)
        await self.run(sa.update(API_KEYS).where(mine).values(limits=msgspec.to_builtins(limits)))

    async def revoke(self, workspace_id: str, key_id: str, at: datetime) -> bool:
        mine = (API_KEYS.c.id == key_id) & (API_KEYS.c.workspace_id == workspace_id)
        return bool(
            await self.run(sa.update(API_KEYS).where(mine, API_KEYS.c.revoked_at.is_(None)).values(revoked_at=at))
        )

    async def used(self, key_id: str, at: datetime) -> None:
        await self.run(sa.update(API_KEYS).where(API_KEYS.c.id == key_id).values(last_used_at=at))

    async def any(self) -> bool:
        return await self.one_row(sa.select(API_KEYS.c.id).limit(1)) is not None


class States(Repository):
    """State of plugins in SQL."""

    async def get(self, workspace_id: str, scope: str, key: str) -> Any | None:
        return await self.scalar(sa.select(STATE.c.value).where(*_in_scope(workspace_id, scope), STATE.c.key == key))

    async def hold(self, workspace_id: str, scope: str, key: str) -> None:
        # the log's lock first, as where a match is held: who holds both may append an event
        await self.lock(EVENTS_LOCK)
        await self.lock_text(f"state:{workspace_id}:{scope}:{key}")

    async def put(self, workspace_id: str, scope: str, items: dict[str, Any]) -> None:
        insert = self.upsert(STATE)
        insert = insert.on_conflict_do_update(
            index_elements=["workspace_id", "scope", "key"], set_={"value": insert.excluded.value}
        )
        # sorted, so that two writers of the same keys lock them in the same order
        rows = [
            {"workspace_id": workspace_id, "scope": scope, "key": key, "value": value}
            for key, value in sorted(items.items())
        ]
        if rows:
            await self.run(insert, rows)

    async def delete(self, workspace_id: str, scope: str, keys: Sequence[str] | None = None) -> None:
        everything = sa.delete(STATE).where(*_in_scope(workspace_id, scope))
        if keys is None:
            await self.run(everything)
            return
        for chunk in chunks(keys):
            await self.run(everything.where(STATE.c.key.in_(chunk)))

    async def scan(self, workspace_id: str, scope: str, prefix: str = "", limit: int = 1000) -> dict[str, Any]:
        statement = sa.select(STATE.c.key, STATE.c.value).where(*_in_scope(workspace_id, scope))
        if prefix:
            statement = statement.where(sa.func.substr(STATE.c.key, 1, len(prefix)) == prefix, STATE.c.key >= prefix)
        rows = await self.all_rows(statement.order_by(STATE.c.key).limit(limit))
        return {row.key: row.value for row in rows}


class Idempotency(Repository):
    """Kept answers in SQL."""

    async def begin(self, workspace_id: str, key: str, request_hash: str, at: datetime) -> tuple[str, int, bytes]:
        row = {"workspace_id": workspace_id, "key": key, "request_hash": request_hash, "created_at": at}
        if await self.insert_new(IDEMPOTENCY, row) is not None:
            await self.run(sa.delete(IDEMPOTENCY).where(IDEMPOTENCY.c.created_at < at - KEPT))
            return "new", 0, b""
        mine = _of_key(workspace_id, key)
        found = await self.one_row(self.held(sa.select(IDEMPOTENCY).where(*mine)))
        if found is None:  # forgotten at this very moment
            raise CopyhoundError("idempotency_in_flight")
        if self._open_again(found._mapping, request_hash, at):
            await self.run(sa.update(IDEMPOTENCY).where(*mine).values(**row, status=None, body=None))
            return "new", 0, b""
        return "done", found.status, found.body

    @staticmethod
    def _open_again(found: Any, request_hash: str, at: datetime) -> bool:
        """Whether the key may be used anew. CopyhoundError where it must not be used at all."""
        age = at - found["created_at"]
        if age > KEPT:
            return True
        if found["request_hash"] != request_hash:
            raise CopyhoundError("idempotency_mismatch")
        if found["status"] is not None:
            return False
        if age < IN_FLIGHT:
            raise CopyhoundError("idempotency_in_flight")
        return True

    async def finish(self, workspace_id: str, key: str, status: int, body: bytes) -> None:
        answer = {"status": status, "body": body}
        await self.run(sa.update(IDEMPOTENCY).where(*_of_key(workspace_id, key)).values(answer))

    async def forget(self, workspace_id: str, key: str) -> None:
        await self.run(sa.delete(IDEMPOTENCY).where(*_of_key(workspace_id, key)))


class Executors(Repository):
    """Living processes in SQL."""

    async def beat(self, executor_id: str, at: datetime) -> None:
        insert = self.upsert(EXECUTORS).values(id=executor_id, beat_at=at)
        await self.run(insert.on_conflict_do_update(index_elements=["id"], set_={"beat_at": at}))

    async def dead(self, before: datetime) -> list[str]:
        rows = await self.all_rows(
            sa.select(EXECUTORS.c.id).where(EXECUTORS.c.beat_at < before).order_by(EXECUTORS.c.id)
        )
        return [row.id for row in rows]

    async def forget(self, executor_id: str) -> None:
        await self.run(sa.delete(EXECUTORS).where(EXECUTORS.c.id == executor_id))


def _in_scope(workspace_id: str, scope: str) -> tuple[sa.ColumnElement[bool], ...]:
    return STATE.c.workspace_id == workspace_id, STATE.c.scope == scope


def _of_key(workspace_id: str, key: str) -> tuple[sa.ColumnElement[bool], ...]:
    return IDEMPOTENCY.c.workspace_id == workspace_id, IDEMPOTENCY.c.key == key
