"""What is asked for again with the same key: its id says so, whatever became of the first answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from copyhound.domain.ids import derived_id, new_id

_KEY_LIFE: Final = timedelta(days=1)


def id_for(prefix: str, workspace_id: str, key: str | None) -> str:
    """The same for the same key; without one a new id."""
    return new_id(prefix) if key is None else derived_id(prefix, workspace_id, key)


def is_same(created_at: datetime, now: datetime) -> bool:
    """Whether what has the id of a key is what was asked for; a key that is older than a day makes another one."""
    return now - created_at < _KEY_LIFE
