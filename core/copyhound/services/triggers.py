"""The triggers: each described here and nowhere else."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from copyhound.domain.triggers import Trigger
from copyhound.services.event_samples import ANTI_EXAMPLES, EXAMPLES, SAMPLES
from copyhound.services.hook_filters import HookFilter
from copyhound.services.links import API
from copyhound.services.payloads import (
    CreditsLowEvent,
    HookDisabledEvent,
    MatchEvent,
    NewDomainEvent,
    ProviderFailingEvent,
    SearchCompleteEvent,
)

_OF_LISTS: Final = {"list_ids": f"{API}/choices/lists"}
_FILTER_CHOICES: Final = {**_OF_LISTS, "providers": f"{API}/choices/providers"}


class ListFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of which lists a hook is told. Empty: of all."""

    list_ids: tuple[str, ...] = ()
    """Only of these lists."""


class ProviderFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Of which providers a hook is told. Empty: of all."""

    providers: tuple[str, ...] = ()
    """Only what is about one of these providers."""


def _trigger(key: str, **described: Any) -> Trigger:
    return Trigger(key=key, sample=SAMPLES[key], examples=EXAMPLES[key], anti_examples=ANTI_EXAMPLES[key], **described)


_ALL: Final = (
    _trigger(
        key="match_found",
        title="New match found",
        noun="Match",
        description="Triggers when a copy of one of your images is found at an address where none was known.",
        payload=MatchEvent,
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    _trigger(
        key="new_domain_found",
        title="New domain found",
        noun="Domain",
        description="Triggers when a copy is found on a domain that is new to the list.",
        payload=NewDomainEvent,
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    _trigger(
        key="search_complete",
        title="Search complete",
        noun="Search",
        description="Triggers when every image of a search has its outcome from every provider.",
        payload=SearchCompleteEvent,
        filter=ListFilter,
        dynamic_fields=_OF_LISTS,
    ),
    _trigger(
        key="match_removed",
        title="Match removed",
        noun="Match",
        description="Triggers when a copy is gone from its address, or another picture stands there.",
        payload=MatchEvent,
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    _trigger(
        key="match_returned",
        title="Match returned",
        noun="Match",
        description="Triggers when a copy that was removed is at its address again.",
        payload=MatchEvent,
        filter=HookFilter,
        dynamic_fields=_FILTER_CHOICES,
    ),
    _trigger(
        key="hook_disabled",
        title="Hook disabled",
        noun="Hook",
        description="Triggers when a hook is disabled: its receiver fails or wants no more, or its lists are gone.",
        payload=HookDisabledEvent,
    ),
    _trigger(
        key="provider_failing",
        title="Provider failing",
        noun="Provider",
        description="Triggers when lookups of a provider fail again and again; once, until it has been well again.",
        payload=ProviderFailingEvent,
        filter=ProviderFilter,
        dynamic_fields={"providers": f"{API}/choices/providers"},
    ),
    _trigger(
        key="credits_low",
        title="Credits low",
        noun="Workspace",
        description="Triggers when a quarter of the workspace's credits is left; once, until further ones are granted.",
        payload=CreditsLowEvent,
    ),
)
TRIGGERS: Final = {trigger.key: trigger for trigger in _ALL}
