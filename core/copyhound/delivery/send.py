"""One webhook, one request: signed, guarded, never redirected."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from copyhound.delivery.sign import signed_headers
from copyhound.domain.deliveries import KEPT_HEADERS, SendResult
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import Outbound

_log: Final = logging.getLogger(__name__)

TIMEOUT: Final = 15.0
"""Seconds for all of it: name, connection, request, answer."""
BODY_KEPT: Final = 2048
"""Characters of the answer that the attempts log keeps."""


class WebhookSender:
    """Implements `copyhound.domain.deliveries.Sender` by the guarded way out. Works on every event loop."""

    def __init__(self, outbound: Outbound, user_agent: str, *, timeout: float = TIMEOUT) -> None:
        self._outbound = outbound
        self._user_agent = user_agent
        self._timeout = timeout

    async def send(
        self,
        url: str,
        secrets: Sequence[bytes],
        event_id: str,
        body: bytes,
        now: datetime,
        *,
        content_type: str = "application/json",
    ) -> SendResult:
        """Send `body` (JSON) once. Refused, unreachable and slow targets come out as a result with `error`."""
        headers = {
            "content-type": content_type,
            "user-agent": self._user_agent,
            **signed_headers(secrets, event_id, body, now),
        }
        started = time.monotonic()
        try:
            answer = await self._outbound.post(url, content=body, headers=headers, timeout=self._timeout)
        except CopyhoundError as error:
            return SendResult(_since(started), error=f"{error.code}: {error.detail}")
        except Exception:
            # an attempt that failed like any other: it must not be tried for ever outside the schedule
            _log.exception("sending %s broke", event_id)
            return SendResult(_since(started), error="internal_error: Something broke on our side.")
        kept = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        return SendResult(_since(started), answer.status, kept, _text(answer.body))

    async def unsubscribe(self, url: str) -> None:
        """Tell a target by one DELETE that its hook is gone; nothing follows from how that ends."""
        try:
            await self._outbound.delete(url, timeout=self._timeout)
        except Exception as error:
            _log.info("a target was not told that its hook is gone: %s", error)


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)


def _text(body: bytes) -> str:
    # PostgreSQL keeps no NUL in text
    return body.decode("utf-8", "replace")[:BODY_KEPT].replace("\x00", "\ufffd")
