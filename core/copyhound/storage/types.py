"""Column types that mean the same on SQLite and PostgreSQL, and the way between rows and Structs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, ClassVar, TypeVar, cast

import msgspec
import sqlalchemy as sa
from sqlmodel import SQLModel

from copyhound.domain.tags import page_key

S = TypeVar("S", bound=msgspec.Struct)

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(SQLModel):
    """Our tables, apart from those of anybody else who uses SQLModel in this process."""

    metadata: ClassVar[sa.MetaData] = sa.MetaData(naming_convention=_NAMES)


class Json(sa.TypeDecorator[Any]):
    """JSON; None is NULL."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.JSON(none_as_null=True))


class SortedText(sa.TypeDecorator[str]):
    """Text that is ordered by its bytes on both databases."""

    impl = sa.String
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        collation = "C" if dialect.name == "postgresql" else None
        return dialect.type_descriptor(sa.String(collation=collation))


def serial() -> sa.Column[int]:
    """A 64-bit primary key that the database counts up and never uses again."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(kind, primary_key=True, autoincrement=True)


def parent(target: str, *, primary_key: bool = False, index: bool = False, number: bool = False) -> sa.Column[Any]:
    """A foreign key; the row goes when its parent goes."""
    kind = sa.BigInteger() if number else sa.String()
    reference = sa.ForeignKey(target, ondelete="CASCADE")
    return sa.Column(kind, reference, primary_key=primary_key, index=index, nullable=False)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table behind a SQLModel class."""
    return cast(sa.Table, sa.inspect(model).local_table)


def url_key(url: str) -> str:
    """What a URL is found by: short enough for any index, however long the URL is."""
    return page_key(url)


def row_of(item: msgspec.Struct, table: sa.Table, **more: Any) -> dict[str, Any]:
    """The fields of a Struct that the table has, ready to be bound."""
    row = {name: _plain(getattr(item, name), is_json) for name, is_json in _plan(type(item), table)}
    row.update(more)
    return row


def struct_of(kind: type[S], row: sa.Row[Any], **more: Any) -> S:
    """A Struct from a row whose columns are named like its fields."""
    return struct_from(kind, row._mapping, **more)


def struct_from(kind: type[S], values: Mapping[Any, Any], **more: Any) -> S:
    """A Struct from names and values; names that it lacks are left out."""
    # columns of a subquery may be named by a subclass of str, which msgspec refuses
    return msgspec.convert({str(name): value for name, value in {**values, **more}.items()}, kind)


def like_literal(text: str) -> str:
    """`text` as a part of a LIKE pattern that is escaped by a backslash.

    >>> like_literal("50%_a")
    '50\\\\%\\\\_a'
    """
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


@cache
def _plan(kind: type[msgspec.Struct], table: sa.Table) -> tuple[tuple[str, bool], ...]:
    names = [name for name in kind.__struct_fields__ if name in table.c]
    return tuple((name, isinstance(table.c[name].type, Json)) for name in names)


def _plain(value: Any, is_json: bool) -> Any:
    if is_json:
        return msgspec.to_builtins(value)
    if isinstance(value, Enum):
        return value.value
    return clean(value) if isinstance(value, str) else value


def clean(text: str) -> str:
    """Without what a database refuses in text: NUL and lone surrogates, as crawled titles may have them."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
