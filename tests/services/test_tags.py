"""Tags, and ignored hosts, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.figures import ImageFigures, ListFigures
from copyhound.domain.matches import MatchFilter, Page
from copyhound.domain.searches import Outcome
from copyhound.domain.tags import DEFAULT_TAGS, TagChanges, TagState, row_id
from copyhound.domain.workspaces import Caller
from copyhound.services.ignores import IgnoreService
from copyhound.services.tags import TagService
from copyhound.storage.types import url_key

from ..fixtures.houses import Home, home
from ..storage.makers import AT, a_list, a_lookup, a_match, a_search, an_image

ELSEWHERE = Caller("ws_elsewhere", "key_elsewhere", ())
SHOP, SALE = "https://shop.example/", "https://sale.example/"


@pytest.fixture
async def at(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """A house with a list of one image and two matches: one on two pages, one on none."""
    async with home(tmp_path / "data", database_url, work=False) as opened:
        mine = {"workspace_id": opened.caller.workspace_id}
        pages = (Page(SHOP, "Shop", AT, AT), Page(SALE, "Sale", AT, AT))
        async with opened.services.kit.units() as uow:
            await uow.lists.add(a_list(**mine))
            await uow.lists.add(a_list("list_2", **mine))
            await uow.images.add([an_image(**mine)])
            await uow.matches.add(a_match("match_1", pages=pages, **mine))
            await uow.matches.add(a_match("match_2", pages=(), **mine))
        yield opened


def row(page: str) -> str:
    return row_id("match_1", url_key(page))


async def given(at: Home) -> dict[tuple[str, str], list[str]]:
    return await at.services.tags.given(at.caller, ["match_1", "match_2"])


async def test_every_list_has_the_default_tags(at: Home) -> None:
    """Default tags are there without being made; one that is changed is changed in its list alone."""
    tags: TagService = at.services.tags
    assert tuple(await tags.tags(at.caller, "list_1")) == DEFAULT_TAGS
    await tags.update(at.caller, "list_1", "trash", TagChanges(colour="#ab12CD"))
    assert {tag.key: tag.colour for tag in await tags.tags(at.caller, "list_1")}["trash"] == "AB12CD"
    assert tuple(await tags.tags(at.caller, "list_2")) == DEFAULT_TAGS


async def test_tags_are_made_hidden_and_removed(at: Home) -> None:
    """A tag's key comes from its label; its removal takes it off copies; a default tag is only hidden."""
    tags = at.services.tags
    made = await tags.add(at.caller, "list_1", "Letter sent!", "#00ff00")
    assert (made.key, made.colour, made.state) == ("letter-sent", "00FF00", TagState.live)
    assert (await tags.add(at.caller, "list_1", "Letter sent")).key == "letter-sent-2"
    await tags.give(at.caller, ["match_2"], "letter-sent")
    assert await tags.counts(at.caller) == {"list_1": 2}
    await tags.remove(at.caller, "list_1", "letter-sent")
    assert await given(at) == {}
    await tags.remove(at.caller, "list_1", "approved")
    assert (await tags.tags(at.caller, "list_1"))[0].state is TagState.hidden


async def test_several_changes_are_made_or_none(at: Home) -> None:
    """Where one of several changes is refused, none is made; a later one sees what an earlier one made."""
    tags = at.services.tags
    changes = [("trash", TagChanges(label="Bin")), ("nonsense", TagChanges(label="x"))]
    with pytest.raises(CopyhoundError):
        await tags.update_all(at.caller, "list_1", changes)
    assert tuple(await tags.tags(at.caller, "list_1")) == DEFAULT_TAGS
    twice = [("trash", TagChanges(label="Bin")), ("trash", TagChanges(colour="ffffff"))]
    assert [tag.label for tag in await tags.update_all(at.caller, "list_1", twice)] == ["Bin", "Bin"]
    assert (await tags.add(at.caller, "list_1", "Old", state=TagState.hidden)).state is TagState.hidden


