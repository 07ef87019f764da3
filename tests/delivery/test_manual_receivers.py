"""The receivers that the manual shows, as they stand there, with the libraries that it names."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from importlib import resources
from types import SimpleNamespace
from typing import Any

import pytest
import standardwebhooks

from copyhound.delivery.sign import new_secret, signed_headers

from ..fixtures.clients import node_client, run_node

BODY = '{"id":"evt_1","type":"match_found","title":"Zürich → 東京"}'.encode()
CALLS = """
const [secret, body, headers] = [%s, %s, %s];
const called = async function () {
  const url = `http://127.0.0.1:${this.address().port}`;
  const post = async (body) => (await fetch(url, { method: 'POST', headers, body })).status;
  console.log(await post(body), await post(body.replace('match', 'other')));
  process.exit();
};
"""


def shown(language: str) -> str:
    """The receiver in one language, with a secret to be filled in."""
    page = (resources.files("copyhound") / "docs" / "webhooks.md").read_text("utf-8")
    (found,) = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert found.count("whsec_...") == 1
    return str(found)


def signed() -> tuple[str, dict[str, str]]:
    secret = new_secret()
    return secret, signed_headers([secret.encode()], "evt_1", BODY, datetime.now(UTC))


def test_the_receiver_in_python_checks_signatures() -> None:
    """It reads what we signed, and refuses another body."""
    secret, headers = signed()
    code = shown("python").replace("whsec_...", secret)
    names: dict[str, Any] = {"request": SimpleNamespace(body=BODY, headers=headers)}
    exec(code, names)
    assert names["event"] == json.loads(BODY)
    names["request"].body = BODY.replace(b"match", b"other")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        exec(code, names)


def test_the_receiver_in_javascript_checks_signatures() -> None:
    """It answers 204 to what we signed and prints it, and 400 to another body."""
    secret, headers = signed()
    folder = node_client("zapier-platform-core@19.1.0", "standardwebhooks@1.1.1")
    calls = CALLS % (json.dumps(secret), json.dumps(BODY.decode()), json.dumps(headers))
    receiver = shown("javascript").replace('"whsec_..."', "secret")
    assert receiver.count("listen(8080)") == 1
    told = run_node(folder, calls + receiver.replace("listen(8080)", "listen(0, '127.0.0.1', called)"))
    assert told.splitlines() == ["match_found evt_1", "204 400"]
