"""The webhook notifier, against a real receiver on loopback."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from standardwebhooks.webhooks import Webhook

import copyhound_webhook
from copyhound.plugin_api import CopyhoundError, Notice
from copyhound.plugin_api.testing import LoopbackServer, Reply
from copyhound.plugin_host.loader import PluginState
from copyhound.plugin_host.trial import RunNotifier
from copyhound_webhook import WEBHOOK, WebhookTarget, check

SECRET = "whsec_" + base64.b64encode(b"0123456789abcdef01234567").decode()
NOTICE = Notice(
    "3 new copies", "Found on 2 domains – größer.", ({"id": "evt_1", "key": "match_found"},), "https://a.example/"
)


def test_posts_a_signed_notice(run_notifier: RunNotifier) -> None:
    """The notice arrives as JSON, and the third-party library accepts its signature."""
    with LoopbackServer(lambda _: Reply(204)) as server:
        run_notifier(WEBHOOK, NOTICE, target={"url": f"{server.base_url}/in", "secret": SECRET})
        (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/in")
    told = Webhook(SECRET).verify(request.body, request.headers)
    assert told == json.loads(request.body)
    assert told["title"] == "3 new copies"
    assert told["events"] == [{"id": "evt_1", "key": "match_found"}]


def test_without_a_secret_nothing_is_signed(run_notifier: RunNotifier) -> None:
    """Without a secret there is an id, which is the same for the same notice, and no signature."""
    with LoopbackServer(lambda _: Reply(200)) as server:
        for _ in range(2):
            run_notifier(WEBHOOK, NOTICE, target={"url": server.base_url})
    first, second = server.requests
    assert "webhook-signature" not in first.headers
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


@pytest.mark.parametrize("content_type", ["application/json", "text/plain; charset=utf-8", "text/csv; charset=utf-8"])
def test_a_notices_own_body_is_posted_as_it_is(run_notifier: RunNotifier, content_type: str) -> None:
    """Byte for byte, with its content type and its id, and signed."""
    notice = Notice("t", "x", (), id="ntc_7", body="größer;1\r\n".encode(), content_type=content_type)
    with LoopbackServer(lambda _: Reply(200)) as server:
        run_notifier(WEBHOOK, notice, target={"url": server.base_url, "secret": SECRET})
        (request,) = server.requests
    assert (request.body, request.headers["content-type"]) == (notice.body, content_type)
    assert request.headers["webhook-id"] == "ntc_7"
    signed = f"ntc_7.{request.headers['webhook-timestamp']}.".encode() + request.body
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    assert request.headers["webhook-signature"] == f"v1,{signature}"


def test_without_a_body_the_notice_is_posted_as_before(run_notifier: RunNotifier) -> None:
    """Title, text, events and address, and nothing of the fields that came later."""
    with LoopbackServer(lambda _: Reply(200)) as server:
        run_notifier(WEBHOOK, NOTICE, target={"url": server.base_url})
        (request,) = server.requests
    assert sorted(json.loads(request.body)) == ["events", "text", "title", "url"]


def test_a_target_that_does_not_answer_is_left(run_notifier: RunNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """It has 10 seconds; a shorter time in this test."""
    assert copyhound_webhook._SECONDS == 10.0
    monkeypatch.setattr(copyhound_webhook, "_SECONDS", 0.3)
    with LoopbackServer(lambda _: Reply(hangs=True)) as server, pytest.raises(CopyhoundError, match="ReadTimeout"):
        run_notifier(WEBHOOK, NOTICE, target={"url": server.base_url})


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_told(run_notifier: RunNotifier, status: int) -> None:
    """Whatever is not 2xx is a failure that names the status; redirects are not followed."""
    with (
        LoopbackServer(lambda _: Reply(status, {"Location": "/elsewhere"})) as server,
        pytest.raises(CopyhoundError, match=str(status)) as caught,
    ):
        run_notifier(WEBHOOK, NOTICE, target={"url": server.base_url})
    assert caught.value.code == "plugin_failed"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("target", "field"),
    [({}, "url"), ({"url": "ftp://a.example"}, "target.url"), ({"url": "https://a.example", "x": 1}, "x")],
)
def test_a_wrong_target_names_its_field(run_notifier: RunNotifier, target: dict[str, object], field: str) -> None:
    """A target that does not fit is refused before anything is sent."""
    with pytest.raises(CopyhoundError, match=field) as caught:
        run_notifier(WEBHOOK, NOTICE, target=target)
    assert caught.value.code == "settings_invalid"


def test_a_wrong_secret_is_not_repeated(run_notifier: RunNotifier) -> None:
    """A secret that is no base64 is refused without being told."""
    with pytest.raises(CopyhoundError, match="base64") as caught:
        run_notifier(WEBHOOK, NOTICE, target={"url": "http://127.0.0.1:9", "secret": "whsec_ünsinn!"})
    assert "nsinn" not in str(caught.value)


@pytest.mark.parametrize("length", [24, 32, 64])
@pytest.mark.parametrize("prefix", ["whsec_", ""])
def test_secrets_of_standard_webhooks_are_taken(length: int, prefix: str) -> None:
    """24 to 64 bytes in base64, with or without whsec_, sign what receivers' library verifies."""
    secret = prefix + base64.b64encode(bytes(range(length))).decode()
    check(WebhookTarget("https://a.example/in", secret), None)
    now = datetime.now(UTC)
    headers = copyhound_webhook._signature(b"{}", "ntc_1", secret, now)
    assert Webhook(secret).verify(b"{}", headers) == {}


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "abc",
        "my secret word!",
        "whsec_",
        base64.b64encode(bytes(23)).decode(),
        base64.b64encode(bytes(65)).decode(),
        base64.b64encode(bytes(32)).decode().rstrip("="),
        base64.b64encode(bytes(32)).decode() + "\n",
        base64.urlsafe_b64encode(b"\xff" * 24).decode(),
        "ü" * 32,
    ],
)
def test_another_secret_is_refused_before_it_is_kept(secret: str) -> None:
    """Receivers' libraries could not read it: the field is named, the secret is not told."""
    with pytest.raises(CopyhoundError, match="24 to 64 bytes in base64") as caught:
        check(WebhookTarget("https://a.example/in", secret), None)
    assert caught.value.code == "settings_invalid"
    (fault,) = caught.value.extra["errors"]
    assert fault["field"] == "target.secret"
    assert fault["message"].startswith("It is not 24 to 64 bytes")
    assert len(secret) < 8 or secret not in str(caught.value)


def test_targets_read_no_environment(run_notifier: RunNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target comes from a client, so that $env: in it is a text like any other."""
    monkeypatch.setenv("COPYHOUND_TEST_TARGET", "http://127.0.0.1:9")
    with pytest.raises(CopyhoundError) as caught:
        run_notifier(WEBHOOK, NOTICE, target={"url": "$env:COPYHOUND_TEST_TARGET"})
    assert caught.value.code == "settings_invalid"


def test_it_is_installed(installed_plugin: Callable[[str], PluginState]) -> None:
    """The wheel's entry point is found."""
    state = installed_plugin("copyhound_webhook")
    assert (state.status, state.notifiers) == ("loaded", ("webhook",))
