"""The settings of both directions: [plugins.tineye]."""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

BASE_URL: Final = "https://api.tineye.com/rest/"
_WEB: Final = r"^https?://[^\s/]+(/\S*)?$"


class TinEyeSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the surface reads; the provider's settings stand beside them."""

    base_url: Annotated[
        str, Meta(pattern=_WEB, description="Where the provider finds TinEye's API, or another server that speaks it.")
    ] = BASE_URL
    api_key: Annotated[
        str,
        Meta(
            description="The provider's key at TinEye; without one it is not set up.",
            extra_json_schema={"x-secret": True},
        ),
    ] = ""
    send_urls: Annotated[
        bool, Meta(description="Send the address of a picture that came by one, instead of the picture.")
    ] = False
    max_matches: Annotated[int, Meta(ge=1, le=1000, description="Most matches that the provider asks for.")] = 100

    providers: Annotated[tuple[str, ...], Meta(description="Providers that a search through the surface asks.")] = (
        "own_index",
    )
    deadline_seconds: Annotated[
        float, Meta(gt=0, le=600, description="A search through the surface is answered after so long, at the latest.")
    ] = 20.0
    errors: Annotated[
        Literal["current", "classic"],
        Meta(description="Error bodies as TinEye sends them today, or as its old documents show them."),
    ] = "current"
    concurrent: Annotated[
        int, Meta(ge=0, description="Requests at once for a key that has no limit of its own; 0: no limit.")
    ] = 4
    per_minute: Annotated[
        int, Meta(ge=0, description="Searches a minute for a key that has no rate of its own; 0: no limit.")
    ] = 0
    signatures: Annotated[
        bool, Meta(description="Accept api_key, api_sig, nonce and date beside the header x-api-key.")
    ] = True
    public_urls: Annotated[
        tuple[Annotated[str, Meta(pattern=_WEB)], ...],
        Meta(description="Base addresses that clients sign, such as https://search.example/rest/; empty: by Host."),
    ] = ()
    stock_domains: Annotated[tuple[str, ...], Meta(description="Domains whose matches are tagged `stock`.")] = ()
    collection_domains: Annotated[
        tuple[str, ...], Meta(description="Domains whose matches are tagged `collection`.")
    ] = ()
    https_only: Annotated[bool, Meta(description="Refuse requests that came over plain HTTP.")] = False
    link_days: Annotated[int, Meta(ge=1, description="Days that an overlay's address works.")] = 30
    max_body_bytes: Annotated[int, Meta(ge=1024, description="Largest request.")] = 21 * 2**20
    sandbox: Annotated[bool, Meta(description="Answer TinEye's public sandbox key with a fixed picture's matches.")] = (
        False
    )


class ProviderSettings(TinEyeSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same section, as the provider needs it: without a key it is not set up."""

    api_key: Annotated[
        str, Meta(min_length=1, description="The provider's key at TinEye.", extra_json_schema={"x-secret": True})
    ]
