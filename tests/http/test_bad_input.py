"""Whatever a client sends, what is wrong with it is told: bad input is never an error of ours."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import World
from .test_problems import assert_problem

BOUNDARY = "frontier"
TOO_EARLY, TOO_LATE = "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"
BAD_URLS = ["http://[::1", "http://[", "http://]/", "http://[1:2]:x/", "http://[1:2]/", "http://[::1]:x/a.jpg"]


def part(name: str, body: bytes, more: str = "") -> bytes:
    """One field of a form."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n{more}\r\n'
    return head.encode() + body + b"\r\n"


async def sent_form(world: World, *parts: bytes) -> Any:
    """The answer to a search by such a form."""
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    content = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return await world.call("POST", "/searches", content=content, headers=headers)


async def sent_json(world: World, path: str, raw: str | bytes) -> Any:
    """The answer to a body of these very bytes."""
    return await world.call("POST", path, content=raw, headers={"Content-Type": "application/json"})


@pytest.mark.parametrize("url", BAD_URLS)
async def test_addresses_that_cannot_be_read_are_refused(world: World, url: str) -> None:
    """A web address that no one can take apart is `url_invalid`, in a search and in the action that starts one."""
    for named in ({"url": url}, {"url": url, "name": "mine"}):
        for path in ("/searches", "/actions/start_search"):
            assert_problem(await world.call("POST", path, json={"images": [named]}), 422, "url_invalid")


@pytest.mark.parametrize(
    "raw", ["[" * 100_000, '{"images":' + "[" * 2000 + "]" * 2000 + "}", '{"images":' + "[" * 9999]
)
async def test_deep_bodies_are_refused(world: World, raw: str) -> None:
    """A body nested without end is refused like any other of the wrong shape."""
    assert_problem(await sent_json(world, "/searches", raw), 400, "invalid_request")


@pytest.mark.parametrize("raw", ['{"x":' + "[" * 2000 + "]" * 2000 + "}", '{"label":"a","x":' + "[" * 2000])
async def test_deep_unknown_fields_are_refused(world: World, raw: str) -> None:
    """Also where the depth is in a field that nobody asked for."""
    answer = await sent_json(world, "/lists", raw)
    assert_problem(answer, 400, answer.json()["code"])
    assert answer.json()["code"] in {"invalid_request", "malformed_json"}


@pytest.mark.parametrize("number", ["1e999999", "-1e999999", "9" * 5000])
async def test_numbers_beyond_all_bounds_are_refused(world: World, number: str) -> None:
    """A number that no number type holds is refused, whatever is expected in its place."""
    for field in ("label", "min_confidence", "nothing"):
        assert_problem(await sent_json(world, "/lists", f'{{"{field}":{number}}}'), 400, "invalid_request")


@pytest.mark.parametrize("text", [r"\ud800", r"a\ud83dx", r"\ud800\u0041", r"\udc00"])
async def test_half_a_surrogate_pair_is_named(world: World, text: str) -> None:
    """A text that is half a character is malformed, and the detail says so."""
    told = assert_problem(await sent_json(world, "/lists", f'{{"label":"{text}"}}'), 400, "malformed_json")
    assert "surrogate" in told["detail"]


@pytest.mark.parametrize(
    "field",
    [
        part("list_label", b"caf\xe9"),
        part("list_label", b"plain", "Content-Type: text/plain; charset=nope\r\n"),
        part("list_label", b"plain", "Content-Type: text/plain; charset=rot13\r\n"),
        part("list_label", rb"\ud800", "Content-Type: text/plain; charset=unicode_escape\r\n"),
        part("list_label", b"\xff", "Content-Type: text/plain; charset=idna\r\n"),
    ],
)
async def test_forms_whose_texts_are_none_are_refused(world: World, field: bytes, picture: bytes) -> None:
    """A text field that is not UTF-8, or in a charset that nobody knows, is a fault of the request."""
    image = part("images", picture, "").replace(b'name="images"', b'name="images"; filename="a.jpg"')
    told = assert_problem(await sent_form(world, field, image), 400, "invalid_request")
    assert "UTF-8" in told["detail"]


@pytest.mark.parametrize("at", [TOO_EARLY, TOO_LATE])
async def test_times_outside_of_utc_are_refused(world: World, at: str) -> None:
    """A time that falls outside of the years 1 to 9999 in UTC is refused where it is given, by its field's name."""
    for field in ("found_after", "found_before"):
        told = assert_problem(await world.call("GET", "/matches", params={field: at}), 400, "invalid_request")
        assert told["errors"][0]["field"] == field
    made = await world.call("POST", "/lists", json={"label": "mine"})
    for path, body, field in (
        ("/keys", {"name": "k", "expires_at": at}, "expires_at"),
        ("/actions/export_matches", {"list_id": made.json()["id"], "found_after": at}, "found_after"),
    ):
        told = assert_problem(await world.call("POST", path, json=body), 400, "invalid_request")
        assert told["errors"][0]["field"] == field


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T14:00:00+14:00"])
async def test_the_first_and_the_last_time_will_do(world: World, at: str) -> None:
    """The ends of the calendar themselves are times like any other."""
    for field in ("found_after", "found_before"):
        assert (await world.call("GET", "/matches", params={field: at})).status_code == 200
    assert (await world.call("POST", "/keys", json={"name": "k", "expires_at": at})).status_code == 201


@pytest.mark.parametrize(
    "schedule",
    [
        {"days": 1, "at": "03:00\n"},
        {"days": 1, "at": "0٣:00"},
        {"days": 1, "timezone": "localtime"},
        {"cron": "0 0 31 2 *"},
        {"cron": "*/1000 * * * *"},
        {"cron": "٣ * * * *"},
    ],
)
async def test_schedules_that_make_no_sense_are_refused(world: World, schedule: dict[str, Any]) -> None:
    """A time of day in other digits or with a line break, the server's own zone, and lines that never fire."""
    body = {"label": "mine", "monitored": True, "schedule": schedule}
    assert_problem(await world.call("POST", "/lists", json=body), 400, "invalid_request")


async def test_a_whole_number_may_have_a_point(world: World) -> None:
    """8.0 is an integer to JSON Schema, and to us; 8.5 is none, and is told."""
    hook = {"target_url": "https://hooks.example.com/", "triggers": ["match_found"]}
    made = await world.call("POST", "/hooks", json={**hook, "max_per_minute": 8.0})
    assert (made.status_code, made.json()["max_per_minute"]) == (201, 8)
    told = assert_problem(
        await world.call("POST", "/hooks", json={**hook, "max_per_minute": 8.5}), 400, "invalid_request"
    )
    assert [one["field"] for one in told["errors"]] == ["max_per_minute"]


async def test_a_number_is_no_time(world: World) -> None:
    """A time in a query is ISO 8601: seconds since 1970 are refused, by the field's name."""
    for path, field in (("/matches", "found_before"), ("/triggers/match_found/events", "since")):
        told = assert_problem(await world.call("GET", path, params={field: "0.5"}), 400, "invalid_request")
        assert [one["field"] for one in told["errors"]] == [field]


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/lists", "GET, OPTIONS, POST"), ("/hooks/x", "DELETE, GET, OPTIONS, PATCH"), ("/hooks/x/test", "OPTIONS, POST")],
)
async def test_an_address_tells_its_methods(world: World, path: str, methods: str) -> None:
    """OPTIONS answers 204 with all methods of the address, of whatever handlers."""
    answer = await world.call("OPTIONS", path)
    assert (answer.status_code, answer.headers["allow"]) == (204, methods)
