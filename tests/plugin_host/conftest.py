"""Plugins as they lie on a disk, and desks around specifications."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from copyhound.plugin_api import Query, hookimpl
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.desk import ProviderDesk
from copyhound.plugin_host.guard import GuardRules
from copyhound.plugin_host.posts import DeskParts, GuardOptions
from copyhound.plugin_host.trial import EmptyIndex, MemoryState

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install("dist", module="code")`: a fake installed distribution, each module an entry point of its name."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    names: list[str] = []

    def put(distribution: str, version: str = "1.0", **modules: str) -> None:
        info = folder / f"{distribution}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"{name} = {name}" for name in modules]
        (info / "entry_points.txt").write_text("\n".join(["[copyhound]", *lines, ""]))
        for name, code in modules.items():
            (folder / f"{name}.py").write_text(textwrap.dedent(code))
            names.append(name)

    yield put
    for name in names:
        sys.modules.pop(name, None)


def plugin(**hooks: Any) -> Any:
    """An object with hooks: `plugin(providers=[SPEC])`."""
    marked = {f"copyhound_{kind}": hookimpl(_offering(specs)) for kind, specs in hooks.items()}
    return SimpleNamespace(**marked)


def _offering(specs: Any) -> Callable[[], Any]:
    def offer() -> Any:
        return specs

    return offer


@pytest.fixture
def catalogue_of() -> Callable[..., Catalogue]:
    """`catalogue_of(providers=[SPEC])`: a catalogue of one plugin, named `tested`."""

    def build(**hooks: Any) -> Catalogue:
        catalogue = Catalogue.build(use_cases=None, only=["tested"], extra=[("tested", plugin(**hooks))])
        (state,) = (state for state in catalogue.plugins if state.name == "tested")
        assert state.reason is None
        return catalogue

    return build


class Clock:
    """A clock that moves only when told to, and a sleep that tells it."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def parts(clock: Clock) -> DeskParts:
    """What desks are made of: memory, an unguarded client, a clock that stands still."""
    state = MemoryState()
    return {
        "plugin_settings": {},
        "http_factory": lambda: httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(204))),
        "state_factory": lambda plugin, workspace_id, target: state,
        "index": EmptyIndex(),
        "now": lambda: NOW,
        "options": GuardOptions(rules=GuardRules(), clock=clock, sleep=clock.sleep, grace_seconds=0.2, environ={}),
    }


@pytest.fixture
def desk_of(catalogue_of: Callable[..., Catalogue], parts: DeskParts) -> Iterator[Callable[..., ProviderDesk]]:
    """`desk_of(SPEC, SPEC)`: a desk of these providers, closed after the test."""
    desks: list[ProviderDesk] = []

    def build(*specs: Any, **changes: Any) -> ProviderDesk:
        desk = ProviderDesk(catalogue_of(providers=list(specs)), **{**parts, **changes})
        desks.append(desk)
        return desk

    yield build
    for desk in desks:
        desk.close()


@pytest.fixture
def query() -> Query:
    return Query("ws_1", "img_1", "a.jpg", "00", "JPEG", 64, 48, b"picture", b"")
