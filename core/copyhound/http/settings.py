"""How the API behaves; part of the settings tree."""

from __future__ import annotations

from typing import Annotated

import msgspec


class HttpSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Limits and doors of the HTTP server."""

    max_body_bytes: Annotated[int, msgspec.Meta(ge=1024, description="Largest body of ordinary requests.")] = 2**20
    max_upload_bytes: Annotated[
        int, msgspec.Meta(ge=1024, description="Largest body of requests that carry pictures.")
    ] = 200 * 2**20
    allowed_hosts: Annotated[
        tuple[str, ...], msgspec.Meta(description="Host names that are answered, such as *.example.com; empty: all.")
    ] = ()
    trusted_proxies: Annotated[
        tuple[str, ...],
        msgspec.Meta(
            description="Addresses or ranges of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; "
            "empty: none."
        ),
    ] = ()
    head_seconds: Annotated[
        float,
        msgspec.Meta(
            gt=0, description="Time for the whole head of a request, from its first byte or the connection on."
        ),
    ] = 20.0
    stall_seconds: Annotated[
        float,
        msgspec.Meta(gt=0, description="A connection is closed where no byte of a request's body comes for so long."),
    ] = 60.0
    max_connections: Annotated[
        int,
        msgspec.Meta(ge=1, description="Most open connections; for new ones, those leave that ask for nothing."),
    ] = 10_000
    metrics: Annotated[bool, msgspec.Meta(description="Answer GET /metrics.")] = True
