"""Agents work with Copyhound over the Model Context Protocol: actions are their tools, lists and matches resources."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from copyhound.plugin_api import SurfaceSpec, UseCases, hookimpl
from copyhound.plugin_api.describing import operation, sent
from copyhound_mcp.app import make_app
from copyhound_mcp.settings import McpSettings

_TOLD = (
    "One message of the protocol (JSON-RPC 2.0, over streamable HTTP): `server/discover`, `tools/list`, `tools/call`, "
    "`resources/list`, `resources/templates/list`, `resources/read`. Nothing is kept between messages."
)
_MESSAGE = sent(
    "jsonrpc",
    "method",
    jsonrpc={"const": "2.0"},
    id={"type": ["integer", "string"], "default": 1},
    method={"type": "string", "default": "tools/list"},
    params={"type": "object"},
)


@hookimpl
def copyhound_surfaces(use_cases: UseCases) -> Sequence[SurfaceSpec]:
    """`mcp`, at /mcp."""
    settings = use_cases.settings("mcp", McpSettings)
    return [
        SurfaceSpec(
            name="mcp",
            title="MCP",
            description="The Model Context Protocol for agents: every action a tool, lists and matches as resources.",
            prefixes=("/mcp",),
            make_app=partial(make_app, use_cases, settings),
            openapi={"POST /": operation(_TOLD, body=_MESSAGE, name="mcp")},
            security=("bearer", "key"),
        )
    ]
