"""A real Node-RED without a screen, and flows for it."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from ..e2e.servers import PATIENCE
from .live import Live

PACKAGE = Path(__file__).parents[2] / "connectors" / "node-red"
NODE_RED = "node-red@4.1.15"
SETTINGS = (
    "module.exports = {credentialSecret: false, telemetry: {enabled: false}, diagnostics: {enabled: false},"
    "logging: {console: {level: 'info'}}, uiHost: '127.0.0.1', flowFile: 'flows.json',"
    "editorTheme: {tours: false}}"
)
Node = dict[str, Any]
_PLACED = {"z": "tab", "x": 100, "y": 100, "wires": []}


class NodeRed:
    """A Node-RED of its own, which has our package installed."""

    def __init__(self, program: Path, folder: Path) -> None:
        self._program, self._folder = program, folder
        shutil.copytree(PACKAGE, folder / "node_modules" / "node-red-contrib-copyhound")
        (folder / "package.json").write_text('{"name": "flows", "dependencies": {"node-red-contrib-copyhound": "*"}}')
        (folder / "settings.js").write_text(SETTINGS)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        red = self._program / "node_modules" / "node-red" / "red.js"
        with (self._folder / "log").open("ab") as out:
            words = ["node", str(red), "-u", str(self._folder), "-s", str(self._folder / "settings.js")]
            self._process = subprocess.Popen([*words, "-p", str(self.port)], stdout=out, stderr=out)
        until(self._answers, self.log)

    def stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(PATIENCE)
            self._process = None

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/nodes", headers={"accept": "application/json"}, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def log(self) -> str:
        return (self._folder / "log").read_text(errors="replace")[-4000:]

    def ask(self, method: str, at: str, body: Any = None, **query: str) -> httpx.Response:
        return httpx.request(method, self.url + at, json=body, params=query, timeout=60, trust_env=False)

    def rewrite(self, old: str, new: str, name: str = "flows.json") -> None:
        """Change a file of it while it is stopped, such as its flows: JSON without spaces."""
        path = self._folder / name
        text = path.read_text()
        text = json.dumps(json.loads(text), separators=(",", ":")) if name.endswith(".json") else text
        assert old in text
        path.write_text(text.replace(old, new))

    def deploy(self, *nodes: Node) -> None:
        """Replace all flows by one of these nodes."""
        # what has no place on the canvas is a config node
        flow = [
            {"id": "tab", "type": "tab", "label": "tests"},
            *(node if node["id"] == "server" else {**_PLACED, **node} for node in nodes),
        ]
        answer = self.ask("POST", "/flows", flow)
        assert answer.status_code == 204, answer.text


def until(reached: Callable[[], Any], tell: Callable[[], str] = str) -> Any:
    """What another process brings about, once it has."""
    deadline = time.monotonic() + PATIENCE
    while not (found := reached()):
        assert time.monotonic() < deadline, tell()
        time.sleep(0.05)
    return found


def waits(trigger: str, to: str, **fields: Any) -> list[Node]:
    """A flow that sends each event to an address."""
    head = {"id": "wait", "type": "copyhound-trigger", "server": "server", "trigger": trigger, "fields": fields}
    request = {"id": "tell", "type": "http request", "method": "POST", "url": to, "paytoqs": "ignore", "ret": "txt"}
    return [{**head, "wires": [["tell"]]}, {**request, "wires": [[]]}]


def told_states(to: str) -> list[Node]:
    """A flow that sends each state of the node `wait` to an address."""
    rule = {"t": "move", "p": "status", "pt": "msg", "to": "payload", "tot": "msg"}
    request = {"id": "say", "type": "http request", "method": "POST", "url": to, "paytoqs": "ignore", "ret": "txt"}
    return [
        {"id": "states", "type": "status", "scope": ["wait"], "wires": [["state"]]},
        {"id": "state", "type": "change", "rules": [rule], "wires": [["say"]]},
        {**request, "wires": [[]]},
    ]


def deliveries(live: Live, hook: str, *, tried: bool = False) -> list[Node]:
    """Those of a hook; `tried`: only those with an attempt."""
    found: list[Node] = live.call("GET", f"/deliveries?hook_id={hook}")["items"]
    return [one for one in found if one["attempts"] or not tried]


def taken(live: Live, delivery: Node) -> int:
    """How often the receiver took it."""
    attempts = live.call("GET", f"/deliveries/{delivery['id']}/attempts")["items"]
    return sum(one["status_code"] == 204 for one in attempts)
