"""Matches: read, filtered, looked at, decided."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from .conftest import World, found

HIT = {
    "status=online",
    "decision=open",
    "domain=example.com",
    "host=shop.example.com",
    "provider=own",
    "match_type=full",
    "min_confidence=50",
    "min_score=1",
    "found_after=2020-01-01T00:00:00Z",
    "found_after=2020-01-01T00:00:00",
    "found_before=2100-01-01T00:00:00%2B02:00",
    "include_small=true",
    "sort=-score",
}
MISSED = {
    "status=removed",
    "decision=allowed",
    "domain=shop.example.com",
    "host=example.com",
    "provider=nobody",
    "match_type=partial",
    "min_confidence=100",
    "found_after=2100-01-01T00:00:00Z",
    "found_before=2020-01-01T00:00:00Z",
    "image_id=image_x",
    "search_id=search_x",
}
REFUSED = {
    "status=gone",
    "decision=maybe",
    "match_type=near",
    "min_confidence=101",
    "min_score=-1",
    "found_after=yesterday",
    "sort=price",
    "include_small=perhaps",
}


@pytest.fixture
async def match(world: World, picture: bytes) -> dict[str, Any]:
    """A found copy, as a search answered it."""
    only: dict[str, Any] = (await found(world, picture))["matches"][0]
    return only


async def test_filters_let_through_what_fits(world: World, match: dict[str, Any]) -> None:
    """Each filter finds the match when it fits, misses it when not, and is refused when it means nothing."""
    for query in sorted(HIT | {f"image_id={match['image_id']}"}):
        listed = await world.call("GET", f"/lists/{match['list_id']}/matches?{query}")
        assert [one["id"] for one in listed.json()["items"]] == [match["id"]], query
    for query in sorted(
        MISSED - ({"min_confidence=100"} if match["verification"]["comparison"]["confidence"] == 100 else set())
    ):
        assert (await world.call("GET", f"/matches?{query}")).json()["items"] == [], query
    for query in sorted(REFUSED):
        assert (await world.call("GET", f"/matches?{query}")).status_code == 400, query


async def test_matches_of_an_unknown_list_are_not_found(world: World) -> None:
    """An empty page never hides that there is no such list."""
    assert (await world.call("GET", "/lists/list_x/matches")).status_code == 404


async def test_a_match_is_the_same_everywhere(world: World, match: dict[str, Any]) -> None:
    """A search's answer, the list's page and the match itself show the same."""
    assert (await world.call("GET", f"/matches/{match['id']}")).json() == match
    assert not {"fingerprint", "reduced_blob", "entry_id", "workspace_id"} & set(match)


async def test_a_decision_sticks(world: World, match: dict[str, Any]) -> None:
    """What a person says is kept, with its note; what is left out of a change stays."""
    path = f"/matches/{match['id']}"
    first = (await world.call("PATCH", path, json={"decision": "infringing", "note": "Wrote to them"})).json()
    assert (first["decision"], first["note"]) == ("infringing", "Wrote to them")
    assert first["decided_at"] is not None
    second = (await world.call("PATCH", path, json={"decision": "allowed"})).json()
    assert (second["decision"], second["note"]) == ("allowed", "Wrote to them")
    third = (await world.call("PATCH", path, json={"note": None})).json()
    assert (third["decision"], third["note"]) == ("allowed", None)


async def test_bad_decisions_change_nothing(world: World, match: dict[str, Any]) -> None:
    """A decision that means nothing is refused, and the match stays as it was."""
    bad: list[Any] = [{"decision": "perhaps"}, {"score": 1}, {"note": "x" * 2001}, []]
    for body in bad:
        assert (await world.call("PATCH", f"/matches/{match['id']}", json=body)).status_code == 400, body
    assert (await world.call("GET", f"/matches/{match['id']}")).json() == match


async def test_an_overlay_is_a_picture(world: World, match: dict[str, Any]) -> None:
    """Both views are JPEGs that a browser may keep; they differ."""
    seen = set()
    for view in ("pair", "difference"):
        path = f"/matches/{match['id']}/overlay?view={view}"
        answer = await world.call("GET", path)
        assert answer.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(answer.content)).format == "JPEG"
        again = await world.call("GET", path, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        seen.add(answer.headers["etag"])
    assert len(seen) == 2


async def test_unknown_views_are_refused(world: World, match: dict[str, Any]) -> None:
    """A view that does not exist is a 400 that names it."""
    answer = await world.call("GET", f"/matches/{match['id']}/overlay?view=side")
    assert answer.json()["errors"][0]["field"] == "view"


async def test_a_thumbnail_is_small(world: World, match: dict[str, Any]) -> None:
    """The thumbnail is a small JPEG of the copy, at the address that the match names."""
    path = match["thumbnail_url"].removeprefix("http://copyhound.test/api/v1")
    answer = await world.call("GET", path)
    assert max(Image.open(io.BytesIO(answer.content)).size) <= 512


async def test_a_mail_may_show_what_is_linked(world: World, match: dict[str, Any]) -> None:
    """What a signed link opens may be shown by a page of another site, such as a webmail; with a key it may not."""
    for link in (match["overlay_url"], match["overlay_url"].replace("/overlay?", "/thumbnail?")):
        answer = await world.client.get(link)
        assert answer.status_code == 200
        assert "signature=" in link
        assert answer.headers.get_list("cross-origin-resource-policy") == ["cross-origin"]
        again = await world.client.get(link, headers={"If-None-Match": answer.headers["etag"]})
        assert (again.status_code, again.headers["cross-origin-resource-policy"]) == (304, "cross-origin")
    answer = await world.call("GET", f"/matches/{match['id']}/overlay")
    assert answer.headers["cross-origin-resource-policy"] == "same-site"


async def test_history_begins_with_the_find(world: World, match: dict[str, Any]) -> None:
    """The history of a match holds its first line, with its time."""
    lines = (await world.call("GET", f"/matches/{match['id']}/history")).json()["items"]
    assert len(lines) >= 1
    assert set(lines[0]) == {"at", "result", "detail"}
