"""The vendor's own clients, unmodified, and the documents' own samples, against a running server."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest

from copyhound.plugin_api import Outcome
from copyhound.plugin_api.testing import RunProvider
from copyhound_tineye.provider import TINEYE

from ..e2e.servers import PATIENCE, Server
from ..fixtures.clients import node_client, python_client, run_node, run_python
from ..fixtures.photos import cropped, photo, resaved
from ..fixtures.website import Website

MINE = 3
COPIES = {
    "https://a.example.com/whole.jpg": photo(MINE),
    "https://b.example.net/cropped.jpg": cropped(MINE),
    "https://c.example.org/resaved.jpg": resaved(MINE),
}
SANDBOX = "6mm60lsCNIB,FwOWjJqA80QZHh9BMwc-ber4u=t^"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose collection `web` has three copies of a picture; the sandbox is on."""
    data = tmp_path_factory.mktemp("tineye") / "data"
    with Server(data, COPYHOUND_PLUGINS_TINEYE__SANDBOX="true", COPYHOUND_LOG_LEVEL="warning") as started:
        with started.client() as native:
            for url, picture in COPIES.items():
                sent: dict[str, Any] = {"files": {"images": picture}, "data": {"image_urls": url}}
                assert native.post("/collections/web/entries", **sent).status_code == 201
        yield started


@pytest.fixture(scope="module")
def signing(server: Server) -> tuple[str, str]:
    """(public, private) of a key that signs."""
    made = server.command("keys", "create", "signs", "--signs", "--json")
    return made["id"], made["key"]


@pytest.fixture(scope="module")
def site() -> Iterator[Website]:
    with Website() as website:
        website.put("/mine.jpg", photo(MINE))
        yield website


