"""Overlays: two pictures that lie upon each other, at an address that needs no key, shown by a real browser."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from numpy.typing import NDArray
from PIL import Image, ImageOps

from ..fixtures.photos import jpeg, opened, photo
from .tineye_kit import Counter, counter

pytestmark = pytest.mark.asyncio(loop_scope="module")
MINE = 13
Edit = Callable[[Image.Image], Image.Image]


def shifted(image: Image.Image) -> Image.Image:
    """Moved on a grey ground."""
    ground = Image.new("RGB", (image.width + 160, image.height + 90), (90, 90, 90))
    ground.paste(image, (130, 30))
    return ground


EDITS: dict[str, Edit] = {
    "whole": lambda image: image,
    "cropped": lambda image: image.crop((100, 60, image.width - 60, image.height - 90)),
    "mirrored": ImageOps.mirror,
    "shifted": shifted,
    "turned": lambda image: image.rotate(12, Image.Resampling.BICUBIC, expand=True, fillcolor=(90, 90, 90)),
    "halved": lambda image: image.resize((image.width // 2, image.height // 2)),
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    async with counter(tmp_path_factory.mktemp("tineye")) as opened_desk:
        for name, edit in EDITS.items():
            await opened_desk.home.index(f"https://{name}.example.com/1.jpg", jpeg(edit(opened(MINE)), 92))
        yield opened_desk


async def match_of(desk: Counter, name: str) -> dict[str, Any]:
    (match,) = await desk.matches(photo(MINE), domain=f"{name}.example.com")
    return match


def pixels(data: bytes) -> NDArray[np.float64]:
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == "JPEG"
        return np.asarray(image.convert("L"), dtype=float)


def alike(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """How well two pictures of one size go together: 1 where they are the same."""
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


@pytest.mark.parametrize("name", EDITS)
async def test_the_halves_are_match_and_query(desk: Counter, name: str) -> None:
    """An overlay is twice as wide as its match: the match is on the left, and the query laid onto it on the right."""
    match = await match_of(desk, name)
    answer = await desk.http.get(f"/rest/{match['overlay']}")
    pair = pixels(answer.content)
    width, height = match["width"], match["height"]
    assert pair.shape == (height, width * 2)
    left, right = pair[:, :width], pair[:, width:]
    copy = pixels(jpeg(EDITS[name](opened(MINE))))
    assert alike(left, copy) > 0.95
    seen = right[height // 4 : -height // 4, width // 4 : -width // 4]
    beside = left[height // 4 : -height // 4, width // 4 : -width // 4]
    assert alike(seen, beside) > 0.9
    moved = np.roll(beside, 12, axis=1)
    assert alike(seen, moved) < alike(seen, beside) - 0.05, "it would not lie there by chance"


async def test_the_grounds_tell_left_from_right(desk: Counter) -> None:
    """Where the match has a ground of its own, only the left half shows it: the right one is the query."""
    match = await match_of(desk, "shifted")
    pair = pixels((await desk.http.get(f"/rest/{match['overlay']}")).content)
    corner_left, corner_right = pair[:20, :60].mean(), pair[:20, match["width"] : match["width"] + 60].mean()
    assert abs(corner_left - 90) < 8
    assert abs(corner_right - 90) > 30


@pytest.mark.parametrize("name", EDITS)
async def test_the_matrix_takes_match_to_query(desk: Counter, name: str) -> None:
    """m11..m23 take a pixel of the match to where it lies in the query, less than 3 pixels off."""
    match = await match_of(desk, name)
    cells = dict(part.split("=") for part in match["overlay"].split("?")[1].split("&"))
    m = {key: float(value) for key, value in cells.items() if key.startswith("m")}
    expected: dict[str, Callable[[float, float], tuple[float, float]]] = {
        "whole": lambda x, y: (x, y),
        "cropped": lambda x, y: (x + 100, y + 60),
        "mirrored": lambda x, y: (opened(MINE).width - x, y),
        "shifted": lambda x, y: (x - 130, y - 30),
        "halved": lambda x, y: (x * 2, y * 2),
    }
    if name == "turned":
        assert (m["m11"] ** 2 + m["m12"] ** 2) ** 0.5 == pytest.approx(1, abs=0.01)
        assert abs(np.degrees(np.arctan2(m["m21"], m["m11"]))) == pytest.approx(12, abs=0.3)
        return
    for x, y in ((60, 60), (match["width"] - 60, match["height"] - 60)):
        there = (m["m11"] * x + m["m12"] * y + m["m13"], m["m21"] * x + m["m22"] * y + m["m23"])
        assert there == pytest.approx(expected[name](x, y), abs=3)


async def test_an_overlay_needs_no_key_and_may_be_kept(desk: Counter) -> None:
    """It is a JPEG that any page may show and any cache may keep; who has it is told so."""
    match = await match_of(desk, "cropped")
    answer = await desk.http.get(f"/rest/{match['overlay']}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "max-age" in answer.headers["cache-control"]
    kept = await desk.http.get(f"/rest/{match['overlay']}", headers={"if-none-match": answer.headers["etag"]})
    assert (kept.status_code, kept.content) == (304, b"")


async def test_image_url_is_our_own_copy(desk: Counter) -> None:
    """image_url gives what is kept of the found picture, without a key."""
    match = await match_of(desk, "cropped")
    answer = await desk.http.get(match["image_url"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.width / image.height == pytest.approx(match["width"] / match["height"], abs=0.01)


async def test_addresses_cannot_be_guessed_or_changed(desk: Counter) -> None:
    """Whatever is changed of an address, it opens nothing; an overlay's key does not open the copy."""
    one, other = await match_of(desk, "cropped"), await match_of(desk, "whole")
    path, key = one["overlay"].split("&k=")
    workspace, size, expires, signature = key.split(".")
    changed = [
        path,
        f"{path}&k=",
        f"{path}&k=...",
        f"{path}&k={workspace}.{size}.{expires}.x{signature[1:]}",
        f"{path}&k={workspace}.9x9.{expires}.{signature}",
        f"{path}&k={workspace}.{size}.{int(expires) + 1}.{signature}",
        f"{path}&k=ws_other.{size}.{expires}.{signature}",
        f"{other['overlay'].split('&k=')[0]}&k={key}",
        f"{one['image_url'].split('/rest/')[1].split('?k=')[0]}?k={key}",
    ]
    for address in changed:
        answer = await desk.http.get(f"/rest/{address}")
        assert (answer.status_code, answer.json()["code"]) == (404, 404), address


async def test_addresses_expire(tmp_path: Path) -> None:
    """After link_days an address opens nothing any more, and the same search of the same day has the same address."""
    async with counter(tmp_path, link_days=3) as desk:
        await desk.home.index("https://whole.example.com/1.jpg", photo(MINE))
        match = await match_of(desk, "whole")
        desk.home.clock.turn(days=3)
        assert (await desk.http.get(f"/rest/{match['overlay']}")).status_code == 200
        desk.home.clock.turn(days=1)
        for address in (f"/rest/{match['overlay']}", match["image_url"]):
            assert (await desk.http.get(address)).status_code == 404


async def test_large_matches_are_drawn_smaller(desk: Counter) -> None:
    """The overlay of a match longer than 2,000 pixels is drawn with halves of 2,000."""
    await desk.home.index("https://large.example.com/1.jpg", jpeg(opened(MINE).resize((2400, 1600))))
    try:
        match = await match_of(desk, "large")
    finally:
        await desk.home.services.collections.remove(desk.home.caller, "web", prefix="https://large.example.com/")
    assert pixels((await desk.http.get(f"/rest/{match['overlay']}")).content).shape == (1333, 4000)
