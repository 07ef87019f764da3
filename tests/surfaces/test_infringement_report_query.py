"""Infringement.Report's API: queries, in every way in which they are asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio

from copyhound.domain.matches import MatchStatus

from .infringement_kit import Counter, as_json, counter, found, moment, unchecked

METRICS = {
    "title": "Title 3",
    "language": "fr",
    "description": "About 3",
    "url": "http://host3.example/page/3",
    "host": "host3.example",
    "protocol": "http:",
    "image_url": "https://cdn3.example/3.jpg",
    "image_width": 1003,
    "image_height": 503,
    "image_width_on_page": 103,
    "image_height_on_page": 53,
}
"""What the third of five results has, and no other."""


def iso(number: int) -> str:
    return moment(number).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def five(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Counter]:
    """Five results, found one second after the other; nobody changes them."""
    async with counter(tmp_path_factory.mktemp("five")) as opened:
        third = found(3, language="fr", protocol="http:", verification=unchecked())
        gone = found(5, status=MatchStatus.removed)
        await opened.keep(found(1), found(2), third, found(4, verification=unchecked("fetch_failed: 404")), gone)
        yield opened


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Counter]:
    """A house on each kind of database."""
    async with counter(tmp_path / "data", database_url) as opened:
        yield opened


async def numbers(at: Counter, query: str, **options: Any) -> list[int]:
    return [int(doc["image_url"].rsplit("/")[-1].split(".")[0]) for doc in await at.docs(query, **options)]


pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_document(five: Counter) -> None:
    """A document has what the service's has; times are ISO 8601 with a Z."""
    doc = (await five.docs())[0]
    expected = {
        "url": "https://host1.example/page/1",
        "host": "host1.example",
        "protocol": "https:",
        "title": "Title 1",
        "description": "About 1",
        "language": "en",
        "image_url": "https://cdn1.example/1.jpg",
        "image_width": 1001,
        "image_height": 501,
        "image_width_on_page": 101,
        "image_height_on_page": 51,
        "image_id": 1,
        "list_id": 1,
        "date": "Jan 2, 2026",
        "found_timestamp": iso(1),
        "verified": True,
        "similarity": 80.0,
        "tag": [],
        "search_image_url": "https://a.example/beach.jpg",
    }
    assert expected.items() <= doc.items()
    assert doc["id"]
    assert "image_url_thumbnail" not in doc
    extended = (await five.docs("extend_thumbnails=true"))[0]
    assert extended["image_url_thumbnail"].startswith("http://copyhound.test/3.0/picture/match/")


async def test_the_whole_answer(five: Counter) -> None:
    """Around the documents stand the list, its tags, and how many results there are."""
    result = await five.result("GET", "/list/1/query?rows=2&start=1")
    page = result["query_result"]
    assert (page["matches"], page["numFound"], page["start"], len(page["docs"])) == (5, 5, 1, 2)
    assert (result["list"]["list_id"], result["list"]["search_in_progress"]) == (1, 0)
    assert result["resolved_tags"][0]["tag_id"] == "approved"


async def test_version_2_is_flat(five: Counter) -> None:
    """Version 2.0 answers a flat array, and writes sides of pictures as text."""
    body = (await five.ask("GET", "/2.0/list/1/query?use_ignore_lists=false&q=*")).json()
    assert {name: body[name] for name in ("status", "code", "list_id")} == {"status": True, "code": 100, "list_id": 1}
    assert len(body["result"]) == 5
    assert (body["result"][0]["image_width"], body["result"][0]["image_height_on_page"]) == ("1001", "51")


async def test_verified_has_three_values(five: Counter) -> None:
    """Verified, gone, and not there where nobody looked; the status tells an error from what was not asked for."""
    seen = [(doc.get("verified", "absent"), doc.get("verified_status_code")) for doc in await five.docs()]
    online, offline = (True, "online"), (False, "offline")
    assert seen == [online, online, ("absent", None), ("absent", "error"), offline]


