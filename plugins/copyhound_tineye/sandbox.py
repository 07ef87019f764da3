"""What users of the public sandbox key get: the same three matches of the same picture, whatever they send."""

from __future__ import annotations

import hashlib
import io
from functools import cache
from importlib.resources import files
from typing import Final, NamedTuple

from PIL import Image

from copyhound_tineye.results import hash_of
from copyhound_tineye.wire import Backlink, Bundle, TinEyeMatch

REMAINING: Final = 5000
COUNT: Final = 3
BUNDLES: Final = [Bundle(REMAINING, "2000-01-01 00:00:00 UTC", "2099-12-31 23:59:59 UTC")]
_QUALITY: Final = 85


class _Copy(NamedTuple):
    """A copy of the picture: what was cut out of it, and what that was scaled to."""

    box: tuple[int, int, int, int]
    size: tuple[int, int]
    score: float
    """As our own engine has it."""
    query_share: float
    crawl_date: str


_COPIES: Final = {
    "sandbox-whole": _Copy((0, 0, 400, 533), (400, 533), 100.0, 100.0, "2026-03-18"),
    "sandbox-small": _Copy((0, 0, 400, 533), (100, 133), 87.8, 99.9, "2025-11-02"),
    "sandbox-crop": _Copy((120, 106, 320, 373), (200, 267), 55.0, 25.1, "2024-07-21"),
}


def matches(base_url: str) -> list[TinEyeMatch]:
    """The fixed matches; `base_url` is the surface's, with a slash at its end."""
    return [_match(token, copy, base_url) for token, copy in _COPIES.items()]


def picture(token: str) -> bytes | None:
    """The JPEG of one of them; None for another name."""
    return _drawn(token)[0] if token in _COPIES else None


def overlay(token: str) -> bytes | None:
    """The same beside the part of the search image that it shows."""
    return _drawn(token)[1] if token in _COPIES else None


def _match(token: str, copy: _Copy, base_url: str) -> TinEyeMatch:
    made, _ = _drawn(token)
    width, height = copy.size
    across, down = (copy.box[2] - copy.box[0]) / width, (copy.box[3] - copy.box[1]) / height
    query_hash = hash_of(hashlib.sha256(_original()).hexdigest())
    cells = f"m21=0&m22={down:.6g}&m23={copy.box[1]}&m11={across:.6g}&m13={copy.box[0]}&m12=0"
    url = f"https://pictures.example.com/{token}.jpg"
    return TinEyeMatch(
        image_url=f"{base_url}result/{token}",
        domain="pictures.example.com",
        top_level_domain="example.com",
        score=copy.score,
        query_match_percent=copy.query_share,
        width=width,
        height=height,
        size=width * height,
        filesize=len(made),
        format="JPEG",
        query_hash=query_hash,
        overlay=f"overlay/{query_hash}/{token}?{cells}",
        backlinks=[Backlink(url, f"https://pictures.example.com/{token}.html", copy.crawl_date)],
    )


@cache
def _original() -> bytes:
    return files("copyhound_tineye").joinpath("data", "sandbox.jpg").read_bytes()


@cache
def _drawn(token: str) -> tuple[bytes, bytes]:
    copy = _COPIES[token]
    with Image.open(io.BytesIO(_original())) as image:
        match = image.convert("RGB").crop(copy.box).resize(copy.size, Image.Resampling.LANCZOS)
    pair = Image.new("RGB", (match.width * 2, match.height))
    for number in range(2):
        pair.paste(match, (number * match.width, 0))
    return _jpeg(match), _jpeg(pair)


def _jpeg(image: Image.Image) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()
