"""/mcp as agents use it: tools, resources, scopes, and who is let in."""

from __future__ import annotations

import base64
import sys
from collections.abc import AsyncIterator
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import pytest_asyncio
from PIL import Image

import copyhound.docs
from copyhound.domain.extras import missing_extra
from copyhound.domain.workspaces import ALL_SCOPES, KeyLimits
from copyhound_mcp.resources import TEMPLATES
from copyhound_mcp.settings import McpSettings

from ..fixtures.photos import photo, resaved
from .mcp_kit import NEW, OLD, Agent, agent

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def open_agent(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Agent]:
    """One house for all tests of this module, with one match."""
    async with agent(tmp_path_factory.mktemp("mcp") / "data") as opened:
        await opened.home.index("https://thief.example.com/copy.jpg", resaved(1))
        await opened.home.search(photo(1), list_label="Mine")
        yield opened


async def the_match(open_agent: Agent) -> dict[str, Any]:
    found: dict[str, Any] = (await open_agent.native("/matches"))["items"][0]
    return found


async def test_every_action_is_a_tool_with_its_schemas_unchanged(open_agent: Agent) -> None:
    """The tools are the actions of the catalogue, a third-party one too, with the schemas that the native API tells."""
    actions = {one["key"]: one for one in (await open_agent.native("/actions"))["items"]}
    tools = {one["name"]: one for one in (await open_agent.result("tools/list"))["tools"]}
    assert set(tools) == set(actions) >= {"start_search", "find_search", "create_list", "export_matches", "greet"}
    for name, action in actions.items():
        assert tools[name]["inputSchema"] == action["input_schema"]
        assert tools[name]["outputSchema"] == action["output_schema"]
        assert (tools[name]["title"], tools[name]["description"]) == (action["title"], action["description"])


async def test_a_tool_does_what_the_action_does(open_agent: Agent) -> None:
    """A tool's structured content fits the schema of the action's output, and its text is the same as JSON."""
    made = await open_agent.tool("create_list", label="Agents")
    schema = (await open_agent.native("/actions/create_list"))["output_schema"]
    jsonschema.validate(made["structuredContent"], schema)
    assert made["isError"] is False
    assert msgspec.json.decode(made["content"][0]["text"]) == made["structuredContent"]
    assert (await open_agent.native(f"/lists/{made['structuredContent']['id']}"))["label"] == "Agents"


async def test_a_call_that_is_sent_again_does_nothing_twice(open_agent: Agent) -> None:
    """With the client's own word, or the header, a tool is done once; without it, with each call."""

    async def make(label: str, *words: str) -> Any:
        meta: dict[str, Any] = {"_meta": {"copyhound/idempotency-key": words[0]}} if words else {}
        result = await open_agent.result("tools/call", name="create_list", arguments={"label": label}, **meta)
        return result.get("structuredContent", {}).get("id") or result["content"][0]["text"]

    assert await make("Once", "call 1") == await make("Once", "call 1")
    assert (
        len({await make("Once", "call 1"), await make("Once", "call 2"), await make("Once"), await make("Once")}) == 4
    )
    assert (await make("Other", "call 1")).startswith("idempotency_mismatch")
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    message |= {"params": {"name": "create_list", "arguments": {"label": "Headed"}}}
    answers = [await open_agent.post(message, Idempotency_Key="call 3") for _ in range(2)]
    assert answers[0].json() == answers[1].json()


async def test_pictures_come_in_base64(open_agent: Agent) -> None:
    """An agent searches the bytes that it has."""
    images = [{"base64": base64.b64encode(photo(2)).decode(), "name": "mine"}]
    started = (await open_agent.tool("start_search", images=images))["structuredContent"]
    assert (await open_agent.native(f"/searches/{started['search_id']}"))["list_id"] == started["list_id"]


async def test_a_third_party_action_runs(open_agent: Agent) -> None:
    """What a plugin adds is called like our own."""
    greeted = await open_agent.tool("greet", key="read", name="Ada")
    assert greeted["structuredContent"] == {"id": open_agent.home.caller.workspace_id, "text": "Hello Ada"}


