"""The protocol, by its official SDK: imported only where somebody asks for it."""

from __future__ import annotations

import contextlib
import logging
from importlib import metadata
from typing import Any, Final

import mcp_types as types
import msgspec
from mcp.server.lowlevel.server import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import INTERNAL_ERROR, INVALID_PARAMS

from copyhound.plugin_api import ActionDescription, Caller, CopyhoundError, UseCases
from copyhound_mcp.resources import TEMPLATES, Reader
from copyhound_mcp.settings import McpSettings

_log = logging.getLogger(__name__)
ONCE: Final = "copyhound/idempotency-key"
"""In a call's `_meta`."""
_INSTRUCTIONS: Final = (
    "Copyhound finds where pictures are used on the web and checks every copy. Start a search with start_search, which "
    "answers at once. Then call find_search with its search_id every few seconds until complete is true; its "
    "by_provider tells who did not answer, and why. Then call export_matches with the list_id. "
    "confidence says how surely it is the same picture: 50 is the line."
)
# each request has a manager and a session of its own, which would log their start and their end
logging.getLogger("mcp.server").setLevel(logging.WARNING)


class Room:
    """Answers one request after the other, each by itself."""

    def __init__(self, use_cases: UseCases, settings: McpSettings) -> None:
        self._catalogue, self._settings = use_cases.catalogue, settings
        self._reader = Reader(use_cases, settings.page_size)
        self._server: Server[Any] = Server(
            "copyhound",
            version=metadata.version("copyhound"),
            title="Copyhound",
            instructions=_INSTRUCTIONS,
            website_url=use_cases.public_url or None,
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_list_resource_templates=self._list_templates,
            on_read_resource=self._read_resource,
        )

    async def answer(self, scope: Any, receive: Any, send: Any) -> None:
        """One POST. The door has looked at its host, its origin and its key: `scope["user"]` is the caller."""
        manager = StreamableHTTPSessionManager(
            app=self._server,
            json_response=True,
            stateless=True,
            max_request_body_size=self._settings.max_body_bytes,
        )
        # a manager may run once; a surface has no start and no end of its own, so one lives as long as a request
        async with manager.run():
            with contextlib.suppress(_GoneError):
                await manager.handle_request(scope, _whole(receive), _plain(send))

    async def _list_tools(self, context: Any, _: Any) -> types.ListToolsResult:
        caller = _caller(context)
        return types.ListToolsResult(
            tools=[tool(action) for action in self._catalogue.actions() if action.scope in caller.scopes]
        )

    async def _call_tool(self, context: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        caller = _caller(context)
        if asked.name not in {action.key for action in self._catalogue.actions()}:
            raise MCPError(INVALID_PARAMS, f"There is no tool {asked.name[:100]!r}.")
        try:
            arguments, once = msgspec.json.encode(asked.arguments or {}), _once(context, asked)
            answer = await self._catalogue.run(caller, asked.name, arguments, once=once)
        except CopyhoundError as error:
            return refused(error)
        except Exception:
            _log.exception("the action %s failed", asked.name)
            return refused(CopyhoundError("internal_error"))
        text = types.TextContent(text=msgspec.json.encode(answer).decode())
        return types.CallToolResult(content=[text], structured_content=answer)

    async def _list_resources(
        self, context: Any, asked: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        with _Told():
            found, cursor = await self._reader.page(_reading(context), asked.cursor if asked else None)
        resources = [types.Resource(**one) for one in found]
        return types.ListResourcesResult(resources=resources, next_cursor=cursor)

    async def _list_templates(self, context: Any, _: Any) -> types.ListResourceTemplatesResult:
        return types.ListResourceTemplatesResult(
            resource_templates=[types.ResourceTemplate(**one) for one in TEMPLATES]
        )

    async def _read_resource(self, context: Any, asked: types.ReadResourceRequestParams) -> types.ReadResourceResult:
        with _Told():
            found = await self._reader.read(_reading(context), asked.uri)
        contents: types.TextResourceContents | types.BlobResourceContents
        if found.text is not None:
            contents = types.TextResourceContents(uri=asked.uri, mime_type=found.mime_type, text=found.text)
        else:
            contents = types.BlobResourceContents(uri=asked.uri, mime_type=found.mime_type, blob=found.base64)
        return types.ReadResourceResult(contents=[contents])


class _Told:
    """What goes wrong inside is told as the protocol's error, with our code."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _: Any, error: BaseException | None, __: Any) -> None:
        if isinstance(error, CopyhoundError):
            code = INVALID_PARAMS if error.status < 500 else INTERNAL_ERROR
            raise MCPError(code, error.detail, {"code": error.code, "hint": error.kind.hint}) from None


def tool(action: ActionDescription) -> types.Tool:
    """An action as a tool, its schemas unchanged."""
    return types.Tool(
        name=action.key,
        title=action.title,
        description=action.description,
        input_schema=_object(action.input_schema),
        output_schema=_object(action.output_schema),
        annotations=types.ToolAnnotations(title=action.title, read_only_hint=action.scope == "read"),
    )


def refused(error: CopyhoundError) -> types.CallToolResult:
    """An error as an agent reads it, so that it can do better: what is wrong, where, and what helps."""
    faults = [f"- {one['field'] or 'arguments'}: {one['message']}" for one in error.extra.get("errors", ())]
    lines = [f"{error.code}: {error.detail}", *(faults or [error.kind.hint])]
    return types.CallToolResult(content=[types.TextContent(text="\n".join(lines))], is_error=True)


class _GoneError(Exception):
    """The client went before it had sent all."""


def _whole(receive: Any) -> Any:
    ended = False

    async def received() -> Any:
        nonlocal ended
        message = await receive()
        # the SDK would log it as an error of its own
        if message["type"] == "http.disconnect" and not ended:
            raise _GoneError
        ended = ended or not message.get("more_body", False)
        return message

    return received


def _plain(send: Any) -> Any:
    async def sent(message: Any) -> None:
        # the SDK sends members of an enumeration, and logs would show those
        await send({**message, "status": int(message["status"])} if "status" in message else message)

    return sent


def _object(schema: dict[str, Any]) -> dict[str, Any]:
    # the protocol wants the type at the root; a schema that refers to itself has it one step further only
    return schema if "type" in schema else {"type": "object", **schema}


def _caller(context: Any) -> Caller:
    caller: Caller = context.request.scope["user"]
    return caller


def _once(context: Any, asked: types.CallToolRequestParams) -> str | None:
    """The client's word for this call: sent again with it, it is not done twice."""
    given = (asked.meta or {}).get(ONCE, context.request.headers.get("idempotency-key"))
    return None if given is None else str(given)


def _reading(context: Any) -> Caller:
    caller = _caller(context)
    if "read" not in caller.scopes:
        raise CopyhoundError("forbidden", "This needs a key with the scope 'read'.")
    return caller
