"""Every error that Copyhound tells a client about: one class, and one table of stable codes."""

from __future__ import annotations

from typing import Any, Final

import msgspec


class ErrorKind(msgspec.Struct, frozen=True):
    """What is always true of one error code; rendered in the manual's error table."""

    status: int
    """HTTP status of the native API."""
    title: str
    hint: str
    retryable: bool = False


ERRORS: Final[dict[str, ErrorKind]] = {
    # requests
    "malformed_json": ErrorKind(400, "The body is not valid JSON", "Send UTF-8 JSON."),
    "invalid_request": ErrorKind(
        400, "The request does not fit its schema", "Correct what is named; /schema has the shapes."
    ),
    "unauthorized": ErrorKind(401, "No valid API key", "Send a key in X-API-Key or as a Bearer token."),
    "forbidden": ErrorKind(403, "The key lacks a scope", "Use a key with that scope."),
    "insufficient_credits": ErrorKind(
        402, "There are not enough credits", "Ask the operator for more, or wait until open searches give theirs back."
    ),
    "not_found": ErrorKind(404, "There is no such thing here", "Check the id, and whose key you use."),
    "method_not_allowed": ErrorKind(405, "The method is not allowed here", "See the Allow header."),
    "conflict": ErrorKind(409, "It clashes with what is there", "Read it again, then decide."),
    "idempotency_in_flight": ErrorKind(
        409, "The same request is still being answered", "Wait, then send it again.", retryable=True
    ),
    "idempotency_mismatch": ErrorKind(
        422, "The Idempotency-Key was used for another request", "Use a new key for a new request."
    ),
    "payload_too_large": ErrorKind(413, "The body is too large", "Send fewer or smaller pictures."),
    "too_many_images": ErrorKind(413, "Too many pictures in one request", "Split them over several requests."),
    "too_many_requests": ErrorKind(429, "Too many requests", "Wait as long as Retry-After says.", retryable=True),
    "internal_error": ErrorKind(
        500, "Something broke on our side", "Send it again; tell the operator the request id.", retryable=True
    ),
    "unavailable": ErrorKind(503, "Not ready", "Try again in a moment.", retryable=True),
    "compute_unavailable": ErrorKind(
        503, "Pictures cannot be read just now", "Nothing is wrong with the picture: try again later.", retryable=True
    ),
    # pictures
    "no_image": ErrorKind(400, "No picture was sent", "Send at least one upload, URL or base64 string."),
    "not_an_image": ErrorKind(422, "This is not a picture", "Send JPEG, PNG, GIF, WebP, BMP or TIFF."),
    "image_truncated": ErrorKind(422, "The picture is damaged or cut short", "Send the whole file."),
    "image_unsupported": ErrorKind(
        422, "This picture format is not supported", "Send JPEG, PNG, GIF, WebP, BMP or TIFF."
    ),
    "image_animated": ErrorKind(422, "Animations are not supported", "Send one frame as a still picture."),
    "image_too_many_bytes": ErrorKind(413, "The picture has too many bytes", "Send a smaller file."),
    "image_too_many_pixels": ErrorKind(422, "The picture has too many pixels", "Scale it down."),
    "image_too_simple": ErrorKind(
        422, "The picture is too simple or too small to be recognised", "Send a larger or more detailed one."
    ),
    "image_decode_failed": ErrorKind(
        422, "The picture could not be decoded within the limits", "Save it anew with another program."
    ),
    # addresses
    "url_invalid": ErrorKind(422, "This is not a usable web address", "Send an absolute http or https URL."),
    "url_forbidden": ErrorKind(
        422,
        "This address is not reachable from here by rule",
        "Only public addresses may be used. The operator can allow others by the setting net.allow_hosts.",
    ),
    "url_unresolved": ErrorKind(422, "The host name does not resolve", "Check the address.", retryable=True),
    "fetch_failed": ErrorKind(502, "The address did not answer as expected", "Try later.", retryable=True),
    "fetch_timeout": ErrorKind(504, "The address did not answer in time", "Try later.", retryable=True),
    # indexes
    "index_version_mismatch": ErrorKind(
        409,
        "The index holds fingerprints of another version",
        "Stop the server, run `copyhound index refresh`, start it again.",
    ),
    "data_in_use": ErrorKind(
        409, "Another process owns this data folder", "Stop it, or give this one its own COPYHOUND_EXECUTOR_ID."
    ),
    # plugins
    "plugin_unknown": ErrorKind(422, "There is no such plugin", "See GET /api/v1/plugins."),
    "plugin_failed": ErrorKind(502, "A plugin failed", "See GET /api/v1/plugins for its state.", retryable=True),
    "secret_needed": ErrorKind(
        422, "A kept secret is not sent to another address", "Send the secret itself in place of `***`."
    ),
    "settings_invalid": ErrorKind(422, "A setting is missing or wrong", "See the table of settings."),
}

OURS: Final = frozenset({"unavailable", "compute_unavailable"})
"""Trouble of ours that passes: it says nothing of a picture or an address, and a job is worth another try."""

_BY_FIELD: Final = "Correct the fields that are named; /schema has the shapes."


class CopyhoundError(Exception):
    """An error with a stable code. `detail` is one sentence about this case; `extra` goes into the answer.

    Whether to try again is the code's to say, or that of `retryable` in `extra`.

    >>> CopyhoundError("not_found", "There is no list list_1.").status
    404
    """

    def __init__(self, code: str, detail: str | None = None, **extra: Any) -> None:
        self.code = code
        self.kind = ERRORS[code]
        self.detail = detail or f"{self.kind.title}."
        self.extra = extra
        super().__init__(f"{code}: {self.detail}")

    @property
    def status(self) -> int:
        return self.kind.status

    @property
    def hint(self) -> str:
        """What helps in this case."""
        return _BY_FIELD if self.extra.get("errors") else self.kind.hint

    @property
    def retryable(self) -> bool:
        return bool(self.extra.get("retryable", self.kind.retryable))

    def __reduce__(self) -> tuple[Any, ...]:
        # crosses the pipe of the compute processes, keyword arguments included
        return (_rebuild, (self.code, self.detail, self.extra))


def version_mismatch(collection: str, holds: int, ours: int) -> CopyhoundError:
    """The index_version_mismatch of a collection."""
    told = f"The collection {collection} holds fingerprints of version {holds}; this Copyhound works with {ours}."
    return CopyhoundError("index_version_mismatch", told, collection=collection, holds=holds, works_with=ours)


def _rebuild(code: str, detail: str, extra: dict[str, Any]) -> CopyhoundError:
    return CopyhoundError(code, detail, **extra)
