"""Notifications: who is told of new domains, by whom, and how often."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from copyhound.domain.notifications import NewNotification, NotificationChanges
from copyhound.domain.workspaces import Caller
from copyhound.http.auth import PUBLIC
from copyhound.http.bodies import JsonBody
from copyhound.http.idempotency import Made, Once
from copyhound.http.paging import Cursor, Limit
from copyhound.http.wire.common import Items, items, shaped
from copyhound.http.wire.notifications import (
    NotificationChangesIn,
    NotificationIn,
    NotificationOut,
    PreviewOut,
    TrialOut,
    notification_out,
)
from copyhound.services import Services
from copyhound.services.notifications_page import DigestLink

_FILES: Final = {"text/html": (str, "<!DOCTYPE html><html><body><h1>1 New Domain: example.com</h1></body></html>")}
_HEADERS: Final = {
    "Cache-Control": "private, max-age=60",
    "X-Robots-Tag": "noindex",
    "Referrer-Policy": "no-referrer",
    # names and titles come from foreign pages: nothing in them may run
    "Content-Security-Policy": "default-src 'none'; img-src http: https:; style-src 'unsafe-inline'; sandbox",
}
Sequence = Annotated[int, QueryParameter(ge=0, le=2**53)]


class NotificationController(Controller):
    """A notification tells of new domains, or of all new copies, when it is due."""

    path = "/notifications"
    tags = ("notifications",)

    @post("/", dependencies={"sent": JsonBody(NotificationIn)})
    async def create_notification(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        once: NamedDependency[Once],
        sent: NamedDependency[NotificationIn],
    ) -> Response[NotificationOut]:
        """Make a notification: it tells of what is found from now on."""

        async def make() -> Made:
            new = NewNotification(**_fields(sent))
            made = await services.notifications.create(caller, new, key=once.same(sent))
            headers = {"Location": f"{services.kit.public_url}/api/v1/notifications/{made.id}"}
            return Made(notification_out(made), 201, headers)

        return await once(sent, make)

    @get("/")
    async def list_notifications(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Items[NotificationOut]:
        """Notifications, newest first."""
        page = await services.notifications.page(caller, cursor=cursor, limit=limit)
        return items(page, notification_out)

    @get("/{notification_id:str}")
    async def get_notification(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], notification_id: FromPath[str]
    ) -> NotificationOut:
        """One notification, with when it is due and why it failed last."""
        return notification_out(await services.notifications.get(caller, notification_id))

    @patch("/{notification_id:str}", dependencies={"sent": JsonBody(NotificationChangesIn)})
    async def update_notification(
        self,
        services: NamedDependency[Services],
        caller: NamedDependency[Caller],
        notification_id: FromPath[str],
        sent: NamedDependency[NotificationChangesIn],
    ) -> NotificationOut:
        """Change a notification. A new schedule counts from the last time that it was due."""
        changes = NotificationChanges(**_fields(sent))
        return notification_out(await services.notifications.update(caller, notification_id, changes))

    @delete("/{notification_id:str}")
    async def delete_notification(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], notification_id: FromPath[str]
    ) -> None:
        """Nothing is sent any more."""
        await services.notifications.delete(caller, notification_id)

    @post("/{notification_id:str}/test", status_code=200)
    async def test_notification(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], notification_id: FromPath[str]
    ) -> TrialOut:
        """Send a sample now, once; nothing counts as told."""
        return shaped(TrialOut, await services.notifications.test(caller, notification_id))

    @get("/{notification_id:str}/preview")
    async def preview_notification(
        self, services: NamedDependency[Services], caller: NamedDependency[Caller], notification_id: FromPath[str]
    ) -> PreviewOut:
        """What would be sent now; nothing is sent."""
        made = await services.notifications.preview(caller, notification_id)
        return PreviewOut(made.title, made.text, made.body.decode(), made.content_type)


@get("/digests/{notification_id:str}", opt={**PUBLIC, "files": _FILES}, media_type="text/html", tags=["notifications"])
async def read_digest(
    services: NamedDependency[Services],
    notification_id: FromPath[str],
    workspace: Annotated[str, QueryParameter(max_length=64)],
    after: Sequence,
    until: Sequence,
    expires: Annotated[int, QueryParameter(ge=0, le=9_999_999_999)],
    signature: Annotated[str, QueryParameter(max_length=128)],
) -> Response[bytes]:
    """All that a message told, as a page. Its address comes with the message, needs no key, and expires."""
    link = DigestLink(workspace, notification_id, after, until, expires)
    page = await services.notifications.opened(link, signature)
    return Response(page.encode(), headers=_HEADERS, media_type="text/html")


def _fields(sent: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(sent, name) for name in sent.__struct_fields__}
