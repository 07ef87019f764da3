"""Signatures as Standard Webhooks has them."""

from __future__ import annotations

import base64
import secrets as randomness
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from standardwebhooks import Webhook

_PREFIX: Final = b"whsec_"
_SECRET_BYTES: Final = 32


def new_secret() -> str:
    """A secret of 32 random bytes, in the form that receivers' libraries take: `whsec_...`."""
    return _PREFIX.decode() + base64.b64encode(randomness.token_bytes(_SECRET_BYTES)).decode()


def signed_headers(secrets: Sequence[bytes], event_id: str, body: bytes, now: datetime) -> dict[str, str]:
    """The three headers of a webhook, signed over exactly these bytes of UTF-8.

    Each secret is `whsec_...` or the raw key. Several make several signatures, so that a receiver that knows the
    old or the new one of a rotation accepts it. `now` is aware; ValueError where it is not, or no secret is given.
    """
    if now.tzinfo is None or not secrets:
        raise ValueError("a signature needs an aware time and a secret")
    at = now.astimezone(UTC)  # the library takes any time for UTC
    signatures = (_webhook(secret).sign(event_id, at, body.decode()) for secret in secrets)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _webhook(secret: bytes) -> Webhook:
    return Webhook(secret.decode() if secret.startswith(_PREFIX) else secret)
