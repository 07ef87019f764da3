"""The provider desk: what it does not ask, what it hands over, and what it tells of each provider."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import httpx
import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.plugin_api import (
    Answer,
    AnswerTooLargeError,
    Candidate,
    Context,
    Outcome,
    ProviderError,
    ProviderLimits,
    ProviderSpec,
    Query,
)
from copyhound.plugin_host.desk import ProviderDesk
from copyhound.plugin_host.posts import DeskParts
from copyhound.plugin_host.trial import MemoryState

Desk = Callable[..., ProviderDesk]
URL = "https://copies.example/1.jpg"


class AcmeSettings(msgspec.Struct, frozen=True):
    key: Annotated[str, msgspec.Meta(extra_json_schema={"x-secret": True})]


async def find(query: Query, context: Context) -> Answer:
    return Answer(Outcome.answered, (Candidate(URL),), units_spent=1)


def provider(name: str = "acme", search: Any = find, **changes: Any) -> ProviderSpec:
    limits = ProviderLimits(timeout_seconds=5, retries=0, max_bytes=100)
    return msgspec.structs.replace(ProviderSpec(name, "Acme", "Finds", search, limits=limits), **changes)


async def test_an_answer_comes_through(desk_of: Desk, query: Query) -> None:
    """A good answer is handed on as it is."""
    assert await desk_of(provider()).search("acme", query) == Answer(Outcome.answered, (Candidate(URL),), units_spent=1)


async def test_an_unknown_provider_is_an_error(desk_of: Desk, query: Query) -> None:
    """A name that nobody offers is the caller's mistake."""
    desk = desk_of(provider())
    assert (desk.known("acme"), desk.known("other")) == (True, False)
    with pytest.raises(CopyhoundError) as caught:
        await desk.search("other", query)
    assert caught.value.code == "plugin_unknown"


async def never(query: Query, context: Context) -> Answer:
    raise AssertionError("was asked")


UNSUPPORTED = [
    (provider(search=never), {"format": "TIFF2"}, "acme does not take TIFF2 pictures."),
    (provider(search=never), {"data": b"x" * 101}, "acme takes at most 100 bytes."),
    (provider(search=never, accepts=("url",)), {}, "acme takes only pictures with a public address."),
]


@pytest.mark.parametrize(("spec", "changes", "reason"), UNSUPPORTED)
async def test_what_a_provider_does_not_take_is_not_asked(
    desk_of: Desk, query: Query, spec: ProviderSpec, changes: dict[str, Any], reason: str
) -> None:
    """Formats, sizes and missing addresses end as unsupported, without a call."""
    desk = desk_of(spec)
    answer = await desk.search("acme", msgspec.structs.replace(query, **changes))
    assert answer == Answer(Outcome.unsupported, reason=reason)
    assert desk.states()[0].counters.calls == 0


async def test_an_address_makes_up_for_size(desk_of: Desk, query: Query) -> None:
    """A provider that takes addresses too is asked for a large picture that has one."""
    large = msgspec.structs.replace(query, data=b"x" * 101, source_url="https://pictures.example/1.jpg")
    answer = await desk_of(provider(accepts=("bytes", "url"))).search("acme", large)
    assert answer.outcome is Outcome.answered


async def test_wrong_settings_are_told_and_nothing_is_asked(desk_of: Desk, query: Query) -> None:
    """A provider without its settings is no default and not offered, skips when named, and says what it lacks."""
    desk = desk_of(provider(search=never, settings=AcmeSettings), provider("other"))
    assert desk.ready() == ["other"]
    assert desk.titles() == {"other": "Acme"}
    assert desk.known("acme")
    answer = await desk.search("acme", query)
    assert answer.outcome is Outcome.skipped
    assert answer.reason == "acme is not set up: plugins.acme: it lacks the required field `key`."
    state = desk.states()[0]
    assert (state.health, state.settings, state.reason) == ("misconfigured", None, answer.reason[20:])


async def test_defaults_are_asked_when_none_is_named(desk_of: Desk) -> None:
    """Providers that are not default have to be named."""
    assert desk_of(provider(), provider("quiet", default=False)).ready() == ["acme"]


async def test_states_tell_health_and_hide_secrets(desk_of: Desk, query: Query) -> None:
    """A state has counters, limits, schema and settings; the secret stands nowhere in it, not even by accident."""

    async def leak(query: Query, context: Context) -> Answer:
        raise OSError(f"could not GET /?key={context.settings.key}")

    desk = desk_of(provider(search=leak, settings=AcmeSettings), plugin_settings={"acme": {"key": "tok-secret"}})
    answer = await desk.search("acme", query)
    (state,) = desk.states()
    assert answer.reason == state.reason == "acme raised OSError: could not GET /?key=***"
    assert (state.health, state.plugin, state.settings) == ("failing", "tested", {"key": "***"})
    assert (state.counters.calls, state.counters.failures, state.price_unit) == (1, 1, "search")
    assert b"tok-secret" not in msgspec.json.encode(state)


