"""What goes over the wire between Copyleaks and its clients: once for the provider, once for the surface."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from msgspec import UNSET, UnsetType

FULL: Final = 0
PARTIAL: Final = 1
EXTENSIONS: Final = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".ico")
MAX_FILENAME: Final = 255
MIN_SCAN_ID: Final = 3
MAX_SCAN_ID: Final = 36
REQUESTS: Final = 1800
"""Checks in one window, for one user."""
WINDOW_SECONDS: Final = 900
LOGIN_PATH: Final = "/v3/account/login/api"
CHECK_PATH: Final = "/v1/image-plagiarism-detector/{}/check"


class LoginRequest(msgspec.Struct, frozen=True):
    """The body of a login."""

    email: str
    key: str


class LoginAnswer(msgspec.Struct, frozen=True):
    """A token, and how long it holds. Times are ISO 8601 and carry a timezone: clients compare them."""

    access_token: str
    issued: str = msgspec.field(name=".issued")
    expires: str = msgspec.field(name=".expires")


class WebPage(msgspec.Struct, frozen=True):
    """A page on which a picture was found."""

    url: str


class InternetMatch(msgspec.Struct, frozen=True, rename="camel"):
    """A picture that was found. `match_type` is FULL or PARTIAL."""

    url: str
    match_type: int
    web_pages: tuple[WebPage, ...] | UnsetType = UNSET
    """Left out where no page is known; never empty."""


class Score(msgspec.Struct, frozen=True, rename="camel"):
    """How many were found."""

    total_matches: int
    full_matches: int
    partial_matches: int


class Matches(msgspec.Struct, frozen=True):
    """What was found: full matches first, each address once."""

    internet: tuple[InternetMatch, ...]
    score: Score


class ScannedImage(msgspec.Struct, frozen=True, rename="camel"):
    """The picture that was sent, and the scan. `creation_time` is UTC, such as 2026-05-24T10:00:00Z."""

    scan_id: str
    expected_credits: int
    actual_credits: int
    creation_time: str
    width: int
    height: int
    filename: str


class Warned(msgspec.Struct, frozen=True):
    """Copyhound's own: a provider that gave no answer, and why."""

    provider: str
    outcome: str
    message: str


class CheckAnswer(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to a check."""

    developer_payload: str | None
    scanned_image: ScannedImage
    matches: Matches
    warnings: tuple[Warned, ...] | UnsetType = UNSET
    """Copyhound's own: left out where every provider answered."""


class CreditsAnswer(msgspec.Struct, frozen=True):
    """Credits that are left."""

    amount: int = msgspec.field(name="Amount")


class Detail(msgspec.Struct, frozen=True):
    """What is wrong with one parameter."""

    param: str
    message: str


class ErrorInfo(msgspec.Struct, frozen=True):
    """An error of the service."""

    type: Literal["invalid_request_error", "authentication_error", "payment_error", "api_error"]
    id: str
    code: int
    message: str
    url: str | UnsetType = UNSET
    details: tuple[Detail, ...] | UnsetType = UNSET


class ErrorBody(msgspec.Struct, frozen=True):
    """The body of every answer that is no success."""

    error: ErrorInfo
