"""The manual's provider and its test are code that runs."""

from __future__ import annotations

import re
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest

from copyhound.plugin_api.hookspecs import PROJECT
from copyhound.plugin_api.testing import ProviderConformance, RunProvider
from copyhound.plugin_host.vetting import vet

BLOCK = re.compile(r"```python\n(.*?)```", re.DOTALL)


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """What the Python blocks of the page on plugins define, in their order."""
    names: dict[str, Any] = {}
    for block in BLOCK.findall((files("copyhound.docs") / "plugins.md").read_text("utf-8")):
        exec(compile(block, "plugins.md", "exec"), names)
    return names


def test_the_example_is_a_plugin(written: dict[str, Any]) -> None:
    """Its hook is marked and offers the provider."""
    hook = written["copyhound_providers"]
    assert hasattr(hook, f"{PROJECT}_impl")
    assert hook() == [written["ACME"]]


def test_the_trigger_and_the_action_are_taken(written: dict[str, Any]) -> None:
    """Copied from the manual, they are what a plugin may offer."""
    (trigger,) = written["copyhound_triggers"]()
    (action,) = written["copyhound_actions"](SimpleNamespace())
    assert (vet("trigger", trigger), vet("action", action)) == ("letter_answered", "note_answer")


KIT = sorted(name for name in vars(ProviderConformance) if name.startswith("test_") and name != "test_nothing_found")


@pytest.mark.parametrize("name", KIT)
def test_the_example_passes_the_kit(written: dict[str, Any], run_provider: RunProvider, name: str) -> None:
    """Copied from the manual, the provider and its test pass each case."""
    getattr(written["TestAcme"](), name)(run_provider)
