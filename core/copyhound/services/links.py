"""Absolute addresses that leave the house, and the signed ones that need no key."""

from __future__ import annotations

from datetime import datetime, timedelta

from copyhound.services.kit import Kit

API = "/api/v1"


def overlay_path(match_id: str) -> str:
    """The path of a match's overlay."""
    return f"{API}/matches/{match_id}/overlay"


def signed_overlay_url(kit: Kit, workspace_id: str, match_id: str) -> str:
    """An overlay address usable in an `img` tag: unguessable, expiring, no key needed."""
    # rounded to a day, so that the same link is cacheable and repeated work makes the same payload
    day = kit.now().replace(hour=0, minute=0, second=0, microsecond=0)
    expires = int((day + timedelta(days=kit.limits.link_days + 1)).timestamp())
    signature = kit.secrets.sign(_signed_text(workspace_id, match_id, expires))
    path = overlay_path(match_id)
    return f"{kit.public_url}{path}?workspace={workspace_id}&expires={expires}&signature={signature}"


def overlay_link_holds(kit: Kit, workspace_id: str, match_id: str, expires: int, signature: str) -> bool:
    """Whether a signed overlay link is genuine and has not expired."""
    in_time = datetime.fromtimestamp(expires, tz=kit.now().tzinfo) > kit.now()
    return in_time and kit.secrets.signed(_signed_text(workspace_id, match_id, expires), signature)


def _signed_text(workspace_id: str, match_id: str, expires: int) -> str:
    return f"overlay:{workspace_id}:{match_id}:{expires}"
