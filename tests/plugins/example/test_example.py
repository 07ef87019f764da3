"""The example provider, by the conformance kit that authors use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from copyhound.plugin_api import Outcome, Page
from copyhound.plugin_api.testing import LoopbackServer, ProviderConformance, Reply, Request, RunProvider
from copyhound.plugin_host.loader import PluginState
from copyhound_example import EXAMPLE

FOUND = {
    "results": [
        {"image_url": "https://copies.example/1.jpg", "page_url": "https://copies.example/", "page_title": "Copies"},
        {"image_url": "https://copies.example/2.jpg"},
    ]
}


class TestExample(ProviderConformance):
    """The whole kit."""

    spec = EXAMPLE

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"base_url": base_url}

    def good(self, request: Request) -> Reply:
        return Reply.json(FOUND)

    def nothing(self, request: Request) -> Reply:
        return Reply.json({"results": []})

    def test_sends_the_picture(self, run_provider: RunProvider) -> None:
        """The picture is posted with the key, and pages come with the candidates."""
        with LoopbackServer(self.good) as server:
            answer = run_provider(EXAMPLE, b"picture", settings={"base_url": server.base_url, "api_key": "k-1234"})
            (request,) = server.requests
        assert (request.method, request.path, request.body) == ("POST", "/search", b"picture")
        assert request.headers["authorization"] == "Bearer k-1234"
        assert [candidate.pages for candidate in answer.candidates] == [
            (Page("https://copies.example/", "Copies"),),
            (),
        ]
        assert answer.units_spent == 1


def test_without_an_address_it_is_not_set_up(run_provider: RunProvider) -> None:
    """Without base_url nothing is asked, and the reason names the setting."""
    answer = run_provider(EXAMPLE, b"picture")
    assert answer.outcome is Outcome.skipped
    assert (answer.reason or "").startswith("example is not set up: ")
    assert "base_url" in (answer.reason or "")


def test_it_is_installed(installed_plugin: Callable[[str], PluginState]) -> None:
    """The wheel's entry point is found, with its distribution; it is not asked by default."""
    state = installed_plugin("copyhound_example")
    assert (state.status, state.distribution, state.providers) == ("loaded", "copyhound", ("example",))
    assert not EXAMPLE.default
