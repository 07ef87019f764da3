"""A workspace is told of a provider that fails: by its lookups, once, whichever process did them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from copyhound.domain.events import NewEvent
from copyhound.plugin_api import Answer, Outcome, ProviderLimits, ProviderSpec, hookimpl
from copyhound.services.events import passes
from copyhound.services.payloads import ProviderFailingEvent

from ..fixtures import photos
from ..fixtures.houses import home


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
