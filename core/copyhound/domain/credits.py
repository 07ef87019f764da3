"""The credit ledger: bundles that are bought or granted, and what searches take from them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated

import msgspec


class ChargeState(StrEnum):
    """How far a charge is."""

    reserved = "reserved"
    """Taken from its bundle when the search began."""
    settled = "settled"
    """A lookup of the image was answered: it stays taken."""
    refunded = "refunded"
    """None was: it went back."""


class Bundle(msgspec.Struct, frozen=True):
    """Credits with a beginning and an end."""

    id: str
    workspace_id: str
    granted: int
    remaining: int
    starts_at: datetime
    expires_at: datetime
    created_at: datetime
    note: str | None = None


class Balance(msgspec.Struct, frozen=True):
    """What a workspace may still search."""

    metered: bool
    """False where no bundle was ever granted: then nothing is refused for want of credits."""
    remaining: int
    bundles: tuple[Bundle, ...] = ()
    """Those that have begun, have not ended and are not empty; the first to end first."""


class Charge(msgspec.Struct, frozen=True):
    """One credit for one image of one search. `bundle_id` is None in a workspace that is not metered."""

    id: str
    workspace_id: str
    search_id: str
    image_id: str
    list_id: str
    key_id: str
    surface: str
    state: ChargeState
    at: datetime
    bundle_id: str | None = None
    ended_at: datetime | None = None


class UsageDay(msgspec.Struct, frozen=True):
    """What one day took, by surface; days are those of UTC."""

    day: date
    surface: str
    reserved: int
    settled: int
    refunded: int


Credits = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
