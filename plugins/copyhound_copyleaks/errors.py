"""Copyleaks' errors: status and body of each. Where their table has no code, the HTTP status stands for it."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from copyhound.plugin_api import CopyhoundError
from copyhound_copyleaks.wire import Detail, ErrorBody, ErrorInfo

Kind = Literal["invalid_request_error", "authentication_error", "payment_error", "api_error"]
_WAIT: Final = 5.0


class Fault(msgspec.Struct, frozen=True):
    """One row of the table of errors."""

    status: int
    type: Kind
    id: str
    code: int
    message: str


MISSING: Final = Fault(
    400,
    "invalid_request_error",
    "missing_parameter",
    1,
    "Bad request. One or several required parameters are missing or incorrect.",
)
CREDENTIALS: Final = Fault(401, "authentication_error", "invalid_credentials", 2, "Invalid login credentials.")
TOO_LARGE: Final = Fault(
    400,
    "invalid_request_error",
    "file_too_large",
    6,
    "Cannot complete the scan request because the file is too large.",
)
QUALITY: Final = Fault(
    400, "invalid_request_error", "low_image_quality", 8, "The quality of the image is too low to scan."
)
BUSY: Final = Fault(
    503, "api_error", "temporarily_unavailable", 9, "The service is temporarily unavailable. Please try again later."
)
FILE_TYPE: Final = Fault(400, "invalid_request_error", "unsupported_file_type", 10, "The file type is not supported.")
CREDITS: Final = Fault(
    402,
    "payment_error",
    "insufficient_credits",
    13,
    "You don't have enough credits to complete the request (required 1 credits)!",
)
INVALID_FILE: Final = Fault(400, "invalid_request_error", "invalid_file", 14, "The submitted file is invalid.")
INTERNAL: Final = Fault(500, "api_error", "internal_error", 16, "Internal server error. Ticket id: {}.")
TOO_MANY: Final = Fault(
    429, "invalid_request_error", "too_many_requests", 429, "Too many requests. Please try again later."
)
NOT_FOUND: Final = Fault(404, "invalid_request_error", "not_found", 404, "There is no such thing here.")
METHOD: Final = Fault(405, "invalid_request_error", "method_not_allowed", 405, "The method is not allowed here.")
NOT_OFFERED: Final = Fault(
    501, "api_error", "not_implemented", 501, "Copyhound compares pictures; it does not offer this product."
)

_FAULTS: Final = {
    "unauthorized": CREDENTIALS,
    "forbidden": CREDENTIALS,
    "invalid_request": MISSING,
    "malformed_json": MISSING,
    "no_image": MISSING,
    "insufficient_credits": CREDITS,
    "too_many_requests": TOO_MANY,
    "payload_too_large": TOO_LARGE,
    "image_too_many_bytes": TOO_LARGE,
    "image_too_many_pixels": INVALID_FILE,
    "image_truncated": INVALID_FILE,
    "image_decode_failed": INVALID_FILE,
    "image_too_simple": QUALITY,
    "image_unsupported": FILE_TYPE,
    "image_animated": FILE_TYPE,
    "not_an_image": FILE_TYPE,
    "idempotency_in_flight": BUSY,
    "unavailable": BUSY,
    "compute_unavailable": BUSY,
    "not_found": NOT_FOUND,
    "method_not_allowed": METHOD,
}
_TOLD: Final = (QUALITY, FILE_TYPE, INVALID_FILE, TOO_LARGE)
"""Faults of the picture: what is wrong with it is told as a detail."""


class RefusalError(Exception):
    """A request that is answered with an error."""

    def __init__(self, fault: Fault, *details: Detail, wait: float | None = None) -> None:
        self.fault, self.details = fault, details
        self.wait = _WAIT if wait is None and fault is BUSY else wait
        super().__init__(fault.id)

    def body(self, ticket: str = "") -> bytes:
        """The answer's body; `ticket` is what a person may name when asking for help."""
        fault = self.fault
        info = ErrorInfo(fault.type, fault.id, fault.code, fault.message.replace("{}", ticket))
        if self.details:
            info = msgspec.structs.replace(info, details=self.details)
        return msgspec.json.encode(ErrorBody(info))


def wrong(param: str, message: str) -> RefusalError:
    """A parameter that is missing or makes no sense."""
    return RefusalError(MISSING, Detail(param, message))


def refusal_of(error: CopyhoundError, param: str = "image") -> RefusalError:
    """What an error of ours is called here; of what is wrong with a picture, `param` is told with it."""
    fault = _FAULTS.get(error.code, INTERNAL)
    told = fault in _TOLD or (fault is MISSING and error.code != "malformed_json")
    details = (Detail(param, error.detail),) if told else ()
    return RefusalError(fault, *details, wait=error.extra.get("retry_after"))
