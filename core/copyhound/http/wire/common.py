"""Shapes that all topics use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec

from copyhound.domain.repositories import PageOf

T = TypeVar("T")
Instant = Annotated[datetime, msgspec.Meta(tz=True)]
"""A point in time, with its zone: ISO 8601."""


class Items(msgspec.Struct, Generic[T]):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[T]
    cursor: str | None = None


def items(page: PageOf, shape: Callable[[Any], T]) -> Items[T]:
    """A page of entities, each shaped for clients."""
    return Items([shape(one) for one in page.items], page.cursor)


def shaped(struct: type[T], entity: Any) -> T:
    """An entity as its wire Struct: fields of the same names, and no others."""
    return msgspec.convert(entity, struct, from_attributes=True)


class Problem(msgspec.Struct):
    """RFC 9457. `code` is stable; further members depend on it (`errors`, `retry_after` ...)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    retryable: bool
    request_id: str
