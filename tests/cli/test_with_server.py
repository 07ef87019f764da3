"""The commands on a data folder that a server holds: they ask it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

Command = Callable[..., Any]
KEY = re.compile(r"ch_key_[0-9a-z]+_[0-9A-Za-z_-]{43}")


class Server:
    """A real server, started once for all tests here."""

    def __init__(self, process: subprocess.Popen[bytes], data: Path, log: Path) -> None:
        self.process, self.data, self.log = process, data, log

    @property
    def announced(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((self.data / "server.json").read_text())
        return told


@pytest.fixture(scope="module")
def server(data: Path, environment: dict[str, str]) -> Iterator[Server]:
    data.mkdir(parents=True)
    log = data.parent / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "copyhound.cli", "serve", "--port", "0", "--data", str(data)],
            stdout=out, stderr=out, env=environment, cwd=data.parent,
        )  # fmt: skip
        started = Server(process, data, log)
        deadline = time.monotonic() + 60
        while not (data / "server.json").exists():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.05)
        yield started
        process.kill()
        process.wait()


def test_the_server_says_where_it_is(server: Server) -> None:
    """server.json holds its address and process; the first key is shown once, and works."""
    assert server.announced["pid"] == server.process.pid
    (key,) = KEY.findall(server.log.read_text())
    before, after = server.log.read_text().split("API key (shown this once", 1)
    assert before.endswith("\n\n")
    assert after.partition("\n")[2].startswith("\n")
    assert "Copyhound serves" in before
    assert "color_message" not in before
    me = httpx.get(f"{server.announced['url']}/api/v1/me", headers={"X-API-Key": key}, trust_env=False)
    assert me.status_code == 200


def test_commands_ask_the_server(server: Server, copyhound: Command) -> None:
    """A key that the command line makes works at the server at once."""
    made = copyhound("keys", "create", "robot", "--json").json
    url = f"{server.announced['url']}/api/v1/me"
    assert httpx.get(url, headers={"X-API-Key": made["key"]}, trust_env=False).status_code == 200


def test_keys_are_made_listed_and_revoked(server: Server, copyhound: Command) -> None:
    """A key is shown when it is made and never again; a revoked one is told as such."""
    made = copyhound("keys", "create", "robot", "--scope", "read", "--days", "3", "--json").json
    assert made["key"].startswith(made["id"].join(("ch_", "_")))
    listed = copyhound("keys", "list", "--json")
    assert made["key"] not in listed.out
    assert [key["scopes"] for key in listed.json if key["id"] == made["id"]] == [["read"]]
    assert copyhound("keys", "revoke", made["id"]).code == 0
    again = copyhound("keys", "list", "--json").json
    assert [bool(key["revoked_at"]) for key in again if key["id"] == made["id"]] == [True]


def test_workspaces_keys_and_credits_by_command(server: Server, copyhound: Command) -> None:
    """A workspace is made, given a key with limits and credits, and all of it is told again."""
    made = copyhound("workspaces", "create", "client", "--json").json
    assert made["id"] in copyhound("workspaces", "list").out
    options = ("--workspace", made["id"], "--signs", "--concurrent", "9", "--json")
    key = copyhound("keys", "create", "theirs", *options).json
    assert (key["signs"], key["limits"]) == (True, {"concurrent": 9})
    assert "500 credits" in copyhound("credits", "grant", "500", "--workspace", made["id"], "--note", "trial").out
    (bundle,) = copyhound("credits", "list", "--workspace", made["id"], "--json").json
    assert (bundle["remaining"], bundle["note"]) == (500, "trial")
    own = copyhound("keys", "create", "mine", "--json").json
    assert own["scopes"] == ["read", "write", "admin"]
    assert "requests 5" in copyhound("keys", "limit", own["id"], "--requests", "5").out
    assert copyhound("credits", "usage", "--json").json["credits"]["metered"] is False


def test_searching_through_the_server(server: Server, copyhound: Command, picture: Callable[[str], Path]) -> None:
    """`search --no-wait` answers at once with the ids."""
    begun = copyhound("search", picture("kodak_0001"), "--no-wait", "--json").json
    assert begun["search_id"].startswith("search_")
    assert begun["image_count"] == 1


def test_the_index_tells_of_itself_through_the_server(server: Server, copyhound: Command) -> None:
    """`index status` asks the server, which owns the index."""
    told = copyhound("index", "status", "--json").json
    assert (told["engine"], told["state"]) == ("embedded", "ready")


def test_the_index_has_one_owner(server: Server, copyhound: Command) -> None:
    """`index rebuild` is refused while a server owns the index, with a hint."""
    told = copyhound("index", "rebuild")
    assert told.code == 1
    assert "Stop it" in told.err


def test_a_second_server_is_refused(server: Server, copyhound: Command) -> None:
    """Two servers cannot work on one data folder under one name."""
    told = copyhound("serve", "--port", "0")
    assert told.code == 1
    assert "[data_in_use]" in told.err


def test_an_error_of_the_api_is_one_line(server: Server, copyhound: Command) -> None:
    """What the server refuses is told with its code, and without a traceback."""
    told = copyhound("keys", "revoke", "key_unknown")
    assert told.code == 1
    assert "[not_found]" in told.err
    assert "Traceback" not in told.err


def test_a_server_ends_well(server: Server, copyhound: Command) -> None:
    """SIGTERM ends it with code 0; nothing says afterwards that it runs, and commands open the data themselves."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=30) == 0, server.log.read_text()
    assert not (server.data / "server.json").exists()
    assert copyhound("index", "count", "--json").json == []
