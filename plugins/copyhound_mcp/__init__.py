"""Agents work with Copyhound over the Model Context Protocol: actions are their tools, lists and matches resources."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from copyhound.plugin_api import SurfaceSpec, UseCases, hookimpl
from copyhound_mcp.app import make_app
from copyhound_mcp.settings import McpSettings


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
            security=("bearer", "key"),
        )
    ]
