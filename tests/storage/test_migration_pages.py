"""Migration 0006 writes the hosts of the pages that are there."""

from __future__ import annotations

import sqlalchemy as sa

from copyhound.domain.matches import MatchFilter, Page
from copyhound.storage import Units
from copyhound.storage.migrations import downgrade, upgrade

from .makers import AT, W1, a_match, list_with_image


async def test_hosts_of_older_pages_are_written(units: Units) -> None:
    """More pages than are read at once, addresses without a host included."""
    pages = [Page(f"https://Shop-{number}.example:8443/p", None, AT, AT) for number in range(1100)]
    odd = [Page("file:///a.html", None, AT, AT), Page("http://[bad/", None, AT, AT)]
    async with units() as unit:
        await list_with_image(unit)
        await unit.matches.add(a_match(pages=(*pages, *odd)))
    before = await _hosts(units)
    await downgrade(units.database, "0005")
    await upgrade(units.database)
    assert await _hosts(units) == before
    assert before["https://Shop-7.example:8443/p"] == "shop-7.example"
    assert {before[page.url] for page in odd} == {""}
    async with units.read() as unit:
        assert await unit.matches.count_rows(W1, MatchFilter()) == 1102


async def _hosts(units: Units) -> dict[str, str]:
    async with units.database.read() as connection:
        return {row.url: row.host for row in await connection.execute(sa.text("SELECT url, host FROM match_pages"))}
