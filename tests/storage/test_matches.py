from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import Image
from copyhound.domain.matches import (
    Decision,
    Match,
    MatchFilter,
    MatchStatus,
    Page,
    Verification,
    VerificationState,
)
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.searches import Outcome
from copyhound.storage import Units
from copyhound.storage import matches as matches_module

from .makers import AT, W1, a_list, a_lookup, a_match, a_search, an_image, at, compared, list_with_image

UNCHECKED = Verification(VerificationState.unchecked, AT, None, "fetch_failed: No answer.")


def verified(confidence: float, score: float = 50.0) -> Verification:
    return Verification(VerificationState.verified, AT, compared(confidence, score))


async def _add(unit: UnitOfWork, matches: Sequence[Match]) -> None:
    await list_with_image(unit)
    for match in matches:
        assert await unit.matches.add(match)


async def test_a_match_comes_back_as_it_was_saved(units: Units) -> None:
    """The comparison with its edits and matrix, and the pages, included."""
    bare = a_match("match_2", verification=UNCHECKED, pages=(), reduced_blob=None)
    async with units() as unit:
        await _add(unit, [a_match(), bare])
    async with units.read() as unit:
        assert await unit.matches.get(W1, "match_1") == a_match()
        assert await unit.matches.get(W1, "match_2") == a_match(
            "match_2", verification=UNCHECKED, pages=(), reduced_blob=None
        )
        assert await unit.matches.find("image_1", a_match().image_url) == a_match()
        assert await unit.matches.find("image_1", "https://elsewhere.example/") is None


async def test_an_image_has_one_match_for_an_address(units: Units) -> None:
    """Added several times at once it is there once; very long addresses are no exception."""
    address = "https://shop.example/" + "x" * 9000
    async with units() as unit:
        await list_with_image(unit)

    async def add(number: int) -> bool:
        async with units() as unit:
            return await unit.matches.add(a_match(f"match_{number}", image_url=address))

    assert sorted(await asyncio.gather(*[add(number) for number in range(4)])) == [False, False, False, True]


async def test_saving_unites_pages(units: Units) -> None:
    """New pages come to those that are there; first_seen stays, last_seen only grows, a title is not lost."""
    async with units() as unit:
        await _add(unit, [a_match()])
        again = (Page("https://shop.example/p", None, at(9), at(9)), Page("https://shop.example/q", "Q", at(9), at(9)))
        await unit.matches.save(msgspec.structs.replace(a_match(), pages=again, last_seen=at(9)))
        await unit.matches.save(
            msgspec.structs.replace(a_match(), pages=(Page("https://shop.example/q"),), last_seen=at(3))
        )
        match = await unit.matches.get(W1, "match_1")
    assert match is not None
    assert match.pages == (
        Page("https://shop.example/p", "Shop", AT, at(9)),
        Page("https://shop.example/q", "Q", at(9), at(9)),
    )


async def test_two_merges_of_one_match_lose_no_page(units: Units) -> None:
    """Providers and pages of both are there after units that ran side by side."""
    async with units() as unit:
        await _add(unit, [a_match(providers=(), pages=())])

    async def merge(number: int) -> None:
        async with units() as unit:
            known = await unit.matches.find("image_1", a_match().image_url)
            assert known is not None
            page = Page(f"https://shop.example/{number}", None, AT, AT)
            await unit.matches.save(
                msgspec.structs.replace(known, providers=(*known.providers, f"p{number}"), pages=(page,))
            )

    await asyncio.gather(*[merge(number) for number in range(6)])
    async with units.read() as unit:
        match = await unit.matches.get(W1, "match_1")
    assert match is not None
    assert sorted(match.providers) == [f"p{number}" for number in range(6)]
    assert len(match.pages) == 6


