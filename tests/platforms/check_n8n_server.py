"""The nodes in a real n8n, beside a live server. Heavy (3 GB, once): `make test-platforms` runs it alone."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ..connectors.live import PICTURE, Live, live_server
from ..e2e.servers import PATIENCE
from ..fixtures.postgres import Cluster
from .n8n_tools import built_package, n8n_program, node_path

STARTS_IN = 240.0
Json = dict[str, Any]


class RealN8n:
    """n8n with the package as a custom extension, in a folder and a database of its own."""

    def __init__(self, program: Path, package: Path, folder: Path, path: str, database: Json) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._program, self._folder = program, folder
        self._environment = {
            **os.environ,
            **database,
            "PATH": path,
            "N8N_USER_FOLDER": str(folder),
            "N8N_CUSTOM_EXTENSIONS": str(package),
            "N8N_LISTEN_ADDRESS": "127.0.0.1",
            "N8N_PORT": str(port),
            "WEBHOOK_URL": f"{self.url}/",
            "N8N_ENCRYPTION_KEY": "only for tests",
            "N8N_DIAGNOSTICS_ENABLED": "false",
            "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
            "N8N_TEMPLATES_ENABLED": "false",
            "N8N_PERSONALIZATION_ENABLED": "false",
            "N8N_RUNNERS_BROKER_PORT": "0",
        }
        self._process: subprocess.Popen[bytes] | None = None

    def command(self, *words: str) -> str:
        """What a command of n8n prints."""
        done = subprocess.run(
            ["node", str(self._program), *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=STARTS_IN,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def take(self, kind: str, content: Json) -> None:
        """Import credentials or a workflow."""
        file = self._folder / f"{kind}.json"
        file.write_text(json.dumps([content]))
        self.command(f"import:{kind}", f"--input={file}")

    def start(self) -> None:
        with (self._folder / "log").open("ab") as out:
            self._process = subprocess.Popen(
                ["node", str(self._program), "start"], env=self._environment, stdout=out, stderr=out
            )
        until(self._ready, self.log, STARTS_IN)

    def _ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz/readiness", timeout=5, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-6000:]


def until(holds: Callable[[], Any], told: Callable[[], str], patience: float = PATIENCE) -> Any:
    """What is true in the end."""
    end = time.monotonic() + patience
    while not (found := holds()):
        assert time.monotonic() < end, told()
        time.sleep(0.2)
    return found


def workflow() -> Json:
    """Each match that is found makes a list with the name of its picture."""
    credentials = {"copyhoundApi": {"id": "credential1", "name": "Copyhound"}}
    trigger = {
        "id": "11111111-1111-4111-8111-111111111111",
        "webhookId": "22222222-2222-4222-8222-222222222222",
        "name": "Copyhound Trigger",
        "type": "CUSTOM.copyhoundTrigger",
        "typeVersion": 1,
        "position": [0, 0],
        "parameters": {"triggers": ["match_found"]},
        "credentials": credentials,
    }
    action = {
        "id": "33333333-3333-4333-8333-333333333333",
        "name": "Copyhound",
        "type": "CUSTOM.copyhound",
        "typeVersion": 1,
        "position": [200, 0],
        "parameters": {"resource": "list", "operation": "create_list", "label": "=n8n saw {{ $json.image_name }}"},
        "credentials": credentials,
    }
    wires = {"Copyhound Trigger": {"main": [[{"node": "Copyhound", "type": "main", "index": 0}]]}}
    return {"id": "workflow1", "name": "Copies", "nodes": [trigger, action], "connections": wires, "active": False}


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running server."""
    with live_server(tmp_path_factory.mktemp("server")) as one:
        yield one


@pytest.fixture(scope="module")
def n8n(tmp_path_factory: pytest.TempPathFactory, postgres_cluster: Cluster, live: Live) -> Iterator[RealN8n]:
    """n8n with a workflow that waits for matches."""
    postgres_cluster.make("n8n")
    database = {
        "DB_TYPE": "postgresdb",
        "DB_POSTGRESDB_HOST": "127.0.0.1",
        "DB_POSTGRESDB_PORT": str(postgres_cluster.port),
        "DB_POSTGRESDB_DATABASE": "n8n",
        "DB_POSTGRESDB_USER": "postgres",
    }
    path = node_path(tmp_path_factory.mktemp("node"))
    package = built_package(tmp_path_factory.mktemp("package") / "n8n-nodes-copyhound", path)
    shipped = tmp_path_factory.mktemp("custom")
    shutil.copytree(package / "dist", shipped / "dist")
    shutil.copy(package / "package.json", shipped)
    one = RealN8n(n8n_program(), shipped, tmp_path_factory.mktemp("user"), path, database)
    secret = {"baseUrl": live.url, "apiKey": live.key}
    one.take("credentials", {"id": "credential1", "name": "Copyhound", "type": "copyhoundApi", "data": secret})
    one.take("workflow", workflow())
    one.command("publish:workflow", "--id=workflow1")
    try:
        one.start()
        yield one
    finally:
        one.stop()
        postgres_cluster.drop("n8n")


def test_a_match_runs_a_workflow(n8n: RealN8n, live: Live) -> None:
    """n8n subscribes as it starts; a real delivery passes its signature check, and the action node makes a list."""
    (hook,) = until(live.hooks, n8n.log)
    assert hook["target_url"].startswith(f"{n8n.url}/webhook/")
    live.happen()

    def made() -> list[str]:
        labels = [one["label"] for one in live.call("GET", "/lists")["items"]]
        return [label for label in labels if label.startswith("n8n saw")]

    assert until(made, n8n.log) == [f"n8n saw {PICTURE}"]


def test_a_forged_delivery_is_refused_by_it(n8n: RealN8n, live: Live) -> None:
    """A body without a signature is answered 401."""
    (hook,) = until(live.hooks, n8n.log)
    answer = httpx.post(hook["target_url"], json={"image_name": "forged"}, trust_env=False, timeout=PATIENCE)
    assert answer.status_code == 401


def test_a_restart_of_it_leaves_one_hook(n8n: RealN8n, live: Live) -> None:
    """After n8n was stopped and started there is still one hook, the same."""
    before = [one["id"] for one in until(live.hooks, n8n.log)]
    n8n.stop()
    n8n.start()
    assert [one["id"] for one in until(live.hooks, n8n.log)] == before