@pytest.fixture
def picture(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("picture") / "mine.jpg"
    path.write_bytes(photo(MINE))
    return str(path)


def urls(matches: list[dict[str, Any]]) -> list[str]:
    return sorted(match["backlinks"][0]["url"] for match in matches)


PYTINEYE = """
import json, sys
from pytineye import TinEyeAPIRequest, TinEyeAPIError
api = TinEyeAPIRequest(api_url=sys.argv[1], api_key=sys.argv[2])
def told(found):
    repr(found)
    return {"stats": found.stats, "matches": [dict(vars(m), backlinks=[[b.url, b.backlink, str(b.crawl_date)]
            for b in m.backlinks]) for m in found.matches]}
def failing(ask):
    try:
        ask()
    except TinEyeAPIError as error:
        return [error.code, error.message]
print(json.dumps({
    "url": told(api.search_url(sys.argv[3])),
    "data": told(api.search_data(open(sys.argv[4], "rb").read(), limit=2, sort="size", order="asc")),
    "remaining": api.remaining_searches(),
    "count": api.image_count(),
    "bad_url": failing(lambda: api.search_url(sys.argv[3] + "x")),
    "bad_data": failing(lambda: api.search_data(b"no picture")),
    "bad_key": failing(lambda: TinEyeAPIRequest(sys.argv[1], "Not a Key").image_count()),
}, default=str))
"""


def test_the_python_client(server: Server, site: Website, picture: str) -> None:
    """pytineye 3.0.0: searches by address and by upload, counts, bundles, and its own exception for each error."""
    python = python_client("pytineye==3.0.0")
    said = json.loads(run_python(python, PYTINEYE, f"{server.url}/rest/", server.key, f"{site.url}/mine.jpg", picture))
    assert sorted(match["backlinks"][0][0] for match in said["url"]["matches"]) == sorted(COPIES)
    assert said["url"]["stats"]["total_results"] == 3
    assert abs(float(said["url"]["stats"]["timestamp"]) - time.time()) < 60
    sizes = [match["size"] for match in said["data"]["matches"]]
    assert len(sizes) == 2
    assert sizes == sorted(sizes)
    assert said["count"] == 3
    assert said["remaining"]["bundles"][0]["expire_date"] == "2099-12-31 23:59:59"
    assert said["remaining"]["total_remaining_searches"] == 10**9
    assert said["bad_url"] == [400, ["Couldn't download URL."]]
    assert said["bad_data"] == [400, ["Couldn't identify/download image file."]]
    assert said["bad_key"] == [401, ["Please provide a valid API key."]]


NODE = """
const [base, key, url, file, upload] = process.argv.slice(1);
const TinEye = require('tineye-api'), fs = require('fs');
(async () => {
  const api = new TinEye(base, key), said = {};
  const params = {offset: 0, limit: 10, sort: 'score', order: 'desc'};
  if (upload) {
    said.data = await api.searchData(fs.readFileSync(file), params);
    said.badData = await api.searchData(Buffer.from('no picture'), params);
  } else {
    said.url = await api.searchUrl(url, params);
    said.remaining = await api.remainingSearches();
    said.count = await api.imageCount();
    said.badKey = await new TinEye(base, 'Not a Key').imageCount().catch(error => error.response.data);
  }
  console.log(JSON.stringify(said));
})();
"""


@pytest.mark.parametrize("slash", ["", "/"], ids=["without a slash", "with a slash"])
def test_the_node_client(server: Server, site: Website, picture: str, slash: str) -> None:
    """tineye-api 2.0.6: search by address, counts, bundles; its base may end in a slash, which it sends doubled."""
    folder = node_client("tineye-api@2.0.6")
    asked = f"{server.url}/rest{slash}", server.key, f"{site.url}/mine.jpg", picture
    said = json.loads(run_node(folder, NODE, *asked))
    assert urls(said["url"]["results"]["matches"]) == sorted(COPIES)
    assert said["remaining"]["results"]["total_remaining_searches"] == 10**9
    assert said["count"]["results"] == 3
    assert said["badKey"]["messages"] == ["Please provide a valid API key."]


def test_the_node_clients_upload(server: Server, site: Website, picture: str) -> None:
    """tineye-api 2.0.6 reaches no other port than 80 with uploads: a server on port 80 takes them."""
    folder = node_client("tineye-api@2.0.6")
    with port_80(server):
        said = json.loads(run_node(folder, NODE, "http://127.0.0.1/rest/", server.key, "", picture, "upload"))
    assert urls(said["data"]["results"]["matches"]) == sorted(COPIES)
    assert said["badData"]["messages"] == ["Couldn't identify/download image file."]


@contextlib.contextmanager
def port_80(server: Server) -> Iterator[None]:
    """Port 80 of this machine leads to the server for as long as the block runs; skips where it can't be had."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", 80))
    except OSError as error:
        listener.close()
        pytest.skip(f"port 80 cannot be listened on: {error.strerror}")
    listener.listen()
    threading.Thread(target=_forward, args=(listener, urlsplit(server.url).port), daemon=True).start()
    try:
        yield
    finally:
        listener.close()


def _forward(listener: socket.socket, port: int) -> None:
    def copy(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)

    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            onward = socket.create_connection(("127.0.0.1", port))
            for ends in ((client, onward), (onward, client)):
                threading.Thread(target=copy, args=ends, daemon=True).start()


def sent_raw(server: Server, head: str, body: bytes = b"") -> dict[str, Any]:
    """What is answered to these very bytes; `{host}` stands for the server's."""
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE) as connection:
        written = head.replace("{host}", parts.netloc).replace("\n", "\r\n")
        connection.sendall(written.encode() + b"\r\n" + body)
        answer = b""
        while part := connection.recv(65536):
            answer += part
    said: dict[str, Any] = json.loads(answer.split(b"\r\n\r\n", 1)[1])
    return said


def php_form(boundary: str, name: str, fields: dict[str, str]) -> bytes:
    """A form as Guzzle writes it: the type goes first, and each part says its length."""
    data = photo(MINE)
    file = (
        f"--{boundary}\r\nContent-Type: application/octet-stream\r\n"
        f'Content-Disposition: form-data; name="image_upload"; filename="{name}"\r\nContent-Length: {len(data)}\r\n\r\n'
    )
    texts = ""
    for key, value in fields.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n'
        texts += f"{head}Content-Length: {len(value)}\r\n\r\n{value}\r\n"
    return file.encode() + data + b"\r\n" + texts.encode() + f"--{boundary}--\r\n".encode()


