"""Candidates from a Qdrant server or cluster: for what one machine does not hold, or several processes share.

A point of Qdrant's is an entry: its words as a sparse vector, its postings beside it. Qdrant finds by words alone, in
each variant, and keeps the entries that share the most and the rarest; of these we read the postings, and rank as
brute force would. Needs the extra `qdrant`.
"""

from __future__ import annotations

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import IndexHit, IndexPart, IndexRecord
from copyhound.indexes.brute import ranked
from copyhound.matching import FINGERPRINT_VERSION
from copyhound.matching.fingerprint import Postings, postings_of
from copyhound.matching.variants import VARIANTS
from copyhound.matching.voting import Lookup, lookup_of

T = TypeVar("T")

PREFIX: Final = "copyhound"
VECTOR: Final = "words"
SHORT_LIST: Final = 200
"""Entries that Qdrant names in each variant; their postings are read."""
_MARK: Final = "00000000-0000-0000-0000-000000000001"
_ENTRIES: Final = models.Filter(must_not=[models.HasIdCondition(has_id=[_MARK])])
_POSTING: Final = np.dtype([("word", "<u4"), ("signature", "<u8"), ("place", "u1", (4,))])
_CONFLICT: Final = 409
_NOT_FOUND: Final = 404
_REFUSED: Final = (401, 403)
_RUBBISH: Final = (ValueError, LookupError, TypeError, AttributeError, AssertionError)
"""What the client, or we, make of an answer that is none."""
_AT_ONCE: Final = 100
"""Points in one request: about 1.5 MB."""


