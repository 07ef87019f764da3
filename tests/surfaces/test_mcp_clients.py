"""The protocol's official clients, unmodified, against a running server."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from ..e2e.servers import Server
from ..fixtures.clients import node_client, python_client, run_node, run_python
from ..fixtures.photos import resaved

NODE = "@modelcontextprotocol/sdk@1.32.2"
COPY = "https://thief.example.com/copy.jpg"
NOT_SET_UP = "tineye is not set up: plugins.tineye: it lacks the required field `api_key`."

PYTHON_SCRIPT = """
import asyncio, base64, json, sys
import httpx2
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

url, key, mode, picture = sys.argv[1:]

async def main():
    headers = {"Authorization": "Bearer " + key}
    async with httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http:
        async with Client(streamable_http_client(url, http_client=http), mode=mode) as client:
            tools = [one.name for one in (await client.list_tools()).tools]
            wanted = {"images": [{"base64": picture, "name": "mine"}], "providers": ["own_index", "tineye"]}
            started = await client.call_tool("start_search", wanted)
            wrong = await client.call_tool("create_list", {"label": ""})
            list_id, search_id = (started.structured_content[name] for name in ("list_id", "search_id"))
            while True:
                found = (await client.call_tool("find_search", {"search_id": search_id})).structured_content["items"][0]
                if found["complete"]:
                    break
                await asyncio.sleep(0.1)
            told = (await client.read_resource("copyhound://searches/" + search_id)).contents[0].text
            matches = f"copyhound://lists/{list_id}/matches"
            page = json.loads((await client.read_resource(matches)).contents[0].text)
            exported = await client.call_tool("export_matches", {"list_id": list_id})
            listed = [one.uri for one in (await client.list_resources()).resources]
            overlay = await client.read_resource("copyhound://matches/" + page["items"][0]["id"] + "/overlay")
            print(json.dumps({
                "version": client.protocol_version, "server": client.server_info.name, "tools": tools,
                "wrong": [wrong.is_error, wrong.content[0].text], "rows": exported.structured_content["rows"],
                "found": found, "told": json.loads(told),
                "listed": matches in listed, "picture": len(base64.b64decode(overlay.contents[0].blob)),
            }))

asyncio.run(main())
"""

OLD_PYTHON_SCRIPT = """
import asyncio, base64, json, sys
from mcp import ClientSession
from mcp.client.streamable_http import streamablehttp_client

url, key, _, picture = sys.argv[1:]

async def main():
    headers = {"Authorization": "Bearer " + key}
    async with streamablehttp_client(url, headers=headers) as (read, write, _):
        async with ClientSession(read, write) as client:
            hello = await client.initialize()
            tools = [one.name for one in (await client.list_tools()).tools]
            wanted = {"images": [{"base64": picture, "name": "mine"}], "providers": ["own_index", "tineye"]}
            started = await client.call_tool("start_search", wanted)
            wrong = await client.call_tool("create_list", {"label": ""})
            list_id, search_id = (started.structuredContent[name] for name in ("list_id", "search_id"))
            while True:
                found = (await client.call_tool("find_search", {"search_id": search_id})).structuredContent["items"][0]
                if found["complete"]:
                    break
                await asyncio.sleep(0.1)
            told = (await client.read_resource("copyhound://searches/" + search_id)).contents[0].text
            matches = f"copyhound://lists/{list_id}/matches"
            page = json.loads((await client.read_resource(matches)).contents[0].text)
            exported = await client.call_tool("export_matches", {"list_id": list_id})
            listed = [str(one.uri) for one in (await client.list_resources()).resources]
            overlay = await client.read_resource("copyhound://matches/" + page["items"][0]["id"] + "/overlay")
            print(json.dumps({
                "version": hello.protocolVersion, "server": hello.serverInfo.name, "tools": tools,
                "wrong": [wrong.isError, wrong.content[0].text], "rows": exported.structuredContent["rows"],
                "found": found, "told": json.loads(told),
                "listed": matches in listed, "picture": len(base64.b64decode(overlay.contents[0].blob)),
            }))

asyncio.run(main())
"""

NODE_SCRIPT = """
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
const [url, key, , picture] = process.argv.slice(-4);