async def test_tags_of_the_workspace_are_in_all_lists(at: Home) -> None:
    """A tag without a list is offered by every list."""
    await at.services.tags.add(at.caller, None, "Partner")
    assert "partner" in [tag.key for tag in await at.services.tags.tags(at.caller, "list_2")]
    assert await at.services.tags.give(at.caller, ["match_1"], "partner") == 1


async def test_a_tag_is_on_one_page(at: Home) -> None:
    """One page's tag says nothing of the match's other pages; another tag replaces it; an empty one takes it off."""
    tags = at.services.tags
    await tags.give(at.caller, [row(SHOP)], "approved")
    assert await given(at) == {("match_1", url_key(SHOP)): ["approved"]}
    await tags.give(at.caller, [row(SHOP)], "trash")
    assert await given(at) == {("match_1", url_key(SHOP)): ["trash"]}
    await tags.give(at.caller, [row(SHOP)], "")
    assert await given(at) == {}


async def test_a_tag_of_the_whole_match_is_spread(at: Home) -> None:
    """Where one page of a tagged match gets another tag, the other pages keep theirs."""
    tags = at.services.tags
    await tags.give(at.caller, ["match_1"], "approved")
    assert await given(at) == {("match_1", ""): ["approved"]}
    await tags.give(at.caller, [row(SHOP)], "trash")
    assert await given(at) == {("match_1", url_key(SHOP)): ["trash"], ("match_1", url_key(SALE)): ["approved"]}
    await tags.give(at.caller, ["match_1"], "followup")
    assert await given(at) == {("match_1", ""): ["followup"]}


async def test_a_page_that_is_not_there_is_not_tagged(at: Home) -> None:
    """A row of a page that the match does not have is no result: nothing is changed, and nothing is counted."""
    tags = at.services.tags
    await tags.give(at.caller, ["match_1"], "approved")
    for tag in ("trash", ""):
        with pytest.raises(CopyhoundError) as error:
            await tags.give(at.caller, ["match_1.bogus"], tag)
        assert error.value.code == "not_found"
    assert await given(at) == {("match_1", ""): ["approved"]}
    assert await tags.give(at.caller, ["match_1.bogus", "match_2.bogus", "match_2"], "trash") == 1
    assert await given(at) == {("match_1", ""): ["approved"], ("match_2", ""): ["trash"]}


async def test_an_alias_means_another_tag(at: Home) -> None:
    """A tag that is an alias gives the tag that it points to; a circle gives one of them."""
    tags = at.services.tags
    await tags.add(at.caller, "list_1", "Okay")
    await tags.update(at.caller, "list_1", "okay", TagChanges(alias_of="approved"))
    await tags.give(at.caller, ["match_2"], "okay")
    assert await given(at) == {("match_2", ""): ["approved"]}
    await tags.update(at.caller, "list_1", "approved", TagChanges(alias_of="okay"))
    assert await tags.give(at.caller, ["match_2"], "okay") == 1


@pytest.mark.parametrize(
    ("code", "call"),
    [
        ("invalid_request", lambda t, who: t.give(who, ["match_1"], "nonsense")),
        ("not_found", lambda t, who: t.give(who, ["match_9"], "approved")),
        ("not_found", lambda t, who: t.give(ELSEWHERE, ["match_1"], "approved")),
        ("not_found", lambda t, who: t.tags(ELSEWHERE, "list_1")),
        ("not_found", lambda t, who: t.add(ELSEWHERE, "list_1", "x")),
        ("not_found", lambda t, who: t.update(who, "list_1", "nonsense", TagChanges(label="x"))),
        ("not_found", lambda t, who: t.remove(who, "list_1", "nonsense")),
        ("invalid_request", lambda t, who: t.update(who, "list_1", "trash", TagChanges(colour="red"))),
        ("invalid_request", lambda t, who: t.update(who, "list_1", "trash", TagChanges(alias_of="trash"))),
    ],
)
async def test_what_is_refused(at: Home, code: str, call: object) -> None:
    """Unknown tags, other workspaces' lists and bad colours are refused."""
    with pytest.raises(CopyhoundError) as error:
        await call(at.services.tags, at.caller)  # type: ignore[operator]
    assert error.value.code == code
    assert await given(at) == {}


