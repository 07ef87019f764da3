"""What a known set costs: MatchEngine's search and add at ten thousand pictures, against a real server.

    python -m tests.bench.matchengine [--size 10000] [--searches 200] [--data DIR] PICTURES

PICTURES is a folder of photographs (and of folders of them). What is missing up to `--size` is made up: features of
random real pictures, moved a little, at the places of another one, with the small copy of a third. Queries are the
pictures as people send them on, recompressed at 800 px, one half of them known. `--data` keeps the filled folder, to be
used again.

Prints one JSON object. Milliseconds by the clock are as a client sees them, one call after the other; those of CPU are
of the server with its processes, for one search. Where other work runs beside it, only the latter mean something.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import tempfile
import time
from collections.abc import Iterator
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import httpx
import numpy as np
import psutil
from msgspec.structs import replace
from PIL import Image, UnidentifiedImageError
from tests.bench.server import percentile
from tests.e2e.servers import Server

from copyhound.bootstrap import open_house
from copyhound.domain.collections import NewEntry
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import ALL_SCOPES
from copyhound.matching import FINGERPRINT_VERSION, Fingerprint, Prepared, entry_hash
from copyhound.matching.codebook import pack
from copyhound.matching.fingerprint import _HEAD, _ROWS
from copyhound.matching.words import signatures_of, words_of
from copyhound.services import Services
from copyhound.settings import load_settings

COLLECTION = "known"
MOVED = 0.25
SENT_SIDE = 800
POOLED = 1000
"""Pictures whose features the made-up ones draw from."""
_TOGETHER = 8
_ROW, _HASH = _ROWS[0], 32


def main() -> None:
    """Fill, serve, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--size", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--data", type=Path)
    args = parser.parse_args()
    paths = sorted(path for path in args.pictures.rglob("*") if path.suffix.lower() in {".jpg", ".jpeg", ".png"})
    with tempfile.TemporaryDirectory() as temporary:
        data = args.data or Path(temporary) / "data"
        known, held_out = paths[: -args.searches // 2], paths[-args.searches // 2 :]
        if not (data / "filled.json").exists():
            asyncio.run(fill(data, known, args.size))
        rng = np.random.default_rng(1)
        asked = [known[int(n)] for n in rng.integers(0, len(known), args.searches // 2)]
        with Server(data) as server:
            print(json.dumps(measure(server, [*map(sent, asked)], [*map(sent, held_out)], args.size), indent=1))


def sent(path: Path) -> bytes:
    """A picture as somebody sends it on."""
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((SENT_SIDE, SENT_SIDE))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=82)
    return out.getvalue()


async def fill(data: Path, paths: list[Path], size: int) -> None:
    """A data folder whose collection holds `size` entries: the pictures, then made-up ones."""
    async with open_house(load_settings({}, data=str(data)), work=False) as house:
        services = house.services
        await services.keys.bootstrap()
        async with services.kit.units.read() as uow:
            workspace = await uow.workspaces.first()
        assert workspace is not None
        real = await prepared(services, paths)
        collection = await services.collections.ensure(workspace.id, COLLECTION)
        filler = made_up([one for _, one in real], size - len(real))
        for number, (name, one) in enumerate(chain(real, filler)):
            new = await new_entry(services, workspace.id, name, one)
            async with services.kit.units() as uow:
                await uow.collections.put_entry(collection, new, services.kit.now())
            if number % 500 == 0:
                await services.candidates.catch_up()
        await services.candidates.catch_up()
        _, key = await services.keys.create(workspace.id, "bench", ALL_SCOPES)
    (data / "filled.json").write_text(json.dumps({"size": size, "key": key, "real": len(real)}))


async def prepared(services: Services, paths: list[Path]) -> list[tuple[str, Prepared]]:
    """(name, prepared entry) of those that can be indexed."""
    places = asyncio.Semaphore(_TOGETHER)

    async def one(path: Path) -> tuple[str, Prepared] | None:
        async with places:
            try:
                made: Prepared = await services.kit.compute.run(
                    "prepare_entry", path.read_bytes(), services.kit.limits.picture
                )
            except (CopyhoundError, UnidentifiedImageError):
                return None
            return path.name, made

    return [found for found in await asyncio.gather(*map(one, paths)) if found is not None]


def made_up(real: list[Prepared], many: int) -> Iterator[tuple[str, Prepared]]:
    """Pictures that have the features of many, a little moved, at the places of one; in common with none."""
    rng = np.random.default_rng(0)
    packed = [one.fingerprint for one in real]
    rows = [np.frombuffer(one, _ROW, offset=_HEAD.size + _HASH) for one in packed]
    drawn_from = rng.permutation(len(real))[:POOLED]
    vectors = np.concatenate([Fingerprint.from_bytes(packed[n]).vectors for n in drawn_from])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    moved = vectors + rng.normal(size=vectors.shape).astype(np.float32) * (MOVED * lengths / vectors.shape[1] ** 0.5)
    words = words_of(moved)
    signatures, codes = signatures_of(moved, words), pack(moved)
    for number in range(many):
        chosen = int(rng.integers(len(real)))
        like, made = real[chosen], rows[chosen].copy()
        features = rng.integers(0, len(words), len(made))
        made["word"], made["code"] = words[features], codes[features]
        made["signature"] = signatures[features] ^ (np.uint64(1) << rng.integers(0, 64, len(made)).astype(np.uint64))
        fingerprint = packed[chosen][: _HEAD.size] + rng.bytes(_HASH) + made.tobytes()
        copy = real[(chosen + 1) % len(real)].reduced
        yield f"made-up-{number}", Prepared(replace(like.facts, sha256=f"{number:064x}"), fingerprint, copy)


async def new_entry(services: Services, workspace_id: str, name: str, one: Prepared) -> NewEntry:
    """What is written of it."""
    facts = one.facts
    return NewEntry(
        image_url=name,
        width=facts.width,
        height=facts.height,
        format=facts.format,
        bytes=facts.bytes,
        sha256=facts.sha256,
        fingerprint=one.fingerprint,
        hash256=entry_hash(one.fingerprint),
        reduced_blob=await services.kit.blobs.put(workspace_id, one.reduced),
        pages=(),
        fingerprint_version=FINGERPRINT_VERSION,
    )


def measure(server: Server, known: list[bytes], unknown: list[bytes], size: int) -> dict[str, Any]:
    """All figures. What is asked first is asked once before, so that processes run and files are mapped."""
    key = json.loads((server.data / "filled.json").read_text())["key"]
    base = f"{server.url}/matchengine/{COLLECTION}/rest/"
    with httpx.Client(base_url=base, auth=("bench", key), timeout=120, trust_env=False) as client:
        for one in [*known, *unknown][:: max(1, len(known) // 20)]:
            search(client, one)
        figures: dict[str, Any] = {"entries": client.get("count/").json()["result"][0], "size": size}
        figures["load_average"] = round(os.getloadavg()[0], 1)
        for name, pictures in (("known", known), ("unknown", unknown)):
            figures[f"search_{name}"] = timed(server, lambda one: search(client, one), pictures)
        figures["found"] = sum(bool(search(client, one)) for one in known) / len(known)
        with httpx.Client(base_url=server.url, headers={"X-API-Key": key}, timeout=120, trust_env=False) as own:
            figures["native_search_known"] = timed(server, lambda one: native(own, one), known[:50])
        figures["ping"] = timed(server, lambda _: client.get("ping/"), known[:50])
        added = [1e3 * add_and_find(client, number, one) for number, one in enumerate(unknown[:20])]
        figures["add_and_find"] = {"p50": percentile(added, 0.5), "p95": percentile(added, 0.95)}
    return figures


def timed(server: Server, work: Any, pictures: list[bytes]) -> dict[str, float]:
    """Milliseconds: median and 95th percentile by the clock, CPU of one call."""
    before, clocks = cpu(server.pid), []
    for one in pictures:
        started = time.perf_counter()
        work(one)
        clocks.append(1e3 * (time.perf_counter() - started))
    spent = 1e3 * (cpu(server.pid) - before) / len(pictures)
    return {"p50": percentile(clocks, 0.5), "p95": percentile(clocks, 0.95), "cpu": round(spent, 1)}


def search(client: httpx.Client, picture: bytes) -> list[Any]:
    """The results of one search."""
    answer = client.post("search/", files={"image": ("query.jpg", picture)}).json()
    assert answer["status"] in {"ok", "fail"}, answer
    return list(answer["result"])


def native(client: httpx.Client, picture: bytes) -> None:
    """The same search through the native API, which also looks for mirrored copies."""
    answer = client.post(f"/api/v1/collections/{COLLECTION}/search", files={"image": picture})
    assert answer.status_code == HTTPStatus.OK, answer.text


def add_and_find(client: httpx.Client, number: int, picture: bytes) -> float:
    """Seconds from the begin of an add until a search has found it; it is removed again."""
    started, name = time.perf_counter(), f"added-{number}"
    added = client.post("add/", files={"image": ("x", picture)}, params={"filepath": name}).json()
    found = [one["filepath"] for one in search(client, picture)]
    seconds = time.perf_counter() - started
    assert added["status"] == "fail" or name in found
    client.get("delete/", params={"filepath": name})
    assert name not in [one["filepath"] for one in search(client, picture)]
    return seconds


def cpu(pid: int) -> float:
    """Seconds that a process and those below it have worked, those that have ended too."""
    root = psutil.Process(pid)
    times = [one.cpu_times() for one in (root, *root.children(recursive=True))]
    ended = [one.children_user + one.children_system for one in times]
    return float(sum(one.user + one.system for one in times) + sum(ended))


if __name__ == "__main__":
    main()
