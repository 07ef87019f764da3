"""The adapter for Qdrant: what it keeps there, and what it says where Qdrant does not answer."""

from __future__ import annotations

import contextlib
import http.server
import re
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import msgspec
import numpy as np
import pytest
from qdrant_client import AsyncQdrantClient, models

from copyhound.bootstrap import _index
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.extras import install_command
from copyhound.indexes import qdrant_server
from copyhound.indexes.qdrant_server import VECTOR, QdrantIndex
from copyhound.matching.fingerprint import FINGERPRINT_VERSION, postings_of
from copyhound.settings import IndexSettings, Settings

from .synthetic import copy, numbers, picture, record

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")

COLLECTION = f"copyhound-{FINGERPRINT_VERSION}"


def local(folder: Path) -> QdrantIndex:
    """The library's own mode without a server, on disk."""
    return QdrantIndex(lambda: AsyncQdrantClient(path=str(folder)))


async def test_all_of_it_lies_in_qdrant(tmp_path: Path) -> None:
    """Entries and mark are there for who opens it next."""
    rng = np.random.default_rng(1)
    shown = [picture(rng) for _ in range(5)]
    first = local(tmp_path)
    await first.upsert([record(n, one) for n, one in enumerate(shown)])
    await first.set_mark(5)
    await first.close()
    await first.close()
    second = local(tmp_path)
    assert (await second.count(), await second.mark()) == (5, 5)
    hits = await second.candidates("ws_1", "col_1", copy(shown[2], rng).query_bytes(), 10)
    assert numbers(hits)[0] == 2
    await second.close()


async def test_the_short_list_is_by_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where more entries share words than are read, those that share the most and the rarest are."""
    monkeypatch.setattr(qdrant_server, "SHORT_LIST", 3)
    rng = np.random.default_rng(2)
    shown = [picture(rng, vocabulary=60) for _ in range(60)]
    index = local(tmp_path)
    await index.upsert([record(n, one) for n, one in enumerate(shown)])
    for n in range(0, 60, 15):
        query = copy(shown[n], rng, variant=n // 15, share=0.8)
        hits = await index.candidates("ws_1", "col_1", query.query_bytes(), 100)
        assert hits[0].number == n
        assert len(hits) <= 12
    await index.close()


async def test_a_collection_made_by_hand_stays(tmp_path: Path) -> None:
    """One that an operator made, with settings of their own, is used, and is still theirs after clear."""
    client = AsyncQdrantClient(path=str(tmp_path))
    own = models.SparseVectorParams(modifier=models.Modifier.IDF)
    await client.create_collection(COLLECTION, vectors_config={}, sparse_vectors_config={VECTOR: own})
    index = QdrantIndex(lambda: client)
    await index.upsert([record(1, picture(np.random.default_rng(3)))])
    await index.clear()
    told = (await client.get_collection(COLLECTION)).config.params.sparse_vectors
    assert told == {VECTOR: own}
    assert await index.count() == 0
    await index.close()


async def test_two_houses_share_a_qdrant(tmp_path: Path) -> None:
    """Under another prefix there is another index: neither sees or clears the other's entries."""
    client = AsyncQdrantClient(path=str(tmp_path))
    ours, theirs = QdrantIndex(lambda: client), QdrantIndex(lambda: client, "theirs")
    await ours.upsert([record(1, picture(np.random.default_rng(3)))])
    await ours.set_mark(1)
    await theirs.clear()
    assert (await theirs.count(), await theirs.mark()) == (0, 0)
    assert (await ours.count(), await ours.mark()) == (1, 1)
    await theirs.close()
    await ours.close()