async def test_a_failing_action_tells_nothing_of_its_inside(open_agent: Agent) -> None:
    """An exception inside a plugin is told as the plugin's failure, without its text."""
    failed = await open_agent.tool("greet", name="nobody")
    assert failed["isError"] is True
    assert failed["content"][0]["text"].startswith("plugin_failed: greet raised RuntimeError")
    assert "secret" not in str(failed)


async def test_wrong_arguments_are_told_with_all_faults(open_agent: Agent) -> None:
    """What does not fit is a tool's error that names every field, so that the agent can do better."""
    refused = await open_agent.tool("create_list", nope=1, min_confidence=101)
    assert refused["isError"] is True
    assert "structuredContent" not in refused or refused["structuredContent"] is None
    text = refused["content"][0]["text"]
    assert [word in text for word in ("invalid_request", "- nope:", "- label:", "- min_confidence:")] == [True] * 4


async def test_an_unknown_tool_is_the_protocols_error(open_agent: Agent) -> None:
    """A tool that is not there is refused by the protocol's own code."""
    told = await open_agent.ask("tools/call", name="drop_everything", arguments={})
    assert told["error"]["code"] == -32602


async def test_an_unknown_method_is_refused(open_agent: Agent) -> None:
    """What we don't offer is not there."""
    assert (await open_agent.ask("prompts/list"))["error"]["code"] == -32601


async def test_a_reading_key_sees_and_uses_what_reads(open_agent: Agent) -> None:
    """With the scope `read` alone, tools that write are neither shown nor run."""
    names = {one["name"] for one in (await open_agent.result("tools/list", key="read"))["tools"]}
    hinted = {
        one["name"] for one in (await open_agent.result("tools/list"))["tools"] if one["annotations"]["readOnlyHint"]
    }
    assert names == hinted >= {"export_matches", "find_search", "greet"}
    assert "create_list" not in names
    refused = await open_agent.tool("create_list", key="read", label="Never")
    assert refused["isError"] is True
    assert refused["content"][0]["text"].startswith("forbidden: This needs a key with the scope 'write'.")
    assert "Never" not in str(await open_agent.native("/lists"))


async def test_a_writing_key_reads_no_resource(open_agent: Agent) -> None:
    """Resources need the scope `read`."""
    for method, params in (("resources/list", {}), ("resources/read", {"uri": "copyhound://lists/list_1"})):
        told = await open_agent.ask(method, key="write", **params)
        assert told["error"]["data"]["code"] == "forbidden"


async def test_lists_are_resources(open_agent: Agent) -> None:
    """Each list is a resource with what the native API tells of it, and another one of its matches."""
    lists = {one["id"]: one for one in (await open_agent.native("/lists"))["items"]}
    resources = (await open_agent.result("resources/list"))["resources"]
    assert len(resources) == 2 * len(lists)
    for resource in resources:
        kind, list_id = resource["uri"].removeprefix("copyhound://").split("/")[:2]
        assert kind == "lists"
        assert resource["title"].startswith(lists[list_id]["label"])
        if not resource["uri"].endswith("/matches"):
            assert await open_agent.read(resource["uri"]) == lists[list_id]


async def test_matches_are_resources(open_agent: Agent) -> None:
    """A match is shown as the native API shows it, by itself and in its list."""
    native = await the_match(open_agent)
    match = await open_agent.read(f"copyhound://matches/{native['id']}")
    within = (await open_agent.read(f"copyhound://lists/{native['list_id']}/matches"))["items"]
    for shown in (match, *within):
        for name in ("id", "list_id", "image_url", "host", "domain", "providers", "status", "decision", "first_seen"):
            assert shown[name] == native[name]
        for name in ("confidence", "score", "match_type", "query_share"):
            assert shown["verification"]["comparison"][name] == native["verification"]["comparison"][name]
        assert shown["overlay_url"].split("?")[0] == native["overlay_url"].split("?")[0]
        assert not {"workspace_id", "reduced_blob", "entry_id"} & set(shown)


