"""When a workspace is told that a provider is failing: once for each time of trouble, and seldom in all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import msgspec

from copyhound.domain.searches import Outcome

MANY: Final = 5
"""As many failed lookups in a row are trouble, however fast they came."""
FEW: Final = 2
LONG: Final = timedelta(hours=1)
"""So are a few that span so long, without a success between them."""
QUIET: Final = timedelta(hours=6)
"""Not told again sooner, however often a provider comes and goes."""
FAILED: Final = frozenset({Outcome.transient, Outcome.blocked, Outcome.quota})
SUCCEEDED: Final = frozenset({Outcome.answered, Outcome.no_match})
"""The other outcomes say something of the image, or of the settings, and nothing of the provider."""


class ProviderTrouble(msgspec.Struct, frozen=True):
    """What is remembered of a provider in one workspace, from lookup to lookup."""

    failures: int = 0
    """Lookups that failed in a row."""
    since: datetime | None = None
    """When the first of them ended."""
    told: bool = False
    """Whether this time of trouble was told."""
    told_at: datetime | None = None
    """When the last time of trouble was told."""


def after_lookup(
    trouble: ProviderTrouble, outcome: Outcome, now: datetime, *, open_breaker: bool = False
) -> tuple[ProviderTrouble, bool]:
    """(what is to be remembered, whether to tell now), after a lookup ended.

    An open breaker is trouble at once: the process has given the provider up for a while.
    """
    if outcome in SUCCEEDED:
        return ProviderTrouble(told_at=trouble.told_at), False
    if outcome not in FAILED:
        return trouble, False
    since = trouble.since or now
    failing = msgspec.structs.replace(trouble, failures=trouble.failures + 1, since=since)
    bad = open_breaker or failing.failures >= MANY or (failing.failures >= FEW and now - since >= LONG)
    quiet = trouble.told_at is not None and now - trouble.told_at < QUIET
    if trouble.told or quiet or not bad:
        return failing, False
    return msgspec.structs.replace(failing, told=True, told_at=now), True
