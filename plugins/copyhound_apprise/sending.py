"""Apprise in a process of its own: it blocks, has its own way to the network, and reads files that addresses name."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import sys
from tempfile import TemporaryDirectory
from typing import Final

import msgspec

from copyhound.plugin_api import CopyhoundError, NoticePicture

SECONDS: Final = 30.0
"""For everything, the start of the process too."""
_KEPT: Final = ("LANG", "LC_ALL", "PATH", "SSL_CERT_DIR", "SSL_CERT_FILE", "SYSTEMROOT")
"""Of our environment; passwords may stand in the rest."""
_MIN_SECRET: Final = 4
_MAX_DETAIL: Final = 300


class Order(msgspec.Struct, frozen=True):
    """What the other process is to do."""

    url: str
    title: str
    text: str
    more_url: str | None
    """A page with all, for services that take less than `text`."""
    pictures: tuple[NoticePicture, ...]
    allow: tuple[str, ...]
    """Ranges of addresses that may be reached though they are not public."""


class Report(msgspec.Struct, frozen=True):
    """What became of it; `code` is empty where it was told."""

    code: str = ""
    detail: str = ""


async def send(order: Order) -> None:
    """Tells, once. Raises CopyhoundError where nothing was told, or nobody knows."""
    report = await _done(order)
    if report.code:
        raise CopyhoundError(report.code, without_secrets(report.detail, order.url))


def without_secrets(text: str, url: str) -> str:
    """`text`, one line, without the parts of a service's address: most of them are secrets."""
    for part in sorted(set(re.split(r"[/:@?&=,]+", url)), key=len, reverse=True):
        if len(part) >= _MIN_SECRET:
            text = text.replace(part, "***")
    return " ".join(text.split())[:_MAX_DETAIL]


async def _done(order: Order) -> Report:
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    pipe = asyncio.subprocess.PIPE
    with TemporaryDirectory(prefix="copyhound-apprise-") as home:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-B", "-m", "copyhound_apprise.child"),
            stdin=pipe,
            stdout=pipe,
            stderr=asyncio.subprocess.DEVNULL,
            cwd=home,
            env={**environment, "HOME": home, "TMPDIR": home},
        )
        try:
            async with asyncio.timeout(SECONDS):
                out, _ = await process.communicate(msgspec.json.encode(order))
        except TimeoutError:
            raise CopyhoundError("fetch_timeout", f"The service did not answer within {SECONDS:g} seconds.") from None
        finally:
            # no thread and no process is left behind, however this ends
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
    try:
        return msgspec.json.decode(out, type=Report)
    except msgspec.DecodeError:
        return Report("fetch_failed", f"Apprise ended with {process.returncode}.")
