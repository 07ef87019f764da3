"""TinEye's own clients for MatchEngine against a real server, byte for byte as they send: no registry has them."""

from __future__ import annotations

import base64
import json
import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from ..e2e.servers import PATIENCE, Server
from ..fixtures.photos import mirrored, photo, resaved
from ..fixtures.website import Website


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server, with one worker."""
    with Server(tmp_path_factory.mktemp("clients") / "data", COPYHOUND_COMPUTE_WORKERS="1") as running:
        yield running


class Wire:
    """Sends bytes, and reads what comes back."""

    def __init__(self, server: Server, collection: str) -> None:
        self._host = server.url.removeprefix("http://")
        self._base = f"/matchengine/{collection}/rest/"
        self.key = server.key

    def request(self, line: str, headers: list[str], body: bytes = b"", *, password: str | None = "") -> bytes:
        """One request on a connection of its own: `line` is the verb and what follows /rest/. The whole answer."""
        verb, path = line.split(" ", 1)
        token = base64.b64encode(f"me:{self.key if password == '' else password}".encode()).decode()
        secret = [] if password is None else [f"Authorization: Basic {token}"]
        lines = [f"{verb} {self._base}{path} HTTP/1.1", f"Host: {self._host}", *headers, *secret, "Connection: close"]
        host, port = self._host.split(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE) as connection:
            connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def envelope(self, line: str, headers: list[str], body: bytes = b"") -> dict[str, Any]:
        """The envelope of an answer that must be 200."""
        head, _, told = self.request(line, headers, body).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        envelope: dict[str, Any] = json.loads(told)
        return envelope


def parts(boundary: str, *fields: tuple[str, bytes]) -> bytes:
    """A multipart body: (headers of the part, its content) each."""
    inside = b"".join(f"--{boundary}\r\n{headers}\r\n\r\n".encode() + content + b"\r\n" for headers, content in fields)
    return inside + f"--{boundary}--\r\n".encode()


def chunked(body: bytes, size: int = 7000) -> bytes:
    """A body of unknown length, as Node sends streams."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" for piece in pieces) + b"0\r\n\r\n"


class AsPython:
    """Requests as `tineyeservices` makes them by `requests`: parameters in the query, files without a type."""

    PLAIN = ("User-Agent: python-requests/2.31.0", "Accept-Encoding: gzip, deflate", "Accept: */*")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def get(self, path: str) -> dict[str, Any]:
        return self._wire.envelope(f"GET {path}", [*self.PLAIN])

    def post(self, path: str, *files: tuple[str, str, bytes]) -> dict[str, Any]:
        boundary = "0123456789abcdef0123456789abcdef"
        body = parts(
            boundary, *((f'Content-Disposition: form-data; name="{n}"; filename="{f}"', data) for n, f, data in files)
        )
        length = f"Content-Length: {len(body)}"
        kind = f"Content-Type: multipart/form-data; boundary={boundary}"
        return self._wire.envelope(f"POST {path}", [*self.PLAIN, length, kind], body)


class AsNode:
    """Requests as `tineye-services` makes them by axios: all in the form, chunked, no slash at the end."""

    PLAIN = ("Accept: application/json, text/plain, */*", "User-Agent: axios/0.19.0")

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def send(self, line: str) -> dict[str, Any]:
        return self._wire.envelope(line, [*self.PLAIN])

    def post(self, path: str, **fields: str | bytes) -> dict[str, Any]:
        boundary = "--------------------------123456789012345678901234"
        body = parts(boundary, *(self._field(name, value) for name, value in fields.items()))
        kind = f"content-type: multipart/form-data; boundary={boundary}"
        headers = [*self.PLAIN, kind, "Transfer-Encoding: chunked"]
        return self._wire.envelope(f"POST {path}", headers, chunked(body))

    @staticmethod
    def _field(name: str, value: str | bytes) -> tuple[str, bytes]:
        plain = f'Content-Disposition: form-data; name="{name}"'
        if isinstance(value, str):
            return plain, value.encode()
        return f'{plain}; filename="{name}.jpg"\r\nContent-Type: image/jpeg', value


class AsJava:
    """Requests as TinEye's Java client makes them by Apache's: all in the form, each part with an encoding."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def post(self, path: str, *fields: tuple[str, str | bytes], password: str | None = "") -> bytes:
        boundary = "Zb_xRzJtbFs6-EqUZvD0yXn2i"
        body = parts(boundary, *(self._field(name, value) for name, value in fields))
        kind = f"Content-Type: multipart/form-data; boundary={boundary}"
        headers = [f"Content-Length: {len(body)}", kind, "User-Agent: Apache-HttpClient/4.1.2 (java 1.5)"]
        return self._wire.request(f"POST {path}", headers, body, password=password)

    @staticmethod
    def _field(name: str, value: str | bytes) -> tuple[str, bytes]:
        plain = f'Content-Disposition: form-data; name="{name}"'
        if isinstance(value, str):
            kind = "Content-Type: text/plain; charset=US-ASCII\r\nContent-Transfer-Encoding: 8bit"
            return f"{plain}\r\n{kind}", value.encode()
        kind = "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary"
        return f'{plain}; filename="/srv/mine/{name}.jpg"\r\n{kind}', value


def ok(method: str, *result: Any) -> dict[str, Any]:
    return {"status": "ok", "error": [], "method": method, "result": list(result)}


def paths(envelope: dict[str, Any]) -> list[str]:
    """The filepaths of a search's results."""
    assert envelope["status"] == "ok", envelope
    return [match["filepath"] for match in envelope["result"]]