async def test_tags_go_with_their_match(at: Home) -> None:
    """A deleted list leaves no tag behind."""
    await at.services.tags.give(at.caller, ["match_1", row(SALE), "match_2"], "trash")
    await at.services.lists.delete(at.caller, "list_1")
    assert await given(at) == {}


async def test_ignored_hosts(at: Home) -> None:
    """Hosts are kept once, as hosts, for a list or for all; removing needs the right list."""
    ignores: IgnoreService = at.services.ignores
    added = await ignores.add(at.caller, "list_1", ["EX.com", "https://www.ex.com/a/b?c", "yellowpages.*", "ex.com"])
    assert [one.host for one in added] == ["ex.com", "www.ex.com", "yellowpages.*"]
    again = await ignores.add(at.caller, "list_1", ["ex.com"])
    assert again[0].id == added[0].id
    await ignores.add(at.caller, None, ["*reggae*.com", "bücher.example"])
    assert [one.host for one in await ignores.hosts(at.caller, None)] == ["*reggae*.com", "xn--bcher-kva.example"]
    assert await ignores.counts(at.caller) == {"list_1": 3, None: 2}
    with pytest.raises(CopyhoundError):
        await ignores.remove(at.caller, None, added[0].id)
    with pytest.raises(CopyhoundError):
        await ignores.remove(ELSEWHERE, "list_1", added[0].id)
    await ignores.remove(at.caller, "list_1", added[0].id)
    assert await ignores.counts(at.caller) == {"list_1": 2, None: 2}
    assert await ignores.counts(ELSEWHERE) == {}


@pytest.mark.parametrize("host", ["", "*", "*.*", "a b", "http://", "ex.com/path", "-ex.com", "%", "x" * 300])
async def test_what_is_no_host(at: Home, host: str) -> None:
    """What could hide everything, or is no host, is refused."""
    with pytest.raises(CopyhoundError) as error:
        await at.services.ignores.add(at.caller, None, [host])
    assert error.value.code == "invalid_request"


@pytest.mark.parametrize(
    ("pattern", "left"),
    [
        ("shop.example", ["sale.example"]),
        ("sho*", ["sale.example"]),
        ("*.example", []),
        ("example", ["sale.example", "shop.example", "shop.example"]),
        ("sho_.example", ["sale.example", "shop.example", "shop.example"]),
    ],
)
async def test_ignored_hosts_are_left_out(at: Home, pattern: str, left: list[str]) -> None:
    """`*` stands for any text, everything else for itself; of a match on several hosts only those rows go."""
    await at.services.ignores.add(at.caller, "list_1", [pattern])
    where = MatchFilter(list_id="list_1", without_ignored=True)
    rows = await at.services.results.rows(at.caller, where, sort=("host", False))
    assert [row.host for row in rows] == left
    page = await at.services.matches.page(at.caller, where)
    assert len(page.items) == len({row.match.id for row in rows})
    assert len(await at.services.results.rows(at.caller, MatchFilter(list_id="list_1"))) == 3


async def add_elsewhere(at: Home) -> None:
    """The same hosts in another list, and in another workspace."""
    async with at.services.kit.units() as uow:
        for workspace_id, list_id, number in ((at.caller.workspace_id, "list_2", 2), ("ws_elsewhere", "list_3", 3)):
            mine = {"workspace_id": workspace_id, "list_id": list_id}
            if number == 3:
                await uow.lists.add(a_list("list_3", workspace_id=workspace_id))
            await uow.images.add([an_image(f"image_{number}", **mine)])
            image = {**mine, "image_id": f"image_{number}"}
            pages = (Page(f"{SHOP}{number}", "Shop", AT, AT),)
            await uow.matches.add(a_match(f"match_{number}1", pages=pages, **image))
            await uow.matches.add(a_match(f"match_{number}2", pages=(), **image))


async def ids(at: Home, caller: Caller, **where: Any) -> list[str]:
    page = await at.services.matches.page(caller, MatchFilter(include_small=True, **where))
    return sorted(match.id for match in page.items)


