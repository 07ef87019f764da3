"""What may be set under [plugins.mcp]."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta


class McpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who may ask, by which name, and how much at once."""

    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Host names that clients may use beside the server's own and this machine's, as they send "
            "them; `name:*` stands for any port."
        ),
    ] = ()
    allowed_origins: Annotated[
        tuple[str, ...],
        Meta(description="Origins of web pages that may ask beside the server's own, such as https://agent.example."),
    ] = ()
    max_body_bytes: Annotated[int, Meta(ge=1024, description="Largest request: pictures come in base64.")] = 64 * 2**20
    page_size: Annotated[int, Meta(ge=1, le=200, description="Lists, or matches, in one page of resources.")] = 50
