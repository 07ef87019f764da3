"""Tables of the credit ledger, of limits, and of counters."""

from datetime import datetime
from typing import ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, table_of


class BundleRow(Base, table=True):
    """Credits with a beginning and an end."""

    __tablename__: ClassVar[str] = "bundles"
    __table_args__ = (
        sa.Index("ix_bundles_workspace", "workspace_id", "expires_at", "id"),
        sa.CheckConstraint("remaining >= 0 AND remaining <= granted", name="ck_bundles_remaining"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    granted: int = Field(sa_type=sa.BigInteger)
    remaining: int = Field(sa_type=sa.BigInteger)
    starts_at: datetime
    expires_at: datetime
    created_at: datetime
    note: str | None = None


class ChargeRow(Base, table=True):
    """One credit for one image of one search. It outlives its search, so that usage stays true."""

    __tablename__: ClassVar[str] = "charges"
    __table_args__ = (
        sa.Index("ix_charges_search", "search_id", "image_id"),
        sa.Index("ix_charges_list", "list_id", "state"),
        sa.Index("ix_charges_day", "workspace_id", "at"),
    )

    id: str = Field(primary_key=True)
    workspace_id: str
    search_id: str
    image_id: str
    list_id: str
    key_id: str
    surface: str
    state: str
    at: datetime
    bundle_id: str | None = None
    ended_at: datetime | None = None


class WindowRow(Base, table=True):
    """How many requests a subject has made since the window began (`start`, Unix seconds)."""

    __tablename__: ClassVar[str] = "windows"

    subject: str = Field(primary_key=True)
    start: int = Field(sa_type=sa.BigInteger)
    requests: int = Field(sa_type=sa.BigInteger)
    expires_at: datetime


class PlaceRow(Base, table=True):
    """One request that a subject has under way. It ends by itself where its process died."""

    __tablename__: ClassVar[str] = "places"
    __table_args__ = (sa.Index("ix_places_subject", "subject"),)

    id: str = Field(primary_key=True)
    subject: str
    expires_at: datetime


class NonceRow(Base, table=True):
    """What a signed request may use once."""

    __tablename__: ClassVar[str] = "nonces"

    key_id: str = Field(primary_key=True)
    nonce: str = Field(primary_key=True)
    expires_at: datetime = Field(index=True)


class CounterRow(Base, table=True):
    """The last number given, by workspace and what is counted."""

    __tablename__: ClassVar[str] = "counters"

    workspace_id: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    value: int = Field(sa_type=sa.BigInteger)


BUNDLES = table_of(BundleRow)
CHARGES = table_of(ChargeRow)
WINDOWS = table_of(WindowRow)
PLACES = table_of(PlaceRow)
NONCES = table_of(NonceRow)
COUNTERS = table_of(CounterRow)
