"""What versions are used, counted by a real server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .servers import Server


def used(server: Server, prefix: str) -> dict[str, Any]:
    """The count of a version, as an operator reads it."""
    key = server.command("keys", "create", "operator", "--scope", "operator", "--json")["key"]
    with server.client() as client:
        told = client.get(f"{server.url}/lifecycle", headers={"X-API-Key": key}).json()
    (found,) = (one["use"] for one in told["versions"] if one["prefix"] == prefix)
    return dict(found)


def test_counts_outlive_the_server(tmp_path: Path) -> None:
    """Requests to a vendor's version and to ours are counted by version, and the counts are there after a restart."""
    server = Server(tmp_path / "data")
    try:
        server.start()
        with server.client() as client:
            for _ in range(3):
                answer = client.get(f"{server.url}/2.0/list")
                assert answer.status_code == 200, answer.text
            assert client.get(f"{server.url}/2.0/list", headers={"X-API-Key": "nonsense"}).status_code == 401
        server.stop()
        server.start()
        assert used(server, "/2.0")["requests"] == 3
        assert used(server, "/2.0")["last_used"] is not None
        assert used(server, "/3.0") == {"requests": 0, "last_used": None}
    finally:
        server.kill()
