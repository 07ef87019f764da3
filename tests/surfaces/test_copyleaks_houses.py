"""One Copyhound asks another through Copyleaks' API; and a server that is killed in the middle of a check."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path

import httpx

from ..e2e.servers import PATIENCE, Server
from ..fixtures.houses import home
from ..fixtures.photos import cropped, mirrored, photo, resaved
from ..fixtures.website import Website

CHECK = "/v1/image-plagiarism-detector/{}/check"


def token_of(server: Server) -> dict[str, str]:
    body = {"email": "you@example.com", "key": server.key}
    answer = httpx.post(f"{server.url}/v3/account/login/api", json=body, timeout=PATIENCE)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def check(server: Server, headers: dict[str, str], scan_id: str, data: bytes) -> httpx.Response:
    return httpx.post(
        f"{server.url}{CHECK.format(scan_id)}",
        headers=headers,
        files={"image": ("p.jpg", data)},
        data={"filename": "p.jpg"},
        timeout=PATIENCE,
    )


async def test_one_copyhound_asks_another(tmp_path: Path) -> None:
    """Through provider and surface come the same matches as through the other's native API, verified here once more."""
    with Website() as site, Server(tmp_path / "other") as other:
        copies = {"/full.jpg": resaved(3), "/cut.jpg": cropped(3), "/mirrored.jpg": mirrored(3), "/alien.jpg": photo(8)}
        with other.client() as client:
            for path, data in copies.items():
                fields = {"image_urls": site.put(path, data)}
                assert client.post(
                    "/collections/web/entries", files={"images": ("c.jpg", data)}, data=fields
                ).is_success
            native = client.post("/searches?wait=60", files={"images": ("mine.jpg", photo(3))}).json()
        account = {
            "base_url": other.url, "identity_url": other.url, "email": "you@example.com", "api_key": other.key,
        }  # fmt: skip
        async with home(tmp_path / "own", plugins={"copyleaks": account}) as asking:
            progress = await asking.search(photo(3), providers=("copyleaks",))
            (lookup,) = progress.images[0].lookups
            assert lookup.outcome == "answered", lookup.reason
            assert lookup.units_spent == 1
            found = await asking.matches(progress.search.list_id)
        other.stop()
    told = {(one["image_url"], one["verification"]["comparison"]["match_type"]) for one in native["matches"]}
    assert {path.rpartition("/")[2] for path, _ in told} == {"full.jpg", "cut.jpg", "mirrored.jpg"}
    mine = {
        (one.image_url, one.verification.comparison.match_type.value) for one in found if one.verification.comparison
    }
    assert mine == told


def test_a_check_survives_kill_9(tmp_path: Path) -> None:
    """Whenever the server dies, the same request afterwards has the answer, and one credit is gone."""
    # a search that was begun is taken over after the deadline of the request that began it
    with Server(tmp_path / "data", COPYHOUND_PLUGINS_COPYLEAKS__DEADLINE_SECONDS="8") as server:
        with server.client() as client:
            fields = {"image_urls": "https://blog.example.com/copy.jpg"}
            files = {"images": ("c.jpg", resaved(3))}
            assert client.post("/collections/web/entries", files=files, data=fields).is_success
        server.command("credits", "grant", "5", "--json")
        headers = token_of(server)
        for round_, seconds in enumerate((0.0, 0.3)):
            scan_id = f"killed-{round_}"
            number = 3 if round_ == 0 else 3 + round_ * 2
            kill_during(server, headers, scan_id, photo(number), seconds)
            server.start()
            answer = check(server, headers, scan_id, photo(number))
            assert answer.status_code == 200, answer.text
            assert answer.json()["matches"]["score"]["totalMatches"] == (1 if number == 3 else 0)
            assert left(server, headers) == 5 - (round_ + 1)
        server.stop()


def left(server: Server, headers: dict[str, str]) -> int:
    answer = httpx.get(f"{server.url}/v3/scans/credits", headers=headers, timeout=PATIENCE)
    return int(json.loads(answer.content)["Amount"])


def kill_during(server: Server, headers: dict[str, str], scan_id: str, data: bytes, seconds: float) -> None:
    """kill -9 so many seconds after the check's search began."""

    def send() -> None:
        with contextlib.suppress(httpx.TransportError):  # that is what is meant to happen
            check(server, headers, scan_id, data)

    with server.client() as client:
        before = len(client.get("/searches").json()["items"])
        sender = threading.Thread(target=send)
        sender.start()
        deadline = time.monotonic() + PATIENCE
        while len(client.get("/searches").json()["items"]) == before and time.monotonic() < deadline:
            time.sleep(0.01)
    time.sleep(seconds)
    server.kill()
    sender.join()
