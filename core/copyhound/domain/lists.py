"""Lists of images, and when they are searched again."""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Annotated

import msgspec

from copyhound.domain.faults import SAYS

TimeOfDay = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5, extra={SAYS: "It is no time of day such as 08:00"}
    ),
]
Label = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class Schedule(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When a monitored list is due: every so many days, or a cron line. Exactly one of both."""

    days: Annotated[int, msgspec.Meta(ge=1, le=365)] | None = None
    """From run to run, in days."""
    at: TimeOfDay = "03:00"
    """Local time of day, with `days`."""
    cron: Annotated[str, msgspec.Meta(max_length=100)] | None = None
    """Five fields, as crontab has them."""
    timezone: str = "UTC"
    """IANA name, such as Europe/Berlin."""


class ImageList(msgspec.Struct, frozen=True):
    """A named set of images, with its settings."""

    id: str
    workspace_id: str
    label: str
    created_at: datetime
    monitored: bool = False
    schedule: Schedule | None = None
    providers: tuple[str, ...] = ()
    """Empty: those that are asked by default, such as the own index."""
    min_confidence: float = 50.0
    next_run_at: datetime | None = None
    last_run_at: datetime | None = None
    number: int = 0
    """Counts the workspace's lists from 1, for APIs that know them by number; 0 until it is stored."""


class Image(msgspec.Struct, frozen=True):
    """A picture of the workspace's own. Facts are None until it was fetched and decoded."""

    id: str
    workspace_id: str
    list_id: str
    name: str
    created_at: datetime
    source_url: str | None = None
    original_blob: str | None = None
    """Blob key of the bytes as sent or fetched."""
    reduced_blob: str | None = None
    fingerprint: builtins.bytes | None = None
    sha256: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None
    bytes: int | None = None
    error_code: str | None = None
    """Why it cannot be searched, from the table of errors."""
    error_detail: str | None = None
    number: int = 0
    """Counts the workspace's images from 1; 0 until it is stored."""
