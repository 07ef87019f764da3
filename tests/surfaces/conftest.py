"""Houses with surfaces."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from .matchengine_kit import Engine, engine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def matchengine(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Engine]:
    """One house with the MatchEngine surface for all tests of a module."""
    async with engine(tmp_path_factory.mktemp("matchengine")) as opened:
        yield opened


@pytest.fixture
def shop(matchengine: Engine) -> Engine:
    """A collection of its own for each test."""
    return matchengine.fresh()
