"""A search, from pictures to matches and events."""

from __future__ import annotations

import dataclasses
from contextlib import AbstractAsyncContextManager

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.matches import VerificationState
from copyhound.domain.repositories import UnitOfWork, UnitOfWorkFactory
from copyhound.domain.searches import ImageInput, Outcome, SearchRequest
from copyhound.plugin_api import Answer, Candidate, Page, ProviderSpec, hookimpl
from copyhound.services.verifying import Verifying

from ..fixtures import photos
from ..fixtures.houses import Home, home
from ..fixtures.website import Website


async def test_a_search_finds_verifies_and_tells(at_both_homes: Home) -> None:
    """Copies in our own index become verified matches, with an event each and one for the end, on both databases."""
    house = at_both_homes
    await house.index("https://a.example.com/crop.jpg", photos.cropped(1))
    await house.index("https://b.example.org/mirror.jpg", photos.mirrored(1))
    await house.index("https://b.example.org/other.jpg", photos.photo(12))
    progress = await house.search(photos.photo(1))
    matches = await house.matches(progress.search.list_id)
    assert {match.image_url for match in matches} == {
        "https://a.example.com/crop.jpg",
        "https://b.example.org/mirror.jpg",
    }
    kinds = {match.image_url: {edit.kind for edit in match.verification.comparison.edits} for match in matches}  # type: ignore[union-attr]
    assert "cropped" in kinds["https://a.example.com/crop.jpg"]
    assert "mirrored" in kinds["https://b.example.org/mirror.jpg"]
    assert len(await house.events("match_found")) == 2
    assert {event["domain"] for event in await house.events("new_domain_found")} == {"example.com", "example.org"}
    (complete,) = await house.events("search_complete")
    assert complete["outcomes"] == {"answered": 1}
    assert complete["new_matches"] == complete["matches"] == 2


class Counting:
    """Units of work that are counted."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self.units, self.opened = units, 0

    def __call__(self) -> AbstractAsyncContextManager[UnitOfWork]:
        self.opened += 1
        return self.units()

    def read(self) -> AbstractAsyncContextManager[UnitOfWork]:
        self.opened += 1
        return self.units.read()


async def test_all_entries_of_a_lookup_are_read_at_once(at_home: Home) -> None:
    """However many candidates our own index gives, they are read in one unit; those removed since are rejected."""
    for number in range(4):
        await at_home.index(f"https://a.example.com/{number}.jpg", photos.resaved(number))
    progress = await at_home.search(photos.photo(2))
    (image,) = (await at_home.services.lists.images(at_home.caller, progress.search.list_id)).items
    entries = (await at_home.services.collections.entries(at_home.caller, "web")).items
    candidates = [Candidate(one.image_url, entry_id=one.id) for one in entries]
    gone = Candidate("https://a.example.com/gone.jpg", entry_id="entry_gone")
    counting = Counting(at_home.services.kit.units)
    verifying = Verifying(dataclasses.replace(at_home.services.kit, units=counting))
    verified = await verifying.candidates(image, [gone, *candidates], verify=True, least=50)
    assert [found.image_url for found in verified.believed] == ["https://a.example.com/2.jpg"]
    assert (verified.rejected, counting.opened) == (4, 1)


async def test_waiting_runs_inline(at_home: Home) -> None:
    """With `wait` the search is complete when `start` returns, without a queue."""
    await at_home.index("https://a.example.com/1.jpg", photos.resaved(2))
    request = SearchRequest((ImageInput("a", photos.photo(2)), ImageInput("b", photos.photo(3))))
    search = await at_home.services.searches.start(at_home.caller, request, wait=60)
    progress = await at_home.services.searches.progress(at_home.caller, search.id)
    assert progress.search.complete
    assert progress.outcomes == {"answered": 1, "no_match": 1}


async def test_one_bad_picture_among_many_harms_no_other(at_home: Home, website: Website) -> None:
    """Too simple, missing and unresolvable pictures end as their own outcomes; the good one is found."""
    await at_home.index("https://a.example.com/1.jpg", photos.resaved(2))
    gone = website.put("/gone.jpg", 404)
    progress = await at_home.search(photos.flat(), photos.photo(2), gone, "http://no-such-host.invalid/x.jpg")
    by_name = {image.name: image for image in progress.images}
    assert [lookup.outcome for lookup in by_name["picture 0"].lookups] == [Outcome.invalid_image]
    assert by_name["picture 0"].error_code == "image_too_simple"
    assert [lookup.outcome for lookup in by_name["picture 1"].lookups] == [Outcome.answered]
    assert [lookup.outcome for lookup in by_name["picture 2"].lookups] == [Outcome.transient]
    assert by_name["picture 2"].error_code == "fetch_failed"
    assert [lookup.outcome for lookup in by_name["picture 3"].lookups] == [Outcome.transient]
    assert by_name["picture 3"].error_code == "url_unresolved"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"hello", "not_an_image"),
        (b"", "not_an_image"),
        (photos.photo(0)[:2000], "image_truncated"),
        (photos.animation(), "image_animated"),
        (photos.flat(), "image_too_simple"),
        (photos.tiny(), "image_too_simple"),
    ],
)
async def test_a_bad_single_picture_is_refused_and_nothing_is_stored(at_home: Home, data: bytes, code: str) -> None:
    """What is wrong with a single picture is told at once, by its code, and no list is made."""
    with pytest.raises(CopyhoundError) as caught:
        await at_home.services.searches.start(at_home.caller, SearchRequest((ImageInput("x", data),)))
    assert caught.value.code == code
    assert (await at_home.services.lists.page(at_home.caller)).items == []


async def test_matches_are_there_while_other_pictures_are_searched(at_home: Home, website: Website) -> None:
    """The match of a quick picture can be read while another picture's address does not answer."""
    await at_home.index("https://a.example.com/1.jpg", photos.resaved(2))
    held = website.hold("/slow.jpg")
    request = SearchRequest((ImageInput("quick", photos.photo(2)), ImageInput("slow", url=held.url)))
    search = await at_home.services.searches.start(at_home.caller, request)

    async def found() -> bool:
        return bool(await at_home.matches(search.list_id))

    from ..fixtures.houses import until

    await until(found, "the quick match")
    progress = await at_home.services.searches.progress(at_home.caller, search.id)
    assert not progress.search.complete
    held.release(photos.photo(5))
    assert (await at_home.services.searches.wait(at_home.caller, search.id, 60)).search.complete


