"""The pytest plugin that is installed with Copyhound: fixtures for the tests of plugins. Light until one is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from copyhound.plugin_api.testing import RunProvider
    from copyhound.plugin_host.loader import PluginState
    from copyhound.plugin_host.trial import RunNotifier


def pytest_configure() -> None:
    """Lets asserts of the conformance kit explain themselves."""
    pytest.register_assert_rewrite("copyhound.plugin_api.testing")


@pytest.fixture
def run_provider() -> RunProvider:
    """Asks a provider through the real guard: `run_provider(SPEC, picture, settings={...})` gives its Answer."""
    from copyhound.plugin_host.trial import try_provider

    return try_provider


@pytest.fixture
def run_notifier() -> RunNotifier:
    """Lets a notifier tell: `run_notifier(SPEC, notice, target={...})`."""
    from copyhound.plugin_host.trial import try_notifier

    return try_notifier


@pytest.fixture
def installed_plugin() -> Callable[[str], PluginState]:
    """What Copyhound makes of an installed plugin: `installed_plugin("my_plugin").status`."""
    from copyhound.plugin_host.trial import installed

    return installed
