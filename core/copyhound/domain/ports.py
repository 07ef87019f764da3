"""What the use cases need of the outside world. Adapters live in their rooms; bootstrap puts them in."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from copyhound.domain.lists import Schedule


class NewJob(msgspec.Struct, frozen=True):
    """A job that is to be queued; see `JobQueue.enqueue`."""

    name: str
    args: tuple[Any, ...]
    id: str
    queue: str = "work"
    delay: float = 0.0
    partition: str | None = None


class JobQueue(Protocol):
    """Durable work. Bound to a unit of work: what is queued runs if, and only if, it commits."""

    async def enqueue(
        self,
        job: str,
        *args: Any,
        id: str,
        queue: str = "work",
        delay: float = 0.0,
        partition: str | None = None,
    ) -> None:
        """Queue `job` (a name of `bootstrap.job_definitions`) with JSON-ready `args`.

        `id` says what is done: the same id is done once. `delay` in seconds holds no place in the queue.
        `partition`, for the queues that have them: what shares a few places, so that the slow hold up only themselves.
        """


class JobStore(Protocol):
    """Where jobs are kept, in a transaction that is under way."""

    async def add(self, jobs: Sequence[NewJob]) -> None:
        """Quiet where an id was queued before, in whatever state it is now."""


class Calendar(Protocol):
    """Says when a schedule is due."""

    def next_after(self, schedule: Schedule, after: datetime, last: datetime | None = None) -> datetime:
        """The first due time after `after`; `last` is the slot that was due before, from which `days` count.
        CopyhoundError invalid_request where cron or time zone is wrong."""


class BlobStore(Protocol):
    """Bytes by key. Keys come from `put`; they hold the workspace and the content's hash."""

    async def put(self, workspace_id: str, data: bytes) -> str: ...
    async def has(self, key: str) -> bool: ...
    async def get(self, key: str) -> bytes:
        """CopyhoundError not_found where it is gone."""

    async def get_those_left(self, keys: Sequence[str]) -> dict[str, bytes]:
        """What can be read of them, in one go; quiet where some cannot."""

    async def drop(self, key: str) -> None:
        """Delete it. Quiet where it is gone."""


class SecretBox(Protocol):
    """Encrypts what must be read again, and signs links, under the server's key file."""

    def seal(self, secret: bytes) -> bytes: ...
    def open(self, sealed: bytes) -> bytes: ...
    def sign(self, text: str) -> str:
        """A short URL-safe signature of `text`, for capability URLs."""

    def signed(self, text: str, signature: str) -> bool: ...


class Compute(Protocol):
    """The limited processes in which pictures are decoded and compared."""

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        """Run `copyhound.matching.<function>` in a limited process. CopyhoundErrors cross intact."""


class IndexRecord(msgspec.Struct, frozen=True):
    """An entry as a candidate index takes it: its number, where it belongs, the fingerprint kept of it."""

    number: int
    workspace_id: str
    collection_id: str
    fingerprint: bytes


class IndexHit(msgspec.Struct, frozen=True):
    """An entry that a candidate index proposes; `score` only ranks."""

    number: int
    score: float
    variant: int
    """Index into the query's variants: 0 plain, 1 mirrored, 2 negative, 3 both."""


class IndexPart(msgspec.Struct, frozen=True):
    """What a candidate index holds of one collection. Figures that an engine cannot tell are 0, or not there."""

    entries: int
    removed: int = 0
    """They left, and still take room on the disk until their segment is written anew; none is answered."""
    segments: int = 0
    waiting: int = 0
    """Entries that stand in memory only."""
    disk: dict[str, int] = {}
    """Bytes on the disk, by what they are: postings, words, other."""
    crowded_words: int = 0
    """Words that searches did not read, since the start, for too many entries have them."""


class CandidateIndex(Protocol):
    """Finds entries by local features. Gives candidates only; a follower of the SQL change log (`mark`)."""

    engine: str
    """As in the setting `index.engine`."""

    @property
    def crowded_words(self) -> int:
        """Words that searches did not read, since the start; 0 where the engine has no such cap."""

    async def upsert(self, records: Sequence[IndexRecord]) -> None: ...
    async def remove(self, numbers: Sequence[int]) -> None: ...
    async def candidates(
        self, workspace_id: str, collection_id: str, fingerprint: bytes, limit: int, *, mirrored: bool = True
    ) -> list[IndexHit]:
        """Best first, each entry once (in its best variant). `fingerprint` is a query's.

        Without `mirrored` only what is not mirrored is looked for, in half the time.
        Raises CopyhoundError index_version_mismatch for one of another version.
        """

    async def count(self) -> int: ...
    async def part(self, workspace_id: str, collection_id: str) -> IndexPart: ...
    async def mark(self) -> int:
        """The last change (seq) that the index tells of; 0 for an empty one.

        After a restart it may be an earlier one, never a later: what came since then is handed in again.
        """

    async def set_mark(self, seq: int) -> None:
        """Called after the changes up to `seq` were handed in."""

    async def clear(self) -> None: ...
    async def close(self) -> None: ...


class Response(Protocol):
    """An answer from outside: status, headers by lower-case name, the whole body, the address after redirects."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str


class Outbound(Protocol):
    """The guarded way out (`copyhound.net`)."""

    async def fetch(
        self,
        url: str,
        *,
        max_bytes: int,
        timeout: float,
        headers: Mapping[str, str] = ...,
        max_redirects: int = 3,
    ) -> Response: ...
    async def post(
        self, url: str, *, content: bytes, headers: Mapping[str, str], timeout: float = 15.0
    ) -> Response: ...
    async def delete(self, url: str, *, timeout: float = 15.0) -> Response: ...


Job = Callable[..., Awaitable[Any]]
