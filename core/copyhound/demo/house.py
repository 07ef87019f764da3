"""The real server, in a process of its own, with a data folder of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

_START_SECONDS: Final = 60.0
_KEY: Final = re.compile(r"\bch_key_[0-9a-z]+_[0-9A-Za-z_-]{43}")


class DemoError(Exception):
    """Something that keeps the demo from going on; the text says what."""


@dataclass(frozen=True)
class House:
    """A server that is ready."""

    url: str
    key: str
    pid: int


def environment(data: Path) -> dict[str, str]:
    """The server's: no other settings than the demo's own, and loopback allowed by setting."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COPYHOUND_")}
    return {**kept, "COPYHOUND_DATA": str(data), "COPYHOUND_NET_ALLOW_HOSTS": "127.0.0.0/8"}


@contextmanager
def serve(data: Path, log: Path) -> Iterator[House]:
    """Start `copyhound serve` on a free port, wait until it is ready, stop it at the end."""
    data.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "copyhound.cli", "serve", "--port", "0"],
            env=environment(data), stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            url = _wait_until_ready(process, data, log)
            yield House(url, _first_key(log), process.pid)
        finally:
            _stop(process)


def _first_key(log: Path) -> str:
    """What the server shows at its first start, as a newcomer would read it."""
    found = _KEY.search(log.read_text(errors="replace"))
    if found is None:
        raise DemoError(f"The server showed no API key:\n{tail(log)}")
    return found.group()


def _wait_until_ready(process: subprocess.Popen[bytes], data: Path, log: Path) -> str:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DemoError(f"The server ended at once:\n{tail(log)}")
        url = _announced(data, process.pid)
        if url is not None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{url}/readyz", timeout=5, trust_env=False).is_success:
                    return url
        time.sleep(0.1)
    raise DemoError(f"The server was not ready within {_START_SECONDS:.0f} s:\n{tail(log)}")


def _announced(data: Path, pid: int) -> str | None:
    try:
        told = json.loads((data / "server.json").read_text())
    except (OSError, ValueError):
        return None
    return str(told["url"]) if told.get("pid") == pid else None


def tail(log: Path, lines: int = 25) -> str:
    """The last lines of the server's log."""
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return ""


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
