"""The real server as its users start it, in a process that tests may kill."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import httpx

PATIENCE = 60.0
_SHOWN = re.compile(r"API key \(shown this once, only its hash is kept\): (ch_\S+)")


class Server:
    """`copyhound serve` on a data folder of its own. Start, kill and start again as often as wanted."""

    def __init__(self, data: Path, **environment: str) -> None:
        self.data = data
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COPYHOUND_")}
        self.environment = {
            **kept,
            "COPYHOUND_DATA": str(data),
            "COPYHOUND_NET_ALLOW_HOSTS": "127.0.0.0/8",
            **environment,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._announced = data / (f"{environment.get('COPYHOUND_EXECUTOR_ID', 'server')}.json")
        self.log = data.parent / f"{data.name}-{self._announced.stem}.log"
        self.key = ""
        self.url = ""
        self.descriptors: int | None = None
        """How many files and sockets it may have open, where it is to have few."""

    def start(self) -> Self:
        """Start it, and wait until it is ready. Where it does not get so far, no process is left behind."""
        self.data.mkdir(parents=True, exist_ok=True)
        self._announced.unlink(missing_ok=True)
        command = [sys.executable, "-m", "copyhound.cli", "serve", "--port", "0"]
        if self.descriptors is not None:
            command = ["sh", "-c", f'ulimit -n {self.descriptors} && exec "$@"', "sh", *command]
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                command,
                env=self.environment,
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.kill()
            raise
        self.key = self.key or self._first_key()
        return self

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + PATIENCE
        while not self._ready():
            assert process.poll() is None, self.tail()
            assert time.monotonic() < deadline, self.tail()
            time.sleep(0.02)

    def _first_key(self) -> str:
        """What the first start has shown; of a folder that was there before, a new one."""
        shown = _SHOWN.search(self.log.read_text(errors="replace"))
        return shown[1] if shown else str(self.command("keys", "create", "test", "--json")["key"])

    def command(self, *words: str) -> Any:
        """The JSON that a command prints, on the same data folder."""
        done = subprocess.run(
            [sys.executable, "-m", "copyhound.cli", *words],
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def _ready(self) -> bool:
        try:
            self.url = str(json.loads(self._announced.read_bytes())["url"])
            return httpx.get(f"{self.url}/readyz", timeout=5, trust_env=False).is_success
        except (OSError, ValueError, httpx.TransportError):
            return False

    def kill(self) -> None:
        """kill -9: nothing is said goodbye to."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(PATIENCE)
        self._process = None

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.kill()
                raise
            self._process = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def client(self, **options: Any) -> httpx.Client:
        """A client of the native API with this server's key."""
        return httpx.Client(
            base_url=f"{self.url}/api/v1", headers={"X-API-Key": self.key}, timeout=PATIENCE, trust_env=False, **options
        )

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
