"""MatchEngine's overlays, which need no key, and the networks that need no password."""

from __future__ import annotations

import io
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from PIL import Image

from copyhound.cli.app import make_app

from ..fixtures.houses import home
from ..fixtures.photos import photo, resaved
from .matchengine_kit import Engine, engine

pytestmark = pytest.mark.asyncio(loop_scope="module")


def halves(jpeg: bytes) -> tuple[Image.Image, Image.Image]:
    """Left and right half of an overlay."""
    picture = Image.open(io.BytesIO(jpeg)).convert("RGB")
    middle = picture.width // 2
    return picture.crop((0, 0, middle, picture.height)), picture.crop((middle, 0, picture.width, picture.height))


def unlike(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures, 0 to 255."""
    first, second = (picture.convert("L").resize((32, 32)).tobytes() for picture in (one, other))
    return sum(abs(a - b) for a, b in zip(first, second, strict=True)) / 1024


async def test_an_overlay_shows_both_pictures_without_a_key(shop: Engine) -> None:
    """With generate_overlay each result has an address below /rest/ that shows target and query, one upon the other."""
    await shop.add(known=photo(0))
    assert "overlay" not in (await shop.search(resaved(0)))[0]
    found = await shop.search(resaved(0), generate_overlay="true")
    compared = await shop.call(
        "compare/?generate_overlay=true", files={"image1": ("a", resaved(0)), "image2": ("b", photo(0))}
    )
    own = await shop.call("search?filepath=known&generate_overlay=1")
    for address in (found[0]["overlay"], compared["result"][0]["overlay"], own["result"][0]["overlay"]):
        assert address.startswith("overlay/?query=")
        shown = await shop.send("GET", address, key=None)
        assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
        assert unlike(*halves(shown.content)) < 6
        assert unlike(halves(shown.content)[0], Image.open(io.BytesIO(photo(0)))) < 6
    difference = await shop.send("GET", found[0]["overlay"] + "&view=difference", key=None)
    assert difference.headers["content-type"] == "image/jpeg"
    assert difference.content != shown.content


async def test_an_overlays_address_cannot_be_made_up(shop: Engine) -> None:
    """A changed address, another collection's, and no signature at all are 404; so is a deleted picture."""
    await shop.add(known=photo(0))
    address = (await shop.search(photo(0), generate_overlay="true"))[0]["overlay"]
    fields = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    for name in fields:
        changed = {**fields, name: "1" if fields[name] != "1" else "2"}
        assert (await shop.send("GET", "overlay/", key=None, params=changed)).status_code == 404
    assert (await shop.send("GET", "overlay/", key=None, params={**fields, "more": "1"})).status_code == 404
    assert (await shop.fresh().send("GET", address, key=None)).status_code == 404
    assert (await shop.send("GET", "overlay/", key=None)).status_code == 404
    assert (await shop.send("GET", address, key=None)).status_code == 200
    await shop.call("delete?filepath=known")
    assert (await shop.send("GET", address, key=None)).status_code == 404


async def test_an_overlay_names_no_folder_of_the_client(shop: Engine) -> None:
    """Of a path that a client sent as a file's name, the address of the overlay tells the last part."""
    await shop.add(known=photo(0))
    sent = await shop.call("search?generate_overlay=1", files={"image": ("/srv/mine/secret/q.jpg", photo(0))})
    assert "query=q.jpg&" in sent["result"][0]["overlay"]
    assert "secret" not in sent["result"][0]["overlay"]


async def test_an_overlay_ends_and_what_was_kept_for_it_is_forgotten(shop: Engine) -> None:
    """After an hour the address is 404, and the next overlay drops the picture that was kept."""
    await shop.add(known=photo(0))
    address = (await shop.search(photo(0), generate_overlay="true"))[0]["overlay"]
    shop.home.clock.turn(minutes=61)
    assert (await shop.send("GET", address, key=None)).status_code == 404
    before = await kept(shop)
    await shop.search(photo(0), generate_overlay="true")
    assert before
    assert not before & await kept(shop)


async def kept(shop: Engine) -> set[str]:
    """What is kept of searches, by key."""
    async with shop.home.services.kit.units.read() as uow:
        return set(await uow.state.scan(shop.home.caller.workspace_id, "surface:matchengine:overlays"))


async def test_addresses_of_trust_need_no_password(tmp_path: Path) -> None:
    """Calls from a network of the settings count as made with its key; all others need theirs still."""
    async with engine(tmp_path) as first:
        key = first.keys["read"]
    networks = [{"addresses": "10.20.0.0/16", "key": key}, {"addresses": "fd00::/8", "key": "ch_wrong"}]
    async with home(tmp_path, plugins={"matchengine": {"networks": networks}}) as opened:
        trusted = Engine(opened, make_app(opened.house), {}, "shop")
        for address, status in (("10.20.3.4", 200), ("::ffff:10.20.3.4", 200), ("10.21.3.4", 401), ("fd00::1", 401)):
            async with trusted.client(None, address) as client:
                assert (await client.get("ping")).status_code == status
        async with trusted.client(None, "a-socket") as client:
            assert (await client.get("ping")).status_code == 401
        async with trusted.client(None, "10.20.3.4") as client:
            assert (await client.get("delete?filepath=x")).status_code == 403


async def test_a_network_that_is_none_stops_the_surface_alone(tmp_path: Path) -> None:
    """A mistake in the settings is told in the plugin's state, and no surface stands open."""
    networks = [{"addresses": "10.20.0.0/33", "key": "x"}]
    async with home(tmp_path, plugins={"matchengine": {"networks": networks}}) as opened:
        assert "matchengine" not in opened.house.catalogue.surfaces
        state = next(one for one in opened.house.catalogue.plugins if one.name == "copyhound_matchengine")
        assert (state.status, "10.20.0.0/33" in (state.reason or "")) == ("failed", True)