class QdrantIndex:
    """Candidates from Qdrant. May be called from several event loops, and by several processes on one Qdrant.

    A client belongs to one event loop: so all calls go through a loop of the index's own, in a thread.
    """

    engine = "qdrant"
    crowded_words = 0

    def __init__(
        self, connect: Callable[[], AsyncQdrantClient], prefix: str = PREFIX, *, address: str = "an unknown address"
    ) -> None:
        """`connect` makes the client, in the index's own loop; nothing is asked before the first call.

        `prefix` begins the name of the collection in Qdrant, of all workspaces; the fingerprints' version ends it.
        `address` is how errors name the server.
        """
        self._address = address
        self._collection = f"{prefix}-{FINGERPRINT_VERSION}"
        self._connect = connect
        self._client: AsyncQdrantClient | None = None
        self._ready: asyncio.Lock | None = None
        self._made = False
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="copyhound-qdrant", daemon=True)
        self._thread.start()

    @classmethod
    def at(cls, url: str, api_key: str | None = None, prefix: str = PREFIX, *, timeout: int = 30) -> QdrantIndex:
        """The index that lies in the Qdrant at `url`, its REST address. `timeout` in seconds, for each request."""
        return cls(
            lambda: AsyncQdrantClient(
                url=url, api_key=api_key, timeout=timeout, trust_env=False, check_compatibility=False
            ),
            prefix,
            address=_told_of(url),
        )

    async def upsert(self, records: Sequence[IndexRecord]) -> None:
        """Write entries, each in place of what stood under its number; durable when this returns."""
        last = {record.number: record for record in records}
        points = await asyncio.to_thread(lambda: [_point(record) for record in last.values()])
        for first in range(0, len(points), _AT_ONCE):
            await self._do(self._upsert, points[first : first + _AT_ONCE])

    async def remove(self, numbers: Sequence[int]) -> None:
        """Take entries out; quiet where one is not there."""
        if numbers:
            await self._do(self._remove, list(numbers))

    async def candidates(
        self, workspace_id: str, collection_id: str, fingerprint: bytes, limit: int, *, mirrored: bool = True
    ) -> list[IndexHit]:
        """Best first, each entry once (in its best variant). `fingerprint` is a query's.

        Raises CopyhoundError index_version_mismatch for one of another version. This and all else: `unavailable` where
        Qdrant does not answer as it should, `settings_invalid` where it refuses the key or has no such address.
        """
        lookup = await asyncio.to_thread(lookup_of, fingerprint, mirrored=mirrored)
        entries = await self._do(self._short_list, lookup, _within(workspace_id, collection_id))
        return await asyncio.to_thread(ranked, entries, lookup, limit)

    async def count(self) -> int:
        """How many entries there are, over all collections."""
        return await self._do(self._count, _ENTRIES)

    async def part(self, workspace_id: str, collection_id: str) -> IndexPart:
        """How many entries a collection has; what they take is Qdrant's to tell."""
        return IndexPart(await self._do(self._count, _within(workspace_id, collection_id)))

    async def mark(self) -> int:
        """The last change (seq) that the index tells of; 0 for an empty one. It lies in Qdrant too."""
        return await self._do(self._mark)

    async def set_mark(self, seq: int) -> None:
        """Remember that the changes up to `seq` are in."""
        point = models.PointStruct(id=_MARK, vector={}, payload={"seq": seq})
        await self._do(self._upsert, [point])

    async def clear(self) -> None:
        """Empty the index; its mark is 0 again."""
        await self._do(self._clear)

    async def close(self) -> None:
        """Leave Qdrant; quiet the second time."""
        if self._closed:
            return
        self._closed = True
        await self._there(self._leave())
        self._loop.call_soon_threadsafe(self._loop.stop)
        await asyncio.to_thread(self._thread.join)
        self._loop.close()

    async def _do(self, work: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> T:
        if self._closed:
            raise CopyhoundError("unavailable", "The index is closed.")
        return await self._there(self._told(work, *args))

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))

    # what follows runs in the index's own loop

    async def _told(self, work: Callable[..., Awaitable[T]], *args: Any) -> T:
        try:
            return await work(await self._opened(), *args)
        except (ApiException, ResponseHandlingException) as error:
            code, reason = self._understood(error)
            raise CopyhoundError(code, f"The Qdrant server at {self._address} {reason}") from error
        except _RUBBISH as error:
            told = f"The Qdrant server at {self._address} does not answer as it should ({type(error).__name__})."
            raise CopyhoundError("unavailable", told) from error

    def _understood(self, error: Exception) -> tuple[str, str]:
        """The code of an error, and what the server does."""
        if not isinstance(error, UnexpectedResponse):
            source = type(getattr(error, "source", error)).__name__
            does = "cannot be reached" if "Connect" in source else "does not answer as it should"
            return "unavailable", f"{'does not answer in time' if 'Timeout' in source else does} ({source})."
        if error.status_code in _REFUSED:
            return "settings_invalid", f"refuses the key: see index.qdrant_api_key (status {error.status_code})."
        if error.status_code == _NOT_FOUND and self._made:
            self._made = False
            return "unavailable", f"has lost the collection {self._collection}: it is made anew with the next call."
        return "unavailable", f"does not answer as it should (status {error.status_code})."

    async def _opened(self) -> AsyncQdrantClient:
        self._ready = self._ready or asyncio.Lock()
        async with self._ready:
            if self._client is None:
                self._client = self._connected()
            if not self._made:
                await _create(self._client, self._collection)
                self._made = True
        return self._client

    def _connected(self) -> AsyncQdrantClient:
        try:
            return self._connect()
        except ValueError:
            # its text may hold the key
            told = f"The Qdrant server at {self._address}: index.qdrant_url or index.qdrant_api_key cannot be used."
            raise CopyhoundError("settings_invalid", told) from None

    async def _leave(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    async def _upsert(self, client: AsyncQdrantClient, points: list[models.PointStruct]) -> None:
        await client.upsert(self._collection, points, wait=True)

    async def _remove(self, client: AsyncQdrantClient, numbers: list[models.ExtendedPointId]) -> None:
        await client.delete(self._collection, models.PointIdsList(points=numbers), wait=True)

    async def _count(self, client: AsyncQdrantClient, which: models.Filter) -> int:
        return (await client.count(self._collection, which, exact=True)).count

    async def _mark(self, client: AsyncQdrantClient) -> int:
        found = await client.retrieve(self._collection, [_MARK], with_payload=True)
        return int((found[0].payload or {})["seq"]) if found else 0

    async def _clear(self, client: AsyncQdrantClient) -> None:
        # the mark goes first, and the collection stays: an operator may have made it with shards and replicas
        await client.delete(self._collection, models.PointIdsList(points=[_MARK]), wait=True)
        await client.delete(self._collection, models.FilterSelector(filter=_ENTRIES), wait=True)

    async def _short_list(
        self, client: AsyncQdrantClient, lookup: Lookup, within: models.Filter
    ) -> dict[int, Postings]:
        if not len(lookup.words):
            return {}
        asked = [_asked(lookup, variant, within) for variant in range(len(VARIANTS))]
        answers = await client.query_batch_points(self._collection, asked)
        numbers = sorted({point.id for answer in answers for point in answer.points if isinstance(point.id, int)})
        entries: dict[int, Postings] = {}
        for first in range(0, len(numbers), _AT_ONCE):
            some: list[int | str] = list(numbers[first : first + _AT_ONCE])
            for point in await client.retrieve(self._collection, some, with_payload=["postings"]):
                entries[int(point.id)] = _unpacked((point.payload or {})["postings"])
        return entries


async def _create(client: AsyncQdrantClient, name: str) -> None:
    """The collection, where it is not there."""
    if await client.collection_exists(name):
        return
    index = models.SparseIndexParams(on_disk=True, datatype=models.Datatype.FLOAT16)
    try:
        await client.create_collection(
            name,
            vectors_config={},
            sparse_vectors_config={VECTOR: models.SparseVectorParams(index=index, modifier=models.Modifier.IDF)},
            on_disk_payload=True,
        )
    except UnexpectedResponse as error:
        if error.status_code != _CONFLICT:
            raise
        # another process made it meanwhile
    tenant = models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
    await client.create_payload_index(name, "workspace_id", tenant)
    await client.create_payload_index(name, "collection_id", models.PayloadSchemaType.KEYWORD)


def _point(record: IndexRecord) -> models.PointStruct:
    postings = postings_of(record.fingerprint)
    return models.PointStruct(
        id=record.number,
        vector={VECTOR: _sparse(postings.words)},
        payload={
            "workspace_id": record.workspace_id,
            "collection_id": record.collection_id,
            "postings": _packed(postings),
        },
    )


def _sparse(words: np.ndarray[Any, np.dtype[np.uint32]]) -> models.SparseVector:
    different = np.unique(words)
    return models.SparseVector(indices=different.tolist(), values=[1.0] * len(different))


def _packed(postings: Postings) -> str:
    rows = np.empty(len(postings.words), _POSTING)
    rows["word"], rows["signature"], rows["place"] = postings.words, postings.signatures, postings.places
    return base64.b64encode(rows.tobytes()).decode("ascii")


def _unpacked(text: str) -> Postings:
    rows = np.frombuffer(base64.b64decode(text), _POSTING)
    return Postings(rows["word"].astype(np.uint32), rows["signature"].astype(np.uint64), rows["place"].copy())


def _within(workspace_id: str, collection_id: str) -> models.Filter:
    here = {"workspace_id": workspace_id, "collection_id": collection_id}
    return models.Filter(
        must=[models.FieldCondition(key=key, match=models.MatchValue(value=value)) for key, value in here.items()]
    )


def _asked(lookup: Lookup, variant: int, within: models.Filter) -> models.QueryRequest:
    words = lookup.words[lookup.variants == variant]
    return models.QueryRequest(query=_sparse(words), using=VECTOR, filter=within, limit=SHORT_LIST)


def _told_of(url: str) -> str:
    """An address as it may be shown: without a password in it."""
    scheme, between, rest = url.rpartition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{between}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}"
