"""What searches through TinEye's API cost, what is left, and whose they are."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from ..fixtures.photos import flat, photo
from ..fixtures.website import Website
from .tineye_kit import checked, counter

MINE = 3


async def test_bundles_come_from_the_ledger(tmp_path: Path) -> None:
    """Bundles that have begun, have searches left and have not expired are told, the sum too; the others are not."""
    async with counter(tmp_path) as desk:
        unmetered = checked(await desk.get("remaining_searches"), "remaining_searches")["results"]
        assert unmetered["total_remaining_searches"] == unmetered["bundles"][0]["remaining_searches"] == 10**9
        now = desk.home.clock()
        grant = desk.home.services.credits.grant
        workspace = desk.home.caller.workspace_id
        await desk.grant(719, days=5)
        await desk.grant(10000, days=50)
        await grant(workspace, 7, starts_at=now + timedelta(days=1), expires_at=now + timedelta(days=9))
        await grant(workspace, 8, starts_at=now - timedelta(days=9), expires_at=now - timedelta(days=1))
        left = checked(await desk.get("remaining_searches"), "remaining_searches")["results"]
        first = {
            "remaining_searches": 719,
            "start_date": "2026-03-02 12:00:00 UTC",
            "expire_date": "2026-03-07 12:00:00 UTC",
        }
        assert left["bundles"][0] == first
        assert [bundle["remaining_searches"] for bundle in left["bundles"]] == [719, 10000]
        assert left["total_remaining_searches"] == 10719
        datetime.strptime(str(first["start_date"]), "%Y-%m-%d %X UTC")  # noqa: DTZ007 - as the clients do


async def test_searches_are_paid_when_they_are_answered(tmp_path: Path) -> None:
    """An answered search takes one; what could not be fetched, read or recognised takes none; with none left: 402."""
    async with counter(tmp_path) as desk:
        await desk.home.index("https://a.example.com/1.jpg", photo(MINE))
        await desk.grant(1)
        with Website() as site:
            site.put("/not.jpg", b"no picture")
            for failing in (f"{site.url}/lost.jpg", f"{site.url}/not.jpg", b"no picture", flat()):
                assert (await desk.search(failing)).status_code == 400
                assert await desk.left() == 1
        assert (await desk.search(photo(MINE))).status_code == 200
        assert await desk.left() == 0
        empty = checked(await desk.get("remaining_searches"), "remaining_searches")["results"]
        assert empty == {"bundles": [], "total_remaining_searches": 0}
        refused = await desk.search(photo(MINE))
        assert refused.status_code == 402
        assert "purchase another bundle" in checked(refused)["messages"][0]


async def test_what_is_another_workspaces_is_not_told(tmp_path: Path) -> None:
    """A key of another workspace counts and finds nothing of ours."""
    async with counter(tmp_path) as desk:
        await desk.home.index("https://a.example.com/1.jpg", photo(MINE))
        other = await desk.home.services.workspaces.create("other")
        _, key = await desk.home.services.keys.create(other.id, "other")
        assert (await desk.get("image_count", key=key)).json()["results"] == 0
        assert (await desk.search(photo(MINE), key=key)).json()["results"] == {"matches": []}