def provider(name: str, answer: Answer) -> object:
    """A plugin with one provider that always answers the same."""

    async def search(query: object, context: object) -> Answer:
        return answer

    class Plugin:
        @hookimpl
        def copyhound_providers(self) -> list[ProviderSpec]:
            return [ProviderSpec(name=name, title=name, description="For a test.", search=search)]

    return Plugin()


async def test_no_provider_is_believed(tmp_path, website: Website) -> None:  # type: ignore[no-untyped-def]
    """Of a provider's candidates the copy is kept, the other picture is rejected, the unreachable one is unchecked."""
    copy = website.put("/copy.jpg", photos.cropped(1))
    other = website.put("/other.jpg", photos.photo(12))
    gone = website.put("/gone.jpg", 500)
    pages = (Page("https://shop.example.com/p", "A page"),)
    answer = Answer(Outcome.answered, tuple(Candidate(url, pages) for url in (copy, other, gone)))
    async with home(tmp_path / "data", extra_plugins=[("acme", provider("acme", answer))]) as house:
        progress = await house.search(photos.photo(1), providers=("acme",))
        (lookup,) = progress.images[0].lookups
        assert (lookup.candidates, lookup.matches, lookup.rejected) == (3, 2, 1)
        matches = {match.image_url: match for match in await house.matches(progress.search.list_id)}
        assert matches[copy].verification.state is VerificationState.verified
        assert [page.url for page in matches[copy].pages] == ["https://shop.example.com/p"]
        assert matches[gone].verification.state is VerificationState.unchecked
        reason = matches[gone].verification.reason
        assert str(reason).startswith("fetch_failed")


async def test_two_providers_unite_in_one_match(tmp_path, website: Website) -> None:  # type: ignore[no-untyped-def]
    """The same image_url from two providers is one match with both providers and the pages of both."""
    copy = website.put("/copy.jpg", photos.resaved(1))
    plugins = [
        (name, provider(name, Answer(Outcome.answered, (Candidate(copy, (Page(f"https://{name}.example/p"),)),))))
        for name in ("acme", "best")
    ]
    async with home(tmp_path / "data", extra_plugins=plugins) as house:
        progress = await house.search(photos.photo(1), providers=("acme", "best"))
        (match,) = await house.matches(progress.search.list_id)
        assert set(match.providers) == {"acme", "best"}
        assert {page.url for page in match.pages} == {"https://acme.example/p", "https://best.example/p"}
        assert len(await house.events("match_found")) == 1


async def test_a_failing_provider_hides_nothing(tmp_path) -> None:  # type: ignore[no-untyped-def]
    """A provider that is out of quota ends as `quota` with its reason, never as `no_match`."""
    plugin = provider("acme", Answer(Outcome.quota, reason="The bundle is used up."))
    async with home(tmp_path / "data", extra_plugins=[("acme", plugin)]) as house:
        progress = await house.search(photos.photo(1), providers=("acme",))
        (lookup,) = progress.images[0].lookups
        assert lookup.outcome is Outcome.quota
        assert lookup.reason == "The bundle is used up."


async def test_unknown_providers_and_lists_are_refused(at_home: Home) -> None:
    """A search that names what is not there is refused, and nothing is stored."""
    for request, code in (
        (SearchRequest((ImageInput("a", photos.photo(1)),), providers=("nobody",)), "plugin_unknown"),
        (SearchRequest((ImageInput("a", photos.photo(1)),), list_id="list_nobody"), "not_found"),
        (SearchRequest(()), "no_image"),
        (SearchRequest((ImageInput("a", url="http://127.0.0.2.nip/"),) * 501), "too_many_images"),
        (SearchRequest((ImageInput("a", url="ftp://example.com/x.jpg"),)), "url_invalid"),
        (SearchRequest((ImageInput("a", url="http://10.0.0.1/x.jpg"),)), "url_forbidden"),
    ):
        with pytest.raises(CopyhoundError) as caught:
            await at_home.services.searches.start(at_home.caller, request)
        assert caught.value.code == code
    assert (await at_home.services.lists.page(at_home.caller)).items == []
