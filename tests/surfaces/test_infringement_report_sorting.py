"""Infringement.Report's API: tags, results, ignore lists, notifications, exports."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from copyhound.plugin_api import DigestSchedule, MatchFilter, NewNotification, QuietHours
from copyhound.storage.match_rows import match_row
from copyhound.storage.tables_matches import MATCHES
from copyhound_infringement_report.asking import Asked
from copyhound_infringement_report.exporting import COLUMNS, exported

from .infringement_kit import Counter, counter, found

SAMPLE = {
    "list_id": ["all"],
    "filter_string": "",
    "schedule": "7",
    "type": "postback",
    "endpoint": "http://127.0.0.1:9/in",
    "format": "jsonsummary",
}


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Counter]:
    """A house with one list and four results, which could write e-mails."""
    mail = {"host": "127.0.0.1", "sender": "copyhound@example.org"}
    async with counter(tmp_path / "data", plugins={"email": mail}) as opened:
        await opened.keep(*[found(number) for number in range(1, 5)])
        yield opened


async def test_tags_of_a_list(at: Counter) -> None:
    """A list has five tags from the start; more are made, changed (a colour may have its #), hidden and deleted."""
    told = await at.result("GET", "/list/1/tag")
    assert told["list"] == {"list_id": 1, "list_label": "Holiday"}
    keys = [tag["tag_id"] for tag in told["tags"]]
    assert keys == ["approved", "unapproved", "investigate", "followup", "trash"]
    made = await at.result(
        "POST", "/list/1/tag", json={"tag_label": "Letter sent", "colour": "79E524", "state": "live"}
    )
    assert made["tag_id"] == "letter-sent"
    update = [{"tag_id": "letter-sent", "colour": "#ff0000"}, {"tag_id": "trash", "state": "hidden"}]
    await at.result("PATCH", "/list/1/tag/letter-sent", json={"update": update})
    tags = {tag["tag_id"]: tag for tag in (await at.result("GET", "/list/1/tag"))["tags"]}
    assert (tags["letter-sent"]["colour"], tags["trash"]["state"]) == ("FF0000", "hidden")
    assert await at.result("GET", "/tag") == [{"list_id": 1, "list_label": "Holiday", "tag_count": 2}]
    await at.result("DELETE", "/list/1/tag/letter-sent")
    assert "letter-sent" not in [tag["tag_id"] for tag in (await at.result("GET", "/list/1/tag"))["tags"]]


async def test_results_are_tagged(at: Counter) -> None:
    """A result has one tag at most; an empty one takes it off."""
    first = (await at.docs())[0]["id"]
    for tag in ("approved", "trash", ""):
        told = await at.result("PATCH", f"/result/{first}", json={"tag": tag})
        assert told == {"id": first, "tag": [tag] if tag else []}
        assert (await at.docs("rows=1"))[0]["tag"] == ([tag] if tag else [])


async def test_results_are_tagged_in_bulk(at: Counter) -> None:
    """By their ids, or by their host; the answer names them as the official app wants it."""
    ids = [doc["id"] for doc in await at.docs()]
    answer = (await at.ask("PATCH", "/result/bulk", json={"tag": "trash", "result_ids": ids[:2]})).json()
    assert answer["request"]["result_ids"] == ids[:2]
    assert [doc["tag"] for doc in await at.docs()] == [["trash"], ["trash"], [], []]
    some = {"tag": "trash", "result_ids": [ids[0], "match_99999"]}
    assert (await at.result("PATCH", "/result/bulk", json=some))["updated"] == 1
    by_host = {"tag": "approved", "list_id": 1, "q": "host:host4.example"}
    answer = (await at.ask("PATCH", "/result/bulk", json=by_host)).json()
    assert answer["request"]["result_ids"] == [ids[3]]
    assert [doc["tag"] for doc in await at.docs()][3] == ["approved"]


async def test_ignore_lists(at: Counter) -> None:
    """Hosts are ignored in a list, or in all by list 0; each is taken off by its id."""
    await at.result("PATCH", "/list/1/ignore", json={"add": ["ex.com", "yellowpages.*"]})
    told = await at.result("PATCH", "/list/0/ignore", json={"add_lsv_urls": "*reggae*.com\nhttps://a.example/x"})
    assert told["list"]["list_id"] == 0
    assert [one["host"] for one in told["ignored_hosts"]] == ["*reggae*.com", "a.example"]
    counts = await at.result("GET", "/ignore")
    assert [(one["list_id"], one["ignored_count"]) for one in counts] == [(0, 2), (1, 2)]
    (first, _) = (await at.result("GET", "/list/1/ignore"))["ignored_hosts"]
    await at.result("DELETE", f"/list/1/ignore/{first['ignore_id']}")
    assert [one["host"] for one in (await at.result("GET", "/list/1/ignore"))["ignored_hosts"]] == ["yellowpages.*"]


@pytest.mark.parametrize("path", ["/notify", "/notification"])
async def test_notifications(at: Counter, path: str) -> None:
    """Notifications are made, listed, read, changed and deleted, below both names; `new` is the template."""
    assert (await at.result("GET", f"{path}/new"))["type"] == "email"
    answer = (await at.ask("POST", f"{path}/new", json={**SAMPLE, "list_id": [1]})).json()
    number = answer["result"]["notify_id"]
    assert answer["notify_id"] == number
    (listed,) = await at.result("GET", path)
    assert listed == await at.result("GET", f"{path}/{number}")
    assert listed == {**SAMPLE, "list_id": [1], "notify_id": number, "last_notification": 0}
    changes = {"schedule": 30, "filter_string": '{"host-cont":"shop"}', "list_id": ["all"], "format": "textsummary"}
    changed = await at.result("PATCH", f"{path}/{number}", json=changes)
    assert changed == {**listed, **changes, "schedule": "30", "list_id": "all"}
    await at.result("DELETE", f"{path}/{number}")
    assert await at.result("GET", path) == []
    assert (await at.ask("GET", f"{path}/{number}")).status_code == 404


async def test_what_is_told_elsewhere_stays(at: Counter) -> None:
    """Quiet hours and hours of the core's own outlive a change here; other days end the hours, in the same zone."""
    hourly = DigestSchedule(hours=2, timezone="Europe/Berlin")
    new = NewNotification("webhook", {"url": SAMPLE["endpoint"]}, schedule=hourly, quiet_hours=QuietHours())
    made = await at.home.services.notifications.create(at.home.caller, new)
    told = await at.result("GET", f"/notify/{made.number}")
    assert told["schedule"] == "1"
    for days, schedule in ((1, hourly), (7, DigestSchedule(days=7, timezone="Europe/Berlin"))):
        await at.result("PATCH", f"/notify/{made.number}", json={"schedule": days})
        now = await at.home.services.notifications.get(at.home.caller, made.id)
        assert (now.schedule, now.quiet_hours) == (schedule, QuietHours())
    await at.result("DELETE", f"/notify/{made.number}")


async def test_a_notification_of_a_list_that_is_gone(at: Counter) -> None:
    """It is about no list any more, also where it is sent back as it is told: never about all of them."""
    made = await at.result("POST", "/list", json={"list_label": "Short-lived"})
    told = await at.result("POST", "/notify/new", json={**SAMPLE, "list_id": [made["list_id"]]})
    await at.result("DELETE", f"/list/{made['list_id']}")
    gone = await at.result("GET", f"/notify/{told['notify_id']}")
    assert gone["list_id"] == []
    assert (await at.result("PATCH", f"/notify/{told['notify_id']}", json={"list_id": [], "schedule": 7})) == {
        **gone,
        "schedule": "7",
    }
    await at.result("PATCH", f"/notify/{told['notify_id']}", json={"list_id": [1]})
    refused = await at.ask("PATCH", f"/notify/{told['notify_id']}", json={"list_id": []})
    assert (refused.status_code, refused.json()["error_code"]) == (400, "invalid_request")
    assert (await at.result("GET", f"/notify/{told['notify_id']}"))["list_id"] == [1]


async def test_a_notification_by_e_mail(at: Counter) -> None:
    """The endpoint of an e-mail is an address, or several; it may be turned into a postback."""
    sample = {**SAMPLE, "type": "email", "endpoint": "me@example.com, you@example.com"}
    made = await at.result("POST", "/notify/new", json=sample)
    assert (made["type"], made["endpoint"]) == ("email", "me@example.com, you@example.com")
    change = {"type": "postback", "endpoint": "http://127.0.0.1:9/x"}
    changed = await at.result("PATCH", f"/notify/{made['notify_id']}", json=change)
    assert (changed["type"], changed["endpoint"]) == ("postback", "http://127.0.0.1:9/x")


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": "0"},
        {"schedule": "0.5"},
        {"type": "pigeon"},
        {"endpoint": ""},
        {"type": "email", "endpoint": "nobody"},
        {"endpoint": "http://10.0.0.1/in"},
        {"endpoint": "ftp://example.com/"},
        {"filter_string": '{"host-is":"x"}'},
        {"format": "poem"},
        {"list_id": [99]},
        {"list_id": []},
        {"list_id": ["all", 1]},
        {"list_id": [1] * 1001},
        {"unknown": 1},
    ],
)
async def test_notifications_that_are_refused(at: Counter, change: dict[str, Any]) -> None:
    """More than once a day, private addresses, faulty filters and unknown fields are refused; nothing is kept."""
    answer = await at.ask("POST", "/notify/new", json={**SAMPLE, **change})
    assert answer.status_code in (400, 403, 404)
    assert answer.json()["error"]
    assert await at.result("GET", "/notify") == []


