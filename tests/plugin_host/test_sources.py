"""Sources: what they give comes over one by one, checked, and they can be stopped at any point."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api import Context, Lead, Page, Progress, SourceItem, SourceSpec
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.posts import DeskParts
from copyhound.plugin_host.sources import SourceDesk

URL = "https://site.example/1.jpg"
Make = Callable[..., SourceDesk]


class FeedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    count: int = 3


@pytest.fixture
def desk_of_source(catalogue_of: Callable[..., Catalogue], parts: DeskParts) -> Iterator[Make]:
    desks: list[SourceDesk] = []

    def build(run: Any, **more: Any) -> SourceDesk:
        spec = SourceSpec("feed", "Feed", "Feeds", run, FeedSettings)
        desks.append(SourceDesk(catalogue_of(sources=[spec]), **parts, **more))
        return desks[-1]

    yield build
    for desk in desks:
        desk.close()


async def collect(desk: SourceDesk, **settings: Any) -> list[Any]:
    return [item async for item in desk.run_source("feed", settings, workspace_id="ws_1", target="col_1")]


async def test_items_come_in_order(desk_of_source: Make) -> None:
    """All three kinds of items come over, in order; the source works in a thread of its own with its settings."""
    threads: list[int] = []

    async def run(settings: FeedSettings, context: Context) -> AsyncIterator[Any]:
        threads.append(threading.get_ident())
        for number in range(settings.count):
            yield SourceItem(f"{URL}?{number}", b"picture", (Page("https://site.example/"), Page("bad")))
        await context.state.put({"done": True})
        yield Lead(URL)
        yield Progress(pages=1, pictures=settings.count)

    desk = desk_of_source(run)
    *items, lead, progress = await collect(desk, count=20)
    assert items == [SourceItem(f"{URL}?{n}", b"picture", (Page("https://site.example/"),)) for n in range(20)]
    assert (lead, progress) == (Lead(URL), Progress(pages=1, pictures=20))
    assert threads != [threading.get_ident()]
    (state,) = desk.states()
    assert (state.health, state.counters.calls, state.counters.failures) == ("ready", 1, 0)
    assert "count" in str(state.settings_schema)


async def test_unusable_addresses_are_passed_over(desk_of_source: Make) -> None:
    """An item whose address cannot be used is left out; files may have file addresses."""

    async def run(settings: Any, context: Context) -> AsyncIterator[Any]:
        yield SourceItem("javascript:alert(1)", b"x")
        yield Lead("/relative")
        yield SourceItem("file:///pictures/1.jpg", b"x")

    assert await collect(desk_of_source(run)) == [SourceItem("file:///pictures/1.jpg", b"x")]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        (URL, "it gave str, not SourceItem"),
        (SourceItem(URL, "text"), "data must be bytes"),  # type: ignore[arg-type]
        (SourceItem(7, b"x"), "wrong type"),  # type: ignore[arg-type]
        (Lead(URL, ("page",)), "wrong type"),  # type: ignore[arg-type]
        (Progress(pages="many"), "wrong type"),  # type: ignore[arg-type]
    ],
)
async def test_a_lie_ends_the_run(desk_of_source: Make, item: Any, reason: str) -> None:
    """An item of a wrong type ends the run, and says what is wrong."""

    async def run(settings: Any, context: Context) -> AsyncIterator[Any]:
        yield item

    with pytest.raises(CopyhoundError, match=reason) as caught:
        await collect(desk_of_source(run))
    assert caught.value.code == "plugin_failed"


async def test_an_exception_comes_after_what_was_given(desk_of_source: Make) -> None:
    """What a source gave before it broke is kept; then it is told what happened, and counted."""

    async def run(settings: Any, context: Context) -> AsyncIterator[Any]:
        yield Lead(URL)
        raise OSError("the disk is gone")

    desk = desk_of_source(run)
    running: Any = desk.run_source("feed", {}, workspace_id="ws_1", target="col_1")
    assert await anext(running) == Lead(URL)
    with pytest.raises(CopyhoundError, match="feed raised OSError: the disk is gone"):
        await anext(running)
    assert desk.states()[0].health == "failing"


async def test_what_a_source_tells_is_told(desk_of_source: Make) -> None:
    """A CopyhoundError of the source is the caller's own: no such folder, a forbidden address."""

    async def run(settings: Any, context: Context) -> AsyncIterator[Any]:
        yield Progress()
        raise CopyhoundError("url_forbidden", "That is private.")

    with pytest.raises(CopyhoundError) as caught:
        await collect(desk_of_source(run))
    assert caught.value.code == "url_forbidden"


