"""Damaged pictures of every kind, through the pool: a result or an error with a stable code, and no worker lost."""

from __future__ import annotations

import io
import random
from collections.abc import AsyncIterator, Callable
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image

from copyhound.compute.pool import ComputePool
from copyhound.domain.errors import CopyhoundError

CASES = 30
REFUSALS = {
    "not_an_image", "image_truncated", "image_unsupported", "image_animated", "image_too_many_bytes",
    "image_too_many_pixels", "image_too_simple", "image_decode_failed",
}  # fmt: skip
KINDS: dict[str, tuple[str, str, dict[str, object]]] = {
    "JPEG": ("RGB", "JPEG", {}),
    "JPEG, progressive": ("RGB", "JPEG", {"progressive": True}),
    "JPEG, CMYK": ("CMYK", "JPEG", {}),
    "PNG": ("RGBA", "PNG", {}),
    "PNG, palette": ("P", "PNG", {"transparency": 3}),
    "PNG, 16 bits": ("I;16", "PNG", {}),
    "GIF": ("P", "GIF", {}),
    "WebP": ("RGB", "WEBP", {}),
    "WebP, lossless": ("RGBA", "WEBP", {"lossless": True}),
    "TIFF": ("RGB", "TIFF", {}),
    "TIFF, LZW": ("LA", "TIFF", {"compression": "tiff_lzw"}),
    "TIFF, JPEG": ("RGB", "TIFF", {"compression": "jpeg"}),
    "TIFF, fax": ("1", "TIFF", {"compression": "group4"}),
    "TIFF, floating": ("F", "TIFF", {}),
    "BMP": ("RGB", "BMP", {}),
    "BMP, palette": ("P", "BMP", {}),
    "AVIF": ("RGB", "AVIF", {}),
}


def picture(kind: str) -> bytes:
    """One of the package's photographs, small, as a file of that kind."""
    mode, name, options = KINDS[kind]
    folder = files("copyhound.demo").joinpath("pictures")
    names = sorted(one.name for one in folder.iterdir() if one.name.endswith(".jpg"))
    photo = Image.open(io.BytesIO(folder.joinpath(names[len(kind) % len(names)]).read_bytes())).convert("RGB")
    photo.thumbnail((160, 160))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    else:
        image = photo.quantize(64) if mode == "P" else photo.convert(mode)
    out = io.BytesIO()
    try:
        image.save(out, name, **options)
    except (KeyError, OSError):
        pytest.skip(f"this Pillow cannot write {name}")
    return out.getvalue()


def cut(rng: random.Random, data: bytearray) -> bytearray:
    """Ends early."""
    return data[: rng.randrange(len(data))]


def flip(rng: random.Random, data: bytearray) -> bytearray:
    """Has bits turned, anywhere."""
    for _ in range(rng.choice((1, 8, 60))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return data


def scribble(rng: random.Random, data: bytearray) -> bytearray:
    """Has other bytes in its header."""
    for _ in range(rng.choice((1, 3, 10))):
        data[rng.randrange(min(len(data), 200))] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
    return data


def lose(rng: random.Random, data: bytearray) -> bytearray:
    """Lacks a piece in its middle."""
    at = rng.randrange(len(data))
    del data[at : at + rng.choice((1, 2, 100, 2000))]
    return data


def repeat(rng: random.Random, data: bytearray) -> bytearray:
    """Has a piece of itself where another was."""
    length = min(len(data) // 3, rng.choice((4, 64, 3000)))
    source, target = (rng.randrange(len(data) - length) for _ in range(2))
    data[target : target + length] = data[source : source + length]
    return data


DAMAGES: tuple[Callable[[random.Random, bytearray], bytearray], ...] = (cut, flip, scribble, lose, repeat)


@pytest.fixture
async def pool() -> AsyncIterator[ComputePool]:
    """A pool of one worker."""
    made = ComputePool(workers=1, task_seconds=60)
    yield made
    await made.aclose()


async def ending(pool: ComputePool, data: bytes) -> str:
    """What a picture ends in."""
    try:
        prepared = await pool.run("prepare_entry", data)
    except CopyhoundError as error:
        return error.code
    assert prepared.fingerprint
    return "prepared"


@pytest.mark.parametrize("kind", list(KINDS))
async def test_damage_ends_in_a_picture_or_a_refusal(
    pool: ComputePool, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Cut, flipped, scribbled over: each is prepared or refused by a code of pictures, and one worker does them all."""
    whole, rng = picture(kind), random.Random(kind)
    await pool.run("ping")
    (worker,) = pool.worker_pids
    for number in range(CASES):
        damage = DAMAGES[number % len(DAMAGES)]
        data = bytes(damage(rng, bytearray(whole)))
        assert await ending(pool, data) in REFUSALS | {"prepared"}, (damage.__name__, number)
    assert pool.worker_pids == [worker]
    assert not caplog.records  # of exceptions that nobody had thought of
    assert await ending(pool, whole) in {"prepared", "image_unsupported", "image_too_simple"}
