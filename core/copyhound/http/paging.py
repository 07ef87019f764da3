"""Parameters that many routes share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec
from litestar.params import FromQuery, QueryParameter

from copyhound.domain.filters import read_filter
from copyhound.domain.matches import Decision, MatchFilter, MatchStatus
from copyhound.domain.pictures import MatchType
from copyhound.http.bodies import in_utc
from copyhound.http.problems import field_error, refused

Cursor = Annotated[str | None, QueryParameter(max_length=500, description="Where the last page ended: its `cursor`.")]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="How many at most.")]
# Litestar leaves a minimum of 0 out of what it describes
Percent = Annotated[float | None, QueryParameter(ge=0, le=100, schema_extra={"minimum": 0})]
# as text: Litestar would take a number for a time, too
AtTime = Annotated[str | None, QueryParameter(schema_extra={"format": "date-time"})]
FilterText = Annotated[
    str | None,
    QueryParameter(
        max_length=100_000,
        description='A JSON object of conditions, such as `{"host-cont": "domain.com"}`; see the manual, Filters.',
    ),
]
WithoutIgnored = Annotated[bool, QueryParameter(description="Leave out copies on ignored hosts.")]
Sort = Literal["first_seen", "-first_seen", "last_seen", "-last_seen", "confidence", "-confidence", "score", "-score"]


def provide_filter(
    image_id: FromQuery[str | None] = None,
    search_id: FromQuery[str | None] = None,
    status: FromQuery[MatchStatus | None] = None,
    decision: FromQuery[Decision | None] = None,
    domain: FromQuery[str | None] = None,
    host: FromQuery[str | None] = None,
    provider: FromQuery[str | None] = None,
    match_type: FromQuery[MatchType | None] = None,
    min_confidence: Percent = None,
    min_score: Percent = None,
    found_after: AtTime = None,
    found_before: AtTime = None,
    include_small: FromQuery[bool] = False,
    without_ignored: WithoutIgnored = False,
    filter: FilterText = None,
) -> MatchFilter:
    """Which matches are asked for, from the query."""
    return MatchFilter(
        image_id=image_id,
        search_id=search_id,
        status=status,
        decision=decision,
        domain=domain,
        host=host,
        provider=provider,
        match_type=match_type,
        min_confidence=min_confidence,
        min_score=min_score,
        found_after=zoned(found_after, "found_after"),
        found_before=zoned(found_before, "found_before"),
        include_small=include_small,
        without_ignored=without_ignored,
        filter=None if filter is None else read_filter(filter),
    )


def zoned(text: str | None, field: str) -> datetime | None:
    """A time of a query in UTC; without a zone it is meant so. CopyhoundError `invalid_request` for what is no time."""
    if text is None:
        return None
    try:
        at = msgspec.convert(text, datetime)
    except msgspec.ValidationError as error:
        raise refused([field_error(str(error), field)]) from None
    return in_utc(at, field) if at.tzinfo else at.replace(tzinfo=UTC)
