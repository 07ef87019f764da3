"""Failures as TinEye tells them: today's bodies, or those of its old documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import msgspec

from copyhound.plugin_api import CopyhoundError
from copyhound_tineye.wire import MOMENT

Retry = float | None


class Refusal(Exception):  # noqa: N818 - it is the answer
    """Ends a request. `classic` is (code, messages) as the old documents have it, where they differ."""

    def __init__(
        self,
        code: int,
        *messages: str,
        classic: tuple[int, tuple[str, ...]] | None = None,
        retry_after: Retry = None,
        allow: str = "",
    ) -> None:
        self.code, self.messages = code, messages
        self.classic = classic or (code, (API_ERROR, *messages))
        self.retry_after, self.allow = retry_after, allow
        super().__init__(f"{code}: {' '.join(messages)}")

    def told(self, *, classic: bool) -> tuple[int, list[str]]:
        """(code, messages) in one of both styles."""
        code, messages = self.classic if classic else (self.code, self.messages)
        return code, list(messages)

    @property
    def headers(self) -> dict[str, str]:
        """`Retry-After`, in whole seconds, and `Allow`."""
        headers = {"Cache-Control": "no-store"}
        if self.retry_after is not None:
            headers["Retry-After"] = str(max(1, round(self.retry_after)))
        if self.allow:
            headers["Allow"] = self.allow
        return headers


API_ERROR: Final = "API_ERROR"
NO_KEY: Final = "Please provide a valid API key."
NO_IMAGE: Final = "Please supply an image or a URL for searching."
BUSY: Final = "The service is busy due to high load. Please try again later."
_NOT_PICTURE: Final = "Couldn't identify/download image file."
_SPENT: Final = "You have no more searches available. Please purchase another bundle if you wish to make more searches."


class Said(msgspec.Struct, frozen=True):
    """How one of our own errors is told. `detail`: our own sentence follows, since TinEye's says too little."""

    code: int
    message: str
    classic: tuple[int, tuple[str, ...]] | None = None
    detail: bool = False


_BAD_URL: Final = (400, (API_ERROR, "Couldn't download URL, caught exception: HTTPError()"))
_BAD_PICTURE: Final = (500, (API_ERROR, "cannot identify image file"))
_SIMPLE: Final = (500, ("NO_SIGNATURE_ERROR", "Image too simple or too small to create unique signature."))
_SAID: Final[dict[str, Said]] = {
    "unauthorized": Said(401, NO_KEY),
    "forbidden": Said(403, "This API key may not do that.", detail=True),
    "insufficient_credits": Said(402, _SPENT),
    "too_many_requests": Said(429, "Too many requests.", (429, ("Too many requests",))),
    "payload_too_large": Said(413, "The request is too large."),
    "not_found": Said(404, "There is nothing here."),
    "no_image": Said(400, NO_IMAGE),
    "url_invalid": Said(400, "Invalid or missing URL.", _BAD_URL),
    "url_forbidden": Said(400, "Invalid or missing URL.", _BAD_URL),
    "url_unresolved": Said(400, "Couldn't download URL.", _BAD_URL),
    "fetch_failed": Said(400, "Couldn't download URL.", _BAD_URL),
    "fetch_timeout": Said(400, "Couldn't download URL.", _BAD_URL),
    "not_an_image": Said(400, _NOT_PICTURE, _BAD_PICTURE),
    "image_truncated": Said(400, _NOT_PICTURE, _BAD_PICTURE),
    "image_decode_failed": Said(400, _NOT_PICTURE, _BAD_PICTURE),
    "image_unsupported": Said(400, _NOT_PICTURE, _BAD_PICTURE),
    "image_animated": Said(400, "Animations are not supported."),
    "image_too_many_bytes": Said(413, "The image is too large.", detail=True),
    "image_too_many_pixels": Said(400, "The image is too large.", detail=True),
    "image_too_simple": Said(400, "Image too simple or too small to create unique signature", _SIMPLE),
    "unavailable": Said(503, BUSY),
    "compute_unavailable": Said(503, BUSY),
    "idempotency_in_flight": Said(503, BUSY),
}
_BROKEN: Final = Said(500, "Something broke on our side.")
_REFUSED: Final = Said(400, "The request cannot be answered.", detail=True)
_OPERATORS: Final = frozenset({"index_version_mismatch", "data_in_use", "plugin_unknown", "settings_invalid"})
"""Told to native clients with a 4xx, but a client of TinEye's can do nothing about them."""


def refusal_of(error: CopyhoundError) -> Refusal:
    """One of our own errors, as TinEye would tell it: 400 for other errors of a client's, else 500."""
    is_clients = error.status < 500 and error.code not in _OPERATORS
    said = _SAID.get(error.code, _REFUSED if is_clients else _BROKEN)
    messages = (said.message, error.detail) if said.detail else (said.message,)
    retry: Any = error.extra.get("retry_after", 1.0 if said.code in (429, 503) else None)
    return Refusal(said.code, *messages, classic=said.classic, retry_after=retry)


def over_quota(error: CopyhoundError, now: datetime) -> Refusal:
    """More than are allowed in a stretch of time, and when it ends."""
    wait = float(error.extra["retry_after"])
    told = f"You have exceeded your {error.extra['limit']} search quota (will reset "
    told += f"{now + timedelta(seconds=wait):{MOMENT}})"
    return Refusal(429, told, classic=(429, (told,)), retry_after=wait)


def no_key(*more: str) -> Refusal:
    """Who asks is not known."""
    return Refusal(401, NO_KEY, *more)