@pytest.mark.parametrize("metric", list(METRICS))
async def test_every_metric_equals(five: Counter, metric: str) -> None:
    """Every documented metric takes eql, in JSON and as a parameter."""
    value = METRICS[metric]
    assert await numbers(five, "filters=" + quote(as_json({f"{metric}-eql": value}))) == [3]
    assert await numbers(five, f"filter[{metric}-eql]={quote(str(value))}") == [3]


@pytest.mark.parametrize("metric", [name for name, value in METRICS.items() if isinstance(value, str)])
async def test_every_text_contains_starts_and_ends(five: Counter, metric: str) -> None:
    """Every text takes cont, starts and ends."""
    value = str(METRICS[metric])
    for operator, part in (("cont", value[1:]), ("starts", value[:-1] or value), ("ends", value[-3:])):
        got = await numbers(five, "filters=" + quote(as_json({f"{metric}-{operator}": part})))
        assert 3 in got, (metric, operator, part)
    assert await numbers(five, "filters=" + quote(as_json({f"{metric}-cont": "no such text"}))) == []


@pytest.mark.parametrize("metric", [name for name, value in METRICS.items() if isinstance(value, int)])
async def test_every_number_compares(five: Counter, metric: str) -> None:
    """Every number takes gt and lt, both strict; `lt` is less than, whatever the documents' table says."""
    value = METRICS[metric]
    assert await numbers(five, f"filter[{metric}-gt]={value}") == [4, 5]
    assert await numbers(five, f"filter[{metric}-lt]={value}") == [1, 2]


async def test_images_by_number(five: Counter) -> None:
    """image_id is the number of the image that was searched."""
    assert len(await five.docs("filter[image_id-eql]=1")) == 5
    assert await five.docs("filter[image_id-gt]=1") == []


async def test_dates(five: Counter) -> None:
    """before and after are strict, between has both ends; the sample's search_timestamp is a metric as well."""
    assert await numbers(five, f"filter[found_timestamp-before]={iso(3)}") == [1, 2]
    assert await numbers(five, f"filter[found_timestamp-after]={iso(3)}") == [4, 5]
    between = as_json({"found_timestamp-between": f"{iso(2)} TO {iso(4)}"})
    assert await numbers(five, f"filters={quote(between)}") == [2, 3, 4]
    sample = as_json({"search_timestamp-between": "2017-10-01T01:01:01Z TO 2017-11-01T01:01:01Z"})
    assert await numbers(five, f"filters={quote(sample)}") == []


@pytest.mark.parametrize(
    "query",
    [
        'filters={"host-cont":"host3","language-eql":"fr"}',
        'filter={"host-cont":"host3","language-eql":"fr"}',
        "filter[host-cont]=host3&filter[language-in]=fr,de",
        "filters[host-cont]=host3&filters[language-eql]=fr",
        'filters={"host-cont":"host3"}&filter[language-eql]=fr',
        'filters={"or":[{"title-eql":"Title 3"},{"title-eql":"nothing"}]}',
        'filters={"not":{"or":[{"host-cont":"host1"},{"host-cont":"host2"},{"image_width-gt":1003}]}}',
    ],
)
async def test_ways_to_send_filters(five: Counter, query: str) -> None:
    """Filters come as JSON under two names, as parameters in brackets, or both; several must all hold."""
    assert await numbers(five, quote(query, safe="=&[],:")) == [3]


@pytest.mark.parametrize(
    "body",
    [
        {"filters": {"host-cont": "host3"}},
        {"filter": {"host-cont": "host3"}},
        {"filters": '{"host-cont":"host3"}'},
        {"host-cont": "host3"},
        {"filters": {"host-in": ["host3.example", "host4.example"]}, "rows": 1},
        {"filters": {"host-cont": "host"}, "sort": "image_width desc", "start": 2, "rows": "1"},
    ],
)
async def test_filters_in_a_body(five: Counter, body: dict[str, Any]) -> None:
    """The same filters and parameters are taken from a JSON body; a bare filter is one too."""
    found_docs = (await five.result("POST", "/list/1/query", json=body))["query_result"]["docs"]
    assert [doc["host"] for doc in found_docs] == ["host3.example"]