async def test_searches_are_resources(open_agent: Agent) -> None:
    """A search is shown as `find_search` tells it; the server's instructions lead from its start to its matches."""
    native = (await open_agent.native("/searches"))["items"][-1]
    told = (await open_agent.tool("find_search", search_id=native["search_id"]))["structuredContent"]["items"]
    assert [await open_agent.read(f"copyhound://searches/{native['search_id']}", key="read")] == told
    assert (told[0]["complete"], told[0]["matches"]) == (True, 1)
    hello: dict[str, Any] = {"protocolVersion": OLD, "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    words = (await open_agent.result("initialize", **hello))["instructions"]
    steps = [words.index(name) for name in ("start_search", "find_search", "export_matches")]
    assert steps == sorted(steps)


async def test_a_call_that_looks_is_not_answered_as_before(open_agent: Agent) -> None:
    """A client that sends the same word with each call still hears what is so now."""
    call: dict[str, Any] = {"name": "find_list", "arguments": {"label": "Looked for"}}
    call["_meta"] = {"copyhound/idempotency-key": "look"}
    before = (await open_agent.result("tools/call", **call))["structuredContent"]["found"]
    await open_agent.tool("create_list", label="Looked for")
    assert (before, (await open_agent.result("tools/call", **call))["structuredContent"]["found"]) == (False, True)


async def test_an_overlay_is_a_picture(open_agent: Agent) -> None:
    """An agent that can see is shown copy and image side by side."""
    uri = f"copyhound://matches/{(await the_match(open_agent))['id']}/overlay"
    (content,) = (await open_agent.result("resources/read", uri=uri))["contents"]
    assert content["mimeType"] == "image/jpeg"
    assert Image.open(BytesIO(base64.b64decode(content["blob"]))).format == "JPEG"


async def test_templates_say_what_can_be_read(open_agent: Agent) -> None:
    """The forms of the addresses are told, with their types."""
    templates = (await open_agent.result("resources/templates/list"))["resourceTemplates"]
    assert [one["uriTemplate"] for one in templates] == [
        "copyhound://lists/{list_id}",
        "copyhound://lists/{list_id}/matches{?cursor}",
        "copyhound://searches/{search_id}",
        "copyhound://matches/{match_id}",
        "copyhound://matches/{match_id}/overlay",
    ]


@pytest.mark.parametrize(
    "uri",
    [
        "copyhound://lists/list_x",
        "copyhound://lists",
        "copyhound://searches/search_x",
        "copyhound://searches/search_x/matches",
        "copyhound://searches/search_x?cursor=b",
        "file:///etc/passwd",
        "copyhound://matches/../x",
        "x",
        "copyhound://lists/a?cursor=b",
    ],
)
async def test_a_resource_that_is_not_there(open_agent: Agent, uri: str) -> None:
    """It is the protocol's error with our code, whatever the address looks like."""
    error = (await open_agent.ask("resources/read", uri=uri))["error"]
    assert (error["code"], error["data"]["code"]) == (-32602, "not_found")


async def test_nothing_crosses_a_workspace(open_agent: Agent) -> None:
    """Another workspace's key sees no list, reads no match, and decides nothing."""
    native = await the_match(open_agent)
    assert (await open_agent.result("resources/list", key="other"))["resources"] == []
    for uri in (
        f"copyhound://lists/{native['list_id']}",
        f"copyhound://lists/{native['list_id']}/matches",
        f"copyhound://searches/{(await open_agent.native('/searches'))['items'][-1]['search_id']}",
        f"copyhound://matches/{native['id']}",
        f"copyhound://matches/{native['id']}/overlay",
    ):
        told = await open_agent.ask("resources/read", key="other", uri=uri)
        assert told["error"]["data"]["code"] == "not_found", uri
    exported = await open_agent.tool("export_matches", key="other", list_id=native["list_id"])
    assert exported["isError"] is True


async def test_resources_come_in_pages(tmp_path: Path) -> None:
    """With more lists than fit a page a cursor leads on, and each list is told once."""
    async with agent(tmp_path / "data", page_size=2) as opened:
        made = {(await opened.tool("create_list", label=f"L{n}"))["structuredContent"]["id"] for n in range(5)}
        seen: list[str] = []
        asked: dict[str, Any] = {}
        while True:
            page = await opened.result("resources/list", **asked)
            seen += [one["uri"] for one in page["resources"] if not one["uri"].endswith("/matches")]
            if not page.get("nextCursor"):
                break
            asked = {"cursor": page["nextCursor"]}
        assert sorted(seen) == sorted(f"copyhound://lists/{one}" for one in made)


async def test_matches_come_in_pages(tmp_path: Path) -> None:
    """The cursor of a page of matches is a part of the next page's address."""
    async with agent(tmp_path / "data", page_size=1) as opened:
        for name in ("a", "b"):
            await opened.home.index(f"https://{name}.example.com/copy.jpg", resaved(1))
        progress = await opened.home.search(photo(1))
        uri = f"copyhound://lists/{progress.search.list_id}/matches"
        first = await opened.read(uri)
        second = await opened.read(f"{uri}?cursor={first['cursor']}")
        hosts = {one["host"] for page in (first, second) for one in page["items"]}
        assert hosts == {"a.example.com", "b.example.com"}


@pytest.mark.parametrize("key", [None, "ch_wrong", "chk_0_0"])
@pytest.mark.parametrize("verb", ["POST", "GET", "DELETE"])
async def test_without_a_key_nothing_is_told(open_agent: Agent, key: str | None, verb: str) -> None:
    """Without a key, or with a wrong one, the answer is 401 with how to send one."""
    headers = {} if key is None else {"Authorization": f"Bearer {key}"}
    async with open_agent.client(**headers) as client:
        answer = await client.request(verb, "/mcp", json=TOOLS)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Bearer realm="Copyhound"')
    assert answer.json()["error"]["data"]["code"] == "unauthorized"
    assert "tools" not in answer.text


async def test_the_other_header_does_as_well(open_agent: Agent) -> None:
    """A key may come in X-API-Key, as everywhere."""
    answer = await open_agent.post(TOOLS, key=None, X_API_Key=open_agent.keys["all"])
    assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:80x", "evil.example:8000"])
async def test_a_foreign_name_is_refused(open_agent: Agent, host: str) -> None:
    """A page that has its own name lead to this machine is refused before its key is looked at (DNS rebinding)."""
    answer = await open_agent.post(TOOLS, Host=host)
    assert answer.status_code == 421
    assert "allowed_hosts" in answer.json()["error"]["message"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://localhost.evil.example"])
async def test_a_foreign_page_is_refused(open_agent: Agent, origin: str) -> None:
    """A page of another origin may not ask, with whatever key."""
    assert (await open_agent.post(TOOLS, Origin=origin)).status_code == 403


async def test_this_machine_is_let_in_by_its_names(open_agent: Agent) -> None:
    """Names of this machine, with any port or none, and its own pages are let in."""
    for host in ("localhost", "LOCALHOST:9", "127.0.0.1:6274", "[::1]:8000"):
        assert (await open_agent.post(TOOLS, Host=host)).status_code == 200, host
    assert (await open_agent.post(TOOLS, Origin="http://localhost:6274")).status_code == 200


async def test_names_are_allowed_by_setting(tmp_path: Path) -> None:
    """The public address, and what the settings name, are let in."""
    more = {"allowed_hosts": ["lan.example:*"], "allowed_origins": ["https://agent.example"]}
    async with agent(tmp_path / "data", **more) as opened:
        assert (await opened.post(TOOLS, Host="lan.example:81", Origin="https://agent.example")).status_code == 200
        assert (await opened.post(TOOLS, Host="lan.example")).status_code == 421


@pytest.mark.parametrize("verb", ["GET", "DELETE", "PUT"])
async def test_there_is_no_session_to_open_or_to_end(open_agent: Agent, verb: str) -> None:
    """Nothing is kept between messages, so that other verbs are refused, as the protocol allows."""
    async with open_agent.client(Authorization=f"Bearer {open_agent.keys['all']}") as client:
        answer = await client.request(verb, "/mcp")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


async def test_nothing_lies_below(open_agent: Agent) -> None:
    """A longer path is told to be wrong; a slash at the end makes no difference."""
    async with open_agent.client(Authorization=f"Bearer {open_agent.keys['all']}", Accept="application/json") as client:
        assert (await client.post("/mcp/sse", json=TOOLS)).status_code == 404
        assert (await client.post("/mcp/", json=TOOLS)).status_code == 200


async def test_the_new_protocol_needs_no_handshake(open_agent: Agent) -> None:
    """The protocol of 2026-07-28 discovers by one message what the server can do."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": NEW,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    }
    message = {"jsonrpc": "2.0", "id": 1, "method": "server/discover", "params": {"_meta": meta}}
    told = (await open_agent.post(message, MCP_Protocol_Version=NEW, Mcp_Method="server/discover")).json()
    assert NEW in told["result"]["supportedVersions"]
    assert set(told["result"]["capabilities"]) >= {"tools", "resources"}


async def test_keys_have_their_limits(open_agent: Agent) -> None:
    """A key that is held to one request in an hour hears 429, and when to come again."""
    services = open_agent.home.services
    limits = KeyLimits(requests=1, seconds=3600)
    workspace_id = open_agent.home.caller.workspace_id
    _, plain = await services.keys.create(workspace_id, "slow", ALL_SCOPES, limits=limits)
    assert (await open_agent.post(TOOLS, key=plain)).status_code == 200
    answer = await open_agent.post(TOOLS, key=plain)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 3600


async def test_a_body_has_its_limit(tmp_path: Path) -> None:
    """More than the setting allows is refused with 413."""
    async with agent(tmp_path / "data", max_body_bytes=2048) as opened:
        assert (await opened.post({**TOOLS, "params": {"x": "x" * 3000}})).status_code == 413
        assert (await opened.post(TOOLS)).status_code == 200


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"1", b'{"jsonrpc":"2.0"}', b"\xff", b"[" * 5000, b"9" * 9999])
async def test_garbage_is_refused(open_agent: Agent, body: bytes) -> None:
    """What is no message is answered with 400, never with a breakdown."""
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    async with open_agent.client(Authorization=f"Bearer {open_agent.keys['all']}") as client:
        assert (await client.post("/mcp", content=body, headers=headers)).status_code in (400, 202)


async def test_a_client_that_leaves_is_no_error(open_agent: Agent, caplog: pytest.LogCaptureFixture) -> None:
    """One that goes in the middle of its message is answered by nothing, and nothing is logged as an error."""
    sent: list[Any] = []
    parts = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mcp",
        "raw_path": b"/mcp",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x-api-key", open_agent.keys["all"].encode())],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
        "scheme": "http",
        "http_version": "1.1",
        "asgi": {"version": "3.0"},
    }

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        sent.append(message)

    with caplog.at_level("WARNING"):
        await open_agent.app(scope, receive, send)
    assert sent == []
    assert caplog.records == []


async def test_without_the_sdk_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the extra is missing the server runs, and /mcp says where its command stands."""
    monkeypatch.delitem(sys.modules, "copyhound_mcp.serving", raising=False)
    monkeypatch.setitem(sys.modules, "mcp_types", None)
    async with agent(tmp_path / "data") as opened:
        answer = await opened.post(TOOLS)
        assert answer.status_code == 503
        assert missing_extra("MCP needs", "mcp") in answer.json()["error"]["message"]
        assert (await opened.post(TOOLS, key=None)).status_code == 401


async def test_the_manual_tells_every_setting_and_resource() -> None:
    """Each setting and each form of an address stands on the page."""
    page = (resources.files(copyhound.docs) / "mcp.md").read_text("utf-8")
    assert [name for name in McpSettings.__struct_fields__ if f"| `{name}` |" not in page] == []
    assert [one for one in TEMPLATES if f"`{one['uri_template'].split('{?')[0]}`" not in page] == []
