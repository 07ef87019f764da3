"""Tables of our own index: the truth that every candidate index is built from."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlmodel import Field

from copyhound.storage.types import Base, Json, parent, serial, table_of


class CollectionRow(Base, table=True):
    """`number` is what hash bands know it by: short, because they are many."""

    __tablename__: ClassVar[str] = "collections"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "name", name="uq_collections_name"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, sa_column=serial())
    id: str = Field(unique=True)
    workspace_id: str
    name: str
    created_at: datetime
    fingerprint_version: int = Field(sa_column=sa.Column(sa.Integer(), nullable=False, server_default="1"))


class EntryRow(Base, table=True):
    """Small rows: the fingerprint stands apart, so that many hashes can be read at once."""

    __tablename__: ClassVar[str] = "entries"
    __table_args__ = (
        sa.UniqueConstraint("collection_id", "url_key", name="uq_entries_url"),
        sa.Index("ix_entries_page", "collection_id", "first_seen", "id"),
        {"sqlite_autoincrement": True},
    )

    number: int | None = Field(default=None, sa_column=serial())
    id: str = Field(unique=True)
    workspace_id: str
    collection_id: str = Field(sa_column=parent("collections.id"))
    hash256: Any = Field(sa_column=sa.Column(sa.LargeBinary, nullable=False))
    image_url: str
    url_key: str
    width: int
    height: int
    format: str
    bytes: int = Field(sa_type=sa.BigInteger)
    sha256: str
    reduced_blob: str | None = Field(default=None, index=True)
    first_seen: datetime
    last_seen: datetime


class FingerprintRow(Base, table=True):
    """An entry's fingerprint."""

    __tablename__: ClassVar[str] = "entry_fingerprints"

    number: int = Field(sa_column=parent("entries.number", primary_key=True, number=True))
    workspace_id: str
    fingerprint: bytes = Field(sa_type=sa.LargeBinary)


class EntryPageRow(Base, table=True):
    """The pages on which an indexed picture stands."""

    __tablename__: ClassVar[str] = "entry_pages"

    number: int = Field(sa_column=parent("entries.number", primary_key=True, number=True))
    url_key: str = Field(primary_key=True)
    workspace_id: str
    url: str
    title: str | None = None
    first_seen: datetime
    last_seen: datetime
    language: str | None = None
    description: str | None = None
    width_on_page: int | None = None
    height_on_page: int | None = None


class HashBandRow(Base, table=True):
    """12 rows an entry; `token` is band * 2**20 + the band's 20 bits. Bound to a workspace by its collection."""

    __tablename__: ClassVar[str] = "hash_bands"
    __table_args__: ClassVar[dict[str, bool]] = {"sqlite_with_rowid": False}

    collection: int = Field(sa_column=sa.Column(sa.BigInteger(), primary_key=True, autoincrement=False))
    token: int = Field(sa_column=sa.Column(sa.Integer(), primary_key=True, autoincrement=False))
    number: int = Field(sa_column=sa.Column(sa.BigInteger(), primary_key=True, autoincrement=False))


class IndexChangeRow(Base, table=True):
    """The log that candidate indexes follow."""

    __tablename__: ClassVar[str] = "index_changes"
    __table_args__: ClassVar[dict[str, bool]] = {"sqlite_autoincrement": True}

    seq: int | None = Field(default=None, sa_column=serial())
    number: int = Field(sa_type=sa.BigInteger)
    workspace_id: str
    collection_id: str
    removed: bool


class IngestRow(Base, table=True):
    """An ingest."""

    __tablename__: ClassVar[str] = "ingests"
    __table_args__ = (sa.Index("ix_ingests_page", "workspace_id", "created_at", "id"),)

    id: str = Field(primary_key=True)
    workspace_id: str
    collection_id: str
    collection_name: str
    source: str
    settings: dict[str, Any] = Field(sa_type=Json)
    status: str
    created_at: datetime
    finished_at: datetime | None = None
    seen: int = Field(sa_type=sa.BigInteger)
    added: int = Field(sa_type=sa.BigInteger)
    updated: int = Field(sa_type=sa.BigInteger)
    refused: int = Field(sa_type=sa.BigInteger)
    pages: int = Field(sa_type=sa.BigInteger)
    refusals: list[Any] = Field(sa_type=Json)
    note: str | None = None


COLLECTIONS = table_of(CollectionRow)
ENTRIES = table_of(EntryRow)
FINGERPRINTS = table_of(FingerprintRow)
ENTRY_PAGES = table_of(EntryPageRow)
HASH_BANDS = table_of(HashBandRow)
INDEX_CHANGES = table_of(IndexChangeRow)
INGESTS = table_of(IngestRow)
