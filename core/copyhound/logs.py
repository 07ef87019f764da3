"""The log: one line an event, with the request's or the job's id, for people or for machines."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Final

import structlog

_SECRET: Final = re.compile(
    r"(?P<kind>ch_key_[0-9a-z]+_|ch_local_ws_[0-9a-z]+_[0-9]+_|whsec_|whsk_)[0-9A-Za-z+/=_-]{16,}"
    r"|(?P<scheme>://[^/:@\s]+:)[^/@\s]+(?=@)"
    r"|(?P<query>[?&](?:signature|api_key|token|key)=)[^&\s\"']+"
)


def configure_logs(level: str, form: str) -> None:
    """Everything that is logged, by us or a library, goes to standard error in one form; `form`: text or json."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        _without_colours,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    for chatty in ("httpx", "httpcore", "alembic", "aiosqlite", "uvicorn.access", "asyncio", "PIL"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def _without_colours(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """uvicorn gives its message twice, the second time in colours."""
    fields.pop("color_message", None)
    return fields


def _without_secrets(_: Any, __: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in fields.items():
        if isinstance(value, str):
            fields[name] = redact(value)
        elif isinstance(value, bytes | bytearray | memoryview):
            fields[name] = f"<{len(value)} bytes>"
    return fields


def redact(text: str) -> str:
    """The text without keys, webhook secrets, passwords in addresses, and signatures.

    >>> redact("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    'whsec_***'
    """
    return _SECRET.sub(lambda found: next(part for part in found.groups() if part) + "***", text)
