"""schemathesis against a running server: what is described is what is done. `make test-platforms` runs it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..connectors.live import Live, live_server
from ..fixtures.clients import python_client

VERSION = "4.32.5"
RULES = Path(__file__).parent / "schemathesis_rules"
EXAMPLES = 12
"""Of each operation, beside the edges that the coverage phase tries."""
SEED = "20261122"
SECONDS = 1500
LEFT_OUT = {
    "revoke_key": "it would take the key that it works with",
    "change_key": "it would take rights from the key that it works with",
    "watch_list": "a stream that does not end",
    "watch_search": "a stream that does not end",
    "watch_feed": "a stream that does not end",
}
"""Operation -> why it is not called. tests/http has tests of each."""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A server that has something of everything, so that most addresses lead somewhere."""
    with live_server(tmp_path_factory.mktemp("schemathesis")) as running:
        running.happen()
        running.call("PUT", "/collections/pictures")
        made = running.call("POST", "/lists", {"label": "watched"})
        running.call("POST", f"/lists/{made['id']}/tags", {"label": "seen"})
        running.call("POST", "/feeds", {"list_id": made["id"]})
        running.call("POST", "/hooks", {"target_url": "https://127.0.0.1:9/hook", "triggers": ["match_found"]})
        yield running


def judged(live: Live, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """What schemathesis says of the server."""
    command = [
        str(python_client(f"schemathesis=={VERSION}").with_name("schemathesis")),
        f"--config-file={RULES / 'schemathesis.toml'}",
        "--no-color",
        "run",
        f"{live.url}/schema/openapi.json",
        f"--header=X-API-Key: {live.key}",
        f"--seed={SEED}",
        "--generation-database=none",
        "--continue-on-failure",
        "--request-timeout=60",
        "--warnings=off",
        *(f"--exclude-operation-id={name}" for name in LEFT_OUT),
        *words,
    ]
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(RULES)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False
    )


def test_schemathesis_finds_nothing(live: Live, tmp_path: Path) -> None:
    """Valid data are taken, invalid ones refused, all answers are as described, and none is a server error."""
    done = judged(live, tmp_path, f"--max-examples={EXAMPLES}", "--phases=examples,coverage,fuzzing")
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    assert "No issues found" in done.stdout
