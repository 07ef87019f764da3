"""Plugins are found and loaded one at a time; what breaks is recorded with its reason and breaks alone."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from copyhound.domain.triggers import AntiExample
from copyhound.plugin_api import (
    ActionSpec,
    Answer,
    Context,
    EventBase,
    NotifierSpec,
    Outcome,
    ProviderLimits,
    ProviderSpec,
    Query,
    SurfaceSpec,
    TriggerSpec,
    hookimpl,
)
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.loader import PluginState

Install = Callable[..., None]

GOOD = """
    from copyhound.plugin_api import Answer, Outcome, ProviderSpec, hookimpl

    async def search(query, context):
        return Answer(Outcome.no_match)

    @hookimpl
    def copyhound_providers():
        return [ProviderSpec("{name}", "Title", "Description", search)]
"""


def good(name: str) -> str:
    return GOOD.replace("{name}", name)


def state_of(catalogue: Catalogue, name: str) -> PluginState:
    (state,) = (state for state in catalogue.plugins if state.name == name)
    return state


async def search(query: Query, context: Context) -> Answer:
    return Answer(Outcome.no_match)


async def notify(notice: Any, target: Any, context: Context) -> None: ...


def provider(name: str = "acme", **changes: Any) -> ProviderSpec:
    return msgspec.structs.replace(ProviderSpec(name, "Title", "Description", search), **changes)


def offering(**hooks: Any) -> SimpleNamespace:
    """A plugin whose hooks are given as functions."""
    return SimpleNamespace(**{f"copyhound_{kind}": hookimpl(hook) for kind, hook in hooks.items()})


BROKEN = {
    "import_error": ("import there_is_no_such_module", "it could not be imported: ModuleNotFoundError"),
    "syntax_error": ("def (:", "it could not be imported: SyntaxError"),
    "exits": ("raise SystemExit(1)", "it could not be imported: SystemExit: 1"),
    "no_hooks": ("x = 1", "it implements no hook"),
    "unmarked": ("def copyhound_providers(): return []", "copyhound_providers is not marked with @hookimpl"),
    "misspelt": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\ndef copyhound_provider(): return []",
        "there is no hook copyhound_provider: the hooks are copyhound_actions, copyhound_notifiers",
    ),
    "unknown_argument": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\ndef copyhound_providers(server): return []",
        "a hook does not fit its specification",
    ),
    "raises": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\ndef copyhound_providers(): return 1 / 0",
        "copyhound_providers raised ZeroDivisionError: division by zero",
    ),
    "generator_raises": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\ndef copyhound_providers():\n  yield from ()\n  1 / 0",
        "copyhound_providers raised ZeroDivisionError",
    ),
    "asynchronous": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\nasync def copyhound_providers(): return []",
        "copyhound_providers must be a plain function",
    ),
    "no_list": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\ndef copyhound_providers(): return 'abc'",
        "copyhound_providers must return a list, not str",
    ),
    "strangers": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\ndef copyhound_providers(): return [1]",
        "provider must be ProviderSpec, not int",
    ),
    "floods": (
        "from copyhound.plugin_api import hookimpl\n@hookimpl\ndef copyhound_providers():\n  while True: yield 1",
        "copyhound_providers returned more than 200 specifications",
    ),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_broken_plugin_breaks_alone(install: Install, name: str) -> None:
    """Whatever a plugin does wrong is told in its state; those before and after it in the alphabet are loaded."""
    code, reason = BROKEN[name]
    install("first-dist", aa_first=good("first"))
    install("broken-dist", version="2.1", mm_broken=code)
    install("last-dist", zz_last=good("last"))
    catalogue = Catalogue.build(use_cases=None, only=["aa_first", "mm_broken", "zz_last"])
    state = state_of(catalogue, "mm_broken")
    assert (state.status, state.distribution, state.version) == ("failed", "broken-dist", "2.1")
    assert reason in (state.reason or "")
    assert sorted(catalogue.providers) == ["first", "last"]


def test_a_loaded_plugin_tells_where_it_is_from(install: Install) -> None:
    """Name, distribution, version, hooks and offers are known."""
    install("acme-dist", version="3.2.1", acme_plugin=good("acme"))
    state = state_of(Catalogue.build(use_cases=None), "acme_plugin")
    expected = PluginState("acme_plugin", "acme-dist", "3.2.1", hooks=("copyhound_providers",), providers=("acme",))
    assert state == expected


def test_a_disabled_plugin_is_not_even_imported(install: Install) -> None:
    """What the settings turn off is listed as disabled, and its module never runs."""
    install("acme-dist", acme_plugin="raise RuntimeError")
    named = Catalogue.build(use_cases=None, disabled=["acme_plugin"])
    for catalogue in (named, Catalogue.build(use_cases=None, only=["other"])):
        state = state_of(catalogue, "acme_plugin")
        assert (state.status, state.reason) == ("disabled", "it is turned off in the settings")


def test_a_name_claimed_twice_belongs_to_nobody(install: Install) -> None:
    """Both claimants are told, in the same words whatever the order, and what else they offer is kept."""
    install("b-dist", bb_plugin=good("same"))
    install(
        "a-dist",
        aa_plugin=good("same").replace('"Description", search)', '"D", search), ProviderSpec("own", "T", "D", search)'),
    )
    catalogue = Catalogue.build(use_cases=None, only=["aa_plugin", "bb_plugin"])
    reasons = {state_of(catalogue, name).reason for name in ("aa_plugin", "bb_plugin")}
    assert reasons == {"the provider same is claimed by aa_plugin and bb_plugin"}
    assert list(catalogue.providers) == ["own"]
    assert state_of(catalogue, "aa_plugin").status == "loaded"
    assert state_of(catalogue, "bb_plugin").status == "failed"


def test_two_plugins_of_one_name_are_both_refused(install: Install) -> None:
    """Two distributions whose entry points have the same name: neither is loaded."""
    install("b-dist", twin=good("one"))
    install("a-dist", twin=good("two"))
    catalogue = Catalogue.build(use_cases=None, only=["twin"])
    states = [state for state in catalogue.plugins if state.name == "twin"]
    assert [state.reason for state in states] == ["the plugin name twin is claimed by a-dist and b-dist"] * 2
    assert catalogue.providers == {}


def test_two_surfaces_cannot_share_a_prefix() -> None:
    """A prefix is a name too."""

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    def surfaces(name: str) -> Any:
        def hook(use_cases: Any) -> list[SurfaceSpec]:
            return [SurfaceSpec(name, "Title", "Description", ("/rest",), lambda: app)]

        return offering(surfaces=hook)

    extra = [("one", surfaces("first")), ("two", surfaces("second"))]
    catalogue = Catalogue.build(use_cases=SimpleNamespace(), only=["one", "two"], extra=extra)
    assert catalogue.surfaces == {}
    assert state_of(catalogue, "one").reason == "the prefix /rest is claimed by one and two"


class Payload(msgspec.Struct):
    number: int


class Found(EventBase, frozen=True, kw_only=True):
    number: int


def event(key: str = "acme_found", **fields: Any) -> dict[str, Any]:
    return {"id": "evt_1", "type": key, "timestamp": "2026-01-02T03:04:05Z", "sequence": 1, "number": 1, **fields}


def trigger(key: str = "acme_found", **changes: Any) -> TriggerSpec:
    plain = TriggerSpec(key, "Found", "Find", "Triggers when ...", Found, event(key))
    return msgspec.structs.replace(plain, **changes)


def test_the_cores_own_keys_cannot_be_claimed() -> None:
    """A plugin that claims a key of the core's fails; the core's stays."""
    own = trigger("match_found")
    catalogue = Catalogue.build(
        use_cases=None,
        only=["thief"],
        extra=[("thief", offering(triggers=lambda: [trigger("match_found", title="Mine")]))],
        builtin_triggers=[own],
    )
    assert catalogue.triggers == {"match_found": own}
    assert state_of(catalogue, "thief").reason == "the trigger match_found is copyhound's own"


def test_hooks_with_use_cases_are_called_only_with_them() -> None:
    """Without use cases (in the CLI) actions and surfaces are not asked for; with them they get them."""
    seen: list[Any] = []

    async def run(caller: Any, given: Any) -> Payload:
        return Payload(1)

    def hook(use_cases: Any) -> list[ActionSpec]:
        seen.append(use_cases)
        return [ActionSpec("acme_do", "Do", "Deed", "Does", Payload, Payload, {"number": 1}, run)]

    extra = [("acting", offering(actions=hook))]
    assert Catalogue.build(use_cases=None, only=["acting"], extra=extra).actions == {}
    cases: Any = SimpleNamespace(lists=SimpleNamespace(title="Mine"))
    catalogue = Catalogue.build(use_cases=cases, only=["acting"], extra=extra)
    assert list(catalogue.actions) == ["acme_do"]
    assert [given.lists.title for given in seen] == ["Mine"]


async def act(caller: Any, given: Any) -> Payload:
    return Payload(1)


def action(**changes: Any) -> ActionSpec:
    plain = ActionSpec("acme_do", "Do", "Deed", "Does", Payload, Payload, {"number": 1}, act)
    return msgspec.structs.replace(plain, **changes)


def _plain(query: Query, context: Context) -> Answer:
    return Answer(Outcome.no_match)


class Odd:
    """No Struct."""


LIES: list[tuple[str, str, Any, str]] = [
    ("providers", "name", provider("Acme!"), "the name 'Acme!' must be like"),
    ("providers", "type of name", provider(3), "the name 3 must be like"),  # type: ignore[arg-type]
    ("providers", "title", provider(title=""), "title must be a text"),
    ("providers", "plain search", provider(search=_plain), "search must be an async function"),
    ("providers", "settings", provider(settings=Odd), "settings must be a msgspec.Struct"),
    ("providers", "accepts", provider(accepts=("fax",)), "accepts is of bytes and url"),
    ("providers", "accepts nothing", provider(accepts=()), "accepts is of bytes and url"),
    ("providers", "formats", provider(formats="JPEG"), "formats must name"),
    ("providers", "timeout", provider(limits=ProviderLimits(timeout_seconds=0)), "timeout_seconds must be a number"),
    ("providers", "nan", provider(limits=ProviderLimits(timeout_seconds=float("nan"))), "timeout_seconds must be"),
    ("providers", "concurrency", provider(limits=ProviderLimits(concurrency=0)), "limits.concurrency must be a whole"),
    ("providers", "retries", provider(limits=ProviderLimits(retries=99)), "limits.retries must be a whole number"),
    ("providers", "no limits", provider(limits=None), "limits must be ProviderLimits"),
    ("notifiers", "target", NotifierSpec("n", "T", "D", notify, target=Odd), "target must be a msgspec"),  # type: ignore[arg-type]
    ("triggers", "sample", trigger(sample=event(number="many")), "sample does not fit its Struct"),
    ("triggers", "payload", trigger(payload=Payload), "payload must be a subclass of EventBase"),
    ("triggers", "type", trigger(sample=event("other")), "sample must be of the type acme_found"),
    ("triggers", "example", trigger(examples=(event(number=None),)), "example 1 does not fit its Struct"),
    ("triggers", "anti-example", trigger(anti_examples=(AntiExample(event(), "Fine"),)), "anti-example 1 is taken"),
    ("triggers", "no reason", trigger(anti_examples=(AntiExample({}, ""),)), "anti-example 1 must be one"),
    ("triggers", "filter", trigger(filter=Payload), "a filter is of domains, list_ids"),
    ("triggers", "choices", trigger(dynamic_fields={"colour": "/x"}), "names 'colour', which is no field"),
    ("actions", "foreign choices", action(dynamic_fields={"number": "http://a.b"}), "must be at a path of this server"),
    ("actions", "finds nothing", action(kind="find"), "has `items` in its output"),
    ("actions", "scope", action(scope="everything"), "scope must be one of"),
    ("actions", "example", action(examples=({"number": "many"},)), "example 1 does not fit its Struct"),
]


@pytest.mark.parametrize(("kind", "spec", "reason"), [(k, s, r) for k, _, s, r in LIES], ids=[lie[1] for lie in LIES])
def test_a_lying_specification_fails_its_plugin(kind: str, spec: Any, reason: str) -> None:
    """A specification that is not what it says is refused at start, with all that its plugin offers."""
    hooks: dict[str, Any] = {"providers": lambda: [provider("honest")], kind: lambda: [provider("honest"), spec]}
    if kind != "providers":
        hooks[kind] = lambda: [spec]
    if kind == "actions":
        hooks[kind] = lambda use_cases: [spec]
    cases: Any = SimpleNamespace()
    catalogue = Catalogue.build(use_cases=cases, only=["liar"], extra=[("liar", offering(**hooks))])
    state = state_of(catalogue, "liar")
    assert state.status == "failed"
    assert reason in (state.reason or "")
    assert catalogue.providers == {}


@pytest.mark.parametrize("prefix", ["", "/", "acme", "/acme/", "/api", "/api/v1/x", "/docs", "/a b", "/a/../b"])
def test_surfaces_keep_off_the_cores_paths(prefix: str) -> None:
    """A surface's prefix is a plain path, and never one of Copyhound's own."""

    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    def hook(use_cases: Any) -> list[SurfaceSpec]:
        return [SurfaceSpec("acme", "Title", "Description", (prefix,), lambda: app)]

    cases: Any = SimpleNamespace()
    catalogue = Catalogue.build(use_cases=cases, only=["odd"], extra=[("odd", offering(surfaces=hook))])
    assert catalogue.surfaces == {}
    assert "prefix" in (state_of(catalogue, "odd").reason or "")


def test_a_plugin_can_fail_later() -> None:
    """What turns out broken after start is withdrawn, with the reason."""
    catalogue = Catalogue.build(
        use_cases=None, only=["late"], extra=[("late", offering(providers=lambda: [provider()]))]
    )
    owner = catalogue.owner("provider", "acme")
    assert owner is not None
    assert owner.name == "late"
    catalogue.failed_later("late", "its app was refused")
    state = state_of(catalogue, "late")
    assert (state.status, state.reason, state.providers) == ("failed", "its app was refused", ())
    assert catalogue.providers == {}
    assert catalogue.owner("provider", "acme") is None
