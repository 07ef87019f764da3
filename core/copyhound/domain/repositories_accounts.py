"""Repositories of who asks, what they may ask, and what is kept aside for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Protocol

from copyhound.domain.credits import Bundle, Charge, UsageDay
from copyhound.domain.workspaces import ApiKey, KeyLimits, Workspace


class WorkspaceRepository(Protocol):
    """Workspaces."""

    async def add(self, workspace: Workspace) -> None: ...
    async def get(self, workspace_id: str) -> Workspace | None: ...
    async def first(self) -> Workspace | None: ...
    async def all(self) -> list[Workspace]: ...


class KeyRepository(Protocol):
    """API keys, by id; secrets only as hashes."""

    async def add(self, key: ApiKey) -> None: ...
    async def by_id(self, key_id: str) -> ApiKey | None: ...
    async def all(self, workspace_id: str) -> list[ApiKey]: ...
    async def set_limits(self, workspace_id: str, key_id: str, limits: KeyLimits) -> None: ...
    async def revoke(self, workspace_id: str, key_id: str, at: datetime) -> bool: ...
    async def used(self, key_id: str, at: datetime) -> None: ...
    async def any(self) -> bool: ...


class StateRepository(Protocol):
    """Small JSON values that plugins keep (a crawl's frontier, ETags ...), by scope and key."""

    async def get(self, workspace_id: str, scope: str, key: str) -> Any | None: ...
    async def hold(self, workspace_id: str, scope: str, key: str) -> None:
        """Until the unit ends nobody else holds it, nor appends events: what is read of it then may be changed."""

    async def put(self, workspace_id: str, scope: str, items: dict[str, Any]) -> None: ...
    async def delete(self, workspace_id: str, scope: str, keys: Sequence[str] | None = None) -> None:
        """None: the whole scope."""

    async def scan(self, workspace_id: str, scope: str, prefix: str = "", limit: int = 1000) -> dict[str, Any]:
        """In the order of keys."""


class IdempotencyRepository(Protocol):
    """What was answered under an Idempotency-Key."""

    async def begin(self, workspace_id: str, key: str, request_hash: str, at: datetime) -> tuple[str, int, bytes]:
        """("new", 0, b""): go on. ("done", status, body): answer that. Raises CopyhoundError
        idempotency_mismatch or idempotency_in_flight. Kept for 24 hours; in flight for 3 minutes at most."""

    async def finish(self, workspace_id: str, key: str, status: int, body: bytes) -> None: ...
    async def forget(self, workspace_id: str, key: str) -> None: ...


class CreditRepository(Protocol):
    """The credit ledger."""

    async def grant(self, bundle: Bundle) -> None: ...
    async def bundles(self, workspace_id: str, now: datetime | None = None) -> list[Bundle]:
        """The first to end first; with `now` only those that have begun, have not ended and are not empty."""

    async def metered(self, workspace_id: str) -> bool:
        """Whether a bundle was ever granted."""

    async def reserve(self, charges: Sequence[Charge]) -> bool:
        """Take a credit for each, from the bundles that end first, and write them; all of one workspace and moment.
        False, and nothing taken, where there are not enough."""

    async def settle(self, search_id: str, image_id: str, at: datetime) -> None:
        """What is reserved for an image of a search stays taken."""

    async def refund_search(self, search_id: str, at: datetime) -> None:
        """What is still reserved for a search goes back to its bundles."""

    async def refund_list(self, list_id: str, at: datetime) -> None: ...
    async def refund_image(self, image_id: str, list_id: str, at: datetime) -> None: ...
    async def charges(self, search_id: str) -> list[Charge]: ...
    async def usage(self, workspace_id: str, start: date, end: date) -> list[UsageDay]:
        """Both days included, oldest first."""


class LimitRepository(Protocol):
    """Rate limits, requests at once, nonces: exact over all processes."""

    async def count(self, subject: str, seconds: int, most: int, now: datetime) -> float:
        """Count a request in the subject's window, which begins with its first request; 0 where it is within `most`,
        else the seconds until the window ends."""

    async def take_place(
        self, key_id: str, name: str, place_id: str, most: int, until: datetime, *, now: datetime, among_all: bool
    ) -> bool:
        """False where `most` of the key's are taken under `name`, or `among_all` of its names."""

    async def places(self, key_id: str, name: str) -> list[datetime]:
        """When the taken ones end by themselves."""

    async def keep_place(self, place_id: str, until: datetime) -> None: ...
    async def leave_place(self, place_id: str) -> None: ...
    async def use_nonce(self, key_id: str, nonce: str, until: datetime) -> bool:
        """False where it was used before."""

    async def forget(self, now: datetime) -> None:
        """Drop what has ended."""


class ExecutorRepository(Protocol):
    """The processes that are alive."""

    async def beat(self, executor_id: str, at: datetime) -> None: ...
    async def dead(self, before: datetime) -> list[str]: ...
    async def forget(self, executor_id: str) -> None: ...
