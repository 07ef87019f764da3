"""The section `[plugins.copyleaks]`: one for the provider and the surface."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class CopyleaksSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the surface reads; the provider's settings may stand beside them."""

    base_url: Annotated[str, Meta(pattern="^https?://", description="The API that the provider asks.")] = (
        "https://api.copyleaks.com"
    )
    identity_url: Annotated[str, Meta(pattern="^https?://", description="Where the provider logs in.")] = (
        "https://id.copyleaks.com"
    )
    email: Annotated[str, Meta(description="The e-mail address of the provider's account.")] = ""
    api_key: Annotated[str, Meta(description="The account's API key.", extra_json_schema={"x-secret": True})] = ""
    sandbox: Annotated[bool, Meta(description="Ask for mock results, which cost nothing.")] = False
    providers: Annotated[
        tuple[str, ...], Meta(description="Providers that the surface asks; empty: those asked by default.")
    ] = ("own_index",)
    deadline_seconds: Annotated[float, Meta(gt=0, le=300, description="How long a check of the surface may take.")] = (
        20.0
    )
    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(
            description="Web pages that may call the surface from a browser, such as https://app.example.com; *: all."
        ),
    ] = ()


class ProviderSettings(CopyleaksSettings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same section, as the provider needs it: without an account it is not set up."""

    email: Annotated[str, Meta(min_length=3, description="The e-mail address of the account.")]
    api_key: Annotated[
        str, Meta(min_length=1, description="The account's API key.", extra_json_schema={"x-secret": True})
    ]
