"""The secrets of hooks, sealed: the newest first; those before it hold for a day after a rotation."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.hooks import Hook
from copyhound.services.kit import Kit

OVERLAP: Final = timedelta(hours=24)
"""How long the secret before a rotation still signs."""
_MOST: Final = 5
"""Signatures in one header: receivers' servers take no headers of any length."""


class _Old(msgspec.Struct):
    """A secret of before a rotation."""

    secret: str
    until: datetime


def seal_secrets(kit: Kit, secrets: Sequence[str | _Old]) -> bytes:
    """A hook's secrets, encrypted."""
    return kit.secrets.seal(msgspec.json.encode(list(secrets)))


def open_secrets(kit: Kit, hook: Hook) -> list[str]:
    """A hook's secrets that sign now, decrypted, the current one first."""
    current, old = _opened(kit, hook)
    return [current, *(one.secret for one in old)]


def rotate(kit: Kit, hook: Hook, new_secret: str) -> tuple[bytes, datetime]:
    """(the secrets with a new one, sealed; until when the one before it signs, too).

    CopyhoundError `too_many_requests` where a day has had too many rotations for all of them to hold.
    """
    current, old = _opened(kit, hook)
    if len(old) + 2 > _MOST:
        wait = max(1, round((old[-1].until - kit.now()).total_seconds()))
        raise CopyhoundError(
            "too_many_requests",
            f"At most {_MOST - 1} rotations in a day: the old secrets still sign.",
            retry_after=wait,
        )
    until = kit.now() + OVERLAP
    return seal_secrets(kit, [new_secret, _Old(current, until), *old]), until


def _opened(kit: Kit, hook: Hook) -> tuple[str, list[_Old]]:
    """The current secret, and the older ones that still hold, the newest first."""
    kept = msgspec.json.decode(kit.secrets.open(hook.secret), type=list[str | _Old])
    now = kit.now()
    return str(kept[0]), [one for one in kept[1:] if isinstance(one, _Old) and now < one.until]
