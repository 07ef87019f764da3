"""Lists and their images."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.lists import Image, ImageList, Label, Schedule
from copyhound.domain.repositories import PageOf, UnitOfWork
from copyhound.domain.searches import ImageInput
from copyhound.domain.workspaces import Caller
from copyhound.services.blobs import drop_blobs, keep_blobs
from copyhound.services.events import EventService
from copyhound.services.hook_ends import end_without_lists
from copyhound.services.images import ImageIntake, bytes_of
from copyhound.services.kit import Desk, Kit
from copyhound.services.notifications_ends import pause_without_lists
from copyhound.services.repeating import id_for, is_same

DAILY = Schedule(days=1)


class ListChanges(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is to be different; what is left out stays."""

    label: Label | UnsetType = UNSET
    monitored: bool | UnsetType = UNSET
    schedule: Schedule | None | UnsetType = UNSET
    """Null: not searched by the clock."""
    providers: tuple[str, ...] | UnsetType = UNSET
    min_confidence: Annotated[float, msgspec.Meta(ge=0, le=100)] | UnsetType = UNSET


class ListService:
    """Lists and their images."""

    def __init__(self, kit: Kit, desk: Desk, intake: ImageIntake, events: EventService) -> None:
        self._kit, self._desk, self._intake, self._events = kit, desk, intake, events

    async def create(
        self,
        caller: Caller,
        label: str,
        *,
        monitored: bool = False,
        schedule: Schedule | None = None,
        providers: tuple[str, ...] = (),
        min_confidence: float = 50.0,
        if_absent: bool = False,
        key: str | None = None,
    ) -> ImageList:
        """`if_absent`: where there are lists of this label, the newest as it is; many at once make one.

        With the same `key` within a day: the list that was made then.
        """
        made = ImageList(
            id=id_for("list", caller.workspace_id, key),
            workspace_id=caller.workspace_id,
            label=label,
            created_at=self._kit.now(),
        )
        changes = ListChanges(
            monitored=monitored, schedule=schedule, providers=providers, min_confidence=min_confidence
        )
        made = self._changed(made, changes)
        async with self._kit.units() as uow:
            if if_absent and (there := await uow.lists.labelled(caller.workspace_id, label)) is not None:
                return there
            begun = await uow.lists.get(caller.workspace_id, made.id) if key is not None else None
            if begun is not None and is_same(begun.created_at, self._kit.now()):
                return begun
            return await uow.lists.add(made if begun is None else msgspec.structs.replace(made, id=new_id("list")))

    async def by_number(self, caller: Caller, number: int) -> ImageList:
        """CopyhoundError not_found."""
        async with self._kit.units.read() as uow:
            found = await uow.lists.by_number(caller.workspace_id, number)
        if found is None:
            raise CopyhoundError("not_found", f"There is no list {number}.")
        return found

    async def get(self, caller: Caller, list_id: str) -> ImageList:
        async with self._kit.units.read() as uow:
            return await _get(uow, caller, list_id)

    async def page(
        self,
        caller: Caller,
        *,
        label: str | None = None,
        exact: bool = False,
        cursor: str | None = None,
        limit: int = 50,
    ) -> PageOf:
        """Newest first. `label`: only those whose label contains it, with `exact` those that have it."""
        async with self._kit.units.read() as uow:
            return await uow.lists.page(caller.workspace_id, label=label, exact=exact, cursor=cursor, limit=limit)

    async def update(self, caller: Caller, list_id: str, changes: ListChanges) -> ImageList:
        async with self._kit.units() as uow:
            changed = self._changed(await _get(uow, caller, list_id), changes)
            await uow.lists.save(changed)
        return changed

    def _changed(self, item: ImageList, changes: ListChanges) -> ImageList:
        given = {name: value for name in changes.__struct_fields__ if (value := getattr(changes, name)) is not UNSET}
        changed = msgspec.structs.replace(item, **given)
        for name in changed.providers:
            if not self._desk.known(name):
                raise CopyhoundError("plugin_unknown", f"There is no provider {name!r}.", provider=name)
        if not 0 <= changed.min_confidence <= 100:
            raise CopyhoundError("invalid_request", "min_confidence is 0 to 100.")
        if changed.schedule is not None:
            check_schedule(changed.schedule)
            if changed.schedule != item.schedule:
                # also where the list is not monitored yet: it would be kept, and never run
                self._kit.calendar.next_after(changed.schedule, self._kit.now())
        if changed.monitored and changed.schedule is None:
            changed = msgspec.structs.replace(changed, schedule=DAILY)
        if (changed.monitored, changed.schedule) == (item.monitored, item.schedule):
            return changed
        return msgspec.structs.replace(changed, next_run_at=self._next(changed))

    def _next(self, item: ImageList) -> datetime | None:
        if not item.monitored or item.schedule is None:
            return None
        return self._kit.calendar.next_after(item.schedule, self._kit.now())

    async def delete(self, caller: Caller, list_id: str) -> None:
        """Delete a list with its images, matches, searches and pictures. The events that were told stay.

        Hooks that waited for its events alone are disabled, notifications that told of it alone are paused.
        """
        async with self._kit.units() as uow:
            await _get(uow, caller, list_id)
            await uow.credits.refund_list(list_id, self._kit.now())
            unused = await uow.lists.delete(caller.workspace_id, list_id)
            await end_without_lists(self._events, uow, caller.workspace_id, list_id, self._kit.now())
            await pause_without_lists(uow, caller.workspace_id, list_id)
        await drop_blobs(self._kit, caller.workspace_id, unused)

    async def add_images(self, caller: Caller, list_id: str, inputs: Sequence[ImageInput]) -> list[Image]:
        """Add images without searching them now; a monitored list searches them when it is due."""
        await self.get(caller, list_id)
        taken = await self._intake.take(caller.workspace_id, tuple(inputs))
        images = [msgspec.structs.replace(image, list_id=list_id) for image in taken]
        async with self._kit.units() as uow:
            await _get(uow, caller, list_id)
            images = await uow.images.add(images)
            await keep_blobs(self._kit, uow, caller.workspace_id, bytes_of(images, inputs))
        return images

    async def images(self, caller: Caller, list_id: str, *, cursor: str | None = None, limit: int = 50) -> PageOf:
        async with self._kit.units.read() as uow:
            await _get(uow, caller, list_id)
            return await uow.images.of_list(caller.workspace_id, list_id, cursor=cursor, limit=limit)

    async def image(self, caller: Caller, image_id: str) -> Image:
        async with self._kit.units.read() as uow:
            found = await uow.images.get(caller.workspace_id, image_id)
        if found is None:
            raise CopyhoundError("not_found", f"There is no image {image_id}.")
        return found

    async def image_by_number(self, caller: Caller, number: int) -> Image:
        """CopyhoundError not_found."""
        async with self._kit.units.read() as uow:
            found = await uow.images.by_number(caller.workspace_id, number)
        if found is None:
            raise CopyhoundError("not_found", f"There is no image {number}.")
        return found

    async def images_by_ids(self, caller: Caller, image_ids: Sequence[str]) -> list[Image]:
        """In the order asked; those that are gone are left out."""
        async with self._kit.units.read() as uow:
            return await uow.images.by_ids(caller.workspace_id, image_ids)

    async def picture(self, workspace_id: str, image_id: str) -> bytes:
        """A JPEG of an image, made small. CopyhoundError not_found where it was not looked at yet."""
        async with self._kit.units.read() as uow:
            image = await uow.images.get(workspace_id, image_id)
        if image is None or image.reduced_blob is None:
            raise CopyhoundError("not_found", "No copy of this picture was kept.")
        return await self._kit.blobs.get(image.reduced_blob)

    async def delete_image(self, caller: Caller, list_id: str, image_id: str) -> None:
        """Delete an image with its matches."""
        async with self._kit.units() as uow:
            image = await uow.images.get(caller.workspace_id, image_id)
            if image is None or image.list_id != list_id:
                raise CopyhoundError("not_found", f"There is no image {image_id} in {list_id}.")
            await uow.credits.refund_image(image_id, list_id, self._kit.now())
            unused = await uow.images.delete(caller.workspace_id, image_id)
        await drop_blobs(self._kit, caller.workspace_id, unused)


def check_schedule(schedule: Schedule) -> None:
    """Raise CopyhoundError invalid_request unless exactly one of days and cron is given."""
    if (schedule.days is None) == (schedule.cron is None):
        raise CopyhoundError("invalid_request", "A schedule has either days or cron.")


async def _get(uow: UnitOfWork, caller: Caller, list_id: str) -> ImageList:
    found = await uow.lists.get(caller.workspace_id, list_id)
    if found is None:
        raise CopyhoundError("not_found", f"There is no list {list_id}.")
    return found