async def test_a_host_ignored_in_one_list_stays_in_the_others(at: Home) -> None:
    """What a list ignores is left out of its matches alone; of another list and workspace nothing goes."""
    await add_elsewhere(at)
    await at.services.ignores.add(at.caller, "list_1", ["*.example"])
    assert await ids(at, at.caller, list_id="list_1", without_ignored=True) == []
    assert await ids(at, at.caller, list_id="list_2", without_ignored=True) == ["match_21", "match_22"]
    assert await ids(at, at.caller, without_ignored=True) == ["match_21", "match_22"]
    assert await ids(at, ELSEWHERE, without_ignored=True) == ["match_31", "match_32"]


async def test_ignoring_a_host_tells_nothing_of_other_workspaces(at: Home) -> None:
    """A host that only another workspace has copies on takes nothing out of the own matches."""
    await add_elsewhere(at)
    async with at.services.kit.units() as uow:
        mine = {"workspace_id": "ws_elsewhere", "list_id": "list_3", "image_id": "image_3"}
        pages = (Page("https://secret.test/", "Secret", AT, AT),)
        await uow.matches.add(a_match("match_33", host="secret.test", pages=pages, **mine))
    before = await ids(at, at.caller, without_ignored=True)
    await at.services.ignores.add(at.caller, None, ["secret.test"])
    assert await ids(at, at.caller, without_ignored=True) == before


async def test_a_tag_of_one_match_is_no_tag_of_the_others(at: Home) -> None:
    """Native matches are filtered by their own tags, not by those of any match there is."""
    await add_elsewhere(at)
    await at.services.tags.give(at.caller, ["match_1"], "trash")
    wanted = at.services.results.filter({"tag-eql": "trash"})
    assert await ids(at, at.caller, filter=wanted) == ["match_1"]
    assert await ids(at, ELSEWHERE, filter=wanted) == []


@pytest.mark.parametrize(
    ("wanted", "hosts"),
    [
        ({"tag-eql": "trash"}, ["sale.example"]),
        ({"tag-in": "trash,approved"}, ["sale.example", "shop.example"]),
        ({"tag-ne": "trash"}, ["shop.example", "shop.example"]),
        ({"not": {"tag-in": ["trash", "approved"]}}, ["shop.example"]),
    ],
)
async def test_rows_are_filtered_by_tag(at: Home, wanted: dict[str, Any], hosts: list[str]) -> None:
    """A tag is a metric of a row: its page's, or its whole match's."""
    await at.services.tags.give(at.caller, [row(SALE)], "trash")
    await at.services.tags.give(at.caller, ["match_2"], "approved")
    results = at.services.results
    where = MatchFilter(list_id="list_1", filter=results.filter(wanted))
    assert [one.host for one in await results.rows(at.caller, where, sort=("host", False))] == hosts
    assert await results.facet(at.caller, MatchFilter(list_id="list_1"), "tag") == [("approved", 1), ("trash", 1)]


async def test_figures(at: Home) -> None:
    """Lists and images are told in figures; an empty list in zeros, another workspace's as well."""
    results = at.services.results
    async with at.services.kit.units() as uow:
        search = a_search(workspace_id=at.caller.workspace_id)
        lookups = [a_lookup(workspace_id=at.caller.workspace_id)]
        await uow.searches.add(search, lookups)
    figures = await results.figures(at.caller, ["list_1", "list_2"])
    assert figures["list_1"] == ListFigures(1, 1, 1, hosts=2, pages=3, searched_at=AT)
    assert figures["list_2"] == ListFigures()
    assert (await results.image_figures(at.caller, ["image_1"]))["image_1"] == ImageFigures(True, 2, 3, AT, None)
    assert await results.figures(ELSEWHERE, ["list_1"]) == {"list_1": ListFigures()}
    async with at.services.kit.units() as uow:
        ended = msgspec.structs.replace(lookups[0], outcome=Outcome.answered, ended_at=AT)
        await uow.searches.end_lookup(ended)
    assert (await results.figures(at.caller, ["list_1"]))["list_1"].open_images == 0
    assert (await results.image_figures(at.caller, ["image_1"]))["image_1"] == ImageFigures(False, 2, 3, AT, AT)
