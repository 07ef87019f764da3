"""What every use case stands on: ports and limits, put in by bootstrap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec

from copyhound.domain.ports import (
    BlobStore,
    Calendar,
    CandidateIndex,
    Compute,
    Outbound,
    SecretBox,
)
from copyhound.domain.repositories import UnitOfWorkFactory
from copyhound.matching import Limits
from copyhound.plugin_api import Answer, Query


class Desk(Protocol):
    """The providers, behind their guard (`plugin_host`)."""

    def ready(self) -> list[str]:
        """The providers that are asked when a search names none."""

    def known(self, provider: str) -> bool: ...
    def titles(self) -> dict[str, str]:
        """Name -> title, of all that can be asked."""

    def broken(self, provider: str) -> bool:
        """Whether its breaker keeps callers off now, because it failed too often."""

    async def search(self, provider: str, query: Query) -> Answer: ...


class ServiceLimits(msgspec.Struct, frozen=True):
    """Limits that use cases hold."""

    images_per_search: int = 500
    picture: Limits = Limits()
    fetch_seconds: float = 20.0
    recheck_days: int = 7
    link_days: int = 30
    """How long an overlay link in a webhook works."""


@dataclass(frozen=True)
class Kit:
    """Ports, limits and the clock."""

    units: UnitOfWorkFactory
    blobs: BlobStore
    compute: Compute
    outbound: Outbound
    secrets: SecretBox
    calendar: Calendar
    index: CandidateIndex
    now: Callable[[], datetime]
    check_url: Callable[[str], Any]
    """Raises CopyhoundError url_invalid or url_forbidden for what can be told without resolving."""
    public_url: str
    limits: ServiceLimits = ServiceLimits()
