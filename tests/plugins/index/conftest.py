"""What every test of sources needs."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from copyhound.plugin_api import Context, NoSettings
from copyhound_index.site import Crawl, Given, SiteSettings

from .little_site import Clock, FixedIndex, JsonState, LittleSite


@pytest.fixture
def site() -> Iterator[LittleSite]:
    made = LittleSite()
    yield made
    made.close()


@pytest.fixture
def other_site() -> Iterator[LittleSite]:
    made = LittleSite()
    yield made
    made.close()


@pytest.fixture
def state() -> JsonState:
    return JsonState()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def context(state: JsonState) -> AsyncIterator[Context]:
    async with httpx.AsyncClient(trust_env=False) as client:
        yield Context(
            settings=NoSettings(),
            http=client,
            log=logging.getLogger("test"),
            now=lambda: datetime(2026, 1, 1, tzinfo=UTC),
            state=state,
            index=FixedIndex({}),
        )


CrawlOnce = Callable[..., AsyncGenerator[Given, None]]


@pytest.fixture
def crawl(site: LittleSite, context: Context, clock: Clock) -> CrawlOnce:
    """Crawls the little website with the settings that are given."""

    def start(url: str = "/", **settings: Any) -> AsyncGenerator[Given, None]:
        settings = {"delay_seconds": 0.0, **settings}
        chosen = SiteSettings(url=site.url + url if url.startswith("/") else url, **settings)
        return Crawl(chosen, context, sleep=clock.sleep, monotonic=clock.monotonic).run()

    return start
