"""A workspace is told of a provider that fails: by its lookups, once, whichever process did them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import msgspec
import psycopg
import pytest

from copyhound.domain.events import NewEvent
from copyhound.domain.searches import Lookup
from copyhound.plugin_api import Answer, Outcome, ProviderLimits, ProviderSpec, hookimpl
from copyhound.services.events import EventService, passes
from copyhound.services.kit import Desk
from copyhound.services.payloads import ProviderFailingEvent
from copyhound.services.provider_health import ProviderHealth

from ..fixtures import photos
from ..fixtures.houses import home, until


class NoDesk:
    """No provider is given up."""

    def broken(self, provider: str) -> bool:
        return False


class Moody:
    """A plugin with one provider that answers what it is told to."""

    def __init__(self) -> None:
        self.answer = Answer(Outcome.no_match)

    @hookimpl
    def copyhound_providers(self) -> list[ProviderSpec]:
        async def search(query: Any, context: Any) -> Answer:
            return self.answer

        limits = ProviderLimits(retries=0)
        return [ProviderSpec("moody", "Moody", "For a test.", search, limits=limits)]


async def test_a_failing_provider_is_told_once(tmp_path: Path, database_url: str) -> None:
    """Five lookups in a row without an answer are one event, with the reason; the sixth is none."""
    moody = Moody()
    moody.answer = Answer(Outcome.blocked, reason="It answered with a captcha.")
    async with home(tmp_path / "data", database_url, extra_plugins=[("moody", moody)]) as house:
        await house.search(*[photos.photo(1)] * 4, providers=("moody",))
        assert await house.events("provider_failing") == []
        await house.search(*[photos.photo(1)] * 3, providers=("moody",))
        (event,) = await house.events("provider_failing")
        assert (event["provider"], event["outcome"], event["failures"]) == ("moody", "blocked", 5)
        assert event["reason"] == "It answered with a captcha."
        msgspec.convert(event, ProviderFailingEvent)


async def test_lookups_that_end_together_all_count(tmp_path: Path, postgres_url: str) -> None:
    """Of two failed lookups that end at the same moment neither is forgotten."""
    failed = Lookup("lookup:1", "ws_two", "search_1", "image_1", "moody", Outcome.transient)
    async with home(tmp_path / "data", postgres_url, work=False) as house:
        kit = house.services.kit
        health = ProviderHealth(kit, cast("Desk", NoDesk()), cast("EventService", None))

        async def second() -> None:
            async with kit.units() as uow:
                await health.note(uow, failed)

        async def held_up() -> bool:
            async with await psycopg.AsyncConnection.connect(postgres_url) as connection:
                row = await (await connection.execute("select 1 from pg_locks where not granted")).fetchone()
            return row is not None

        async with kit.units() as uow:
            await health.note(uow, failed)
            beside = asyncio.create_task(second())
            await until(held_up)
        await beside
        async with kit.units.read() as uow:
            kept = await uow.state.get("ws_two", "core:provider_health", "moody")
        assert kept is not None
        assert kept["failures"] == 2


async def test_well_and_ill_again_is_told_again_but_not_soon(tmp_path: Path) -> None:
    """After a success a new time of trouble is told, six hours after the last one was."""
    moody = Moody()
    ill, well = Answer(Outcome.quota, reason="The bundle is used up."), Answer(Outcome.no_match)
    async with home(tmp_path / "data", extra_plugins=[("moody", moody)]) as house:
        for answer, pictures, hours, told in ((ill, 5, 0, 1), (well, 1, 1, 1), (ill, 5, 1, 1), (ill, 1, 5, 2)):
            house.clock.turn(hours=hours)
            moody.answer = answer
            await house.search(*[photos.photo(1)] * pictures, providers=("moody",))
            assert len(await house.events("provider_failing")) == told


async def test_an_open_breaker_is_told_at_once(tmp_path: Path) -> None:
    """A provider that is given up for a while is told of before many lookups have failed."""
    moody = Moody()
    moody.answer = Answer(Outcome.transient, reason="HTTP 503")
    async with home(tmp_path / "data", extra_plugins=[("moody", moody)]) as house:
        for _ in range(5):
            house.house.providers._bench.posts["moody"].guard.failed("HTTP 503")
        assert house.house.providers.broken("moody")
        await house.search(photos.photo(1), providers=("moody",))
        (event,) = await house.events("provider_failing")
        assert (event["failures"], event["outcome"]) == (1, "transient")


@pytest.mark.parametrize(("wanted", "passed"), [((), True), (("moody", "x"), True), (("x",), False)])
def test_hooks_choose_providers(wanted: tuple[str, ...], passed: bool) -> None:
    """A hook that names providers is told of these alone."""
    event = NewEvent("evt_1", "ws", "provider_failing", {"provider": "moody"})
    assert passes({"providers": wanted}, event) is passed
