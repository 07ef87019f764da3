"""Is a specification what it says? Plugins are checked once, at start, so that calls need not be."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.events import EventBase
from copyhound.domain.triggers import FILTER_FIELDS, AntiExample
from copyhound.domain.workspaces import Scope
from copyhound.plugin_api.types import (
    ActionSpec,
    NotifierSpec,
    ProviderLimits,
    ProviderSpec,
    SourceSpec,
    SurfaceSpec,
    TriggerSpec,
)

NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,47}")
PREFIX: Final = re.compile(r"(/[A-Za-z0-9][A-Za-z0-9._~-]*)+")
RESERVED_PREFIXES: Final = ("/api", "/schema", "/docs", "/healthz", "/readyz", "/metrics", "/feeds")
_MAX_TEXT: Final = 4000
_MAX_REASON: Final = 400


class FaultySpecError(Exception):
    """A plugin that breaks its contract; the text says how."""


def brief(error: BaseException, limit: int = _MAX_REASON) -> str:
    """An exception in one line of at most `limit` characters."""
    try:
        text = " ".join(str(error).split())
    except Exception:
        text = ""
    name = type(error).__name__
    line = text if isinstance(error, CopyhoundError) else f"{name}: {text}" if text else name
    return line if len(line) <= limit else line[: limit - 1] + "…"


def need(holds: object, fault: str) -> None:
    """Raises FaultySpecError(fault) unless `holds`."""
    if not holds:
        raise FaultySpecError(fault)


def vet(kind: str, spec: Any) -> str:
    """The name that a specification claims. Raises FaultySpecError, naming what is wrong."""
    wanted, check = _CHECKS[kind]
    need(isinstance(spec, wanted), f"{kind} must be {wanted.__name__}, not {type(spec).__name__}")
    name = spec.key if isinstance(spec, (TriggerSpec, ActionSpec)) else spec.name
    need(isinstance(name, str) and NAME.fullmatch(name), f"the name {name!r:.60} must be like my_{kind}")
    for field in ("title", "description"):
        text = getattr(spec, field)
        need(isinstance(text, str) and text.strip() and len(text) <= _MAX_TEXT, f"{name}: {field} must be a text")
    check(name, spec)
    return str(name)


def is_struct(thing: Any) -> bool:
    """Whether `thing` is a Struct class, of which a JSON Schema can be made."""
    if not (isinstance(thing, type) and issubclass(thing, msgspec.Struct)):
        return False
    return _has_schema(thing)


@lru_cache(maxsize=256)
def _has_schema(struct: type[msgspec.Struct]) -> bool:
    try:
        msgspec.json.schema(struct)
    except (TypeError, ValueError, NameError, AttributeError):
        return False
    return True


def is_async(function: Any) -> bool:
    """Whether calling `function` gives an awaitable, as far as that can be seen."""
    return any(map(inspect.iscoroutinefunction, _callables(function)))


def _callables(function: Any) -> tuple[Any, Any]:
    return function, getattr(type(function), "__call__", None)  # noqa: B004 - to look at it, not to test for it


def _provider(name: str, spec: ProviderSpec) -> None:
    need(is_async(spec.search), f"{name}: search must be an async function")
    need(is_struct(spec.settings), f"{name}: settings must be a msgspec.Struct with a JSON Schema")
    need(_texts(spec.accepts) and set(spec.accepts) <= {"bytes", "url"}, f"{name}: accepts is of bytes and url")
    need(_texts(spec.formats), f"{name}: formats must name at least one format")
    need(isinstance(spec.price_unit, str) and spec.price_unit, f"{name}: price_unit must be a text")
    need(isinstance(spec.default, bool), f"{name}: default must be a bool")
    need(isinstance(spec.limits, ProviderLimits), f"{name}: limits must be ProviderLimits")
    _limits(name, spec.limits)


def _limits(name: str, limits: ProviderLimits) -> None:
    _between(f"{name}: limits.timeout_seconds", limits.timeout_seconds, 0.01, 600)
    _between(f"{name}: limits.concurrency", limits.concurrency, 1, 1000, whole=True)
    _between(f"{name}: limits.max_bytes", limits.max_bytes, 1, 2**31, whole=True)
    _between(f"{name}: limits.max_candidates", limits.max_candidates, 1, 100_000, whole=True)
    _between(f"{name}: limits.retries", limits.retries, 0, 10, whole=True)
    if limits.per_minute is not None:
        _between(f"{name}: limits.per_minute", limits.per_minute, 1, 1_000_000, whole=True)


def _between(what: str, value: Any, low: float, high: float, *, whole: bool = False) -> None:
    kind = isinstance(value, int if whole else (int, float)) and not isinstance(value, bool)
    sane = kind and math.isfinite(value) and low <= value <= high
    need(sane, f"{what} must be {'a whole number' if whole else 'a number'} from {low:g} to {high:g}")


def _texts(value: Any) -> bool:
    return isinstance(value, tuple) and bool(value) and all(isinstance(one, str) and one for one in value)


def _notifier(name: str, spec: NotifierSpec) -> None:
    need(is_async(spec.notify), f"{name}: notify must be an async function")
    need(is_struct(spec.target), f"{name}: target must be a msgspec.Struct with a JSON Schema")
    need(is_struct(spec.settings), f"{name}: settings must be a msgspec.Struct with a JSON Schema")
    _between(f"{name}: timeout_seconds", spec.timeout_seconds, 0.01, 600)


def _surface(name: str, spec: SurfaceSpec) -> None:
    need(callable(spec.make_app), f"{name}: make_app must be a function that makes an ASGI application")
    need(_texts(spec.prefixes), f"{name}: prefixes must be a tuple of paths")
    for prefix in spec.prefixes:
        need(PREFIX.fullmatch(prefix), f"{name}: the prefix {prefix!r:.60} must be like /acme/v1")
        taken = any(prefix == own or prefix.startswith(f"{own}/") for own in RESERVED_PREFIXES)
        need(not taken, f"{name}: the prefix {prefix} is Copyhound's own")


def _source(name: str, spec: SourceSpec) -> None:
    need(callable(spec.run) and not is_async(spec.run), f"{name}: run must be an async generator function")
    need(is_struct(spec.settings), f"{name}: settings must be a msgspec.Struct with a JSON Schema")


def _trigger(name: str, spec: TriggerSpec) -> None:
    need(is_struct(spec.payload), f"{name}: payload must be a msgspec.Struct with a JSON Schema")
    need(issubclass(spec.payload, EventBase), f"{name}: payload must be a subclass of EventBase")
    need(spec.filter is None or is_struct(spec.filter), f"{name}: filter must be a msgspec.Struct or None")
    fields = frozenset(spec.filter.__struct_fields__ if spec.filter else ())
    need(fields <= FILTER_FIELDS, f"{name}: a filter is of {', '.join(sorted(FILTER_FIELDS))}")
    for number, event in enumerate((spec.sample, *spec.examples)):
        what = f"{name}: example {number}" if number else f"{name}: sample"
        _fits(what, event, spec.payload)
        need(event["type"] == name, f"{what} must be of the type {name}")
    _choices(name, spec.dynamic_fields, fields)
    _refused(name, spec.anti_examples, spec.payload)


def _action(name: str, spec: ActionSpec) -> None:
    need(is_async(spec.run), f"{name}: run must be an async function")
    need(is_struct(spec.input), f"{name}: input must be a msgspec.Struct with a JSON Schema")
    need(is_struct(spec.output), f"{name}: output must be a msgspec.Struct with a JSON Schema")
    _fits(f"{name}: sample", spec.sample, spec.output)
    _between(f"{name}: timeout_seconds", spec.timeout_seconds, 0.01, 120)
    need(spec.scope in list(Scope), f"{name}: scope must be one of {', '.join(Scope)}")
    finds = spec.kind == "do" or "items" in spec.output.__struct_fields__
    need(spec.kind in ("do", "find") and finds, f"{name}: one that finds has `items` in its output")
    for number, taken in enumerate(spec.examples, 1):
        _fits(f"{name}: example {number}", taken, spec.input)
    _choices(name, spec.dynamic_fields, frozenset(spec.input.__struct_fields__))
    _refused(name, spec.anti_examples, spec.input)


def _choices(name: str, addresses: Any, fields: frozenset[str]) -> None:
    need(isinstance(addresses, dict), f"{name}: dynamic_fields must be a dict")
    for field, address in addresses.items():
        need(field in fields, f"{name}: dynamic_fields names {field!r:.60}, which is no field")
        ours = isinstance(address, str) and address.startswith("/")
        need(ours, f"{name}: the choices of {field} must be at a path of this server, such as /api/v1/choices/lists")


def _refused(name: str, anti_examples: Any, struct: type[msgspec.Struct]) -> None:
    for number, one in enumerate(anti_examples, 1):
        need(isinstance(one, AntiExample) and one.reason, f"{name}: anti-example {number} must be one, with a reason")
        try:
            msgspec.convert(one.value, struct)
        except msgspec.ValidationError:
            continue
        raise FaultySpecError(f"{name}: anti-example {number} is taken")


def _fits(what: str, sample: Any, struct: type[msgspec.Struct]) -> None:
    try:
        msgspec.convert(sample, struct)
    except msgspec.ValidationError as error:
        raise FaultySpecError(f"{what} does not fit its Struct: {error}") from error


_Check = Callable[[str, Any], None]
_CHECKS: Final[dict[str, tuple[type, _Check]]] = {
    "provider": (ProviderSpec, _provider),
    "notifier": (NotifierSpec, _notifier),
    "surface": (SurfaceSpec, _surface),
    "source": (SourceSpec, _source),
    "trigger": (TriggerSpec, _trigger),
    "action": (ActionSpec, _action),
}
KINDS: Final = tuple(_CHECKS)
