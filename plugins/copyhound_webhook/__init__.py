"""A notifier that posts to any address, signed by Standard Webhooks where a secret is given."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Final

import msgspec
from standardwebhooks.webhooks import Webhook

from copyhound.plugin_api import Context, CopyhoundError, Notice, NotifierSpec, hookimpl

_SECONDS: Final = 10.0
_FIELD: Final = "target.secret"
_PREFIX: Final = "whsec_"
_SECRET_BYTES: Final = range(24, 65)
"""As Standard Webhooks has it."""


class WebhookTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to tell."""

    url: Annotated[
        str,
        msgspec.Meta(
            description="Where to post, http or https",
            pattern="^https?://",
            max_length=2048,
            extra_json_schema={"format": "uri"},
            extra={"says": "It begins with neither https:// nor http://"},
        ),
    ]
    secret: Annotated[
        str | None,
        msgspec.Meta(
            description="Signs each message: 24 to 64 bytes in base64, such as whsec_...",
            extra_json_schema={"x-secret": True},
        ),
    ] = None


def check(target: WebhookTarget, settings: object) -> None:
    """CopyhoundError settings_invalid: the secret is none that the libraries of receivers take.

    It is looked at before a target is kept, not in the Struct: one that was kept before goes on as it was.
    """
    if target.secret is None or _is_secret(target.secret):
        return
    told = (
        "It is not 24 to 64 bytes in base64, with or without whsec_ before them: `openssl rand -base64 32` makes some"
    )
    errors = [{"field": _FIELD, "message": told}]
    raise CopyhoundError("settings_invalid", f"{_FIELD}: {told}.", field=_FIELD, errors=errors)


def _is_secret(text: str) -> bool:
    try:
        return len(base64.b64decode(text.removeprefix(_PREFIX), validate=True)) in _SECRET_BYTES
    except ValueError:
        return False


async def notify(notice: Notice, target: WebhookTarget, context: Context) -> None:
    """Posts once: the notice's own body, or the notice as JSON. Redirects are not followed.

    Raises CopyhoundError `fetch_failed` unless the target answers 2xx, `settings_invalid`.
    """
    body, content_type = _written(notice)
    # the same notice has the same id, so that a receiver can tell a repetition
    message_id = notice.id or f"ntc_{hashlib.sha256(body).hexdigest()[:32]}"
    headers = {"content-type": content_type, **_signature(body, message_id, target.secret, context.now())}
    response = await context.http.post(target.url, content=body, headers=headers, timeout=_SECONDS)
    if not response.is_success:
        raise CopyhoundError("fetch_failed", f"The target answered with HTTP status {response.status_code}.")


def _written(notice: Notice) -> tuple[bytes, str]:
    if notice.body is not None:
        return notice.body, notice.content_type or "application/octet-stream"
    plain = {"title": notice.title, "text": notice.text, "events": notice.events, "url": notice.url}
    return msgspec.json.encode(plain), "application/json"


def _signature(body: bytes, message_id: str, secret: str | None, now: datetime) -> dict[str, str]:
    headers = {"webhook-id": message_id, "webhook-timestamp": str(int(now.timestamp()))}
    if secret is None:
        return headers
    try:
        signature = Webhook(secret).sign(message_id, now, body.decode())
    except (ValueError, RuntimeError):
        raise CopyhoundError("settings_invalid", "target.secret is not base64 after whsec_.") from None
    return {**headers, "webhook-signature": signature}


WEBHOOK = NotifierSpec(
    name="webhook",
    title="Webhook",
    description="Posts to an address of yours, signed where a secret is given.",
    notify=notify,
    target=WebhookTarget,
    check=check,
)


@hookimpl
def copyhound_notifiers() -> Sequence[NotifierSpec]:
    """`webhook`."""
    return (WEBHOOK,)
