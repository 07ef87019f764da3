"""A distribution of somebody else's: built to a wheel, installed, and everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ..e2e.servers import Server
from ..fixtures import photos

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "acme-for-copyhound"
version = "4.5.6"
dependencies = ["copyhound"]

[project.entry-points.copyhound]
acme = "acme_for_copyhound"
"""

MODULE = '''
"""A provider and a notifier, written with the public plugin API alone."""

import msgspec

from copyhound.plugin_api import Answer, Candidate, Notice, NotifierSpec, Outcome, ProviderSpec, hookimpl


class Target(msgspec.Struct):
    room: str


async def search(query, context):
    return Answer(Outcome.answered, (Candidate(f"https://acme.example/{query.sha256}.jpg"),))


async def notify(notice: Notice, target: Target, context) -> None:
    await context.state.put({target.room: notice.title})


@hookimpl
def copyhound_providers():
    return [ProviderSpec("acme", "Acme", "Finds with Acme", search)]


@hookimpl
def copyhound_notifiers():
    return [NotifierSpec("acme_chat", "Acme chat", "Tells a room", notify, Target)]
'''

# runs where the wheel is on the path, as it would be in an installation
PROBE = """
import asyncio, json
from copyhound.plugin_api import Notice, Query
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.desk import NotifierDesk, ProviderDesk
from copyhound.plugin_host.trial import _parts

catalogue = Catalogue.build(use_cases=None)
(state,) = (state for state in catalogue.plugins if state.name == "acme")
providers = ProviderDesk(catalogue, **_parts("acme", None))
parts = _parts("acme_chat", None)
notifiers = NotifierDesk(catalogue, **parts)
query = Query("ws", "img", "a", "abc", "JPEG", 1, 1, b"x", b"")

async def main():
    answer = await providers.search("acme", query)
    await notifiers.notify("acme_chat", Notice("Hello", "", ()), {"room": "ops"}, workspace_id="ws")
    return answer.candidates[0].image_url

found = asyncio.run(main())
told = parts["state_factory"]("acme_chat", "ws", "").values
print(json.dumps([state.distribution, state.version, state.status, state.providers, state.notifiers,
                  "acme" in providers.ready(), found, told]))
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which the wheel was installed."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    (source / "pyproject.toml").write_text(PYPROJECT)
    (source / "acme_for_copyhound").mkdir()
    (source / "acme_for_copyhound" / "__init__.py").write_text(MODULE)
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel"], cwd=source, check=True)
    (wheel,) = (source / "dist").glob("*.whl")
    options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check", "--target", str(target)]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, str(wheel)], check=True)
    return target


def test_a_third_party_wheel_shows_up_and_works(site: Path) -> None:
    """The installed plugin is listed with its distribution and version; its provider answers, its notifier tells."""
    done = subprocess.run(
        [sys.executable, "-c", PROBE], env={"PYTHONPATH": str(site)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        "acme-for-copyhound",
        "4.5.6",
        "loaded",
        ["acme"],
        ["acme_chat"],
        True,
        "https://acme.example/abc.jpg",
        {"ops": "Hello"},
    ]


def test_a_third_party_wheel_is_asked_by_a_real_server(site: Path, tmp_path: Path) -> None:
    """A server with the wheel installed lists both specifications, and a search ends with the provider's outcome."""
    with Server(tmp_path / "data", PYTHONPATH=str(site)) as server, server.client() as client:
        plugins = {plugin["name"]: plugin for plugin in client.get("/plugins").json()["items"]}
        assert (plugins["acme"]["distribution"], plugins["acme"]["version"]) == ("acme-for-copyhound", "4.5.6")
        assert (plugins["acme"]["providers"], plugins["acme"]["notifiers"]) == (["acme"], ["acme_chat"])
        assert "acme" in {provider["name"] for provider in client.get("/providers").json()["items"]}
        files = [("images", ("mine.jpg", photos.photo(1), "image/jpeg"))]
        search = client.post("/searches?wait=30", files=files, data={"verify": "false"}).json()
        assert search["outcomes"] == {"answered": 1, "no_match": 1}
        (match,) = client.get(f"/lists/{search['list_id']}/matches").json()["items"]
        assert match["providers"] == ["acme"]
