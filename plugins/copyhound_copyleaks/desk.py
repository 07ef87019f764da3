"""What the surface's endpoints do: log in, check, tell of credits and usage."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
from litestar import Request

from copyhound.plugin_api import Caller, CopyhoundError, Scope, UseCases
from copyhound_copyleaks.checking import SURFACE, Checker
from copyhound_copyleaks.errors import MISSING, RefusalError, wrong
from copyhound_copyleaks.form import check_scan_id, read_form
from copyhound_copyleaks.projecting import instant_of_token
from copyhound_copyleaks.settings import CopyleaksSettings
from copyhound_copyleaks.wire import REQUESTS, WINDOW_SECONDS, CheckAnswer, CreditsAnswer, LoginAnswer, LoginRequest

Asked = Request[Any, Any, Any]
_TOKEN_LIFE: Final = timedelta(hours=48)
_LOGINS: Final = 12
_OTHERS_A_SECOND: Final = 10
_UNMETERED: Final = 1_000_000
"""What is told to be left where nothing is counted: clients look before they scan."""
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+")
_COLUMNS: Final = ("Date", "Product", "Scans", "Credits")


class Desk:
    """Answers requests. All methods raise RefusalError and CopyhoundError."""

    def __init__(self, use_cases: UseCases, settings: CopyleaksSettings) -> None:
        self._use, self._checker = use_cases, Checker(use_cases, settings)

    async def login(self, body: bytes) -> LoginAnswer:
        """A token for an API key; any e-mail address will do."""
        try:
            asked = msgspec.json.decode(body, type=LoginRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RefusalError(MISSING) from None
        if not _EMAIL.fullmatch(asked.email):
            raise wrong("email", "It must be an e-mail address.")
        if not asked.key:
            raise wrong("key", "It is required.")
        who = hashlib.sha256(f"{asked.email.lower()}\n{asked.key}".encode()).hexdigest()
        await self._use.limits.count(who, f"{SURFACE}.login", most=_LOGINS, seconds=WINDOW_SECONDS)
        caller = await self._use.keys.check(asked.key)
        token, expires = self._use.keys.issue_token(caller, SURFACE, _TOKEN_LIFE)
        return LoginAnswer(token, instant_of_token(self._use.now()), instant_of_token(expires))

    async def check(self, request: Asked) -> CheckAnswer:
        """A check."""
        caller = await self._caller(request, Scope.write)
        await self._use.limits.count(caller, f"{SURFACE}.check", most=REQUESTS, seconds=WINDOW_SECONDS)
        scan_id = check_scan_id(request.scope["state"]["scan_id"])
        return await self._checker.check(caller, scan_id, await read_form(request))

    async def again(self, request: Asked) -> CheckAnswer:
        """The result of a check that was made before."""
        caller = await self.other(request)
        return await self._checker.again(caller, check_scan_id(request.scope["state"]["scan_id"]))

    async def credits(self, request: Asked) -> CreditsAnswer:
        """Credits that are left."""
        balance = await self._use.credits.balance(await self.other(request))
        return CreditsAnswer(balance.remaining if balance.metered else _UNMETERED)

    async def usage(self, request: Asked) -> bytes:
        """What each day took, as CSV."""
        caller = await self.other(request)
        start, end = (_day(request, name) for name in ("start", "end"))
        if end < start:
            raise wrong("end", "It is before start.")
        file = io.StringIO()
        out = csv.writer(file)
        out.writerow(_COLUMNS)
        for used in await self._use.credits.usage(caller, start, end):
            scans = used.reserved + used.settled + used.refunded
            out.writerow([f"{used.day:%d-%m-%Y}", used.surface, scans, used.reserved + used.settled])
        return file.getvalue().encode()

    async def other(self, request: Asked) -> Caller:
        """Who asks for anything but a check; counted."""
        caller = await self._caller(request, Scope.read)
        await self._use.limits.count(caller.key_id, f"{SURFACE}.other", most=_OTHERS_A_SECOND, seconds=1)
        return caller

    async def _caller(self, request: Asked, scope: Scope) -> Caller:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise CopyhoundError("unauthorized")
        caller = await self._use.keys.check_token(token.strip(), SURFACE)
        if scope not in caller.scopes:
            raise CopyhoundError("forbidden")
        return caller


def _day(request: Asked, name: str) -> date:
    try:
        return datetime.strptime(request.query_params.get(name, ""), "%d-%m-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise wrong(name, "It must be a date as dd-MM-yyyy.") from None
