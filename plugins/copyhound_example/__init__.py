"""The smallest provider: sends the picture to a JSON service and reads what it found. Copy it and change it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec

from copyhound.plugin_api import Answer, Candidate, Context, Outcome, Page, ProviderSpec, Query, hookimpl, read_json


class ExampleSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Stands under [plugins.example] in the settings. What has no default must be set: until then nobody is asked."""

    base_url: Annotated[
        str, msgspec.Meta(pattern="^https?://", description="Where the service is, such as https://search.example")
    ]
    api_key: Annotated[
        str, msgspec.Meta(description="Sent as a Bearer token", extra_json_schema={"x-secret": True})
    ] = ""


class Result(msgspec.Struct, frozen=True):
    """One copy, as the service tells it."""

    image_url: str
    page_url: str | None = None
    page_title: str | None = None


class Results(msgspec.Struct, frozen=True):
    """What the service answers. `results` is required: an answer without it is an error, not an empty result."""

    results: list[Result]


async def search(query: Query, context: Context) -> Answer:
    """Asks the service. Whatever goes wrong may be raised: the core makes an outcome of it."""
    settings: ExampleSettings = context.settings
    headers = {"content-type": "application/octet-stream"}
    if settings.api_key:
        headers["authorization"] = f"Bearer {settings.api_key}"
    url = f"{settings.base_url.rstrip('/')}/search"
    response = await context.http.post(url, content=query.data, headers=headers)
    found = read_json(response, Results).results
    return Answer(Outcome.answered, tuple(map(_candidate, found)), units_spent=1)


def _candidate(result: Result) -> Candidate:
    pages = (Page(result.page_url, result.page_title),) if result.page_url else ()
    return Candidate(result.image_url, pages)


EXAMPLE = ProviderSpec(
    name="example",
    title="Example",
    description="Sends the picture to a JSON service of your own; the provider to copy when you write one.",
    search=search,
    settings=ExampleSettings,
    default=False,
)


@hookimpl
def copyhound_providers() -> Sequence[ProviderSpec]:
    """`example`."""
    return (EXAMPLE,)