@pytest.mark.parametrize("how", ["find", "get"])
async def test_a_match_that_is_being_changed_is_held(units: Units, how: str) -> None:
    """Who reads it to change it waits until the one before has committed, and then sees what that one wrote."""
    async with units() as unit:
        await _add(unit, [a_match()])

    async def decide() -> str | None:
        async with units() as unit:
            url = a_match().image_url
            match = await (unit.matches.find("image_1", url) if how == "find" else unit.matches.get(W1, "match_1"))
            return match.note if match else None

    async with units() as unit:
        known = await unit.matches.get(W1, "match_1")
        assert known is not None
        task = asyncio.create_task(decide())
        await asyncio.wait({task}, timeout=0.3)
        await unit.matches.save(msgspec.structs.replace(known, note="decided"))
    assert await task == "decided"


async def test_what_databases_refuse_is_taken_out_of_text(units: Units) -> None:
    """A crawled title with NUL and half a surrogate pair does not break the merge."""
    page = Page("https://shop.example/p", "a\x00b\ud800c", AT, AT)
    async with units() as unit:
        await _add(unit, [a_match(pages=(page,), note="n\x00")])
        match = await unit.matches.get(W1, "match_1")
    assert match is not None
    assert (match.pages[0].title, match.note) == ("ab?c", "n")


MIXED = [
    a_match("m1", first_seen=at(1), verification=verified(90, 10)),
    a_match("m2", first_seen=at(1), last_seen=at(8), verification=UNCHECKED),
    a_match("m3", first_seen=at(2), verification=verified(50, 99)),
    a_match("m4", first_seen=at(3), verification=verified(50, 20)),
    a_match("m5", first_seen=at(4), last_seen=at(2), verification=UNCHECKED),
]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("-first_seen", "m5 m4 m3 m2 m1"),
        ("first_seen", "m1 m2 m3 m4 m5"),
        ("-last_seen", "m2 m5 m4 m3 m1"),
        ("last_seen", "m1 m3 m4 m5 m2"),
        ("-confidence", "m1 m4 m3 m5 m2"),
        ("confidence", "m3 m4 m1 m2 m5"),
        ("-score", "m3 m4 m1 m5 m2"),
        ("score", "m1 m4 m3 m2 m5"),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 5, 6])
