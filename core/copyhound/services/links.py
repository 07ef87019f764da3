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
    return _signed_url(kit, overlay_path(match_id), workspace_id, match_id)


def signed_thumbnail_url(kit: Kit, workspace_id: str, match_id: str) -> str:
    """The same for the thumbnail: who may see the overlay may see it too."""
    return _signed_url(kit, f"{API}/matches/{match_id}/thumbnail", workspace_id, match_id)


def lasting_thumbnail_url(kit: Kit, workspace_id: str, match_id: str) -> str:
    """The same, for pages that are read again and again: it changes only once in `link_days`."""
    span = kit.limits.link_days * 86_400
    expires = (int(kit.now().timestamp()) // span + 2) * span
    return _signed_until(kit, f"{API}/matches/{match_id}/thumbnail", workspace_id, match_id, expires)


def _signed_url(kit: Kit, path: str, workspace_id: str, match_id: str) -> str:
    # rounded to a day, so that the same link is cacheable and repeated work makes the same payload
    day = kit.now().replace(hour=0, minute=0, second=0, microsecond=0)
    expires = int((day + timedelta(days=kit.limits.link_days + 1)).timestamp())
    return _signed_until(kit, path, workspace_id, match_id, expires)


def _signed_until(kit: Kit, path: str, workspace_id: str, match_id: str, expires: int) -> str:
    signature = kit.secrets.sign(_signed_text(workspace_id, match_id, expires))
    return f"{kit.public_url}{path}?workspace={workspace_id}&expires={expires}&signature={signature}"


def overlay_link_holds(kit: Kit, workspace_id: str, match_id: str, expires: int, signature: str) -> bool:
    """Whether a signed overlay link is genuine and has not expired."""
    in_time = datetime.fromtimestamp(expires, tz=kit.now().tzinfo) > kit.now()
    return in_time and kit.secrets.signed(_signed_text(workspace_id, match_id, expires), signature)


def _signed_text(workspace_id: str, match_id: str, expires: int) -> str:
    return f"overlay:{workspace_id}:{match_id}:{expires}"


class LinkService:
    """Signatures for addresses that need no key: what cannot be guessed may be opened."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    def sign(self, text: str) -> str:
        """URL-safe. Whoever signs names in `text` what for, so that no link opens another thing."""
        return self._kit.secrets.sign(f"link:{text}")

    def holds(self, text: str, signature: str) -> bool:
        return self._kit.secrets.signed(f"link:{text}", signature)
