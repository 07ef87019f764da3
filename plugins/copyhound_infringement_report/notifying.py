"""Notifications of new domains, on the core's own."""

from __future__ import annotations

import contextlib
from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, UnsetType

from copyhound.plugin_api import (
    Caller,
    CopyhoundError,
    DigestFormat,
    DigestSchedule,
    NewNotification,
    Notification,
    NotificationChanges,
)
from copyhound_infringement_report.answers import AnyRequest, good
from copyhound_infringement_report.reading import Office, body_of, count_in, number_of, shaped
from copyhound_infringement_report.times import seconds

_TEMPLATE: Final = {"list_id": [], "schedule": "1", "type": "email", "endpoint": "", "format": "htmlsummary"}
_ALL: Final = "all"
_MOST: Final = 1000
_FORMATS: Final = {"email": DigestFormat.htmlsummary, "postback": DigestFormat.jsonsummary}

Days = Annotated[int, msgspec.Meta(ge=1, le=365)]
Lists = list[int | str] | int | str


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A notification as clients write it; what is left out stays, or is as the template has it."""

    list_id: Lists | UnsetType = UNSET
    """Numbers of lists, or `["all"]`."""
    filter_string: str | dict[str, Any] | UnsetType = UNSET
    """A filter as JSON; empty: all results."""
    schedule: Days | UnsetType = UNSET
    """Every so many days: 1, 7, 14 or 30 in the official app."""
    type: str | UnsetType = UNSET
    """`email` or `postback`."""
    endpoint: str | UnsetType = UNSET
    """The address to write or to post to."""
    format: DigestFormat | UnsetType = UNSET
    notify_id: int | str | UnsetType = UNSET
    last_notification: int | None | UnsetType = UNSET


class NotifyController(Controller):
    """Notifications."""

    @get(["/notify", "/notification"])
    async def list_notifications(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """All notifications."""
        params = request.query_params
        start, rows = count_in(params, "start", 0, 100_000), count_in(params, "rows", _MOST, _MOST)
        page = await office.uses.notifications.page(request.user, limit=start + rows + 1)
        chosen = page.items[start : start + rows]
        return good([await _wire(office, request.user, one) for one in chosen])

    @post(["/notify", "/notification", "/notify/new", "/notification/new"], status_code=200)
    async def create_notification(self, request: AnyRequest, office: NamedDependency[Office]) -> Response[bytes]:
        """Make a notification; the address is /notify/new, or /notify."""
        sent = shaped(await body_of(request), Sent)
        kind = _kind(sent.type)
        if sent.endpoint is UNSET or not sent.endpoint:
            raise CopyhoundError("invalid_request", "endpoint is an e-mail address, or the address to post to.")
        new = NewNotification(
            **_aim(kind, sent.endpoint),
            list_ids=() if sent.list_id is UNSET else await _list_ids(office, request.user, sent.list_id),
            filter=None if sent.filter_string is UNSET else _filter(sent.filter_string),
            schedule=DigestSchedule() if sent.schedule is UNSET else DigestSchedule(days=sent.schedule),
            format=_FORMATS[kind] if sent.format is UNSET else sent.format,
        )
        made = await office.uses.notifications.create(request.user, new)
        return good(await _wire(office, request.user, made), notify_id=made.number)

    @get(["/notify/new", "/notification/new"])
    async def get_template(self) -> Response[bytes]:
        """What a new one looks like."""
        return good(_TEMPLATE)

    @get(["/notify/{notify_id:str}", "/notification/{notify_id:str}"])
    async def get_notification(
        self, request: AnyRequest, office: NamedDependency[Office], notify_id: FromPath[str]
    ) -> Response[bytes]:
        """One notification."""
        return good(await _wire(office, request.user, await _one(office, request.user, notify_id)))

    @patch(["/notify/{notify_id:str}", "/notification/{notify_id:str}"])
    async def update_notification(
        self, request: AnyRequest, office: NamedDependency[Office], notify_id: FromPath[str]
    ) -> Response[bytes]:
        """Change a notification."""
        caller: Caller = request.user
        found = await _one(office, caller, notify_id)
        sent = shaped(await body_of(request), Sent)
        changes = NotificationChanges(
            list_ids=await _new_lists(office, caller, found, sent),
            filter=UNSET if sent.filter_string is UNSET else _filter(sent.filter_string),
            schedule=_new_schedule(found, sent),
            format=sent.format,
            **_new_aim(found, sent),
        )
        changed = await office.uses.notifications.update(caller, found.id, changes)
        return good(await _wire(office, caller, changed))

    @delete(["/notify/{notify_id:str}", "/notification/{notify_id:str}"], status_code=200)
    async def delete_notification(
        self, request: AnyRequest, office: NamedDependency[Office], notify_id: FromPath[str]
    ) -> Response[bytes]:
        """Delete a notification; nothing more is sent."""
        found = await _one(office, request.user, notify_id)
        await office.uses.notifications.delete(request.user, found.id)
        return good({"notify_id": found.number})


async def _one(office: Office, caller: Caller, notify_id: str) -> Notification:
    return await office.uses.notifications.by_number(caller, number_of(notify_id, "notification"))


def _kind(kind: str | UnsetType) -> str:
    kind = "email" if kind is UNSET else kind
    if kind not in _FORMATS:
        raise CopyhoundError("invalid_request", "type is email or postback.")
    return kind


def _aim(kind: str, endpoint: str) -> dict[str, Any]:
    if kind == "email":
        to = [one.strip() for one in endpoint.replace(";", ",").split(",") if one.strip()]
        return {"notifier": "email", "target": {"to": to}}
    return {"notifier": "webhook", "target": {"url": endpoint.strip()}}


def _new_aim(found: Notification, sent: Sent) -> dict[str, Any]:
    if sent.type is UNSET and sent.endpoint is UNSET:
        return {}
    kind = _type_of(found) if sent.type is UNSET else _kind(sent.type)
    return _aim(kind, _endpoint_of(found) if sent.endpoint is UNSET else sent.endpoint)


async def _list_ids(office: Office, caller: Caller, lists: Lists) -> tuple[str, ...]:
    """Our own ids; none for all lists, which is only what `all` means: nothing told is a slip."""
    numbers = lists if isinstance(lists, list) else [lists]
    if numbers == [_ALL]:
        return ()
    if not numbers or _ALL in numbers:
        raise CopyhoundError("invalid_request", 'list_id holds the numbers of lists, or "all" alone.')
    if len(numbers) > _MOST:
        raise CopyhoundError("invalid_request", f"list_id holds at most {_MOST} lists.")
    found = [(await office.list_of(caller, str(number))).id for number in numbers]
    return tuple(dict.fromkeys(found))


async def _new_lists(office: Office, caller: Caller, found: Notification, sent: Sent) -> tuple[str, ...] | UnsetType:
    """Lists that are gone are told as none; sent back so, they stay."""
    if sent.list_id is UNSET or (sent.list_id == [] and await _numbers(office, caller, found) == []):
        return UNSET
    return await _list_ids(office, caller, sent.list_id)


def _new_schedule(found: Notification, sent: Sent) -> DigestSchedule | UnsetType:
    """Days alone are told here: sent back as they were, hours and weekdays stay too."""
    if sent.schedule is UNSET or sent.schedule == found.schedule.days:
        return UNSET
    return msgspec.structs.replace(found.schedule, days=sent.schedule, hours=None, weekdays=())


def _filter(text: str | dict[str, Any]) -> Any:
    return None if text in ("", {}) else text


def _type_of(found: Notification) -> str:
    return "email" if found.notifier == "email" else "postback"


def _endpoint_of(found: Notification) -> str:
    if found.notifier == "email":
        return ", ".join(str(one) for one in found.target.get("to", ()))
    return str(found.target.get("url", ""))


async def _numbers(office: Office, caller: Caller, found: Notification) -> list[int] | str:
    """The numbers of its lists that are there; `all` where it is about all."""
    if not found.list_ids:
        return _ALL
    numbers: list[int] = []
    for list_id in found.list_ids:
        with contextlib.suppress(CopyhoundError):  # deleted since
            numbers.append((await office.uses.lists.get(caller, list_id)).number)
    return numbers


async def _wire(office: Office, caller: Caller, found: Notification) -> dict[str, Any]:
    wanted = found.filter
    return {
        "notify_id": found.number,
        "list_id": await _numbers(office, caller, found),
        "filter_string": wanted
        if isinstance(wanted, str)
        else (msgspec.json.encode(wanted).decode() if wanted else ""),
        "schedule": str(found.schedule.days),
        "last_notification": seconds(found.last_sent_at),
        "type": _type_of(found),
        "endpoint": _endpoint_of(found),
        "format": found.format.value,
    }
