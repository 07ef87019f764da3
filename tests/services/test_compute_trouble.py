"""What becomes of the work when pictures cannot be read just now: no picture is blamed, and nothing is given up."""

from __future__ import annotations

from typing import Any

import pytest

from copyhound.domain.collections import IngestStatus
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.matches import MatchStatus, VerificationState
from copyhound.domain.searches import Outcome
from copyhound.services.kit import Kit

from ..fixtures import photos
from ..fixtures.houses import Home, until
from ..fixtures.website import Website

SITE = "https://www.example.com"


class Trouble:
    """A compute that fails at one function for so many times."""

    def __init__(self, kit: Kit, function: str, times: int) -> None:
        self.real, self.function, self.left, self.failed = kit.compute.run, function, times, 0

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        if function == self.function and self.left > 0:
            self.left -= 1
            self.failed += 1
            raise CopyhoundError("compute_unavailable", "The process that reads pictures does not start.")
        return await self.real(function, *args, **named)


def trouble(house: Home, patched: pytest.MonkeyPatch, function: str, times: int = 1) -> Trouble:
    """Makes a house's compute fail."""
    made = Trouble(house.services.kit, function, times)
    patched.setattr(house.services.kit.compute, "run", made.run)
    return made


@pytest.mark.parametrize("function", ["prepare_query", "compare_all"])
async def test_a_search_is_tried_again(at_home: Home, monkeypatch: pytest.MonkeyPatch, function: str) -> None:
    """Whether an image or what was found for it cannot be read: the job tries again, and the match is verified."""
    await at_home.index(f"{SITE}/crop.jpg", photos.cropped(1))
    met = trouble(at_home, monkeypatch, function, 2)
    progress = await at_home.search(photos.photo(1))
    assert met.failed == 2
    assert [lookup.outcome for lookup in progress.images[0].lookups] == [Outcome.answered]
    (match,) = await at_home.matches(progress.search.list_id)
    assert match.verification.state is VerificationState.verified


async def test_an_image_is_not_blamed(at_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it does not pass, the lookups end as transient, with the reason; the same image is searched well later."""
    trouble(at_home, monkeypatch, "prepare_query", 1000)
    lookups = (await at_home.search(photos.photo(1))).images[0].lookups
    assert [lookup.outcome for lookup in lookups] == [Outcome.transient]
    assert str(lookups[0].reason).startswith("compute_unavailable")


async def test_an_upload_is_answered_with_try_again(at_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single upload that cannot be looked at is neither taken nor blamed."""
    trouble(at_home, monkeypatch, "check_picture")
    with pytest.raises(CopyhoundError) as caught:
        await at_home.search(photos.photo(1))
    assert (caught.value.code, caught.value.status, caught.value.retryable) == ("compute_unavailable", 503, True)


async def test_an_ingest_goes_on(at_home: Home, website: Website, monkeypatch: pytest.MonkeyPatch) -> None:
    """An ingest is tried again, and refuses no picture for our trouble."""
    website.put("/", b'<img src="/a.jpg"><img src="/b.jpg">')
    for name, number in (("/a.jpg", 1), ("/b.jpg", 2)):
        website.put(name, photos.photo(number))
    met = trouble(at_home, monkeypatch, "prepare_entry")
    settings = {"url": website.url + "/", "delay_seconds": 0}
    started = await at_home.services.ingests.start(at_home.caller, "web", "site", settings)

    async def ended() -> bool:
        return (await at_home.services.ingests.get(at_home.caller, started.id)).finished_at is not None

    await until(ended, "the ingest")
    ingest = await at_home.services.ingests.get(at_home.caller, started.id)
    assert (met.failed, ingest.status, ingest.added, ingest.refused) == (1, IngestStatus.complete, 2, 0)


async def test_a_match_is_not_taken_for_removed(
    at_home: Home, website: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A recheck that cannot read the picture says nothing of it, and looks again sooner."""
    await at_home.index(website.put("/crop.jpg", photos.cropped(1)), photos.cropped(1))
    list_id = (await at_home.search(photos.photo(1))).search.list_id
    (match,) = await at_home.matches(list_id)
    trouble(at_home, monkeypatch, "prepare_entry")
    await at_home.services.monitoring.recheck(match.workspace_id, match.id, "slot")
    (after,) = await at_home.matches(list_id)
    assert after.status is MatchStatus.online
    checks = await at_home.services.matches.history(at_home.caller, match.id)
    assert "unreachable" in str(checks)
