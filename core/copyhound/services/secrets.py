"""The secrets of hooks, sealed: the newest first; the one before it holds during a rotation."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from copyhound.domain.hooks import Hook
from copyhound.services.kit import Kit


def seal_secrets(kit: Kit, secrets: Sequence[str]) -> bytes:
    """A hook's secrets, encrypted."""
    return kit.secrets.seal(msgspec.json.encode(list(secrets)))


def open_secrets(kit: Kit, hook: Hook) -> list[str]:
    """A hook's secrets, decrypted, the current one first."""
    return msgspec.json.decode(kit.secrets.open(hook.secret), type=list[str])
