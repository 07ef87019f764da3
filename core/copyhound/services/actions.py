"""The actions: each described here and nowhere else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec
from msgspec import UNSET

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lists import ImageList
from copyhound.domain.matches import MatchFilter
from copyhound.domain.searches import ImageInput, Outcome, SearchProgress, SearchRequest
from copyhound.domain.triggers import Action
from copyhound.domain.workspaces import Caller
from copyhound.services.action_shapes import (
    AddImages,
    CreateList,
    DecideMatch,
    ExportMatches,
    FindList,
    FindSearch,
    ImageAdded,
    ImageReference,
    ImagesAdded,
    ListCreated,
    ListsFound,
    MatchDecided,
    MatchesExported,
    ProviderOutcome,
    SearchesFound,
    SearchFound,
    SearchStarted,
    StartSearch,
)
from copyhound.services.examples import ANTI_EXAMPLES, EXAMPLES, SAMPLES
from copyhound.services.exports import ExportService
from copyhound.services.images import bytes_of_base64
from copyhound.services.links import API
from copyhound.services.lists import ListService
from copyhound.services.matches import MatchService
from copyhound.services.searches import SearchService

_MOST_ROWS: Final = 1000
_MOST_LISTS: Final = 50
_MOST_REASONS: Final = 20
_FOUND: Final = (None, Outcome.answered, Outcome.no_match)
LIST_CHOICES: Final = f"{API}/choices/lists"
PROVIDER_CHOICES: Final = f"{API}/choices/providers"
MATCH_CHOICES: Final = f"{API}/choices/matches"
SEARCH_CHOICES: Final = f"{API}/choices/searches"


def image_input(reference: ImageReference) -> ImageInput:
    """The picture that a reference means. CopyhoundError invalid_request where it is none or both."""
    if (reference.url is None) == (reference.base64 is None):
        raise CopyhoundError("invalid_request", "An image has either url or base64.")
    if reference.base64 is None:
        return ImageInput(reference.name or "", url=reference.url)
    return ImageInput(reference.name or "image", data=bytes_of_base64(reference.base64))


class Actions:
    """What the actions do, on the use cases."""

    def __init__(
        self,
        searches: SearchService,
        lists: ListService,
        exports: ExportService,
        matches: MatchService,
        public_url: str,
    ) -> None:
        self._searches, self._lists, self._exports, self._matches = searches, lists, exports, matches
        self._public_url = public_url

    async def start_search(self, caller: Caller, wanted: StartSearch) -> SearchStarted:
        images = tuple(image_input(reference) for reference in wanted.images)
        request = SearchRequest(images, wanted.list_id, wanted.list_label, wanted.providers, wanted.verify)
        search = await self._searches.start(caller, request)
        return SearchStarted(
            search.id, search.id, search.list_id, search.image_count, search.providers, search.created_at
        )

    async def find_search(self, caller: Caller, wanted: FindSearch) -> SearchesFound:
        try:
            progress = await self._searches.progress(caller, wanted.search_id)
        except CopyhoundError as error:
            if error.code != "not_found":
                raise
            return SearchesFound(None, False, [])
        # counted after it: of one that is complete all is there
        where = MatchFilter(list_id=progress.search.list_id, search_id=wanted.search_id)
        found = _reported(progress, await self._matches.count(caller, where))
        return SearchesFound(found.id, True, [found])

    async def create_list(self, caller: Caller, wanted: CreateList) -> ListCreated:
        made = await self._lists.create(
            caller,
            wanted.label,
            monitored=wanted.monitored,
            schedule=wanted.schedule,
            providers=wanted.providers,
            min_confidence=wanted.min_confidence,
            if_absent=wanted.if_absent,
        )
        return _told(made)

    async def find_list(self, caller: Caller, wanted: FindList) -> ListsFound:
        page = await self._lists.page(caller, label=wanted.label, exact=wanted.exact, limit=_MOST_LISTS)
        found = [_told(item) for item in page.items]
        return ListsFound(found[0].id if found else None, bool(found), found)

    async def add_images(self, caller: Caller, wanted: AddImages) -> ImagesAdded:
        inputs = [image_input(reference) for reference in wanted.images]
        images = await self._lists.add_images(caller, wanted.list_id, inputs)
        added = [ImageAdded(image.id, image.name, image.source_url) for image in images]
        return ImagesAdded(added[0].id, wanted.list_id, len(added), added)

    async def decide_match(self, caller: Caller, wanted: DecideMatch) -> MatchDecided:
        before = await self._matches.get(caller, wanted.match_id)
        note = before.note if wanted.note is UNSET else wanted.note
        match = await self._matches.decide(caller, wanted.match_id, wanted.decision, note)
        assert match.decided_at is not None
        return MatchDecided(
            id=match.id,
            match_id=match.id,
            list_id=match.list_id,
            image_id=match.image_id,
            image_url=match.image_url,
            host=match.host,
            decision=match.decision,
            note=match.note,
            decided_at=match.decided_at,
        )

    async def export_matches(self, caller: Caller, wanted: ExportMatches) -> MatchesExported:
        where = MatchFilter(
            list_id=wanted.list_id,
            match_type=wanted.match_type,
            min_confidence=wanted.min_confidence,
            found_after=wanted.found_after,
        )
        rows: list[dict[str, Any]] = []
        truncated = False
        async for line in await self._exports.stream(caller, where, "jsonl"):
            if truncated := len(rows) == _MOST_ROWS:
                break
            rows.append(msgspec.json.decode(line))
        url = f"{self._public_url}{API}/lists/{wanted.list_id}/export?format=csv"
        return MatchesExported(wanted.list_id, wanted.list_id, rows, truncated, url)


def _told(item: ImageList) -> ListCreated:
    return ListCreated(item.id, item.label, item.monitored, item.next_run_at, item.created_at)


def _reported(progress: SearchProgress, matches: int) -> SearchFound:
    search = progress.search
    return SearchFound(
        id=search.id,
        search_id=search.id,
        list_id=search.list_id,
        complete=search.complete,
        created_at=search.created_at,
        completed_at=search.completed_at,
        images=search.image_count,
        lookups=sum(progress.outcomes.values()),
        matches=matches,
        outcomes=progress.outcomes,
        by_provider=[row for provider in search.providers for row in _outcomes(progress, provider)],
    )


def _outcomes(progress: SearchProgress, provider: str) -> Iterator[ProviderOutcome]:
    lookups: Counter[tuple[Outcome | None, str | None]] = Counter()
    matches: Counter[tuple[Outcome | None, str | None]] = Counter()
    for lookup in (one for image in progress.images for one in image.lookups if one.provider == provider):
        ended = lookup.outcome, None if lookup.outcome in _FOUND else lookup.reason
        lookups[ended] += 1
        matches[ended] += lookup.matches
    for ended, number in lookups.most_common(_MOST_REASONS):
        yield ProviderOutcome(provider, ended[0], number, matches[ended], ended[1])


def builtin_actions(run: Actions) -> list[Action]:
    """The descriptors of the actions that Copyhound itself has."""
    return [*_starting(run), *_sorting(run)]


def _starting(run: Actions) -> list[Action]:
    return [
        _action(
            key="start_search",
            title="Start search",
            noun="Search",
            description="Looks for copies of one or more images. Answers at once; `find_search` tells how far it is, "
            "`search_complete` its end.",
            input=StartSearch,
            output=SearchStarted,
            run=run.start_search,
            dynamic_fields={"list_id": LIST_CHOICES, "providers": PROVIDER_CHOICES},
        ),
        _action(
            key="find_search",
            title="Find search",
            noun="Search",
            description="Tells how far a search is: whether it is complete, what it found, and who did not answer, and "
            "why.",
            input=FindSearch,
            output=SearchesFound,
            run=run.find_search,
            scope="read",
            kind="find",
            dynamic_fields={"search_id": SEARCH_CHOICES},
        ),
        _action(
            key="create_list",
            title="Create list",
            noun="List",
            description="Makes a list of images; a monitored one is searched again by its schedule.",
            input=CreateList,
            output=ListCreated,
            run=run.create_list,
            dynamic_fields={"providers": PROVIDER_CHOICES},
        ),
        _action(
            key="find_list",
            title="Find list",
            noun="List",
            description="Finds lists by their label.",
            input=FindList,
            output=ListsFound,
            run=run.find_list,
            scope="read",
            kind="find",
            creates="create_list",
        ),
    ]


def _sorting(run: Actions) -> list[Action]:
    return [
        _action(
            key="add_images",
            title="Add images",
            noun="Image",
            description="Adds images to a list without searching them now: a monitored list does when it is due.",
            input=AddImages,
            output=ImagesAdded,
            run=run.add_images,
            dynamic_fields={"list_id": LIST_CHOICES},
        ),
        _action(
            key="decide_match",
            title="Decide match",
            noun="Match",
            description="Keeps what you say of a match: infringing, allowed or not a match. Searches don't change it.",
            input=DecideMatch,
            output=MatchDecided,
            run=run.decide_match,
            dynamic_fields={"match_id": MATCH_CHOICES},
        ),
        _action(
            key="export_matches",
            title="Export matches",
            noun="Export",
            description="Gives the matches of a list as rows, and the address of the whole export.",
            input=ExportMatches,
            output=MatchesExported,
            run=run.export_matches,
            scope="read",
            dynamic_fields={"list_id": LIST_CHOICES},
        ),
    ]


def _action(key: str, **described: Any) -> Action:
    return Action(key=key, sample=SAMPLES[key], examples=EXAMPLES[key], anti_examples=ANTI_EXAMPLES[key], **described)