@pytest.mark.parametrize(
    "metric",
    [*METRICS, "image_id", "found_timestamp", "search_timestamp", "host_first_found", "verified"],
)
async def test_every_metric_sorts(five: Counter, metric: str) -> None:
    """Every metric sorts both ways; equal values keep one order over all pages."""
    for direction in ("asc", "desc"):
        whole = await numbers(five, f"sort={metric}%20{direction}")
        pages = [await numbers(five, f"sort={metric}%20{direction}&rows=2&start={start}") for start in (0, 2, 4)]
        assert sorted(whole) == [1, 2, 3, 4, 5]
        assert [one for page in pages for one in page] == whole


async def test_sorting_up_and_down(five: Counter) -> None:
    """asc and desc are told apart; without a direction it is asc, without a metric the oldest come first."""
    assert await numbers(five, "sort=image_width%20desc") == [5, 4, 3, 2, 1]
    assert await numbers(five, "sort=image_width") == [1, 2, 3, 4, 5]
    assert await numbers(five, "") == [1, 2, 3, 4, 5]


async def test_fifty_results_unless_more_are_asked_for(at: Counter) -> None:
    """50 results stand on a page; `rows` goes up to 1000, and 1001 is refused."""
    await at.keep(*[found(number) for number in range(1, 52)])
    assert len(await at.docs()) == 50
    assert await numbers(at, "start=50") == [51]
    assert len(await at.docs("rows=1000")) == 51
    refused = await at.ask("GET", "/list/1/query?rows=1001")
    assert (refused.status_code, refused.json()["error"]) == (400, "rows is a number from 0 to 1000.")
    total = (await at.result("GET", "/list/1/query?rows=0"))["query_result"]
    assert (total["matches"], total["docs"]) == (51, [])


async def test_pages_fit_together_while_results_arrive(at: Counter) -> None:
    """Pages read while more is found hold each result once, and none is missed."""
    await at.keep(*[found(number) for number in range(1, 11)])
    seen: list[int] = []
    start, number = 0, 11
    while page := await numbers(at, f"rows=4&start={start}"):
        seen += page
        start += len(page)
        if number < 20:
            await at.keep(found(number), found(number + 1))
            number += 2
    assert seen == list(range(1, number))


async def test_results_by_host(at: Counter) -> None:
    """group_by=host answers as Solr does: groups, how many of them, facets as flat lists, dates in buckets."""
    one_host = [found(number, host="ex.com", language="en") for number in (1, 2)]
    await at.keep(*one_host, found(3, host="other.com", language="fr"))
    await at.result("PATCH", f"/result/{(await at.docs())[0]['id']}", json={"tag": "approved"})
    result = await at.result(
        "GET",
        "/list/1/query?extend_thumbnails=true&start=0&rows=15&use_ignore_lists=true&sort=found_timestamp%20asc"
        "&group_by=host&date_range=host_first_found&facet=tag",
    )
    query = result["query_result"]
    assert (query["matches"], query["ngroups"]) == (3, 2)
    assert [(one["groupValue"], one["doclist"]["numFound"]) for one in query["groups"]] == [
        ("ex.com", 2),
        ("other.com", 1),
    ]
    assert query["groups"][0]["doclist"]["docs"][0]["tag"] == ["approved"]
    assert result["facets"]["facet_fields"] == {"tag": ["approved", 1], "language": ["en", 2, "fr", 1]}
    buckets = result["facet_ranges"]["host_first_found_range"]["buckets"]
    assert buckets == [{"val": "2026-01-02T00:00:00Z", "count": 3, "unique_hosts": 2}]
    second = await at.result("GET", "/list/1/query?group_by=host&rows=1&start=1")
    assert [one["groupValue"] for one in second["query_result"]["groups"]] == ["other.com"]