async function main() {
  const client = new Client({ name: "test", version: "1" });
  const headers = { Authorization: "Bearer " + key };
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  const tools = (await client.listTools()).tools.map((one) => one.name);
  const call = (name, args) => client.callTool({ name, arguments: args });
  const images = [{ base64: picture, name: "mine" }];
  const started = await call("start_search", { images, providers: ["own_index", "tineye"] });
  const wrong = await call("create_list", { label: "" });
  const { list_id: list, search_id } = started.structuredContent;
  let found;
  do {
    await new Promise((done) => setTimeout(done, 100));
    [found] = (await call("find_search", { search_id })).structuredContent.items;
  } while (!found.complete);
  const text = async (uri) => JSON.parse((await client.readResource({ uri })).contents[0].text);
  const told = await text(`copyhound://searches/${search_id}`);
  const uri = `copyhound://lists/${list}/matches`;
  const page = await text(uri);
  const exported = await call("export_matches", { list_id: list });
  const listed = (await client.listResources()).resources.map((one) => one.uri);
  const overlay = await client.readResource({ uri: `copyhound://matches/${page.items[0].id}/overlay` });
  console.log(JSON.stringify({
    version: client.transport.protocolVersion, server: client.getServerVersion().name, tools,
    wrong: [wrong.isError, wrong.content[0].text], rows: exported.structuredContent.rows,
    found, told, listed: listed.includes(uri), picture: Buffer.from(overlay.contents[0].blob, "base64").length,
  }));
  await client.close();
}
main().catch((error) => { console.error(error); process.exit(1); });
"""

REFUSED_SCRIPT = """
const { Client } = require("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = require("@modelcontextprotocol/sdk/client/streamableHttp.js");
const [url] = process.argv.slice(-1);
const headers = { Authorization: "Bearer wrong" };
const client = new Client({ name: "test", version: "1" });
client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }))
  .then(() => console.log("let in"), (error) => console.log(error.code, error.message));
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server whose own index has a copy of a picture."""
    with Server(tmp_path_factory.mktemp("mcp") / "data", COPYHOUND_COMPUTE_WORKERS="1") as running:
        with running.client() as native:
            sent: dict[str, Any] = {"files": {"images": resaved(1)}, "data": {"image_urls": COPY}}
            assert native.post("/collections/web/entries", **sent).status_code == 201
        yield running


def arguments(server: Server, mode: str = "") -> list[str]:
    # a small picture: arguments of a process have their limit
    return [f"{server.url}/mcp", server.key, mode, base64.b64encode(resaved(1, 30)).decode()]


def holds(printed: str, version: str) -> None:
    """All that a client has done and read is as it should be."""
    told = json.loads(printed)
    assert (told["version"], told["server"]) == (version, "copyhound")
    assert {"start_search", "find_search", "create_list", "export_matches"} <= set(told["tools"])
    assert told["told"] == told["found"]
    assert (told["found"]["matches"], told["found"]["outcomes"]) == (1, {"answered": 1, "skipped": 1})
    rows = {one["provider"]: (one["outcome"], one["reason"]) for one in told["found"]["by_provider"]}
    assert rows == {
        "own_index": ("answered", None),
        "tineye": ("skipped", NOT_SET_UP),
    }
    assert told["wrong"][0] is True
    assert told["wrong"][1].startswith("invalid_request: ")
    assert [row["image_url"] for row in told["rows"]] == [COPY]
    assert told["listed"] is True
    assert told["picture"] > 1000


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_the_python_client(server: Server, mode: str, version: str) -> None:
    """The Python SDK's client searches, looks until that is complete, and reads what was found; by both protocols."""
    holds(run_python(python_client("mcp==2.3.0"), PYTHON_SCRIPT, *arguments(server, mode)), version)


def test_the_old_python_client(server: Server) -> None:
    """The client of the SDK's first line does the same."""
    holds(run_python(python_client("mcp==1.30.0"), OLD_PYTHON_SCRIPT, *arguments(server)), "2025-11-25")


def test_the_typescript_client(server: Server) -> None:
    """The TypeScript SDK's client does the same, and checks each answer by the tool's schema."""
    holds(run_node(node_client(NODE), NODE_SCRIPT, *arguments(server)), "2025-11-25")


def test_the_typescript_client_is_refused_with_a_wrong_key(server: Server) -> None:
    """With a wrong key it hears 401, and the reason."""
    told = run_node(node_client(NODE), REFUSED_SCRIPT, f"{server.url}/mcp")
    assert "let in" not in told
    assert "401" in told or "Unauthorized" in told
