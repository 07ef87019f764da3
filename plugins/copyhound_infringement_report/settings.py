"""What may be set under [plugins.infringement_report]."""

from __future__ import annotations

from typing import Annotated

import msgspec

Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]


class InfringementReportSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For the provider (whom to ask, with which key) and for the surface (who may ask from a browser)."""

    base_url: Annotated[str, msgspec.Meta(description="Where the service is, with or without /3.0")] = (
        "https://api.infringement.report"
    )
    api_key: Annotated[
        str,
        msgspec.Meta(
            description="Your key; without it the provider is not set up", extra_json_schema={"x-secret": True}
        ),
    ] = ""
    poll_seconds: Annotated[Seconds, msgspec.Meta(description="Between two looks at a running search")] = 2.0
    wait_seconds: Annotated[
        float,
        msgspec.Meta(description="How long one attempt waits; the next one goes on with the same list", gt=0, le=110),
    ] = 100.0
    keep_lists: Annotated[
        bool, msgspec.Meta(description="Leave the lists that searches make in your account there")
    ] = False
    allowed_origins: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="Origins of web apps that may use /2.0 and /3.0; * stands for all"),
    ] = ("*",)
    link_days: Annotated[
        int, msgspec.Meta(description="How long the addresses of pictures in answers work without a key", ge=1, le=365)
    ] = 30


class ProviderSettings(InfringementReportSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same section, as the provider needs it: without a key it is not set up."""

    api_key: Annotated[str, msgspec.Meta(min_length=1, description="Your key", extra_json_schema={"x-secret": True})]
