"""Signatures, checked by libraries that we did not write."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta, timezone

import pytest
import standardwebhooks
import svix.webhooks

from copyhound.delivery.sign import new_secret, signed_headers

BODY = '{"id":"evt_1","title":"Zürich → 東京 🐕","page":"https://example.com/ä"}'.encode()
LIBRARIES = [standardwebhooks.Webhook, svix.webhooks.Webhook]
REFUSALS = (standardwebhooks.WebhookVerificationError, svix.webhooks.WebhookVerificationError)


@pytest.fixture
def now() -> datetime:
    """The time of the test itself: receivers refuse what is five minutes old."""
    return datetime.now(UTC)


def test_secret_is_32_random_bytes_behind_its_prefix() -> None:
    """A new secret has the form of Standard Webhooks, 32 bytes, and is never the same twice."""
    secret = new_secret()
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert secret != new_secret()


@pytest.mark.parametrize("library", LIBRARIES)
def test_third_party_accepts_a_utf8_body(library: type[standardwebhooks.Webhook], now: datetime) -> None:
    """Both libraries accept our signature over a body outside ASCII, byte for byte."""
    secret = new_secret()
    headers = signed_headers([secret.encode()], "evt_1", BODY, now)
    library(secret).verify(BODY, headers)


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("change", ["body", "id", "time", "secret"])
def test_third_party_refuses_what_was_changed(
    library: type[standardwebhooks.Webhook], change: str, now: datetime
) -> None:
    """Neither library accepts another body, id, time or secret than was signed."""
    secret = new_secret()
    headers = signed_headers([secret.encode()], "evt_1", BODY, now)
    body = BODY + b" " if change == "body" else BODY
    if change == "id":
        headers["webhook-id"] = "evt_2"
    if change == "time":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
    with pytest.raises(REFUSALS):
        library(new_secret() if change == "secret" else secret).verify(body, headers)


@pytest.mark.parametrize("library", LIBRARIES)
def test_rotation_signs_with_every_secret(library: type[standardwebhooks.Webhook], now: datetime) -> None:
    """While a secret is rotated, receivers that know the new or the old one accept the same request."""
    old, new = new_secret(), new_secret()
    headers = signed_headers([new.encode(), old.encode()], "evt_1", BODY, now)
    assert len(headers["webhook-signature"].split(" ")) == 2
    library(old).verify(BODY, headers)
    library(new).verify(BODY, headers)


def test_raw_key_signs_as_its_written_form(now: datetime) -> None:
    """A secret may be given as its 32 bytes or as whsec_ text: the signature is the same."""
    secret = new_secret()
    raw = base64.b64decode(secret.removeprefix("whsec_"))
    assert signed_headers([raw], "e", BODY, now) == signed_headers([secret.encode()], "e", BODY, now)


def test_time_in_another_zone_is_the_same_instant(now: datetime) -> None:
    """The timestamp is of the instant, whatever time zone the clock speaks, and it is what is signed."""
    secret = new_secret()
    there = now.astimezone(timezone(timedelta(hours=-7)))
    headers = signed_headers([secret.encode()], "evt_1", BODY, there)
    assert headers["webhook-timestamp"] == str(int(now.timestamp()))
    standardwebhooks.Webhook(secret).verify(BODY, headers)


def test_naive_time_and_no_secret_are_refused(now: datetime) -> None:
    """A time without a zone, or no secret at all, is an error of ours, never an unsigned request."""
    with pytest.raises(ValueError, match="aware"):
        signed_headers([b"x"], "evt_1", BODY, now.replace(tzinfo=None))
    with pytest.raises(ValueError, match="secret"):
        signed_headers([], "evt_1", BODY, now)
