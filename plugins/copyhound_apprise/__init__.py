"""A notifier for Apprise's services: chats, push messages, SMS and more. The library is the extra `apprise`."""

from __future__ import annotations

import importlib.util
import ipaddress
import re
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec

from copyhound.plugin_api import Context, CopyhoundError, Notice, NotifierSpec, hookimpl, missing_extra
from copyhound_apprise.sending import Order, send

_SCHEMA: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.I)


class AppriseSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Stands under [plugins.apprise] in the settings. Without `services` the notifier is not set up."""

    services: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9+.-]*$")], ...],
        msgspec.Meta(
            description="Services that may be used, as Apprise's addresses begin: discord, slack, tgram", min_length=1
        ),
    ]
    allow_hosts: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern="^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$")], ...],
        msgspec.Meta(description="Addresses and ranges that may be reached though they are inside your network"),
    ] = ()

    def __post_init__(self) -> None:
        for one in self.allow_hosts:
            ipaddress.ip_network(one, strict=False)


class AppriseTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to tell."""

    url: Annotated[
        str,
        msgspec.Meta(
            description="Apprise's address of a service, such as discord://id/token",
            pattern="^[A-Za-z][A-Za-z0-9+.-]*://",
            max_length=2048,
            extra_json_schema={"x-secret": True},
        ),
    ]
    pictures: Annotated[
        int,
        msgspec.Meta(description="Thumbnails to attach; some services make a message of each", ge=0, le=10),
    ] = 0


def check(target: AppriseTarget, settings: AppriseSettings) -> None:
    """CopyhoundError settings_invalid: the library is missing, or the service is not allowed here."""
    if importlib.util.find_spec("apprise") is None:
        raise CopyhoundError("settings_invalid", missing_extra("Apprise needs", "apprise"))
    found = _SCHEMA.match(target.url)
    schema = found[1].lower() if found else ""
    if schema not in settings.services:
        raise CopyhoundError(
            "settings_invalid", f"{schema}:// is not allowed here: plugins.apprise.services names what is."
        )


async def notify(notice: Notice, target: AppriseTarget, context: Context) -> None:
    """Tells one service, once. Raises CopyhoundError `settings_invalid`, `fetch_failed`, `fetch_timeout`,
    `url_forbidden`."""
    check(target, context.settings)
    pictures = notice.pictures[: target.pictures]
    await send(Order(target.url, notice.title, notice.text, notice.url, pictures, context.settings.allow_hosts))


APPRISE = NotifierSpec(
    name="apprise",
    title="Apprise",
    description="Tells Discord, Slack, Telegram and over a hundred and fifty other services.",
    notify=notify,
    target=AppriseTarget,
    settings=AppriseSettings,
    timeout_seconds=60.0,
    check=check,
)


@hookimpl
def copyhound_notifiers() -> Sequence[NotifierSpec]:
    """`apprise`."""
    return (APPRISE,)
