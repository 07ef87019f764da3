"""Every metric with its operators, and trees of them, let through the rows that they should."""

from __future__ import annotations

from typing import Any

import pytest

from copyhound.domain.filters import parse_filter
from copyhound.domain.matches import MatchFilter
from copyhound.domain.metrics import METRICS
from copyhound.storage import Units

from .found_rows import BARE, HOME_ROW, POST_ROW, SAVED_ROW, name
from .makers import W1, at


async def let_through(units: Units, condition: dict[str, Any]) -> list[str]:
    async with units.read() as unit:
        rows = await unit.matches.rows(W1, MatchFilter(list_id="list_1", filter=parse_filter(condition)))
    return sorted(map(name, rows))


ALL = [BARE, HOME_ROW, POST_ROW, SAVED_ROW]
COMPARED: dict[str, list[tuple[dict[str, Any], list[str]]]] = {
    "title": [
        ({"title-starts": "sale"}, []),
        ({"title-ends": "big"}, []),
        ({"title-eql": "big sale"}, [HOME_ROW]),
        ({"title-cont": "pos"}, [POST_ROW]),
        ({"title-starts": "Big"}, [HOME_ROW]),
        ({"title-ends": "sale"}, [HOME_ROW]),
        ({"title-ncont": "SALE"}, [BARE, POST_ROW, SAVED_ROW]),
    ],
    "language": [
        ({"language-starts": "n"}, []),
        ({"language-ends": "e"}, []),
        ({"language-eql": "fr"}, [POST_ROW]),
        ({"language-cont": "n"}, [HOME_ROW]),
        ({"language-starts": "f"}, [POST_ROW]),
        ({"language-ends": "r"}, [POST_ROW]),
        ({"language-in": "en,fr"}, [HOME_ROW, POST_ROW]),
    ],
    "description": [
        ({"description-starts": "50%"}, []),
        ({"description-ends": "shoes"}, []),
        ({"description-eql": "bags"}, [POST_ROW]),
        ({"description-cont": "0%"}, [HOME_ROW]),
        ({"description-cont": "S%o"}, []),
        ({"description-cont": "_"}, []),
        ({"description-starts": "shoes"}, [HOME_ROW]),
        ({"description-ends": "off"}, [HOME_ROW]),
    ],
    "url": [
        ({"url-starts": "a.example"}, []),
        ({"url-ends": "home/"}, []),
        ({"url-eql": "https://a.example/home"}, [HOME_ROW]),
        ({"url-cont": "example/2"}, [BARE]),
        ({"url-starts": "http://b."}, [POST_ROW]),
        ({"url-ends": "saved"}, [SAVED_ROW]),
    ],
    "host": [
        ({"host-starts": "example"}, []),
        ({"host-ends": "a."}, []),
        ({"host-eql": "a.example"}, [HOME_ROW, SAVED_ROW]),
        ({"host-cont": "c."}, [BARE]),
        ({"host-starts": "b"}, [POST_ROW]),
        ({"host-ends": "a.example"}, [HOME_ROW, SAVED_ROW]),
        ({"host-glob": "*.example"}, ALL),
        ({"host-glob": "?.example"}, []),
    ],
    "protocol": [
        ({"protocol-starts": "ttp"}, []),
        ({"protocol-ends": "https"}, []),
        ({"protocol-eql": "http:"}, [POST_ROW]),
        ({"protocol-cont": "s"}, [BARE, HOME_ROW, SAVED_ROW]),
        ({"protocol-starts": "https"}, [BARE, HOME_ROW, SAVED_ROW]),
        ({"protocol-ends": "p:"}, [POST_ROW]),
    ],
    "image_url": [
        ({"image_url-starts": "cdn"}, []),
        ({"image_url-ends": ".pn"}, []),
        ({"image_url-eql": "https://c.example/2.png"}, [BARE]),
        ({"image_url-cont": "cdn"}, [SAVED_ROW]),
        ({"image_url-starts": "https://a."}, [HOME_ROW, POST_ROW]),
        ({"image_url-ends": ".png"}, [BARE]),
    ],
    "image_width": [
        ({"image_width-gt": 100}, [HOME_ROW, POST_ROW]),
        ({"image_width-lt": 101}, [BARE]),
        ({"image_width-lt": 100}, []),
        ({"image_width-eql": "100"}, [BARE]),
        ({"image_width-ne": 100}, [HOME_ROW, POST_ROW, SAVED_ROW]),
    ],
    "image_height": [
        ({"image_height-gt": 90}, [HOME_ROW, POST_ROW]),
        ({"image_height-lt": 480}, [BARE]),
        ({"image_height-eql": 480}, [HOME_ROW, POST_ROW]),
    ],
    "image_width_on_page": [
        ({"image_width_on_page-gt": 100}, [HOME_ROW]),
        ({"image_width_on_page-lt": 300}, [POST_ROW]),
        ({"image_width_on_page-eql": 300}, [HOME_ROW]),
    ],
    "image_height_on_page": [
        ({"image_height_on_page-gt": 80}, [HOME_ROW]),
        ({"image_height_on_page-lt": 200}, [POST_ROW]),
        ({"image_height_on_page-eql": 80}, [POST_ROW]),
    ],
    "image_id": [
        ({"image_id-eql": 2}, [BARE]),
        ({"image_id-gt": 1}, [BARE]),
        ({"image_id-lt": 2}, [HOME_ROW, POST_ROW, SAVED_ROW]),
        ({"image_id-eql": "image_2"}, [BARE]),
        ({"image_id-in": "image_2,1"}, ALL),
    ],
    "found_timestamp": [
        ({"found_timestamp-before": at(3).isoformat()}, [HOME_ROW]),
        ({"found_timestamp-after": at(3).isoformat()}, [POST_ROW, SAVED_ROW]),
        ({"found_timestamp-between": f"{at(3).isoformat()} TO {at(5).isoformat()}"}, [BARE, POST_ROW]),
    ],
    "search_timestamp": [
        ({"search_timestamp-before": at(2).isoformat()}, [HOME_ROW, POST_ROW, SAVED_ROW]),
        ({"search_timestamp-after": at(0).isoformat()}, [BARE]),
        ({"search_timestamp-between": f"{at(0).isoformat()} TO {at(2).isoformat()}"}, ALL),
    ],
    "host_first_found": [
        ({"host_first_found-before": at(2).isoformat()}, [HOME_ROW, SAVED_ROW]),
        ({"host_first_found-after": at(3).isoformat()}, [POST_ROW]),
        ({"host_first_found-between": f"{at(1).isoformat()} TO {at(3).isoformat()}"}, [BARE, HOME_ROW, SAVED_ROW]),
    ],
    "verified": [
        ({"verified-in": "true"}, [HOME_ROW, POST_ROW]),
        ({"verified-in": "false"}, [SAVED_ROW]),
        ({"verified-in": "null"}, [BARE]),
        ({"verified-in": "true,false,null"}, ALL),
    ],
    "verified_status_code": [
        ({"verified_status_code-opt": "online"}, [HOME_ROW, POST_ROW]),
        ({"verified_status_code-opt": "offline"}, [SAVED_ROW]),
        ({"verified_status_code-opt": "error"}, [BARE]),
    ],
    "confidence": [({"confidence-gt": 60}, [HOME_ROW, POST_ROW]), ({"confidence-eql": 60}, [SAVED_ROW])],
    "score": [({"score-lt": 70.5}, [HOME_ROW, POST_ROW]), ({"score-in": "90"}, [SAVED_ROW])],
    "match_type": [({"match_type-eql": "partial"}, [HOME_ROW, POST_ROW, SAVED_ROW]), ({"match_type-eql": "full"}, [])],
    "status": [({"status-eql": "removed"}, [SAVED_ROW]), ({"status-ne": "removed"}, [BARE, HOME_ROW, POST_ROW])],
    "decision": [({"decision-in": "allowed,infringing"}, [SAVED_ROW])],
    "provider": [({"provider-eql": "tineye"}, [HOME_ROW, POST_ROW]), ({"provider-ne": "tineye"}, [BARE, SAVED_ROW])],
    "domain": [({"domain-eql": "c.example"}, [BARE]), ({"domain-cont": "example"}, ALL)],
}


@pytest.mark.parametrize("metric", sorted(COMPARED))
async def test_each_metric_is_compared(found: Units, metric: str) -> None:
    """Every documented operator lets through the rows that it should, on both databases."""
    for condition, rows in COMPARED[metric]:
        assert await let_through(found, condition) == sorted(rows), condition


def test_every_metric_has_such_a_test() -> None:
    """But for tags, which stand in tables of their own."""
    assert set(COMPARED) == set(METRICS) - {"tag"}


async def test_trees_are_compiled(found: Units) -> None:
    """And, or, not, alone and nested; not is the exact complement, also of what has no value."""
    either = {"or": [{"language-eql": "fr"}, {"and": [{"host-eql": "a.example"}, {"title-cont": "sale"}]}]}
    assert await let_through(found, either) == [HOME_ROW, POST_ROW]
    assert await let_through(found, {"not": either}) == [BARE, SAVED_ROW]
    assert await let_through(found, {"image_width-gt": 50, "language-eql": "en"}) == [HOME_ROW]
    assert await let_through(found, {"and": []}) == sorted(ALL)
    assert await let_through(found, {"not": {}}) == []
