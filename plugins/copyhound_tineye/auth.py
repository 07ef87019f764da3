"""Who asks: by the header x-api-key, or by a signature over the request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Request

from copyhound.plugin_api import Caller, CopyhoundError, Scope, UseCases
from copyhound_tineye.errors import Refusal, no_key, over_quota
from copyhound_tineye.requests import Sent
from copyhound_tineye.settings import TinEyeSettings
from copyhound_tineye.signing import AUTHENTICATION, MAX_SKEW, Signed, fault_of, is_signed_by

SANDBOX: Final = Caller("sandbox", "key_sandbox", (Scope.read, Scope.write))
"""Stands for everybody who uses the public sandbox key; owns nothing."""
SANDBOX_SECRET: Final = "6mm60lsCNIB,FwOWjJqA80QZHh9BMwc-ber4u=t^"
SANDBOX_PUBLIC: Final = "LCkn,2K7osVwkX95K4Oy"
BAD_SIGNATURE: Final = "The provided signature is not valid"
_REMOVED: Final = (
    "The authentication method that you are using has been removed. Please update to use the new X-API-KEY header "
    "method."
)
_PUBLIC_KEY: Final = re.compile(r"[A-Za-z0-9_]{1,100}")
_NONCE_MARGIN: Final = timedelta(minutes=1)


class Door:
    """Lets callers in."""

    def __init__(self, use_cases: UseCases, settings: TinEyeSettings) -> None:
        self._use_cases, self._settings = use_cases, settings

    async def by_header(self, request: Request[Any, Any, Any]) -> Caller | None:
        """Whose key the header x-api-key holds; None where there is none. Refusal for a key that does not work."""
        key = request.headers.get("x-api-key", "")
        if not key:
            return None
        if self._settings.sandbox and key == SANDBOX_SECRET:
            return SANDBOX
        try:
            return await self._use_cases.keys.check(key)
        except CopyhoundError as error:
            raise self._refusal(error) from error

    async def by_signature(self, request: Request[Any, Any, Any], resource: str, sent: Sent) -> Caller:
        """Who has signed the request. Refusal where nobody has, or it was sent before."""
        values = {name: sent.get(name) for name in AUTHENTICATION}
        if not any(values.values()):
            raise no_key()
        if not self._settings.signatures:
            raise Refusal(401, _REMOVED)
        for name, value in values.items():
            if not value:
                raise no_key(f"The argument {name} is missing.")
        date, nonce = values["date"], values["nonce"]
        if fault := fault_of(date, nonce, self._use_cases.now().timestamp()):
            raise Refusal(401, fault)
        caller, secret = await self._signer(values["api_key"])
        signed = _signed(request, resource, sent, date, nonce)
        if not is_signed_by(signed, secret, values["api_sig"], self._addresses(request)):
            raise Refusal(401, BAD_SIGNATURE)
        # only now: who cannot sign must not use up the nonces of who can
        until = datetime.fromtimestamp(int(date) + MAX_SKEW, UTC) + _NONCE_MARGIN
        try:
            if not await self._use_cases.keys.use_nonce(caller.key_id, nonce, until):
                raise Refusal(401, BAD_SIGNATURE, "The nonce was used before.")
        except CopyhoundError as error:
            raise self._refusal(error) from error
        return caller

    def _refusal(self, error: CopyhoundError) -> Exception:
        """What a caller is told whom the core does not let in."""
        if error.code == "too_many_requests":
            return over_quota(error, self._use_cases.now())
        return no_key() if error.code == "unauthorized" else error

    async def _signer(self, public: str) -> tuple[Caller, str]:
        if self._settings.sandbox and public == SANDBOX_PUBLIC:
            return SANDBOX, SANDBOX_SECRET
        # what no key's id can be is not looked for: PostgreSQL refuses a NUL
        found = await self._use_cases.keys.signing_secret(public) if _PUBLIC_KEY.fullmatch(public) else None
        if found is None:
            raise no_key()
        return found

    def _addresses(self, request: Request[Any, Any, Any]) -> Sequence[str]:
        """The addresses that a client may have signed: it knows us by one, we may be behind others."""
        if self._settings.public_urls:
            return self._settings.public_urls
        host = request.headers.get("host", "")
        return (f"https://{host}/rest/", f"http://{host}/rest/", f"{self._use_cases.public_url}/rest/")


def _signed(request: Request[Any, Any, Any], resource: str, sent: Sent, date: str, nonce: str) -> Signed:
    content_type = request.headers.get("content-type", "")
    return Signed(request.method, resource, date, nonce, sent.parameters, content_type, sent.filename)


def need_scope(caller: Caller, scope: Scope) -> None:
    """CopyhoundError forbidden where the caller's key lacks it."""
    if scope not in caller.scopes:
        raise CopyhoundError("forbidden", f"It lacks the scope {scope.value}.")
