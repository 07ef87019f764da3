"""The demo's two servers on loopback."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from copyhound.demo.loopback import receive_webhooks, serve_website
from copyhound.demo.site import Resource

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"


def signed(body: str, secret: str) -> dict[str, str]:
    now = datetime.now(UTC)
    signature = Webhook(secret).sign("event_1", now, body)
    return {
        "webhook-id": "event_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def test_a_genuine_webhook_is_kept() -> None:
    """A webhook with the right signature is answered 204 and kept under its id."""
    body = json.dumps({"id": "event_1", "type": "match_found"})
    with receive_webhooks() as receiver:
        receiver.secret = SECRET
        answer = httpx.post(receiver.url, content=body, headers=signed(body, SECRET), trust_env=False)
        assert answer.status_code == 204
        assert [event["id"] for event in receiver.of("match_found")] == ["event_1"]


@pytest.mark.parametrize("body", ['{"id": "event_1", "type": "match_found"}', ""])
def test_a_forged_webhook_is_refused(body: str) -> None:
    """A webhook signed with another secret is answered 401 and counted as forged."""
    other = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    with receive_webhooks() as receiver:
        receiver.secret = SECRET
        answer = httpx.post(receiver.url, content=body, headers=signed(body, other), trust_env=False)
        assert (answer.status_code, receiver.forged, receiver.events) == (401, 1, {})


def test_the_website_remembers_who_asked_for_what() -> None:
    """Paths and user agents are noted; a known ETag is answered 304; the rest is 404."""
    with serve_website() as website:
        website.pages = {"/": Resource("text/html", b"<p>here</p>")}
        first = httpx.get(f"{website.base_url}/", headers={"User-Agent": "a test"}, trust_env=False)
        again = httpx.get(f"{website.base_url}/", headers={"If-None-Match": first.headers["etag"]}, trust_env=False)
        lost = httpx.get(f"{website.base_url}/lost", trust_env=False)
        assert (first.status_code, again.status_code, lost.status_code) == (200, 304, 404)
        assert website.requested == ["/", "/", "/lost"]
        assert "a test" in website.agents
