"""What the server costs: time to answer POST /searches, webhook latency, memory when idle.

    python tests/bench/server.py [--searches 40] [--entries 200] PICTURES

PICTURES is a folder of photographs; so many of them are indexed as there are `--entries`. Prints one JSON object.
The webhook latency is measured from the commit of an event (its `timestamp`) to the arrival of the first attempt.
"""

from __future__ import annotations

import argparse
import base64
import json
import statistics
import tempfile
import threading
import time
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
from tests.e2e.servers import Server


class Receiver(ThreadingHTTPServer):
    """Notes for each event how late its first attempt came, in seconds."""

    def __init__(self) -> None:
        self.late: dict[str, float] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                now = time.time()
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                receiver.late.setdefault(body["id"], now - datetime.fromisoformat(body["timestamp"]).timestamp())
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Keep the output clean."""

        super().__init__(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()


def percentile(values: list[float], share: float) -> float:
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))], 4)


def tree_memory(pid: int) -> float:
    """Resident memory of a process and all below it, MiB."""
    root = psutil.Process(pid)
    return round(sum(one.memory_info().rss for one in (root, *root.children(recursive=True))) / 2**20, 1)


def index(client: Any, pictures: list[Path]) -> None:
    for start in range(0, len(pictures), 20):
        entries = [
            {
                "image_url": f"https://bench.example.com/{path.name}",
                "base64": base64.b64encode(path.read_bytes()).decode(),
            }
            for path in pictures[start : start + 20]
        ]
        client.post("/collections/web/entries", json={"entries": entries}).raise_for_status()


def search_all(client: Any, pictures: list[Path]) -> tuple[list[float], list[float]]:
    """(seconds until the answer, seconds until complete) of one search after the other, one picture each."""
    answers, ends = [], []
    for path in pictures:
        files = [("images", (path.name, path.read_bytes(), "image/jpeg"))]
        started = time.perf_counter()
        body = client.post("/searches", files=files).raise_for_status().json()
        answers.append(time.perf_counter() - started)
        while not client.get(f"/searches/{body['search_id']}").json()["complete"]:
            time.sleep(0.02)
        ends.append(time.perf_counter() - started)
    return answers, ends


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--entries", type=int, default=200)
    parser.add_argument("--searches", type=int, default=40)
    args = parser.parse_args()
    pictures = sorted(path for path in args.pictures.rglob("*.jpg"))[: args.entries]
    receiver = Receiver()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder) / "data", COPYHOUND_COMPUTE_IDLE_SECONDS="5")
        with server, server.client() as client:
            hook = {
                "target_url": f"http://127.0.0.1:{receiver.server_port}/",
                "triggers": ["match_found", "search_complete"],
            }
            client.post("/hooks", json=hook).raise_for_status()
            index(client, pictures)
            answers, ends = search_all(client, pictures[: args.searches])
            time.sleep(8)  # until the compute processes have gone
            result = {
                "indexed": len(pictures),
                "searches": len(answers),
                "post_searches_p50_s": round(statistics.median(answers), 4),
                "post_searches_p95_s": percentile(answers, 0.95),
                "search_complete_p50_s": round(statistics.median(ends), 4),
                "webhooks": len(receiver.late),
                "webhook_latency_p50_s": percentile(list(receiver.late.values()), 0.5),
                "webhook_latency_p99_s": percentile(list(receiver.late.values()), 0.99),
                "idle_tree_rss_mib": tree_memory(server.pid),
            }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
