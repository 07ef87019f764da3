"""Notifications over the API."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from .conftest import World, found

TARGET = {"url": "https://hooks.example.com/in", "token": "very secret"}


async def made(world: World, **fields: Any) -> dict[str, Any]:
    answer = await world.call("POST", "/notifications", json={"notifier": "post", "target": TARGET, **fields})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_one_is_made_with_little(world: World) -> None:
    """Notifier and target are enough: daily at 08:00, all lists, a page. Secrets are not told."""
    answer = await world.call("POST", "/notifications", json={"notifier": "post", "target": TARGET})
    body = answer.json()
    assert (answer.status_code, answer.headers["location"].endswith(f"/notifications/{body['id']}")) == (201, True)
    assert body["target"] == {"url": TARGET["url"], "token": "***"}
    assert (body["list_ids"], body["filter"], body["format"]) == ([], None, "htmlsummary")
    daily = {"days": 1, "at": "08:00", "timezone": "UTC", "weekdays": [], "hours": None}
    assert (body["schedule"], body["number"] >= 1, body["quiet_hours"]) == (daily, True, None)
    assert body["next_at"][11:] == "08:00:00Z"
    assert (body["last_sent_at"], body["last_error"]) == (None, None)
    assert "very secret" not in answer.text


async def test_it_is_read_changed_and_deleted(world: World) -> None:
    """What was made is read alone and in the page; a change changes only what it names; deleted is gone."""
    wanted = {"host-cont": "shop"}
    first = await made(world, filter=wanted, schedule={"days": 7, "at": "06:30", "timezone": "Europe/Berlin"})
    second = await made(world, format="csv")
    assert (await world.call("GET", f"/notifications/{first['id']}")).json() == first
    assert (await world.call("GET", "/notifications")).json()["items"] == [second, first]
    changed = await world.call("PATCH", f"/notifications/{first['id']}", json={"format": "jsonfull"})
    assert changed.json() == {**first, "format": "jsonfull"}
    no_filter = await world.call("PATCH", f"/notifications/{first['id']}", json={"filter": None})
    assert no_filter.json()["filter"] is None
    assert (await world.call("DELETE", f"/notifications/{first['id']}")).status_code == 204
    for method in ("GET", "DELETE"):
        assert (await world.call(method, f"/notifications/{first['id']}")).status_code == 404
    assert (await world.call("GET", "/notifications")).json()["items"] == [second]


async def test_a_kept_secret_goes_to_no_other_address(world: World) -> None:
    """Whoever moves a notification to another host, port or scheme gives its secret anew; a path may change."""
    path = f"/notifications/{(await made(world))['id']}"

    async def change(**fields: Any) -> tuple[int, str | None]:
        answer = await world.call("PATCH", path, json=fields)
        return answer.status_code, answer.json().get("code")

    before = (await world.call("GET", path)).json()
    for url in (
        "https://elsewhere.example.org/in",
        "http://hooks.example.com/in",
        "https://hooks.example.com:80/in",
        "https://hooks.example.com.evil.example/in",
    ):
        assert await change(target={"url": url, "token": "***"}) == (422, "secret_needed"), url
    assert (await world.call("GET", path)).json() == before
    for target in (
        {"url": "HTTPS://Hooks.Example.com:443/other", "token": "***"},
        {"url": "https://elsewhere.example.org/in", "token": "anew"},
        {"url": "https://third.example.org/in"},
    ):
        assert await change(target=target) == (200, None), target


async def test_pages_go_on(world: World) -> None:
    """Three notifications in pages of two."""
    ids = [(await made(world))["id"] for _ in range(3)]
    page = (await world.call("GET", "/notifications?limit=2")).json()
    rest = (await world.call("GET", f"/notifications?limit=2&cursor={page['cursor']}")).json()
    assert [one["id"] for one in page["items"] + rest["items"]] == ids[::-1]
    assert rest["cursor"] is None


async def test_the_same_request_makes_one(world: World) -> None:
    """Under one Idempotency-Key, sent twice."""
    body = {"notifier": "post", "target": TARGET}
    for _ in range(2):
        await world.call("POST", "/notifications", json=body, headers={"Idempotency-Key": "n1"})
    assert len((await world.call("GET", "/notifications")).json()["items"]) == 1


REFUSED: list[tuple[dict[str, Any], int, str, str]] = [
    ({"notifier": "pigeon"}, 422, "plugin_unknown", "pigeon"),
    ({"target": {}}, 422, "settings_invalid", "url"),
    ({"target": {**TARGET, "more": 1}}, 422, "settings_invalid", "more"),
    ({"target": {"url": "http://192.168.0.7/"}}, 422, "url_forbidden", "192.168.0.7"),
    ({"target": {"url": "nowhere"}}, 422, "url_invalid", "absolute"),
    ({"list_ids": ["list_none"]}, 400, "invalid_request", "list_ids[0]"),
    ({"filter": {"hots-cont": "x"}}, 400, "invalid_request", "hots"),
    ({"filter": "host:x"}, 400, "invalid_request", "JSON"),
    ({"filter": 7}, 400, "invalid_request", "object"),
    ({"schedule": {"days": 0}}, 400, "invalid_request", "schedule"),
    ({"schedule": {"cron": "* * * * *"}}, 400, "invalid_request", "schedule"),
    ({"schedule": {"at": "8 o'clock"}}, 400, "invalid_request", "schedule"),
    ({"schedule": {"at": "8:00"}}, 400, "invalid_request", "schedule.at: It is no time of day such as 08:00."),
    ({"schedule": {"timezone": "Mars/Base"}}, 400, "invalid_request", "Mars/Base"),
    ({"schedule": {"timezone": "posixrules"}}, 400, "invalid_request", "posixrules"),
    ({"quiet_hours": {"timezone": "Factory"}}, 400, "invalid_request", "Factory"),
    ({"schedule": {"hours": 5}}, 400, "invalid_request", "schedule"),
    ({"schedule": {"hours": 6, "days": 2}}, 400, "invalid_request", "days"),
    ({"schedule": {"weekdays": ["someday"]}}, 400, "invalid_request", "schedule"),
    ({"schedule": {"weekdays": ["mon"], "days": 7}}, 400, "invalid_request", "days"),
    ({"quiet_hours": {"start": "22:00", "end": "22:00"}}, 400, "invalid_request", "for ever"),
    ({"quiet_hours": {"start": "22 h"}}, 400, "invalid_request", "quiet_hours"),
    ({"quiet_hours": {"timezone": "Mars/Base"}}, 400, "invalid_request", "Mars/Base"),
    ({"quiet_hours": {"until": "07:00"}}, 400, "invalid_request", "quiet_hours"),
    ({"format": "pdf"}, 400, "invalid_request", "format"),
    ({"list_ids": ["x"] * 1001}, 400, "invalid_request", "list_ids"),
    ({"colour": "red"}, 400, "invalid_request", "colour"),
]


async def test_what_cannot_be_is_refused(world: World) -> None:
    """With a code and the field or the value that is wrong; the same for a change as for a new one."""
    kept = await made(world)
    for fields, status, code, told in REFUSED:
        one = await world.call("POST", "/notifications", json={"notifier": "post", "target": TARGET, **fields})
        other = await world.call("PATCH", f"/notifications/{kept['id']}", json=fields)
        for answer in (one, other):
            assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
            assert told in answer.text
    assert (await world.call("GET", "/notifications")).json()["items"] == [kept]


async def test_a_wrong_target_has_errors(world: World) -> None:
    """Each names its field and says what is wrong, as for any other body."""
    for target, fault in (
        ({"url": 7}, {"field": "target.url", "message": "Expected `str`, got `int`"}),
        ({"url": "https://hooks.example.com/in", "token": "a!"}, {"field": "target.token", "message": "No calls"}),
    ):
        answer = await world.call("POST", "/notifications", json={"notifier": "post", "target": target})
        assert (answer.status_code, answer.json()["errors"]) == (422, [fault])
        assert answer.json()["detail"].startswith(f"{fault['field']}: ")


async def test_keys_need_their_scopes(world: World) -> None:
    """A key that only reads may read and preview; making, changing, testing and deleting need one that writes."""
    path = f"/notifications/{(await made(world))['id']}"
    for route in ("GET /notifications", f"GET {path}", f"GET {path}/preview"):
        assert (await world.call(*route.split(" "), key=world.reader)).status_code == 200, route
    body = {"json": {"notifier": "post", "target": TARGET}}
    for route, sent in (
        ("POST /notifications", body),
        (f"PATCH {path}", {"json": {}}),
        (f"POST {path}/test", {}),
        (f"DELETE {path}", {}),
    ):
        assert (await world.call(*route.split(" "), key=world.reader, **sent)).status_code == 403, route
        assert (await world.call(*route.split(" "), key=None, **sent)).status_code == 401, route


async def test_a_test_tells_how_it_went(world: World) -> None:
    """200 in both cases: the request was answered, whether or not the target took it."""
    good = await made(world)
    bad = await made(world, target={"url": "https://hooks.example.com/fails"})
    assert (await world.call("POST", f"/notifications/{good['id']}/test")).json() == {"ok": True, "error": None}
    answer = (await world.call("POST", f"/notifications/{bad['id']}/test")).json()
    assert (answer["ok"], "500" in answer["error"]) == (False, True)


async def the_page_of_all_opens(world: World, link: str) -> None:
    """Without a key it shows the domain and runs nothing; changed or too late, it opens nothing."""
    opened = await world.client.get(link)
    assert (opened.status_code, opened.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "<strong>example.com</strong>" in opened.text
    assert "See all" not in opened.text
    assert "default-src 'none'" in opened.headers["content-security-policy"]
    assert opened.headers["x-robots-tag"] == "noindex"
    until = parse_qs(urlsplit(link).query)["until"][0]
    for wrong in (link[:-4] + "AAAA", link.replace(f"until={until}", "until=999"), link.replace("ntf_", "ntf_x")):
        assert (await world.client.get(wrong)).status_code == 401, wrong
    assert (await world.client.get(link.partition("?")[0])).status_code == 400


async def test_a_preview_shows_what_is_new_with_links_that_open(world: World, picture: bytes) -> None:
    """Before anything is found it is empty; then its thumbnail and overlay are pictures, without a key."""
    one = await made(world)
    path = f"/notifications/{one['id']}/preview"
    assert (await world.call("GET", path)).json()["title"] == "0 New Domains"
    await found(world, picture)
    shown = (await world.call("GET", path)).json()
    assert (shown["title"], shown["content_type"]) == ("1 New Domain: example.com", "text/html; charset=utf-8")
    links = [part.split('"')[0].replace("&amp;", "&") for part in shown["body"].split('src="')[1:]]
    links += [part.split('"')[0].replace("&amp;", "&") for part in shown["body"].split('href="')[1:]]
    await the_page_of_all_opens(world, links[-1])
    ours = [link for link in links if "/api/v1/matches/" in link]
    assert {urlsplit(link).path.rpartition("/")[2] for link in ours} == {"thumbnail", "overlay"}
    for link in ours:
        opened = await world.client.get(link)
        assert (opened.status_code, opened.headers["content-type"]) == (200, "image/jpeg")
        assert (await world.client.get(link[:-4] + "AAAA")).status_code == 401
