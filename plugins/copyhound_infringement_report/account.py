"""The account: whose key it is, and what it may still search. Keys and credits are given by the server's operator."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Response, get, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from copyhound.plugin_api import Balance, Caller, CopyhoundError
from copyhound_infringement_report.answers import AnyRequest, good
from copyhound_infringement_report.auth import OPEN
from copyhound_infringement_report.reading import Office, body_of, shaped

UNLIMITED: Final = 1_000_000_000
"""What remains where nothing is metered."""
_BY_OPERATOR: Final = "Accounts, keys and credits of this server are managed by its operator, not here."
_FAILED_LOGINS: Final = 12
"""Of one name from one address; of all names there are ten times as many, for many people share one."""
_WINDOW: Final = 900


class Login(msgspec.Struct, frozen=True):
    """The name may be any; the password is an API key."""

    password: Annotated[str, msgspec.Meta(max_length=1000)]
    email: Annotated[str, msgspec.Meta(max_length=320)] = ""


class AccountController(Controller):
    """The account."""

    @get("/user")
    async def get_user(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """Whose key it is, and its credits."""
        return good(await _user(office, request.user, _sent_key(request)))

    @route("/login", http_method=["POST"], opt=OPEN, status_code=200)
    async def log_in(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """There are no passwords here: an API key stands in the place of one."""
        sent = shaped(await body_of(request), Login)
        try:
            caller = await office.uses.keys.check(sent.password.strip())
        except CopyhoundError:
            await _count_failure(office, request.client.host if request.client else "unknown", sent.email)
            raise CopyhoundError("forbidden", "This is not a valid API key: send one as the password.") from None
        return good({"user": await _user(office, caller, sent.password.strip())})

    @route("/register", http_method=["POST", "PATCH"], opt=OPEN, status_code=200)
    async def register(self) -> Response[bytes]:
        """Accounts are made by the operator."""
        raise CopyhoundError("forbidden", _BY_OPERATOR)

    @route("/user", http_method=["DELETE"], status_code=200)
    async def reset_key(self) -> Response[bytes]:
        """Keys are changed by the operator."""
        raise CopyhoundError("forbidden", _BY_OPERATOR)

    @route("/user/{rest:path}", http_method=["GET", "POST", "PATCH", "DELETE"], status_code=200)
    async def manage(self, rest: FromPath[str]) -> Response[bytes]:
        """Passwords, addresses, cards and bills are the operator's matter."""
        raise CopyhoundError("forbidden", _BY_OPERATOR)

    @get("/packages")
    async def list_packages(self) -> Response[bytes]:
        """Nothing is sold here."""
        return good([])

    @get("/case")
    async def list_cases(self) -> Response[bytes]:
        """Cases are not kept here."""
        return good([])


async def _count_failure(office: Office, client: str, email: str) -> None:
    """CopyhoundError too_many_requests after too many. A good key is never held up: it cannot be guessed."""
    name = hashlib.sha256(email.strip().lower().encode("utf-8", "replace")).hexdigest()[:16]
    for who, most in ((f"{client}:{name}", _FAILED_LOGINS), (client, 10 * _FAILED_LOGINS)):
        await office.uses.limits.count(f"login:{who}", "infringement_report", most=most, seconds=_WINDOW)


def _sent_key(request: AnyRequest) -> str:
    """The caller's own key, back to them, as the service does."""
    return (request.headers.get("x-api-key") or request.query_params.get("api_key") or "").strip()


async def _user(office: Office, caller: Caller, key: str) -> dict[str, Any]:
    workspace, own = await office.uses.keys.describe(caller)
    balance = await office.uses.credits.balance(caller)
    return {
        "user_id": workspace.id,
        "email": own.name,
        "apikey": key,
        "is_partner": False,
        "partner": {"register_token": None},
        "vat_status": "",
        "address": dict.fromkeys(("name", "line1", "line2", "city", "postcode", "country", "vatnumber"), ""),
        "credits": _credits(balance),
    }


def _credits(balance: Balance) -> dict[str, Any]:
    granted = sum(bundle.granted for bundle in balance.bundles) if balance.metered else UNLIMITED
    remaining = balance.remaining if balance.metered else UNLIMITED
    return {
        "monitor_strategy": "classic",
        "package_id": "",
        "active": [
            {"package_id": bundle.id, "expiry_time": int(bundle.expires_at.timestamp()), "remaining": bundle.remaining}
            for bundle in balance.bundles
        ],
        "total": {
            "package_labels": [bundle.note or "Credits" for bundle in balance.bundles],
            "credits": granted,
            "remaining": remaining,
            "monitor": granted,
            "remaining-monitor": remaining,
        },
        "subscription": {
            "has_active_subscription": False,
            "is_subscription_customer": False,
            "is_metered_billing": balance.metered,
            "default_card": None,
        },
    }
