"""A house for each test, and a website beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from ..fixtures.houses import Home, home
from ..fixtures.receiver import Receiver
from ..fixtures.website import Website


@pytest.fixture
async def at_home(tmp_path: Path) -> AsyncIterator[Home]:
    """A house on SQLite."""
    async with home(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
async def at_both_homes(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """A house on SQLite, and one on PostgreSQL."""
    async with home(tmp_path / "data", database_url) as opened:
        yield opened


@pytest.fixture
async def idle(tmp_path: Path, database_url: str) -> AsyncIterator[Home]:
    """A house where jobs are queued and never run: the test runs them; on both databases. It is Monday, 12:00 UTC."""
    async with home(tmp_path / "idle", database_url, work=False) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with Receiver() as opened:
        yield opened


@pytest.fixture
def website() -> Iterator[Website]:
    with Website() as site:
        yield site
