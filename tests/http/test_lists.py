"""Lists, their images and exports."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec
import pytest

from .conftest import World, found


async def make(world: World, **fields: Any) -> dict[str, Any]:
    answer = await world.call("POST", "/lists", json={"label": "Lake", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_list_lives_and_dies(world: World) -> None:
    """A list can be made, read, changed and deleted; then it is gone."""
    made = await make(world)
    assert (await world.call("GET", f"/lists/{made['id']}")).json() == made
    changed = (await world.call("PATCH", f"/lists/{made['id']}", json={"label": "Sea"})).json()
    assert changed == {**made, "label": "Sea"}
    assert (await world.call("DELETE", f"/lists/{made['id']}")).status_code == 204
    assert (await world.call("GET", f"/lists/{made['id']}")).status_code == 404


async def test_a_monitored_list_knows_when_it_is_due(world: World) -> None:
    """Monitored without a schedule means daily; turned off, it is due no more."""
    made = await make(world, monitored=True)
    assert made["schedule"]["days"] == 1
    assert made["next_run_at"] is not None
    off = (await world.call("PATCH", f"/lists/{made['id']}", json={"monitored": False})).json()
    assert off["next_run_at"] is None


@pytest.mark.parametrize(
    "schedule",
    [{}, {"days": 1, "cron": "0 3 * * *"}, {"days": 0}, {"cron": "nonsense"}, {"days": 1, "timezone": "Mars/Base"}],
)
async def test_bad_schedules_are_refused(world: World, schedule: dict[str, Any]) -> None:
    """A schedule that means nothing is refused, and no list is made."""
    body = {"label": "x", "monitored": True, "schedule": schedule}
    answer = await world.call("POST", "/lists", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
    assert (await world.call("GET", "/lists")).json()["items"] == []


async def test_lists_are_found_by_label_and_paged(world: World) -> None:
    """`label` finds by a part of it; pages go newest first."""
    ids = [(await make(world, label=f"Lake {n}"))["id"] for n in range(3)]
    await make(world, label="Sea")
    first = (await world.call("GET", "/lists?label=lake&limit=2")).json()
    rest = (await world.call("GET", f"/lists?label=lake&limit=2&cursor={first['cursor']}")).json()
    assert [one["id"] for one in first["items"] + rest["items"]] == ids[::-1]


async def test_images_are_added_listed_and_deleted(world: World, picture: bytes) -> None:
    """Images can be put into a list without a search, read, and taken out one by one."""
    path = f"/lists/{(await make(world))['id']}/images"
    added = (await world.call("POST", path, files={"images": ("lake.jpg", picture)})).json()["items"]
    assert (added[0]["name"], added[0]["state"]) == ("lake.jpg", "waiting")
    assert (
        await world.call("POST", path, json={"images": [{"url": "https://a.example.com/b.jpg"}]})
    ).status_code == 201
    listed = (await world.call("GET", path)).json()["items"]
    assert [(one["name"], one["state"]) for one in listed] == [("lake.jpg", "waiting"), ("b.jpg", "waiting")]
    assert (await world.call("DELETE", f"{path}/{added[0]['id']}")).status_code == 204
    assert [one["name"] for one in (await world.call("GET", path)).json()["items"]] == ["b.jpg"]


async def test_a_searched_image_tells_its_facts(world: World, picture: bytes) -> None:
    """Once it was decoded, an image is ready, and has a format and a size."""
    result = await found(world, picture)
    image = (await world.call("GET", f"/lists/{result['list_id']}/images")).json()["items"][0]
    assert (image["state"], image["format"], image["bytes"]) == ("ready", "JPEG", len(picture))
    assert image["error"] is None


async def test_images_tell_nothing_of_how_they_are_kept(world: World, picture: bytes) -> None:
    """Neither fingerprints nor the keys of stored bytes leave the house."""
    made = await make(world)
    answer = await world.call("POST", f"/lists/{made['id']}/images", files={"images": picture})
    assert not {"fingerprint", "original_blob", "reduced_blob", "workspace_id"} & set(answer.json()["items"][0])


async def test_export_streams_every_format(world: World, picture: bytes) -> None:
    """The same matches come as CSV, JSON and JSON Lines, as a file that browsers do not guess at."""
    list_id = (await found(world, picture))["list_id"]
    answers = {
        kind: await world.call("GET", f"/lists/{list_id}/export?format={kind}") for kind in ("csv", "json", "jsonl")
    }
    rows = list(csv.DictReader(io.StringIO(answers["csv"].text.lstrip("\ufeff"))))
    assert [row["image_url"] for row in rows] == ["https://shop.example.com/copy.jpg"]
    assert [row["image_url"] for row in answers["json"].json()] == [rows[0]["image_url"]]
    assert msgspec.json.decode(answers["jsonl"].content)["image_url"] == rows[0]["image_url"]
    for answer in answers.values():
        assert answer.headers["content-disposition"].startswith("attachment; filename=")
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_export_of_an_unknown_format_is_refused(world: World) -> None:
    """Only the three formats exist; a list that is not there is a 404 before anything is streamed."""
    made = await make(world)
    assert (await world.call("GET", f"/lists/{made['id']}/export?format=xls")).status_code == 400
    assert (await world.call("GET", "/lists/list_x/export")).status_code == 404


async def test_deleting_a_list_deletes_its_matches(world: World, picture: bytes) -> None:
    """With its list, a match is gone."""
    result = await found(world, picture)
    await world.call("DELETE", f"/lists/{result['list_id']}")
    assert (await world.call("GET", f"/matches/{result['matches'][0]['id']}")).status_code == 404
    assert (await world.call("GET", "/matches")).json()["items"] == []
