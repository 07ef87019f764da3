"""The conformance kit finds what is wrong with a provider, and says it in words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from copyhound.plugin_api import Answer, Candidate, Context, Outcome, ProviderLimits, ProviderSpec, Query
from copyhound.plugin_api.testing import LoopbackServer, ProviderConformance, Reply, Request, RunProvider

URL = "https://copies.example/1.jpg"
ADDRESS = ""


async def careless(query: Query, context: Context) -> Answer:
    """Takes whatever comes for an empty result: the mistake that the kit is for."""
    try:
        response = await context.http.post(ADDRESS, content=query.data)
        found = response.json()["results"]
    except (httpx.HTTPError, ValueError, KeyError):
        return Answer(Outcome.no_match)
    return Answer(Outcome.answered, tuple(Candidate(one["image_url"]) for one in found))


CARELESS = ProviderSpec("careless", "Careless", "Finds nothing", careless, limits=ProviderLimits(retries=0))


class Careless(ProviderConformance):
    """Not collected: its tests are called by hand, to see them fail."""

    spec = CARELESS

    def settings(self, base_url: str) -> dict[str, Any]:
        global ADDRESS
        ADDRESS = base_url
        return {}

    def good(self, request: Request) -> Reply:
        return Reply.json({"results": [{"image_url": URL}]})

    def nothing(self, request: Request) -> Reply:
        return Reply.json({"results": []})


FOUND_OUT = {
    "test_captcha_page": "a captcha page with status 200 came out as no_match",
    "test_empty_page": "an empty body with status 200 came out as no_match",
    "test_error_inside_200": 'status 200 with {"error": ...} inside came out as no_match',
    "test_wrong_key": "status 401 came out as no_match",
    "test_too_many_requests": "status 429 came out as no_match",
    "test_server_error": "status 500 came out as no_match",
    "test_malformed_json": "broken JSON with status 200 came out as no_match",
    "test_huge_answer": "an answer that does not end came out as no_match",
    "test_connection_reset": "a connection that was reset came out as no_match",
}


@pytest.mark.parametrize("name", sorted(FOUND_OUT))
def test_a_careless_provider_is_found_out(run_provider: RunProvider, name: str) -> None:
    """Each failure that is taken for an empty result fails its test, in words that name provider and case."""
    with pytest.raises(AssertionError) as caught:
        getattr(Careless(), name)(run_provider)
    assert f"careless: {FOUND_OUT[name]}" in str(caught.value)


@pytest.mark.parametrize("name", ["test_good_answer", "test_nothing_found", "test_slow_answer"])
def test_what_a_careless_provider_does_right_passes(run_provider: RunProvider, name: str) -> None:
    """The kit does not fail what is right: the guard itself ends what is slow."""
    getattr(Careless(), name)(run_provider)


def test_every_test_of_the_kit_is_tried_here() -> None:
    """A test added to the kit has to be seen failing too."""
    kit = {name for name in vars(ProviderConformance) if name.startswith("test_")}
    assert kit == {*FOUND_OUT, "test_good_answer", "test_nothing_found", "test_slow_answer"}


async def own_client(query: Query, context: Context) -> Answer:
    async with httpx.AsyncClient(timeout=60) as client:
        response = await client.post(ADDRESS, content=query.data)
    return Answer(Outcome.transient, reason=f"{len(response.content)} bytes")


def test_reading_an_endless_answer_is_found_out(run_provider: RunProvider) -> None:
    """A provider with a client of its own, which nothing caps, is told to use context.http."""

    class Greedy(Careless):
        spec = ProviderSpec("greedy", "Greedy", "Reads all", own_client)

    with pytest.raises(AssertionError, match=r"greedy: an endless answer was read to its end; context\.http would"):
        Greedy().test_huge_answer(run_provider)


async def silent(query: Query, context: Context) -> Answer:
    return [1]  # type: ignore[return-value]


def test_a_lie_is_told(run_provider: RunProvider) -> None:
    """The real checks of answers are at work."""
    answer = run_provider(ProviderSpec("liar", "Liar", "Lies", silent), b"picture")
    assert answer.outcome is Outcome.transient
    assert answer.reason == "liar broke its contract: search returned list, not Answer"


def test_a_faulty_specification_is_told(run_provider: RunProvider) -> None:
    """A specification that would not be loaded is an assertion with the reason."""
    with pytest.raises(AssertionError, match="The provider is faulty: the name 'Not a name'"):
        run_provider(ProviderSpec("Not a name", "T", "D", careless), b"picture")


async def test_it_works_inside_async_tests(run_provider: RunProvider) -> None:
    """An author's async test may call it like any other."""
    with LoopbackServer(lambda _: Reply.json({"results": [{"image_url": URL}]})) as server:
        Careless().settings(server.base_url)
        assert run_provider(CARELESS, b"picture").outcome is Outcome.answered


def test_the_pytest_plugin_is_light(tmp_path: Path) -> None:
    """In a suite that does not use it, the plugin imports no client, no server, nothing of Copyhound's but itself."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_nothing_heavy():\n"
        "    assert 'copyhound.plugin_host.pytest_plugin' in sys.modules\n"
        "    assert not {'httpx', 'msgspec', 'copyhound.plugin_api'} & set(sys.modules)\n"
    )
    options = ["-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