@pytest.mark.parametrize("path", ["/list/1/export?", "/export?list_id=1&", "/2.0/list/1/export?"])
async def test_exports_in_three_formats(at: Counter, path: str) -> None:
    """CSV, JSON and JSON lines hold the same rows, which are those of the query, below both paths."""
    docs = await at.docs()
    as_json = (await at.ask("GET", f"{path}format=json")).json()
    as_lines = [json.loads(line) for line in (await at.ask("GET", f"{path}format=jsonl")).text.splitlines()]
    answer = await at.ask("GET", f"{path}format=csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert as_json == as_lines
    ids = [doc["id"] for doc in docs]
    assert ids == [one["id"] for one in as_json] == [row["id"] for row in rows]
    assert tuple(rows[0]) == COLUMNS
    assert rows[0]["url"] == docs[0]["url"]
    assert "attachment" in answer.headers["content-disposition"]
    assert len((await at.ask("GET", f"{path}format=json&filter[image_width-gt]=1002")).json()) == 2


@pytest.mark.parametrize("path", ["/list/1/export?format=csv&", "/export?list_id=1&", "/list/1/query?output=csv&"])
async def test_files_obey(at: Counter, path: str) -> None:
    """A file has the order and the part that were asked for, and all results where none was."""

    async def widths(query: str) -> list[int]:
        answer = await at.ask("GET", path + query)
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        return [int(row["image_width"]) - 1000 for row in csv.DictReader(io.StringIO(answer.text))]

    assert await widths("") == [1, 2, 3, 4]
    assert await widths("sort=image_width%20desc") == [4, 3, 2, 1]
    assert await widths("sort=image_width%20desc&start=1&rows=2") == [3, 2]
    assert await widths("start=3") == [4]
    assert await widths("rows=0") == []
    assert await widths("rows=3&facet=tag&group_by=host") == [1, 2, 3]


@pytest.mark.parametrize("wrong", ["facet=bogus", "sort=bogus%20asc", "sort=image_url%20up", "rows=x", "start=-1"])
@pytest.mark.parametrize("path", ["/list/1/export?", "/export?list_id=1&", "/list/1/query?output=jsonl&"])
async def test_files_that_are_refused(at: Counter, path: str, wrong: str) -> None:
    """What is wrong in the request of a file is told before the file begins."""
    answer = await at.ask("GET", path + wrong)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "invalid_request")


