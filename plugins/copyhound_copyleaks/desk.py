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
from copyhound_copyleaks.errors import CREDENTIALS, MISSING, RefusalError, wrong
from copyhound_copyleaks.form import check_scan_id, read_form
from copyhound_copyleaks.projecting import instant_of_token
from copyhound_copyleaks.settings import CopyleaksSettings
from copyhound_copyleaks.wire import (
    REQUESTS,
    WINDOW_SECONDS,
    CheckAnswer,
    CreditsAnswer,
    Detail,
    LoginAnswer,
    LoginRequest,
)

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

    async def login(self, body: bytes, client: str) -> LoginAnswer:
        """A token for an API key; any e-mail address will do. `client`: the address that asks."""
        try:
            asked = msgspec.json.decode(body, type=LoginRequest)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise RefusalError(MISSING) from None
        if not _EMAIL.fullmatch(asked.email):
            raise wrong("email", "It must be an e-mail address.")
        if not asked.key:
            raise wrong("key", "It is required.")
        caller = await self._holder(asked.key, client)
        await self._use.limits.count(caller.key_id, f"{SURFACE}.login", most=_LOGINS, seconds=WINDOW_SECONDS)
        token, expires = self._use.keys.issue_token(caller, SURFACE, _TOKEN_LIFE)
        return LoginAnswer(token, instant_of_token(self._use.now()), instant_of_token(expires))

    async def _holder(self, key: str, client: str) -> Caller:
        """Whose key it is. Wrong ones are counted apart: nobody's guesses lock out whoever has the right one."""
        try:
            return await self._use.keys.check(key)
        except CopyhoundError as error:
            if error.code == "unauthorized":
                name = f"{SURFACE}.guess"
                await self._use.limits.count(_drawer(client), name, most=_LOGINS, seconds=WINDOW_SECONDS)
            raise

    async def check(self, request: Asked) -> CheckAnswer:
        """A check."""
        caller = await self._caller(request, Scope.write)
        own = caller.limits
        # a user is a workspace, with however many keys
        who = caller.workspace_id if own.requests is None and own.seconds is None else caller
        await self._use.limits.count(who, f"{SURFACE}.check", most=REQUESTS, seconds=WINDOW_SECONDS)
        scan_id = check_scan_id(request.scope["state"]["scan_id"])
        async with self._use.limits.place(caller, SURFACE, most=0):  # as many as the key's own limits say
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
            raise RefusalError(CREDENTIALS, Detail("key", f"It lacks the scope {scope}."))
        return caller


def _drawer(client: str) -> str:
    """Where a client's wrong logins are counted; there are 4,096, however many addresses there may be."""
    return hashlib.sha256(client.encode()).hexdigest()[:3]


def _day(request: Asked, name: str) -> date:
    try:
        return datetime.strptime(request.query_params.get(name, ""), "%d-%m-%Y").replace(tzinfo=UTC).date()
    except ValueError:
        raise wrong(name, "It must be a date as dd-MM-yyyy.") from None
