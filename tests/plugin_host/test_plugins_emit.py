"""Plugins tell events from wherever they run, and only those of triggers that they registered themselves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api import (
    Answer,
    Context,
    EventBase,
    NoSettings,
    Notice,
    NotifierSpec,
    Outcome,
    Progress,
    ProviderSpec,
    Query,
    SourceSpec,
    TriggerSpec,
    UseCases,
    hookimpl,
)
from copyhound.plugin_host.trial import try_provider

from ..fixtures.houses import Home, home

ENVELOPE = {"id": "evt_1", "timestamp": "2026-01-02T03:04:05Z", "sequence": 1}


class Sighted(EventBase, frozen=True, kw_only=True):
    """Somebody saw something."""

    where: str


def sighting(key: str) -> TriggerSpec:
    said = "Triggers when somebody sees something."
    return TriggerSpec(key, "Sighted", "Sighting", said, Sighted, {**ENVELOPE, "type": key, "where": "here"})


class Watcher:
    """A plugin that tells of what it does from each place where it runs; `tells` is the trigger that it names."""

    def __init__(self, name: str, tells: str) -> None:
        self.name, self.tells = name, tells
        self.use_cases: UseCases

    @hookimpl
    def copyhound_triggers(self) -> list[TriggerSpec]:
        return [sighting(f"{self.name}_sighted")]

    @hookimpl
    def copyhound_providers(self) -> list[ProviderSpec]:
        async def search(query: Query, context: Context) -> Answer:
            await context.emit(self.tells, {"where": "provider"}, key=query.sha256)
            return Answer(Outcome.no_match)

        return [ProviderSpec(f"{self.name}_provider", "Watcher", "Watches", search, default=False)]

    @hookimpl
    def copyhound_notifiers(self) -> list[NotifierSpec]:
        async def notify(notice: Notice, target: NoSettings, context: Context) -> None:
            await context.emit(self.tells, {"where": "notifier"})

        return [NotifierSpec(f"{self.name}_notifier", "Watcher", "Watches", notify)]

    @hookimpl
    def copyhound_sources(self) -> list[SourceSpec]:
        async def run(settings: NoSettings, context: Context) -> AsyncIterator[Progress]:
            yield Progress(note=await context.emit(self.tells, {"where": "source"}))

        return [SourceSpec(f"{self.name}_source", "Watcher", "Watches", run)]

    @hookimpl
    def copyhound_actions(self, use_cases: UseCases) -> list[Any]:
        self.use_cases = use_cases
        return []


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[tuple[Home, Watcher]]:
    """A house with two plugins: an honest one, and a liar that tells events of the honest one's trigger."""
    honest, liar = Watcher("honest", "honest_sighted"), Watcher("liar", "honest_sighted")
    extra = [("honest", honest), ("liar", liar)]
    async with home(tmp_path / "data", work=False, extra_plugins=extra) as house:
        yield house, liar


async def everywhere(house: Home, name: str, sha256: str = "aa") -> list[Any]:
    """What comes of a provider, a notifier and a source of a plugin: an outcome, an error, errors."""
    space, built = house.caller.workspace_id, house.house
    query = Query(space, "img_1", "a.jpg", sha256, "JPEG", 64, 48, b"picture", b"")
    said: list[Any] = [await built.providers.search(f"{name}_provider", query)]
    notice = Notice("Look", "Look.", ())
    try:
        await built.notifiers.notify(f"{name}_notifier", notice, {}, workspace_id=space)
    except CopyhoundError as error:
        said.append(error.detail)
    try:
        said += [item async for item in built.sources.run_source(f"{name}_source", {}, workspace_id=space, target="")]
    except CopyhoundError as error:
        said.append(error.detail)
    return said


async def test_providers_notifiers_and_sources_tell_events(watched: tuple[Home, Watcher]) -> None:
    """Each of them has `emit` in its context; events are in the log of the workspace that the call works for."""
    house, _ = watched
    answer, progress = await everywhere(house, "honest")
    events = await house.events("honest_sighted")
    assert answer.outcome is Outcome.no_match
    assert [event["where"] for event in events] == ["provider", "notifier", "source"]
    assert progress == Progress(note=events[2]["id"])


async def test_a_key_keeps_repeated_work_from_telling_twice(watched: tuple[Home, Watcher]) -> None:
    """A provider that is asked again about a picture tells its event once: its key is the picture."""
    house, _ = watched
    for sha256 in ("aa", "aa", "bb"):
        await everywhere(house, "honest", sha256)
    events = await house.events("honest_sighted")
    assert [event["where"] for event in events].count("provider") == 2


async def test_a_plugin_tells_nothing_in_the_name_of_another(watched: tuple[Home, Watcher]) -> None:
    """What another plugin registered is refused wherever it is told, with the names of both."""
    house, liar = watched
    answer, *errors = await everywhere(house, "liar")
    why = "no trigger 'honest_sighted' of the plugin liar: it may emit only those that it registers itself"
    assert answer.outcome is not Outcome.no_match
    assert all(why in told for told in (answer.reason, *errors))
    assert len(errors) == 2
    with pytest.raises(CopyhoundError, match="plugin_failed") as raised:
        await liar.use_cases.triggers.emit(house.caller.workspace_id, "honest_sighted", {"where": "action"})
    assert why in raised.value.detail
    assert not raised.value.retryable
    assert await house.events("honest_sighted") == []


@pytest.mark.parametrize(
    ("fields", "why"), [({"where": 7}, "does not fit its payload"), ({"where": object()}, "is no JSON")]
)
async def test_a_wrong_event_ends_the_call_that_told_it(
    watched: tuple[Home, Watcher], fields: dict[str, Any], why: str
) -> None:
    """An event that is not of the payload is refused to the plugin, whose trial it is to catch that."""
    house, liar = watched
    with pytest.raises(CopyhoundError, match="plugin_failed") as raised:
        await liar.use_cases.triggers.emit(house.caller.workspace_id, "liar_sighted", fields)
    assert why in raised.value.detail
    assert not raised.value.retryable


def test_a_provider_on_trial_shows_what_it_tells() -> None:
    """The trial keeps events in a list, once for each key."""
    (spec,) = Watcher("honest", "honest_sighted").copyhound_providers()
    events: list[dict[str, Any]] = []
    answer = try_provider(spec, b"picture", triggers=[sighting("honest_sighted")], events=events)
    assert answer.outcome is Outcome.no_match
    assert events == [{"type": "honest_sighted", "where": "provider"}]