def test_the_php_clients_bytes(server: Server, site: Website) -> None:
    """What the PHP client sends for each of its methods, byte for byte as recorded, is answered."""
    tail = f"Host: {{host}}\nx-api-key: {server.key}\nUser-Agent: GuzzleHttp/7\nConnection: close\n"
    assert sent_raw(server, f"GET /rest/image_count/ HTTP/1.1\n{tail}")["results"] == 3
    remaining = sent_raw(server, f"GET /rest/remaining_searches/ HTTP/1.1\n{tail}")
    assert remaining["results"]["total_remaining_searches"] == 10**9
    address = quote(f"{site.url}/mine.jpg", safe="")
    by_url = sent_raw(server, f"GET /rest/search/?limit=2&image_url={address} HTTP/1.1\n{tail}")
    assert (len(by_url["results"]["matches"]), by_url["stats"]["total_results"]) == (2, 3)
    boundary = "4c0d6b54eebe0c8a04a0f31863611070afb2b77e"
    form = php_form(boundary, "MeL ONca.jpg", {"offset": "0", "limit": "1"})
    more = f"Content-Type: multipart/form-data; boundary={boundary}\nContent-Length: {len(form)}\n"
    by_upload = sent_raw(server, f"POST /rest/search/ HTTP/1.1\n{tail}{more}", form)
    assert (len(by_upload["results"]["matches"]), by_upload["stats"]["total_results"]) == (1, 3)
    bad = tail.replace(server.key, "Not a Key")
    assert sent_raw(server, f"GET /rest/image_count/ HTTP/1.1\n{bad}")["code"] == 401


@pytest.mark.parametrize("name", ["MeL ONca.jpg", "mel%20onca.jpg"])
def test_the_old_php_clients_bytes(server: Server, signing: tuple[str, str], site: Website, name: str) -> None:
    """Signed as its older versions do: the query in lower case, the file's name plain or encoded."""
    public, private = signing
    base, date = f"{server.url}/rest/", str(int(time.time()))

    def auth(verb: str, method: str, nonce: str, signed: str, kind: str = "", file: str = "") -> dict[str, str]:
        text = f"{private}{verb}{kind}{file}{date}{nonce}{base}{method}/{signed}"
        made = hmac.new(private.encode(), text.encode(), hashlib.sha256).hexdigest()
        return {"api_sig": made, "api_key": public, "nonce": nonce, "date": date}

    tail = "Host: {host}\nUser-Agent: GuzzleHttp/7\nConnection: close\n"
    address = quote(f"{site.url}/mine.jpg?A=b~c d", safe="~")
    query = f"image_url={address}&limit=2"
    site.put("/mine.jpg?A=b~c%20d", photo(MINE))
    signed = query.replace("%20", "+").replace("~", "%7E").replace("/", "%2F").lower()
    given = auth("GET", "search", f"6b02d4c7{name[:5]}", signed)
    query = f"{query}&{'&'.join(f'{key}={quote(value)}' for key, value in given.items())}"
    by_url = sent_raw(server, f"GET /rest/search/?{query} HTTP/1.1\n{tail}")
    assert by_url["code"] == 200, by_url
    boundary = "---------------------231596270f4b146bbd25ce5e05b0aaf9"
    kind = f"multipart/form-data; boundary={boundary}"
    fields = {"limit": "1", **auth("POST", "search", f"6b02d4c8{name[:5]}", "limit=1", kind, name)}
    form = php_form(boundary, name, fields)
    more = f"Content-Type: {kind}\nContent-Length: {len(form)}\n"
    by_upload = sent_raw(server, f"POST /rest/search/ HTTP/1.1\n{tail}{more}", form)
    assert (by_upload["code"], len(by_upload["results"]["matches"])) == (200, 1)


def curl(server: Server, method: str, public: str, private: str, nonce: str, *more: str) -> dict[str, Any]:
    """The documents' command, with only host, key, date and signature changed."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    date = str(int(time.time()))
    text = f"{private}GET{date}{nonce}{server.url}/rest/{method}/{'&'.join(sorted(more))}"
    command = ["curl", "--silent", f"{server.url}/rest/{method}/", "--get", "-d", f"api_key={public}"]
    command += ["-d", f"api_sig={hmac.new(private.encode(), text.encode(), hashlib.sha256).hexdigest()}"]
    command += ["-d", f"nonce={nonce}", "-d", f"date={date}"]
    for one in more:
        command += ["-d", one]
    done = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_the_documents_curl_samples(server: Server, signing: tuple[str, str], site: Website) -> None:
    """search, image_count and remaining_searches by curl, as the documents write them."""
    address = quote(f"{site.url}/mine.jpg", safe="")
    found = curl(server, "search", *signing, "5e3800e6e1f1a301796da0fdea79cef7", f"image_url={address}", "limit=2")
    assert (found["code"], len(found["results"]["matches"])) == (200, 2)
    counted = curl(server, "image_count", *signing, "6423f8ad27c897ffe608bc40416a7e9a")
    assert counted["results"] == 3
    left = curl(server, "remaining_searches", *signing, "a57a253eacc26ead4199c00deb1b1fde")
    assert set(left["results"]) == {"bundles", "total_remaining_searches"}


def test_a_form_by_curl(server: Server, picture: str) -> None:
    """An upload as a browser's form (enctype multipart/form-data) sends it; without any limit of its own."""
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    form = ["-F", f"image_upload=@{picture}", "-F", "pretty=true"]
    command = ["curl", "--silent", f"{server.url}/rest/search/", "-H", f"x-api-key: {server.key}", *form]
    done = subprocess.run(command, capture_output=True, check=True, timeout=PATIENCE)
    assert urls(json.loads(done.stdout)["results"]["matches"]) == sorted(COPIES)
    assert b'\n    "code"' in done.stdout


