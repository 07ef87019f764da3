"""The provider `copyleaks`: logs in, sends the picture, and reads what was found."""

from __future__ import annotations

import asyncio
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
import msgspec
from msgspec import UNSET, UnsetType

from copyhound.plugin_api import (
    Answer,
    Candidate,
    Context,
    Outcome,
    Page,
    ProviderError,
    ProviderLimits,
    ProviderSpec,
    Query,
    read_json,
)
from copyhound_copyleaks.settings import ProviderSettings
from copyhound_copyleaks.wire import (
    CHECK_PATH,
    LOGIN_PATH,
    REQUESTS,
    WINDOW_SECONDS,
    ErrorBody,
    InternetMatch,
    LoginAnswer,
    LoginRequest,
    Matches,
    ScannedImage,
    Warned,
)

_EARLY: Final = timedelta(minutes=10)
"""A token is given up so long before it expires."""
_MAX_BYTES: Final = 19_999_999
"""Less than 20 MB, whichever way these are counted."""
_MAX_TOKENS: Final = 100
_TOKEN: Final = re.compile(r"[!-~]{1,8192}")
"""It goes into a header."""
_EXTENSION: Final = {"JPEG": "jpg", "PNG": "png", "GIF": "gif", "WEBP": "webp", "BMP": "bmp"}


class _Received(msgspec.Struct, frozen=True, rename="camel"):
    """What is read of a CheckAnswer. `warnings` are a Copyhound's own; another service may mean anything by it."""

    scanned_image: ScannedImage
    matches: Matches
    warnings: msgspec.Raw | UnsetType = UNSET


class _Token(msgspec.Struct, frozen=True):
    text: str
    expires: datetime


# kept in memory, not in the plugin's state: a token opens an account, and the database is not sealed
_tokens: dict[tuple[str, str, str], _Token] = {}


async def search(query: Query, context: Context) -> Answer:
    """One check: a token that was refused is renewed once."""
    settings: ProviderSettings = context.settings
    try:
        response = await _check(query, context, await _token(settings, context))
        if response.status_code == httpx.codes.UNAUTHORIZED:
            _tokens.pop(_account(settings), None)
            response = await _check(query, context, await _token(settings, context))
        _refuse_picture(response)
        return _read(read_json(response, _Received))
    except Exception as error:
        if _spoils(error):
            _tokens.pop(_account(settings), None)
        raise


def _spoils(error: Exception) -> bool:
    """Whether the token may be at fault: one that cannot be used must not stay; but logins are counted, too."""
    if isinstance(error, ProviderError):
        return error.outcome is Outcome.blocked
    return not isinstance(error, httpx.NetworkError | httpx.TimeoutException)


async def _token(settings: ProviderSettings, context: Context) -> str:
    account = _account(settings)
    kept = _tokens.get(account)
    if kept is None or kept.expires <= context.now() + _EARLY:
        kept = await _login(settings, context)
        if len(_tokens) >= _MAX_TOKENS:
            _tokens.clear()
        _tokens[account] = kept
    return kept.text


def _account(settings: ProviderSettings) -> tuple[str, str, str]:
    return settings.identity_url, settings.email, hashlib.sha256(settings.api_key.encode()).hexdigest()


async def _login(settings: ProviderSettings, context: Context) -> _Token:
    response = await context.http.post(
        settings.identity_url.rstrip("/") + LOGIN_PATH,
        content=msgspec.json.encode(LoginRequest(settings.email, settings.api_key)),
        headers={"Content-Type": "application/json"},
    )
    if response.status_code == httpx.codes.BAD_REQUEST:
        raise ProviderError(Outcome.blocked, f"The login was refused: {_told(response)}")
    answer = read_json(response, LoginAnswer)
    expires = _moment(answer.expires)
    if expires is None:
        raise ProviderError(Outcome.transient, "The login's answer does not say until when its token holds.")
    if not _TOKEN.fullmatch(answer.access_token):
        raise ProviderError(Outcome.transient, "The login's answer holds no token that could be sent.")
    return _Token(answer.access_token, expires)


def _moment(text: str) -> datetime | None:
    """In UTC; None of what is no time, or says nothing of its zone, or lies outside the calendar."""
    try:
        moment = msgspec.convert(text, datetime)
        return None if moment.tzinfo is None else moment.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None


async def _check(query: Query, context: Context, token: str) -> httpx.Response:
    settings: ProviderSettings = context.settings
    filename = f"{query.image_id}.{_EXTENSION[query.format]}"
    request = await asyncio.to_thread(
        context.http.build_request,
        "POST",
        settings.base_url.rstrip("/") + CHECK_PATH.format(_scan_id(query, context.now())),
        headers={"Authorization": f"Bearer {token}", "Accept-Language": "en"},
        files={"image": (filename, query.data, "application/octet-stream")},
        data={"filename": filename, "sandbox": "true" if settings.sandbox else "false"},
    )
    return await context.http.send(request)


def _scan_id(query: Query, now: datetime) -> str:
    """The same for the same picture on one day: what is asked again after a broken connection is not paid again."""
    what = f"{query.workspace_id}\n{query.image_id}\n{query.sha256}"
    return f"{hashlib.sha256(what.encode()).hexdigest()[:24]}-{now:%Y%m%d}"


def _refuse_picture(response: httpx.Response) -> None:
    if response.status_code == httpx.codes.BAD_REQUEST:
        raise ProviderError(Outcome.invalid_image, f"Copyleaks refused the picture: {_told(response)}")


def _told(response: httpx.Response) -> str:
    try:
        error = msgspec.json.decode(response.content, type=ErrorBody).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return f"HTTP status {response.status_code}."
    details = "" if error.details is UNSET else "".join(f" {one.message}" for one in error.details)
    return f"{error.message}{details}"[:300]


def _read(answer: _Received) -> Answer:
    spent = float(answer.scanned_image.actual_credits)
    found = tuple(_candidate(match) for match in answer.matches.internet if _is_web(match.url))
    if found:
        return Answer(Outcome.answered, found, units_spent=spent)
    if silent := _silent(answer.warnings):
        return Answer(Outcome.transient, reason=f"Nothing was found, but not all answered: {silent}", units_spent=spent)
    return Answer(Outcome.no_match, units_spent=spent)


def _silent(warnings: msgspec.Raw | UnsetType) -> str:
    """The providers that a Copyhound could not ask."""
    if warnings is UNSET:
        return ""
    try:
        return ", ".join(one.provider for one in msgspec.json.decode(warnings, type=tuple[Warned, ...]))
    except (msgspec.DecodeError, RecursionError):
        return ""


def _candidate(match: InternetMatch) -> Candidate:
    pages = () if match.web_pages is UNSET else match.web_pages
    return Candidate(match.url, tuple(Page(page.url) for page in pages if _is_web(page.url)))


def _is_web(url: str) -> bool:
    return url.startswith(("http://", "https://"))


COPYLEAKS = ProviderSpec(
    name="copyleaks",
    title="Copyleaks",
    description="Copies on the web, found by Copyleaks' Image Plagiarism Detection. One credit a picture.",
    search=search,
    settings=ProviderSettings,
    limits=ProviderLimits(
        timeout_seconds=60.0,
        concurrency=4,
        per_minute=REQUESTS * 60 // WINDOW_SECONDS,
        max_bytes=_MAX_BYTES,
    ),
    price_unit="scan",
    formats=tuple(_EXTENSION),
    default=False,
    homepage="https://copyleaks.com",
)