async def test_pages_put_together_are_the_whole_in_order(units: Units, sort: str, order: str, limit: int) -> None:
    """Every sort, every page size: nothing twice, nothing missed, what has no value last."""
    async with units() as unit:
        await _add(unit, MIXED)
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor is not None:
        async with units.read() as unit:
            page = await unit.matches.page(W1, MatchFilter(), cursor=cursor, limit=limit, sort=sort)
        assert len(page.items) <= limit
        seen += [match.id for match in page.items]
        cursor, pages = page.cursor, pages + 1
    assert " ".join(seen) == order
    assert pages == -(-5 // limit)


async def test_an_unknown_sort_is_the_clients_mistake(units: Units) -> None:
    """The answer names what there is."""
    async with units.read() as unit:
        with pytest.raises(CopyhoundError, match="-confidence") as caught:
            await unit.matches.page(W1, MatchFilter(), cursor=None, limit=1, sort="id; drop table")
    assert caught.value.code == "invalid_request"


FILTERS: list[tuple[dict[str, Any], str]] = [
    ({}, "plain late other"),
    ({"include_small": True}, "plain late other small"),
    ({"list_id": "list_2"}, "other"),
    ({"image_id": "image_1"}, "plain late"),
    ({"status": MatchStatus.removed}, "late"),
    ({"decision": Decision.infringing}, "other"),
    ({"domain": "example"}, "plain late"),
    ({"host": "cdn.other.org"}, "other"),
    ({"provider": "tineye"}, "other"),
    ({"provider": 'odd"%_'}, "late"),
    ({"provider": "tin"}, ""),
    ({"match_type": "partial"}, "plain late"),
    ({"match_type": "full"}, ""),
    ({"min_confidence": 50.0}, "plain late"),
    ({"min_confidence": 90.5}, "late"),
    ({"min_score": 80.0}, "plain late"),
    ({"found_after": at(10)}, "late"),
    ({"found_before": at(10)}, "plain other"),
    ({"search_id": "search_1"}, "plain"),
    ({"search_id": "nowhere"}, ""),
    ({"list_id": "list_1", "status": MatchStatus.online}, "plain"),
]


@pytest.mark.parametrize(("where", "found"), FILTERS, ids=[str(where) for where, _ in FILTERS])
async def test_matches_are_filtered(units: Units, where: dict[str, Any], found: str) -> None:
    """Each filter alone and together; page, count and stream agree."""
    async with units() as unit:
        await _filterable(unit)
    async with units.read() as unit:
        chosen = MatchFilter(**where)
        page = await unit.matches.page(W1, chosen, cursor=None, limit=10)
        streamed = [match async for match in unit.matches.stream(W1, chosen)]
        counted = await unit.matches.count(W1, chosen)
    assert {match.id for match in page.items} == set(found.split())
    assert streamed == page.items
    assert counted == len(page.items)


async def _filterable(unit: UnitOfWork) -> None:
    await list_with_image(unit)
    await unit.lists.add(a_list("list_2"))
    await unit.images.add([an_image("image_2", list_id="list_2")])
    lookup = a_lookup(outcome=Outcome.answered, ended_at=at(5))
    await unit.searches.add(a_search(completed_at=at(5)), [lookup])
    late = {"first_seen": at(10), "last_seen": at(10), "status": MatchStatus.removed}
    other = {"list_id": "list_2", "image_id": "image_2", "host": "cdn.other.org", "domain": "other.org"}
    for match in (
        a_match("plain", verification=verified(90, 80)),
        a_match("late", verification=verified(95, 85), providers=('odd"%_',), **late),
        a_match("other", verification=UNCHECKED, decision=Decision.infringing, providers=("index", "tineye"), **other),
        a_match("small", small=True, list_id="list_2", image_id="image_2"),
    ):
        assert await unit.matches.add(match)


async def test_a_stream_reads_a_few_at_a_time(units: Units, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the number of matches, only one chunk of them is in memory."""
    monkeypatch.setattr(matches_module, "CHUNK", 10)
    sizes = []
    real = matches_module.Matches._matches

    async def watched(self: matches_module.Matches, rows: Sequence[Any]) -> list[Match]:
        sizes.append(len(rows))
        return await real(self, rows)

    monkeypatch.setattr(matches_module.Matches, "_matches", watched)
    async with units() as unit:
        await _add(unit, [a_match(f"match_{number:03}", first_seen=at(number // 7)) for number in range(95)])
        streamed = [match.id async for match in unit.matches.stream(W1, MatchFilter())]
    assert streamed == [f"match_{number:03}" for number in reversed(range(95))]
    assert max(sizes) == 10


async def test_due_checks_are_those_of_monitored_lists(units: Units) -> None:
    """Oldest first; matches of lists that are not monitored are left alone."""
    async with units() as unit:
        await _add(unit, [a_match("late", next_check_at=at(5)), a_match("first", next_check_at=at(1))])
        await unit.matches.add(a_match("future", next_check_at=at(50)))
        await unit.lists.add(a_list("list_2", monitored=False))
        await unit.images.add([_image_of("list_2")])
        await unit.matches.add(a_match("off", next_check_at=at(1), list_id="list_2", image_id="image_2"))
        assert [match.id for match in await unit.matches.due_checks(at(5), 10)] == ["first", "late"]
        assert [match.id for match in await unit.matches.due_checks(at(5), 1)] == ["first"]


def _image_of(list_id: str) -> Image:
    return an_image("image_2", list_id=list_id)


async def test_a_check_is_claimed_once(units: Units) -> None:
    """Of several who claim it at the same time one wins."""
    async with units() as unit:
        await _add(unit, [a_match()])

    async def claim() -> bool:
        async with units() as unit:
            return await unit.matches.claim_check("match_1", at(60), at(500))

    assert sorted(await asyncio.gather(*[claim() for _ in range(4)])) == [False, False, False, True]


async def test_the_history_of_a_match_is_kept_in_order(units: Units) -> None:
    """Each line has its time, result and detail."""
    async with units() as unit:
        await _add(unit, [a_match()])
        await unit.matches.add_check("match_1", AT, "found", "index")
        await unit.matches.add_check("match_1", at(1), "removed", None)
        assert await unit.matches.checks("match_1") == [
            {"at": AT, "result": "found", "detail": "index"},
            {"at": at(1), "result": "removed", "detail": None},
        ]