async def test_a_plain_function_is_found_out(desk_of_source: Make) -> None:
    """A run that gives no async iterator breaks its contract."""

    def run(settings: Any, context: Context) -> Any:
        return [Lead(URL)]

    with pytest.raises(CopyhoundError, match="run must be an async generator"):
        await collect(desk_of_source(run))


async def test_an_item_is_kept_before_the_next_is_asked_for(desk_of_source: Make) -> None:
    """A source goes on only when its item was dealt with: what its state says is done, is done."""
    kept: list[str] = []
    known: list[int] = []

    async def run(settings: FeedSettings, context: Context) -> AsyncIterator[Any]:
        for number in range(settings.count):
            yield Lead(f"{URL}?{number}")
            known.append(len(kept))

    async for item in desk_of_source(run).run_source("feed", {}, workspace_id="ws_1", target="col_1"):
        await asyncio.sleep(0.01)
        assert isinstance(item, Lead)
        kept.append(item.image_url)
    assert known == [1, 2, 3]


async def test_stopping_early_stops_the_source(desk_of_source: Make) -> None:
    """Who has enough closes the run; the source is told, and was never asked for more."""
    given, stopped = 0, threading.Event()

    async def run(settings: Any, context: Context) -> AsyncIterator[Any]:
        nonlocal given
        try:
            while True:
                given += 1
                yield Lead(URL)
        finally:
            stopped.set()

    running: Any = desk_of_source(run).run_source("feed", {}, workspace_id="ws_1", target="col_1")
    assert await anext(running) == Lead(URL)
    await running.aclose()
    assert await asyncio.to_thread(stopped.wait, 5)
    assert given == 1


async def test_an_idle_source_is_given_up(desk_of_source: Make) -> None:
    """A source that blocks its thread and gives nothing ends with a reason, and the next run works."""
    release, first = threading.Event(), True

    async def run(settings: Any, context: Context) -> AsyncIterator[Any]:
        nonlocal first
        if first:
            first = False
            release.wait(30)
        yield Lead(URL)

    desk = desk_of_source(run, idle_seconds=1)
    with pytest.raises(CopyhoundError, match="feed gave nothing for 1 seconds"):
        await collect(desk)
    assert await collect(desk) == [Lead(URL)]
    release.set()


async def test_settings_are_checked_before_anything_runs(desk_of_source: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown sources, unknown fields and look-ups into our environment are refused."""

    async def run(settings: Any, context: Context) -> AsyncIterator[Any]:
        yield Progress(note="it ran")

    monkeypatch.setenv("COPYHOUND_TEST_COUNT", "3")
    desk = desk_of_source(run)
    with pytest.raises(CopyhoundError, match="unknown field `x`"):
        await collect(desk, x=1)
    with pytest.raises(CopyhoundError, match=r"settings\.count: expected `int`"):
        await collect(desk, count="$env:COPYHOUND_TEST_COUNT")
    with pytest.raises(CopyhoundError) as caught:
        desk.spec("other")
    assert caught.value.code == "plugin_unknown"
    assert (desk.known("feed"), desk.known("other")) == (True, False)


async def test_source_goes_on_when_its_item_was_dealt_with(desk_of_source: Make) -> None:
    """A source is asked for its next item only after the last one was dealt with: it never says `done` too early."""
    resumed: list[int] = []

    async def run(settings: FeedSettings, context: Context) -> AsyncIterator[Any]:
        for number in range(settings.count):
            yield Lead(f"{URL}?{number}")
            resumed.append(number)

    dealt: list[int] = []
    async for _ in desk_of_source(run).run_source("feed", {"count": 3}, workspace_id="ws_1", target="col_1"):
        await asyncio.sleep(0.05)  # time enough to run ahead, for a source that may
        assert resumed == dealt
        dealt.append(len(dealt))
    assert resumed == [0, 1, 2]
