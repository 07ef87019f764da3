"""The columns that migrations are written in. Never changed, only added to: old migrations mean them as they are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa


def text(name: str, *, null: bool = False) -> sa.Column[str]:
    """Text of any length."""
    return sa.Column(name, sa.String(), nullable=null)


def sorted_text(name: str) -> sa.Column[str]:
    """Text that is ordered by its bytes."""
    return sa.Column(name, sa.String().with_variant(sa.String(collation="C"), "postgresql"), nullable=False)


def time(name: str, *, null: bool = False) -> sa.Column[Any]:
    """A moment; UTC."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=null)


def json(name: str, *, null: bool = False) -> sa.Column[Any]:
    """JSON."""
    return sa.Column(name, sa.JSON(), nullable=null)


def serial(name: str) -> sa.Column[int]:
    """A 64-bit number that counts up."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column(name, kind, autoincrement=True, nullable=False)
