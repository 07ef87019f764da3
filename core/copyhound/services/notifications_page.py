"""The page with all that a digest told: behind a link that needs no key, cannot be guessed, and expires."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.services.kit import Kit


class DigestLink(msgspec.Struct, frozen=True):
    """Which part of a notification's happenings a link opens, and until when."""

    workspace_id: str
    notification_id: str
    after: int
    """Sequence number of the last event that was told before."""
    until: int
    expires: int
    """Seconds since 1970."""

    def text(self) -> str:
        """What is signed."""
        return f"digest:{self.workspace_id}:{self.notification_id}:{self.after}:{self.until}:{self.expires}"


def digest_url(kit: Kit, workspace_id: str, notification_id: str, after: int, until: int) -> str:
    """The address of the page of a digest; the same all day, so that the same message has the same bytes."""
    day = kit.now().replace(hour=0, minute=0, second=0, microsecond=0)
    expires = int((day + timedelta(days=kit.limits.link_days + 1)).timestamp())
    link = DigestLink(workspace_id, notification_id, after, until, expires)
    asked = {"workspace": workspace_id, "after": after, "until": until, "expires": expires}
    query = urlencode({**asked, "signature": kit.secrets.sign(link.text())})
    return f"{kit.public_url}/digests/{notification_id}?{query}"


def check_link(kit: Kit, link: DigestLink, signature: str) -> None:
    """Raises CopyhoundError unauthorized unless the link is ours and has not expired."""
    if not kit.secrets.signed(link.text(), signature) or datetime.fromtimestamp(link.expires, UTC) <= kit.now():
        raise CopyhoundError("unauthorized", "This link is wrong, or it has expired.")
