"""The provider over the core's own index."""

from __future__ import annotations

import msgspec

from copyhound.plugin_api import Answer, Candidate, Context, Outcome, ProviderSpec, Query


class OwnIndexSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the provider `own_index`."""

    collections: tuple[str, ...] = ("web",)
    """Names of the collections that are searched, in this order."""


async def search(query: Query, context: Context) -> Answer:
    """The candidates of each collection, each entry once."""
    settings = context.settings if isinstance(context.settings, OwnIndexSettings) else OwnIndexSettings()
    found: dict[str, Candidate] = {}
    for collection in settings.collections:
        for candidate in await context.index.candidates(query, collection):
            found.setdefault(candidate.entry_id or candidate.image_url, candidate)
    if not found:
        return Answer(Outcome.no_match)
    return Answer(Outcome.answered, candidates=tuple(found.values()))


OWN_INDEX = ProviderSpec(
    name="own_index",
    title="Own index",
    description="Pictures that this server has indexed itself: crawled websites and folders.",
    search=search,
    settings=OwnIndexSettings,
)
