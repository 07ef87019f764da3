"""What a vendor's door costs beside our own: the same searches through the native API and each surface, in turn.

    python -m tests.bench.surfaces [--entries 200] [--searches 40] PICTURES

PICTURES is a folder of photographs; so many of them are indexed as there are `--entries`, and asked for again,
recompressed. Prints one JSON object: for each door the milliseconds of half and of 95 in 100 searches, as a client
sees them, one after the other on one connection, and how many matches were told. A surface is added by a line in
`DOORS`. Where other work runs beside it, only the ratios mean something.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from PIL import Image
from tests.bench.server import index, percentile
from tests.e2e.servers import Server

Ask = Callable[[httpx.Client, bytes], int]
"""Searches for a picture, and answers how many matches were told. The client has the server's address and key."""


def native(client: httpx.Client, picture: bytes) -> int:
    """POST /api/v1/searches."""
    answer = client.post("/api/v1/searches?wait=60", files={"images": ("mine.jpg", picture)}).raise_for_status()
    return len(answer.json()["matches"])


def tineye(client: httpx.Client, picture: bytes) -> int:
    """POST /rest/search/."""
    answer = client.post("/rest/search/", files={"image_upload": ("mine.jpg", picture)}).raise_for_status()
    return len(answer.json()["results"]["matches"])


def matchengine(client: httpx.Client, picture: bytes) -> int:
    """POST /matchengine/web/rest/search/."""
    key = client.headers["x-api-key"]
    asked = client.post("/matchengine/web/rest/search/", auth=("bench", key), files={"image": ("mine.jpg", picture)})
    return len(asked.raise_for_status().json()["result"])


def copyleaks(client: httpx.Client, picture: bytes) -> int:
    """POST /v1/image-plagiarism-detector/{scan}/check, with a token of the key."""
    answer = client.post(
        f"/v1/image-plagiarism-detector/{uuid.uuid4().hex}/check",
        files={"image": ("mine.jpg", picture, "image/jpeg")},
        data={"filename": "mine.jpg"},
        headers={"Authorization": f"Bearer {token_of(client)}"},
    ).raise_for_status()
    return len(answer.json()["matches"]["internet"])


@cache
def token_of(client: httpx.Client) -> str:
    """Copyleaks's token of the client's key."""
    asked = {"email": "bench@example.com", "key": client.headers["x-api-key"]}
    return str(client.post("/v3/account/login/api", json=asked).raise_for_status().json()["access_token"])


def infringement_report(client: httpx.Client, picture: bytes) -> int:
    """PUT /3.0/list/0/trial_file/..., GET /3.0/list/{id} until it has ended, GET /3.0/list/{id}/query."""
    made = client.put("/3.0/list/0/trial_file/mine.jpg", content=picture).raise_for_status().json()
    path = f"/3.0/list/{made['list_id']}"
    while client.get(path).raise_for_status().json()["result"]["search_in_progress"]:
        time.sleep(_ASKED_EVERY)
    return len(client.get(f"{path}/query").raise_for_status().json()["result"]["query_result"]["docs"])


DOORS: dict[str, Ask] = {
    "native": native,
    "tineye": tineye,
    "matchengine": matchengine,
    "copyleaks": copyleaks,
    "infringement_report": infringement_report,
}
_ASKED_EVERY = 0.02


def main() -> None:
    """Fill, serve, ask through each door in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--searches", type=int, default=40)
    args = parser.parse_args()
    pictures = sorted(args.pictures.rglob("*.jpg"))[: args.entries]
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder) / "data") as server:
        with server.client() as client:
            index(client, pictures)
        print(json.dumps(measured(server, [sent(path) for path in pictures[: args.searches]]), indent=1))


def measured(server: Server, pictures: list[bytes]) -> dict[str, Any]:
    """Door -> its figures."""
    seconds: dict[str, list[float]] = {name: [] for name in DOORS}
    told = dict.fromkeys(DOORS, 0)
    headers = {"x-api-key": server.key}
    with httpx.Client(base_url=server.url, headers=headers, timeout=120, trust_env=False) as client:
        for ask in DOORS.values():
            ask(client, pictures[0])  # the first of each warms up what it needs
        for picture in pictures:
            for name, ask in DOORS.items():
                began = time.perf_counter()
                told[name] += ask(client, picture)
                seconds[name].append(time.perf_counter() - began)
    return {
        name: {
            "p50_ms": round(percentile(taken, 0.5) * 1000, 1),
            "p95_ms": round(percentile(taken, 0.95) * 1000, 1),
            "matches": told[name],
        }
        for name, taken in seconds.items()
    }


def sent(path: Path) -> bytes:
    """A picture as somebody sends it on."""
    out = io.BytesIO()
    Image.open(path).convert("RGB").save(out, "JPEG", quality=70)
    return out.getvalue()


if __name__ == "__main__":
    main()
