"""A live server that knows a picture: whoever searches a copy of it makes events happen."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

from ..e2e.servers import PATIENCE, Server

PICTURE = "kodak_0001.jpg"


class Live:
    """A running server, and what tests ask of it."""

    def __init__(self, server: Server, picture: Path) -> None:
        self.server = server
        self.picture_path = picture
        self.picture = base64.b64encode(picture.read_bytes()).decode()

    @property
    def url(self) -> str:
        return self.server.url

    @property
    def key(self) -> str:
        return self.server.key

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON that the native API answers."""
        with self.server.client() as client:
            answer = client.request(method, path, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def hooks(self) -> list[dict[str, Any]]:
        """The subscriptions that there are."""
        found: list[dict[str, Any]] = self.call("GET", "/hooks")["items"]
        return found

    def happen(self) -> dict[str, Any]:
        """A search that finds the picture: `match_found`, `new_domain_found` and `search_complete` follow."""
        images = [{"base64": self.picture, "name": PICTURE}]
        started: dict[str, Any] = self.call("POST", "/actions/start_search", {"images": images})
        return started

    def found_in_new_list(self) -> str:
        """The id of a new list in which the picture was found: its `match_found` has happened."""
        images = [{"base64": self.picture, "name": PICTURE}]
        done = self.call("POST", "/searches?wait=60", {"images": images})
        assert done["complete"], self.server.tail()
        list_id: str = done["list_id"]
        return list_id

    def ended(self, search_id: str) -> dict[str, Any]:
        """What `find_search` tells of a search, once it is complete."""
        deadline = time.monotonic() + PATIENCE
        while True:
            answer = self.call("POST", "/actions/find_search", {"search_id": search_id})
            found: dict[str, Any] = answer["items"][0]
            if found["complete"]:
                return found
            assert time.monotonic() < deadline, self.server.tail()
            time.sleep(0.05)


@contextmanager
def live_server(folder: Path) -> Iterator[Live]:
    """A server whose own index holds one picture, at https://shop.example.com/kodak_0001.jpg."""
    pictures = folder / "pictures"
    pictures.mkdir()
    (pictures / PICTURE).write_bytes((resources.files("copyhound.demo") / "pictures" / PICTURE).read_bytes())
    server = Server(folder / "data")
    try:
        server.start()
        server.command("index", "add", "folder", str(pictures), "--base-url", "https://shop.example.com", "--json")
        yield Live(server, pictures / PICTURE)
    finally:
        server.stop()