def test_postings_cross_whole() -> None:
    """What is read back of an entry's postings is what was written; 16 bytes each before base64."""
    postings = postings_of(picture(np.random.default_rng(4)).entry_bytes())
    packed = qdrant_server._packed(postings)
    again = qdrant_server._unpacked(packed)
    for name in ("words", "signatures", "places"):
        assert np.array_equal(getattr(again, name), getattr(postings, name))
    assert len(packed) == -(-16 * 40 // 3) * 4


class Answering(http.server.BaseHTTPRequestHandler):
    """A server that has every collection and no points, and remembers what it was asked."""

    asked: ClassVar[list[tuple[str, str, str | None]]] = []
    statuses: ClassVar[list[int]] = []
    """Of the next answers; 200 when there is none left."""
    body: ClassVar[bytes | None] = None
    """Of every answer to a request for points."""

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("api-key")))
        self.rfile.read(int(self.headers.get("content-length") or 0))
        result = {"exists": True} if self.path.endswith("/exists") else []
        body = msgspec.json.encode({"result": result, "status": "ok", "time": 0.1})
        if self.body is not None and "/points" in self.path:
            body = self.body
        self.send_response(self.statuses.pop(0) if self.statuses else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_PUT = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None: ...


@contextlib.contextmanager
def answering(monkeypatch: pytest.MonkeyPatch, *statuses: int) -> Iterator[str]:
    """The address of a server that answers with these statuses, then as it should."""
    monkeypatch.setattr(Answering, "asked", [])
    monkeypatch.setattr(Answering, "statuses", list(statuses))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("body", [b"<html>", b"\xff", b'{"result": null}', b"[]", b'{"result": [{"id": 1}]}'])
async def test_rubbish_is_no_answer(monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    """What is no answer of Qdrant's is `unavailable`, for writing too: so nobody takes an entry for written."""
    monkeypatch.setattr(Answering, "body", body)
    with answering(monkeypatch) as address:
        index = QdrantIndex.at(f"http://{address}")
        assert (await error_of(index)).code == "unavailable"
        with pytest.raises(CopyhoundError, match=address):
            await index.upsert([record(1, picture(np.random.default_rng(3)))])
        await index.close()


async def error_of(index: QdrantIndex) -> CopyhoundError:
    """The error that a call ends with."""
    with pytest.raises(CopyhoundError) as told:
        await index.mark()
    return told.value


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
async def test_the_server_is_asked_directly_with_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go to the address itself, through no proxy of the environment, and carry the key."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    with answering(monkeypatch) as address:
        index = QdrantIndex.at(f"http://{address}", "secret")
        assert await index.mark() == 0
        await index.close()
    assert Answering.asked == [
        ("GET", f"/collections/{COLLECTION}/exists", "secret"),
        ("POST", f"/collections/{COLLECTION}/points", "secret"),
    ]


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
@pytest.mark.parametrize(
    ("status", "code", "tells"),
    [
        (401, "settings_invalid", "refuses the key: see index.qdrant_api_key (status 401)"),
        (403, "settings_invalid", "refuses the key: see index.qdrant_api_key (status 403)"),
        (404, "unavailable", "status 404"),
        (500, "unavailable", "status 500"),
    ],
)
async def test_errors_name_the_address_and_never_a_secret(
    monkeypatch: pytest.MonkeyPatch, status: int, code: str, tells: str
) -> None:
    """A refused key, or a server that fails, ends in a stable code with its address; it works again afterwards."""
    with answering(monkeypatch, status) as address:
        index = QdrantIndex.at(f"http://user:hunter2@{address}/", "secret-key")
        error = await error_of(index)
        assert (error.code, tells in error.detail) == (code, True)
        assert f"http://{address}/" in error.detail
        assert not any(word in str(error) for word in ("secret-key", "hunter2"))
        assert await index.mark() == 0
        await index.close()


async def test_a_lost_collection_is_told_and_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody deleted the collection, the error names it and the server, and the next call makes sure of it."""
    with answering(monkeypatch) as address:
        index = QdrantIndex.at(f"http://{address}")
        assert await index.mark() == 0
        Answering.statuses.append(404)
        error = await error_of(index)
        assert error.code == "unavailable"
        assert COLLECTION in error.detail
        assert address in error.detail
        Answering.asked.clear()
        assert await index.mark() == 0
        assert Answering.asked[0][1] == f"/collections/{COLLECTION}/exists"
        await index.close()


async def test_slowness_is_told_with_the_address() -> None:
    """A server that takes the request and is silent: unavailable after the time-out, with its address."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        index = QdrantIndex.at(address, timeout=1)
        error = await error_of(index)
        assert error.code == "unavailable"
        assert error.detail == f"The Qdrant server at {address} does not answer in time (ReadTimeout)."
        await index.close()


@pytest.mark.parametrize(("url", "key"), [("http://127.0.0.1:99999", None), ("http://127.0.0.1:1", "schlüssel")])
@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
async def test_useless_settings_are_told(url: str, key: str | None) -> None:
    """An address or key that no request can be made of is a setting that is wrong; the key is not shown."""
    index = QdrantIndex.at(url, key)
    error = await error_of(index)
    assert error.code == "settings_invalid"
    assert url in error.detail
    assert "schl" not in str(error)
    await index.close()


async def test_silence_is_unavailable() -> None:
    """Where nothing listens, every call says so; it works as soon as something does."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        index = QdrantIndex.at(f"http://127.0.0.1:{taken.getsockname()[1]}")
        for _ in range(2):
            error = await error_of(index)
            assert error.code == "unavailable"
            assert f"http://127.0.0.1:{taken.getsockname()[1]} cannot be reached" in error.detail
        await index.close()
    with pytest.raises(CopyhoundError) as told:
        await index.mark()
    assert told.value.code == "unavailable"


def test_settings_choose_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """`index.engine = qdrant` needs an address and the extra, and says which of them is missing."""
    chosen = msgspec.convert({"engine": "qdrant", "qdrant_url": "http://127.0.0.1:1"}, IndexSettings)
    assert isinstance(_index(Settings(index=chosen)), QdrantIndex)
    with pytest.raises(CopyhoundError, match="qdrant_url"):
        _index(Settings(index=IndexSettings(engine="qdrant")))
    monkeypatch.setitem(sys.modules, "copyhound.indexes.qdrant_server", None)
    with pytest.raises(CopyhoundError, match=re.escape(install_command("qdrant"))):
        _index(Settings(index=chosen))
