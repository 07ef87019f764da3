"""Two workspaces at all doors at once: whatever one has made, the other never sees, reaches or changes."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from ..e2e.servers import PATIENCE, Server
from ..fixtures import photos

OWNERS = st.integers(0, 1)
HIDDEN = {
    "list": (
        "GET /api/v1/lists/{}",
        "GET /api/v1/lists/{}/matches",
        "GET /api/v1/lists/{}/export",
        "DELETE /api/v1/lists/{}",
    ),
    "search": ("GET /api/v1/searches/{}",),
    "match": ("GET /api/v1/matches/{}", "GET /api/v1/matches/{}/overlay", "GET /api/v1/matches/{}/thumbnail"),
    "scan": ("GET /v1/image-plagiarism-detector/{}",),
    "key": ("GET /api/v1/keys/{}", "DELETE /api/v1/keys/{}"),
}
"""Kind -> requests that must answer 404 to the other workspace."""


class Owner:
    """A workspace, and its client at every door."""

    def __init__(self, server: Server, name: str) -> None:
        made = server.command("workspaces", "create", name, "--json")
        self.name, self.key = name, str(made["key"]["key"])
        self.http = httpx.Client(base_url=server.url, timeout=PATIENCE, trust_env=False)
        login = self.http.post("/v3/account/login/api", json={"email": f"{name}@example.com", "key": self.key})
        self.token = login.json()["access_token"]
        self.made: list[tuple[str, str]] = [("key", str(made["key"]["id"]))]

    def call(self, request: str, **arguments: Any) -> httpx.Response:
        """`GET /path`, with the header of each API."""
        method, path = request.split(" ", 1)
        headers = {"X-API-Key": self.key}
        if path.startswith(("/v1", "/v3")):
            headers = {"Authorization": f"Bearer {self.token}"}
        auth = httpx.BasicAuth("anybody", self.key) if path.startswith("/matchengine") else None
        return self.http.request(method, path, headers=headers, auth=auth, **arguments)


class TwoWorkspaces(RuleBasedStateMachine):
    """Makes things at random doors for either workspace, and looks at them with the other's key."""

    server: ClassVar[Server]
    number: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        TwoWorkspaces.number += 1
        self.owners = [Owner(self.server, f"{name}{self.number}") for name in ("north", "south")]

    @rule(owner=OWNERS, picture=st.integers(1, 3))
    def index(self, owner: int, picture: int) -> None:
        """A picture enters the `web` collection of one."""
        one = self.owners[owner]
        entry = {"image_url": url_of(one, picture), "base64": base64.b64encode(photos.photo(picture)).decode()}
        answer = one.call("POST /api/v1/collections/web/entries", json={"entries": [entry]})
        assert answer.status_code in (200, 201), answer.text

    @rule(owner=OWNERS, picture=st.integers(1, 3))
    def search(self, owner: int, picture: int) -> None:
        """The native API: what is found is the searcher's own."""
        one = self.owners[owner]
        files = [("images", ("mine.jpg", photos.photo(picture), "image/jpeg"))]
        answer = one.call("POST /api/v1/searches?wait=60", files=files)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        one.made += [("list", body["list_id"]), ("search", body["search_id"])]
        one.made += [("match", match["id"]) for match in body["matches"]]
        assert {match["image_url"] for match in body["matches"]} <= {url_of(one, picture)}

    @rule(owner=OWNERS, picture=st.integers(1, 3))
    def tineye(self, owner: int, picture: int) -> None:
        """TinEye's API: the same."""
        one = self.owners[owner]
        answer = one.call("POST /rest/search/", files={"image_upload": ("a.jpg", photos.photo(picture))})
        assert answer.status_code == 200, answer.text
        urls = {link["url"] for match in answer.json()["results"]["matches"] for link in match["backlinks"]}
        assert urls <= {url_of(one, picture)}
        count = one.call("GET /rest/image_count/").json()["results"]
        assert count <= 3

    @rule(owner=OWNERS, scan=st.integers(0, 2))
    def copyleaks(self, owner: int, scan: int) -> None:
        """Copyleaks's API: the same scan id in both workspaces is two scans."""
        one = self.owners[owner]
        path = f"/v1/image-plagiarism-detector/scan-{scan}/check"
        files = {"image": ("a.jpg", photos.photo(1), "image/jpeg")}
        answer = one.call(f"POST {path}", files=files, data={"filename": "a.jpg", "developerPayload": one.name})
        assert answer.status_code == 200, answer.text
        assert answer.json()["developerPayload"] == one.name
        assert {found["url"] for found in answer.json()["matches"]["internet"]} <= {url_of(one, 1)}
        one.made.append(("scan", f"scan-{scan}"))

    @rule(owner=OWNERS)
    def infringement_report(self, owner: int) -> None:
        """Infringement.Report's API: lists have numbers, and each workspace its own."""
        one = self.owners[owner]
        made = one.call("POST /3.0/list", json={"list_label": f"of {one.name}"}).json()["result"]
        listed = one.call("GET /3.0/list").json()["result"]
        rows = listed.values() if isinstance(listed, dict) else listed
        assert made["list_id"] in {row["list_id"] for row in rows}
        others = {row["list_label"] for row in rows if row["list_label"].startswith("of ")}
        assert others == {f"of {one.name}"}

    @rule(owner=OWNERS, picture=st.integers(1, 3))
    def matchengine(self, owner: int, picture: int) -> None:
        """MatchEngine's API: collections of one name are apart."""
        one = self.owners[owner]
        files = {"images[0]": ("a.jpg", photos.photo(picture))}
        answer = one.call(
            "POST /matchengine/shop/rest/add/", files=files, data={"filepaths[0]": f"{one.name}/{picture}"}
        )
        assert answer.json()["status"] == "ok", answer.text
        listed = one.call("GET /matchengine/shop/rest/list/?limit=100").json()["result"]
        assert listed
        assert all(path.startswith(f"{one.name}/") for path in listed)

    @precondition(lambda self: any(len(one.made) > 1 for one in self.owners))
    @rule(data=st.data())
    def look(self, data: st.DataObject) -> None:
        """What one has made is unknown to the other: 404, whatever is asked; and it is still there afterwards."""
        owner = data.draw(st.sampled_from([n for n in (0, 1) if len(self.owners[n].made) > 1]))
        mine, theirs = self.owners[owner], self.owners[1 - owner]
        kind, id_ = data.draw(st.sampled_from(mine.made))
        if (kind, id_) in theirs.made:
            return  # a scan id that both have used: each has its own
        for request in HIDDEN[kind]:
            answer = theirs.call(request.format(id_))
            assert answer.status_code == 404, (request, id_, answer.text)
        assert mine.call(HIDDEN[kind][0].format(id_)).status_code == 200

    def teardown(self) -> None:
        for one in self.owners:
            one.http.close()


def url_of(owner: Owner, picture: int) -> str:
    return f"https://{owner.name}.example.com/{picture}.jpg"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(Path(tmp_path_factory.mktemp("two")) / "data") as running:
        yield running


@pytest.mark.timeout(600)
def test_nothing_crosses_a_workspace_at_any_door(server: Server) -> None:
    """After random requests at all APIs, neither of two workspaces has seen or changed a thing of the other's."""
    TwoWorkspaces.server = server
    run_state_machine_as_test(
        TwoWorkspaces,
        settings=settings(
            max_examples=3,
            stateful_step_count=25,
            phases=(Phase.generate,),  # each step is a real request: a failure is told as it is
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