def test_the_python_clients_requests(server: Server) -> None:
    """Every method in the Python client's form: indexed names in the query, GET for what changes."""
    client = AsPython(Wire(server, "python"))
    assert client.get("ping/") == ok("ping")
    files = ("images[0]", "1542.25.0", photo(0)), ("images[1]", "1542.25.1", mirrored(0))
    added = "add/?filepaths%5B0%5D=folder%2Fbanana.jpg&filepaths%5B1%5D=banana_flip.jpg"
    assert client.post(added, *files) == ok("add")
    with Website() as site:
        cat = site.put("/meloncat.jpg", photo(5))
        url = cat.replace(":", "%3A").replace("/", "%2F")
        assert client.get(f"add/?urls%5B0%5D={url}&filepaths%5B0%5D=meloncat.jpg") == ok("add")
        listed = ok("list", "folder/banana.jpg", "banana_flip.jpg", "meloncat.jpg")
        assert client.get("list/?offset=0&limit=20") == listed
        options = "min_score=0&offset=0&limit=10&check_horizontal_flip="
        assert paths(client.get(f"search/?url={url}&{options}False")) == ["meloncat.jpg"]
        assert len(client.get(f"compare/?url1={url}&url2={url}&min_score=100")["result"]) == 1
        failed = client.get(f"search/?url={url.replace('meloncat.jpg', '404')}&{options}False")
        assert (failed["status"], failed["error"]) == ("fail", [f"{site.url}/404: Failed to download file."])
    image = ("image", "/srv/mine/banana.png", resaved(0))
    assert paths(client.post(f"search/?{options}False", image)) == ["folder/banana.jpg"]
    assert paths(client.post(f"search/?{options}True", image)) == ["folder/banana.jpg", "banana_flip.jpg"]
    assert paths(client.get(f"search/?filepath=meloncat.jpg&{options}False")) == ["meloncat.jpg"]
    pair = ("image1", "a.jpg", photo(0)), ("image2", "b.jpg", mirrored(0))
    assert client.post("compare/?min_score=0&check_horizontal_flip=False", *pair) == ok("compare")
    assert len(client.post("compare/?min_score=0&check_horizontal_flip=True", *pair)["result"]) == 1
    assert client.get("count/") == ok("count", 3)
    warned = client.get("delete/?filepaths%5B0%5D=banana_flip.jpg&filepaths%5B1%5D=nothing")
    assert (warned["status"], warned["error"]) == ("warn", ["nothing: Failed to remove from index."])
    assert client.get("count/") == ok("count", 2)


def test_the_node_clients_requests(server: Server) -> None:
    """Every method in the Node client's form: one picture a call, chunked multipart, DELETE with a query."""
    client = AsNode(Wire(server, "node"))
    assert client.send("GET ping") == ok("ping")
    assert client.post("add", image=photo(0), filepath="a.jpg", timeout="100", format="json") == ok("add")
    assert client.post("add", image=photo(1)) == ok("add")
    missing = client.post("add", url="https://shop.example/x.jpg")
    assert (missing["status"], missing["error"]) == ("fail", ["Missing matching filepath"])
    with Website() as site:
        cat = site.put("/cat.jpg", photo(5))
        assert client.post("add", url=cat, filepath="cat.jpg") == ok("add")
        assert paths(client.post("search", url=cat)) == ["cat.jpg"]
        assert len(client.post("compare", url1=cat, filepath2="cat.jpg")["result"]) == 1
    assert client.send("GET list?offset=0&limit=20") == ok("list", "a.jpg", "image.jpg", "cat.jpg")
    assert paths(client.post("search", image=resaved(0), min_score="0", check_horizontal_flip="false")) == ["a.jpg"]
    assert paths(client.post("search", filepath="cat.jpg")) == ["cat.jpg"]
    assert len(client.post("compare", filepath1="a.jpg", image2=resaved(0))["result"]) == 1
    assert client.post("compare", image1=photo(2), filepath2="a.jpg") == ok("compare")
    assert client.send("DELETE delete?filepath=a.jpg") == ok("delete")
    assert client.send("GET count") == ok("count", 2)


def test_the_java_clients_requests(server: Server) -> None:
    """The Java client's form; it sends its password only when it is asked for it, and sends all again then."""
    wire = Wire(server, "java")
    client = AsJava(wire)
    fields: list[tuple[str, str | bytes]] = [
        ("images[0]", photo(0)),
        ("filepaths[0]", "a.jpg"),
        ("images[1]", photo(1)),
    ]
    asked, _, told = client.post("add/", *fields, password=None).partition(b"\r\n\r\n")
    assert asked.startswith(b"HTTP/1.1 401")
    assert b'www-authenticate: basic realm="matchengine"' in asked.lower()
    assert json.loads(told)["error"] == ["Authorization Required"]
    assert json.loads(client.post("add/", *fields).partition(b"\r\n\r\n")[2]) == ok("add")
    assert wire.envelope("GET list/?offset=0&limit=20", []) == ok("list", "a.jpg", "/srv/mine/images[1].jpg")
    found = client.post("search/", ("image", resaved(0)), ("min_score", "0"), ("check_horizontal_flip", "true"))
    assert paths(json.loads(found.partition(b"\r\n\r\n")[2])) == ["a.jpg"]
    gone = client.post("delete/", ("filepaths[0]", "a.jpg"), ("filepaths[1]", "b.jpg"))
    assert json.loads(gone.partition(b"\r\n\r\n")[2])["error"] == ["b.jpg: Failed to remove from index."]


def test_a_large_body_with_a_wrong_password_is_answered(server: Server) -> None:
    """A client that sends megabytes before it reads gets its 401, and no broken connection."""
    picture = os.urandom(6 * 2**20)
    answer = AsJava(Wire(server, "java")).post("add/", ("images[0]", picture), password="wrong")
    assert answer.startswith(b"HTTP/1.1 401")