async def test_an_empty_list_has_the_same_shape(at: Counter) -> None:
    """Nothing that the official app reads is missing where nothing was found."""
    await at.keep()
    result = await at.result("GET", "/list/1/query?group_by=host&date_range=host_first_found&facet=tag")
    assert result["query_result"] == {"matches": 0, "ngroups": 0, "groups": []}
    assert result["facets"]["facet_fields"] == {"tag": [], "language": []}
    assert result["facet_ranges"] == {"host_first_found_range": {"buckets": []}}


async def test_facets_of_any_metric(five: Counter) -> None:
    """`facet` counts the values of metrics, named once or several times."""
    fields = (await five.result("GET", "/list/1/query?facet=language&facet=protocol,host"))["facets"]["facet_fields"]
    assert fields["language"] == ["en", 4, "fr", 1]
    assert fields["protocol"] == ["https:", 4, "http:", 1]
    assert len(fields["host"]) == 10


async def test_ignored_hosts_are_left_out(at: Counter) -> None:
    """Hosts on ignore lists, the list's and the account's, are left out unless the query says otherwise."""
    await at.keep(*[found(number) for number in range(1, 5)])
    await at.result("PATCH", "/list/1/ignore", json={"add": ["host1.*"]})
    await at.result("PATCH", "/list/0/ignore", json={"add_lsv_urls": "host2.example\n"})
    assert await numbers(at, "") == [3, 4]
    assert await numbers(at, "use_ignore_lists=true") == [3, 4]
    assert await numbers(at, "use_ignore_lists=false") == [1, 2, 3, 4]
    assert len((await at.ask("GET", "/list/1/export?format=jsonl")).text.splitlines()) == 2


async def test_tags_in_queries(at: Counter) -> None:
    """tag[eql] and tag[ne] filter by tags as the official app sends them; tag-in is a metric like others."""
    await at.keep(*[found(number) for number in range(1, 5)])
    for doc, tag in zip(await at.docs(), ("approved", "trash", "followup"), strict=False):
        await at.result("PATCH", f"/result/{doc['id']}", json={"tag": tag})
    assert await numbers(at, "tag[eql]=approved") == [1]
    assert await numbers(at, "tag[ne]=approved") == [2, 3, 4]
    assert await numbers(at, quote('tag[ne]=("approved" OR "trash")', safe="=[]")) == [3, 4]
    assert await numbers(at, "filter[tag-in]=approved,trash") == [1, 2]
    assert await numbers(at, "tag[ne]=approved,trash,followup") == [4]


async def test_the_official_apps_own_query_with_tags(at: Counter) -> None:
    """Tags filter, group and are counted in one query: what one condition says of tags leaves the counts whole."""
    await at.keep(*[found(number) for number in range(1, 5)])
    for doc, tag in zip(await at.docs(), ("approved", "trash", "approved"), strict=False):
        await at.result("PATCH", f"/result/{doc['id']}", json={"tag": tag})
    rest = (
        "&extend_thumbnails=true&start=0&rows=15&use_ignore_lists=true&sort=host_first_found%20desc&group_by=host"
        "&date_range=host_first_found&facet=tag"
    )
    for tags, counts, hosts in (
        ("tag[eql]=approved", ["approved", 2], {"host1.example", "host3.example"}),
        ("tag[ne]=(%22approved%22%20OR%20%22unapproved%22)", ["trash", 1], {"host2.example", "host4.example"}),
    ):
        told = await at.result("GET", f"/list/1/query?{tags}{rest}")
        assert told["facets"]["facet_fields"]["tag"] == counts
        assert told["facets"]["facet_fields"]["language"] == ["en", 2]
        assert {group["groupValue"] for group in told["query_result"]["groups"]} == hosts
        flat = await at.result("GET", f"/list/1/query?{tags}&facet=tag")
        assert flat["facets"]["facet_fields"]["tag"] == counts
        assert flat["query_result"]["numFound"] == 2