async def test_an_empty_export(at: Counter) -> None:
    """Nothing found is an empty array, no line, or a header."""
    nothing = "filter[host-eql]=nowhere"
    assert (await at.ask("GET", f"/list/1/export?format=json&{nothing}")).json() == []
    assert (await at.ask("GET", f"/list/1/export?format=jsonl&{nothing}")).text == ""
    assert len((await at.ask("GET", f"/list/1/export?{nothing}")).text.splitlines()) == 1


@pytest.mark.parametrize("title", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x")'])
async def test_spreadsheets_run_nothing(at: Counter, title: str) -> None:
    """A cell that a spreadsheet would run begins with an apostrophe, in exports and in output=csv."""
    await at.keep(found(9, title=title))
    for path in ("/list/1/export?", "/list/1/query?output=csv&"):
        answer = await at.ask("GET", f"{path}filter[image_width-eql]=1009")
        (row,) = csv.DictReader(io.StringIO(answer.text, newline=""))
        assert row["title"] == f"'{title}"


async def test_an_export_s_memory_is_flat(at: Counter) -> None:
    """Ten times the rows take no more memory: they are read and written in pieces."""
    caller = at.home.caller
    office = at.office()
    within = await at.home.services.lists.by_number(caller, 1)
    asked = Asked(MatchFilter(list_id=within.id), ("found_timestamp", False), 0, 50, False, (), False, False, "json")
    peaks = []
    for first, last in ((1000, 1600), (1600, 7000)):
        async with at.home.services.kit.units() as uow:
            rows = [
                {**match_row(found(number, pages=())), "workspace_id": caller.workspace_id}
                for number in range(first, last)
            ]
            await uow.connection.execute(sa.insert(MATCHES), rows)  # type: ignore[attr-defined]
        del rows
        tracemalloc.start()
        count = 0
        pieces: Any = exported(office, caller, within, asked, "jsonl").iterator
        async for piece in pieces:
            count += piece.count(b"\n")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert count == 4 + last - 1000
    assert peaks[1] < 2 * peaks[0]