def test_the_sandbox(server: Server, site: Website) -> None:
    """The public sandbox key gets the same three matches for anything, their pictures, and 5,000 searches left."""
    with httpx.Client(base_url=f"{server.url}/rest/", timeout=PATIENCE, trust_env=False) as client:
        client.headers["x-api-key"] = SANDBOX
        by_url = client.get("search/", params={"image_url": "https://tineye.com/images/meloncat.jpg"}).json()
        by_upload = client.post("search/", files={"image_upload": b"anything"}).json()
        assert by_url["results"] == by_upload["results"]
        matches = by_url["results"]["matches"]
        assert [match["score"] for match in matches] == sorted((m["score"] for m in matches), reverse=True)
        assert len(matches) == client.get("image_count/").json()["results"] == 3
        assert client.get("remaining_searches/").json()["results"]["total_remaining_searches"] == 5000
        for match in matches:
            assert client.get(match["overlay"]).headers["content-type"] == "image/jpeg"
            assert len(client.get(match["image_url"]).content) == match["filesize"]
        assert client.get("search/").json()["code"] == 400
    signed = curl(server, "image_count", "LCkn,2K7osVwkX95K4Oy", SANDBOX, "6423f8ad27c897ffe608bc40416a7e9a")
    assert signed["results"] == 3


def test_a_provider_over_a_surface(server: Server, run_provider: RunProvider) -> None:
    """Another Copyhound's provider, asking this one, gets the matches that the native API has."""
    with server.client() as native:
        answer = native.post("/searches?wait=60", files={"images": ("mine.jpg", photo(MINE))}).json()
    settings = {"base_url": f"{server.url}/rest/", "api_key": server.key}
    told = run_provider(TINEYE, photo(MINE), settings=settings)
    assert told.outcome is Outcome.answered
    assert sorted(one.image_url for one in told.candidates) == sorted(match["image_url"] for match in answer["matches"])
    sizes = {match["image_url"]: (match["width"], match["height"]) for match in answer["matches"]}
    assert {one.image_url: (one.width, one.height) for one in told.candidates} == sizes
    assert run_provider(TINEYE, photo(15), settings=settings).outcome is Outcome.no_match


def test_a_house_that_asks_another(server: Server, site: Website, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A search of a second server through its TinEye provider verifies what the first found, and keeps it."""
    whole = site.put("/copies/whole.jpg", photo(7))
    with server.client() as native:
        sent: dict[str, Any] = {"files": {"images": photo(7)}, "data": {"image_urls": whole}}
        assert native.post("/collections/web/entries", **sent).status_code == 201
    data = tmp_path_factory.mktemp("second") / "data"
    environment = {
        "COPYHOUND_PLUGINS_TINEYE__BASE_URL": f"{server.url}/rest/",
        "COPYHOUND_PLUGINS_TINEYE__API_KEY": server.key,
        "COPYHOUND_LOG_LEVEL": "warning",
    }
    with Server(data, **environment) as second, second.client() as native:
        files = {"images": ("mine.jpg", photo(7))}
        answer = native.post("/searches?wait=60", files=files, data={"providers": "tineye"}).json()
    (match,) = answer["matches"]
    assert (match["image_url"], match["providers"], match["verification"]["state"]) == (whole, ["tineye"], "verified")
    with server.client() as native:
        native.request("DELETE", "/collections/web/entries", params={"prefix": whole})