async def test_a_provider_may_raise_its_outcome(desk_of: Desk, query: Query) -> None:
    """ProviderError is an answer that failed."""

    async def refuse(query: Query, context: Context) -> Answer:
        raise ProviderError(Outcome.quota, "used up", retry_after=5)

    answer = await desk_of(provider(search=refuse)).search("acme", query)
    assert answer == Answer(Outcome.quota, reason="used up", retry_after=5)


async def test_a_domain_error_keeps_its_words(desk_of: Desk, query: Query) -> None:
    """What the guarded client raises is told with its code."""

    async def forbidden(query: Query, context: Context) -> Answer:
        raise CopyhoundError("url_forbidden", "That is private.")

    answer = await desk_of(provider(search=forbidden)).search("acme", query)
    assert (answer.outcome, answer.reason) == (Outcome.transient, "acme raised url_forbidden: That is private.")


async def test_plugins_run_in_threads_of_their_own(desk_of: Desk, query: Query) -> None:
    """Each provider has a thread; state and index are used in the caller's."""
    threads: dict[str, int] = {}

    async def look(query: Query, context: Context) -> Answer:
        threads["search"] = threading.get_ident()
        await context.state.put({"a": 1})
        assert await context.state.get("a") == 1
        assert await context.state.scan() == {"a": 1}
        await context.state.delete()
        return Answer(Outcome.no_match)

    class Watched(MemoryState):
        async def put(self, items: Mapping[str, Any]) -> None:
            threads["state"] = threading.get_ident()
            await super().put(items)

    store = Watched()
    desk = desk_of(provider(search=look), state_factory=lambda plugin, workspace_id, target: store)
    answer = await desk.search("acme", query)
    assert answer == Answer(Outcome.no_match)
    assert threads["state"] == threading.get_ident()
    assert threads["search"] != threading.get_ident()
    assert store.values == {}


async def test_state_is_kept_apart(desk_of: Desk, query: Query, parts: DeskParts) -> None:
    """The state factory is told the specification, the workspace and the target."""
    asked: list[tuple[str, str, str]] = []

    def factory(plugin: str, workspace_id: str, target: str) -> MemoryState:
        asked.append((plugin, workspace_id, target))
        return MemoryState()

    await desk_of(provider(), state_factory=factory).search("acme", query)
    assert asked == [("acme", "ws_1", "")]


class OneEntry:
    """An own index that finds one entry, and remembers who asked."""

    def __init__(self) -> None:
        self.workspaces: list[str] = []

    async def candidates(self, query: Query, collection: str) -> Sequence[Candidate]:
        self.workspaces.append(query.workspace_id)
        return [Candidate(f"https://{collection}.example/1.jpg", entry_id="entry_1")]


async def test_the_own_index_knows_its_workspace(desk_of: Desk, query: Query) -> None:
    """A plugin cannot ask for another workspace, nor name an entry that it was not given."""

    async def pry(query: Query, context: Context) -> Answer:
        forged = msgspec.structs.replace(query, workspace_id="ws_2")
        found = await context.index.candidates(forged, "web")
        return Answer(Outcome.answered, (*found, Candidate(URL, entry_id="entry_9")))

    index = OneEntry()
    answer = await desk_of(provider(search=pry), index=index).search("acme", query)
    assert index.workspaces == ["ws_1"]
    assert [candidate.entry_id for candidate in answer.candidates] == ["entry_1", None]


async def test_answers_of_services_are_capped(desk_of: Desk, query: Query) -> None:
    """A service that sends without end is cut off, whatever client bootstrap gave."""

    async def endless() -> Any:
        while True:
            yield b" " * 2**20

    transport = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))

    async def read(query: Query, context: Context) -> Answer:
        with pytest.raises(AnswerTooLargeError):
            await context.http.get("https://service.example/")
        return Answer(Outcome.no_match)

    desk = desk_of(provider(search=read), http_factory=lambda: httpx.AsyncClient(transport=transport))
    assert await desk.search("acme", query) == Answer(Outcome.no_match)


async def test_a_hanging_provider_stops_no_other(desk_of: Desk, query: Query) -> None:
    """While one provider blocks its thread, another one answers."""
    release = threading.Event()

    async def block(query: Query, context: Context) -> Answer:
        release.wait(30)
        return Answer(Outcome.no_match)

    desk = desk_of(provider("stuck", block), provider())
    stuck = asyncio.create_task(desk.search("stuck", query))
    answers = [await desk.search("acme", query) for _ in range(5)]
    assert {answer.outcome for answer in answers} == {Outcome.answered}
    assert not stuck.done()
    release.set()
    assert (await stuck).outcome is Outcome.no_match
