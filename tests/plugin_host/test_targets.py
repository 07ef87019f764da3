"""Targets of notifiers, before they are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from copyhound.plugin_api import Context, CopyhoundError, Notice, NotifierSpec
from copyhound.plugin_host.catalogue import Catalogue
from copyhound.plugin_host.desk import NotifierDesk
from copyhound.plugin_host.posts import DeskParts


class Room(msgspec.Struct, frozen=True):
    room: str


async def notify(notice: Notice, target: Room, context: Context) -> None:
    """Tells nobody."""


def check(target: Room, settings: Any) -> None:
    if target.room == "cellar":
        raise CopyhoundError("settings_invalid", "There is no door to the cellar.")
    if target.room == "attic":
        raise KeyError(target.room)


@pytest.mark.parametrize(
    ("room", "code", "told"),
    [
        ("hall", None, ""),
        ("cellar", "settings_invalid", "no door to the cellar"),
        ("attic", "plugin_failed", "acme could not check the target (KeyError)"),
    ],
)
def test_a_notifier_checks_its_targets(
    catalogue_of: Callable[..., Catalogue], parts: DeskParts, room: str, code: str | None, told: str
) -> None:
    """What could never be told is refused in the plugin's words; a check that breaks is the plugin's fault."""
    spec = NotifierSpec("acme", "Acme", "Tells rooms.", notify, target=Room, check=check)
    desk = NotifierDesk(catalogue_of(notifiers=[spec]), **parts)
    try:
        if code is None:
            assert desk.target_of("acme", {"room": room}).shown == {"room": room}
            return
        with pytest.raises(CopyhoundError, match=told.replace("(", r"\(").replace(")", r"\)")) as caught:
            desk.target_of("acme", {"room": room})
        assert caught.value.code == code
    finally:
        desk.close()
