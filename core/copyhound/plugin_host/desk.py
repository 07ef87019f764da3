"""Where the core asks providers and calls notifiers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Unpack

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.notifications import CheckedTarget
from copyhound.plugin_api.replies import ProviderError
from copyhound.plugin_api.types import Answer, Notice, NotifierSpec, Outcome, ProviderSpec, Query
from copyhound.plugin_host.answers import check_answer
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.guard import PluginFault
from copyhound.plugin_host.posts import UNLIMITED, Bench, DeskParts, Post, SpecState
from copyhound.plugin_host.settings import read_settings, redacted, uri_values


class ProviderDesk:
    """Asks providers, each through its guard. Usable from any event loop of the process."""

    def __init__(self, catalogue: Catalogue, **parts: Unpack[DeskParts]) -> None:
        self._catalogue = catalogue
        self._bench = Bench("provider", catalogue.providers, lambda spec: spec.limits, catalogue, parts)

    def ready(self) -> list[str]:
        """The providers that are asked when a search names none."""
        return [name for name, post in self._bench.posts.items() if post.spec.default and post.error is None]

    def known(self, name: str) -> bool:
        """Whether anybody offers it."""
        return name in self._bench.posts

    def titles(self) -> dict[str, str]:
        """Name -> title, of all that can be asked: who lacks settings would only answer `skipped`."""
        return {name: post.spec.title for name, post in self._bench.posts.items() if post.error is None}

    def broken(self, name: str) -> bool:
        """Whether its breaker keeps callers off now, because it failed too often."""
        post = self._bench.posts.get(name)
        return post is not None and post.guard.broken

    async def search(self, provider: str, query: Query) -> Answer:
        """Asks one provider; whatever it does, this ends in one outcome. Raises `plugin_unknown` only."""
        post = self._bench.post(provider)
        refused = _refusal(post, query)
        if refused is not None:
            return refused
        given: set[str] = set()
        call = _search_call(post, self._bench, query, given)
        return await post.guard.ask(call, lambda answer: check_answer(post.spec, answer, given))

    def states(self) -> list[SpecState]:
        """Every provider that is offered, with its health and counters."""
        return [self._state(post) for post in self._bench.posts.values()]

    def close(self) -> None:
        """Stops the providers' threads."""
        self._bench.close()

    def _state(self, post: Post[ProviderSpec]) -> SpecState:
        spec = post.spec
        owner = self._catalogue.owner("provider", spec.name)
        return msgspec.structs.replace(
            post.state(owner.name if owner else None),
            default=spec.default,
            limits=spec.limits,
            price_unit=spec.price_unit,
            accepts=spec.accepts,
            formats=spec.formats,
        )


def _search_call(
    post: Post[ProviderSpec], bench: Bench[ProviderSpec], query: Query, given: set[str]
) -> Callable[[], Awaitable[Any]]:
    home = asyncio.get_running_loop()

    async def call() -> Any:
        opened = bench.context(post.spec.name, post.settings, home=home, workspace_id=query.workspace_id, given=given)
        async with opened as context:
            try:
                return await post.spec.search(query, context)
            except ProviderError as error:
                return Answer(error.outcome, reason=error.reason, retry_after=error.retry_after)

    return call


def _refusal(post: Post[ProviderSpec], query: Query) -> Answer | None:
    """An answer without asking: what the provider does not take, or cannot do without its settings."""
    spec = post.spec
    if post.error is not None:
        return Answer(Outcome.skipped, reason=f"{spec.name} is not set up: {post.error}")
    if query.format not in spec.formats:
        return Answer(Outcome.unsupported, reason=f"{spec.name} does not take {query.format} pictures.")
    if "url" in spec.accepts and query.source_url is not None:
        return None
    if "bytes" not in spec.accepts:
        return Answer(Outcome.unsupported, reason=f"{spec.name} takes only pictures with a public address.")
    if len(query.data) > spec.limits.max_bytes:
        return Answer(Outcome.unsupported, reason=f"{spec.name} takes at most {spec.limits.max_bytes} bytes.")
    return None


class NotifierDesk:
    """Calls notifiers, each through its guard."""

    def __init__(self, catalogue: Catalogue, **parts: Unpack[DeskParts]) -> None:
        self._catalogue = catalogue
        self._bench = Bench("notifier", catalogue.notifiers, lambda _: UNLIMITED, catalogue, parts)

    def known(self, name: str) -> bool:
        """Whether anybody offers it."""
        return name in self._bench.posts

    def target(self, notifier: str, values: Mapping[str, Any]) -> msgspec.Struct:
        """Whom to tell, checked. Raises `plugin_unknown`, `settings_invalid`."""
        # no look-ups: a target comes from a client, who must not read our environment
        return read_settings("target", self._bench.post(notifier).spec.target, values, lookup=False)

    def target_of(self, notifier: str, values: Mapping[str, Any]) -> CheckedTarget:
        """The same, with what may be shown of it, and the addresses in it (fields of the format `uri`).

        Raises `settings_invalid` also where the notifier itself is not set up: it could never tell anybody.
        """
        post = self._bench.post(notifier)
        if post.error is not None:
            raise CopyhoundError("settings_invalid", f"{notifier} is not set up: {post.error}")
        checked = self.target(notifier, values)
        _check(post, checked)
        return CheckedTarget(msgspec.to_builtins(checked), redacted(checked), uri_values(checked))

    async def notify(self, notifier: str, notice: Notice, target: Mapping[str, Any], *, workspace_id: str) -> None:
        """Tells one target, once. Raises `plugin_unknown`, `settings_invalid`, and `plugin_failed` with a reason."""
        post = self._bench.post(notifier)
        if post.error is not None:
            raise CopyhoundError("settings_invalid", post.error)
        whom = self.target(notifier, target)
        home = asyncio.get_running_loop()

        async def call() -> None:
            opened = self._bench.context(notifier, post.settings, home=home, workspace_id=workspace_id)
            async with opened as context:
                await post.spec.notify(notice, whom, context)

        try:
            await post.guard.call(call, lambda _: None, post.spec.timeout_seconds)
        except PluginFault as fault:
            post.guard.failed(str(fault))
            raise CopyhoundError("plugin_failed", str(fault)) from fault
        post.guard.succeeded()

    def states(self) -> list[SpecState]:
        """Every notifier that is offered, with its health and counters."""
        return [self._state(post) for post in self._bench.posts.values()]

    def close(self) -> None:
        """Stops the notifiers' threads."""
        self._bench.close()

    def _state(self, post: Post[NotifierSpec]) -> SpecState:
        owner = self._catalogue.owner("notifier", post.spec.name)
        return post.state(owner.name if owner else None)


def _check(post: Post[NotifierSpec], target: msgspec.Struct) -> None:
    if post.spec.check is None:
        return
    try:
        post.spec.check(target, post.settings)
    except CopyhoundError:
        raise
    except Exception as error:
        name = post.spec.name
        raise CopyhoundError("plugin_failed", f"{name} could not check the target ({type(error).__name__}).") from error
