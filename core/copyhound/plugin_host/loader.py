"""Finds plugins and loads them one at a time: what breaks is recorded with its reason, and breaks alone."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterator, Sequence
from importlib.metadata import Distribution, EntryPoint, entry_points
from typing import Any, Final, Literal

import msgspec
import pluggy

from copyhound.plugin_api.hookspecs import PROJECT, CopyhoundSpecs
from copyhound.plugin_host.vetting import FaultySpecError, brief

GROUP: Final = "copyhound"
MAX_SPECS: Final = 200
HOOKS: Final = tuple(sorted(name for name in vars(CopyhoundSpecs) if name.startswith(f"{PROJECT}_")))

PluginStatus = Literal["loaded", "failed", "disabled"]


class PluginState(msgspec.Struct):
    """What is known of one plugin; shown by `GET /plugins` and `copyhound plugins list`."""

    name: str
    """The name of its entry point."""
    distribution: str | None = None
    version: str | None = None
    status: PluginStatus = "loaded"
    reason: str | None = None
    """What is wrong with it, in one sentence or more."""
    hooks: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    notifiers: tuple[str, ...] = ()
    surfaces: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    triggers: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()


class Found(msgspec.Struct):
    """An entry point, or an object given by hand, that is not loaded yet."""

    state: PluginState
    entry: EntryPoint | None = None
    thing: Any = None


def discover(extra: Sequence[tuple[str, Any]] = ()) -> list[Found]:
    """All entry points of the group `copyhound`, in the order of their names, and `extra` (name, module)."""
    known: dict[Distribution, tuple[str, str]] = {}
    found = [_from_entry(entry, known) for entry in entry_points(group=GROUP)]
    found += [Found(PluginState(name), thing=thing) for name, thing in extra]
    return sorted(found, key=lambda one: (one.state.name, one.state.distribution or ""))


def _from_entry(entry: EntryPoint, known: dict[Distribution, tuple[str, str]]) -> Found:
    dist = entry.dist
    if dist is None:
        return Found(PluginState(entry.name), entry=entry)
    if dist not in known:  # a look at a name parses a whole description, and ten plugins may be of one distribution
        known[dist] = (dist.name, dist.version)
    return Found(PluginState(entry.name, *known[dist]), entry=entry)


class Loaded:
    """A plugin whose module was imported, with a manager of its own."""

    def __init__(self, state: PluginState, manager: pluggy.PluginManager) -> None:
        self.state = state
        self._manager = manager

    def specs(self, hook: str, **arguments: Any) -> list[Any]:
        """What the plugin answers to a hook. Raises FaultySpecError where it raises or lies about the shape."""
        caller = getattr(self._manager.hook, hook)
        try:
            answers: Sequence[Any] = caller(**arguments)
            return list(itertools.chain.from_iterable(_items(hook, answer) for answer in answers))
        except FaultySpecError:
            raise
        except (Exception, SystemExit) as error:
            raise FaultySpecError(f"{hook} raised {brief(error)}") from error


def _items(hook: str, answer: Any) -> Iterator[Any]:
    if inspect.iscoroutine(answer):
        answer.close()
        raise FaultySpecError(f"{hook} must be a plain function, not an async one")
    if isinstance(answer, (str, bytes, dict)) or not hasattr(answer, "__iter__"):
        raise FaultySpecError(f"{hook} must return a list, not {type(answer).__name__}")
    items = list(itertools.islice(answer, MAX_SPECS + 1))
    if len(items) > MAX_SPECS:
        raise FaultySpecError(f"{hook} returned more than {MAX_SPECS} specifications")
    return iter(items)


def load(found: Found) -> Loaded | None:
    """Imports one plugin and checks its hooks. None where that failed: `found.state` says why."""
    try:
        thing = found.entry.load() if found.entry is not None else found.thing
    except (Exception, SystemExit) as error:
        return _failed(found, f"it could not be imported: {brief(error)}")
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(CopyhoundSpecs)
    try:
        manager.register(thing, name=found.state.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        return _failed(found, _hook_fault(thing, error))
    except Exception as error:
        return _failed(found, f"its hooks could not be read: {brief(error)}")
    found.state.hooks = tuple(name for name in HOOKS if getattr(manager.hook, name).get_hookimpls())
    if unmarked := _unmarked(thing, found.state.hooks):
        return _failed(found, f"{', '.join(unmarked)} is not marked with @hookimpl")
    if not found.state.hooks:
        return _failed(found, "it implements no hook: are its functions marked with @hookimpl?")
    return Loaded(found.state, manager)


def _failed(found: Found, reason: str) -> Loaded | None:
    found.state.status = "failed"
    found.state.reason = reason
    return None


def _hook_fault(thing: Any, error: pluggy.PluginValidationError) -> str:
    # pluggy prints the plugin object itself; its last lines say what is wrong
    text = str(error).split("\n", 1)
    known = ", ".join(HOOKS)
    if "unknown hook" in text[0]:
        name = text[0].split("unknown hook")[1].split()[0].strip("'\"")
        return f"there is no hook {name}: the hooks are {known}"
    return f"a hook does not fit its specification: {' '.join(text[-1].split())}"


def _unmarked(thing: Any, marked: Sequence[str]) -> list[str]:
    return [name for name in HOOKS if name not in marked and inspect.isroutine(getattr(thing, name, None))]
