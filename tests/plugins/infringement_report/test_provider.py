"""The provider, by the conformance kit, and against a service that does what the documents tell."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

from copyhound.plugin_api import Outcome, Page
from copyhound.plugin_api.testing import LoopbackServer, ProviderConformance, Reply, Request, RunProvider
from copyhound.plugin_host.loader import PluginState
from copyhound_infringement_report.provider import INFRINGEMENT_REPORT

ORIGINAL = "https://pictures.example/original.jpg"
ROW = {
    "url": "https://thief.example/shop",
    "title": "Shop",
    "host": "thief.example",
    "image_url": "https://cdn.example/1.jpg",
    "image_width": "1280",
    "image_height": 720,
}
OTHER_PAGE = {**ROW, "url": "https://thief.example/sale", "title": ""}


class Service:
    """Answers as the documents say; an upload starts nothing, and a search takes two looks."""

    def __init__(self, rows: list[dict[str, Any]], *, flat: bool = False) -> None:
        self.rows, self.flat = rows, flat
        self.looks, self.searched, self.deleted = 0, False, False

    def __call__(self, request: Request) -> Reply:
        path = request.path.split("?")[0]
        if request.method == "POST" and path == "/3.0/search":
            self.searched = True
            told = {"list_id": 5} if self.flat else {"result": {"list_id": 5}}
            return Reply.json({"status": True, "code": 100, **told})
        if path == "/3.0/search/5":
            self.searched = True
            return Reply.json({"status": True, "code": 100, "result": {}})
        if request.method == "PUT":
            return Reply.json({"status": True, "code": 100, "success": True, "result": {}})
        if request.method == "DELETE":
            self.deleted = True
            return Reply.json({"status": True, "code": 100, "result": {}})
        return Reply.json({"status": True, "code": 100, "result": self._result(request.method, path)})

    def _result(self, method: str, path: str) -> dict[str, Any]:
        if path.endswith("/query"):
            return {"query_result": {"matches": len(self.rows), "docs": self.rows}}
        if method == "POST":
            return {"list_id": 5}
        self.looks += self.searched
        busy = 1 if self.searched and self.looks < 3 else 0
        return {"list_id": 5, "search_in_progress": busy, "images": [{"last_search_start": int(self.searched)}]}


def _always(reply: Reply, _: Request) -> Reply:
    return reply


class TestInfringementReport(ProviderConformance):
    """The whole kit."""

    spec = INFRINGEMENT_REPORT

    def settings(self, base_url: str) -> dict[str, Any]:
        return {"base_url": base_url, "api_key": "key-12345", "poll_seconds": 0.01}

    def good(self, request: Request) -> Reply:
        return Service([ROW])(request)

    def nothing(self, request: Request) -> Reply:
        return Service([])(request)

    def _run(self, run: RunProvider, service: Service, **options: Any) -> tuple[Any, list[Request]]:
        with LoopbackServer(service) as server:
            answer = run(self.spec, b"picture", settings=self.settings(server.base_url), **options)
            return answer, server.requests

    def test_by_address(self, run_provider: RunProvider) -> None:
        """A public address is posted, waited for, read and tidied away; each picture has its pages."""
        for flat in (True, False):
            service = Service([ROW, OTHER_PAGE], flat=flat)
            answer, requests = self._run(run_provider, service, source_url=ORIGINAL)
            assert [(one.image_url, one.width, one.height) for one in answer.candidates] == [
                (ROW["image_url"], 1280, 720)
            ]
            assert answer.candidates[0].pages == (Page(str(ROW["url"]), "Shop"), Page(str(OTHER_PAGE["url"])))
            assert answer.units_spent == 1
            assert (requests[0].method, requests[0].path) == ("POST", "/3.0/search")
            assert json.loads(requests[0].body)["images"] == [ORIGINAL]
            assert {request.headers["x-api-key"] for request in requests} == {"key-12345"}
            assert service.deleted

    def test_by_bytes(self, run_provider: RunProvider) -> None:
        """Without an address the file is put into a list, whose search is asked for where none has begun."""
        service = Service([ROW])
        answer, requests = self._run(run_provider, service)
        put = next(request for request in requests if request.method == "PUT")
        assert put.body == b"picture"
        assert put.path.startswith("/3.0/list/5/file/")
        assert put.headers["x-mime-type"] == "image/jpeg"
        assert [request.path for request in requests].count("/3.0/search/5") == 1
        assert answer.outcome is Outcome.answered

    def test_grouped_answers(self, run_provider: RunProvider) -> None:
        """Groups of documents are read as well."""

        def reply(request: Request) -> Reply:
            if "/query" not in request.path:
                return Service([])(request)
            group = {"groupValue": "thief.example", "doclist": {"numFound": 1, "docs": [ROW]}}
            found = {"query_result": {"matches": 1, "ngroups": 1, "groups": [group]}}
            return Reply.json({"status": True, "code": 100, "result": found})

        with LoopbackServer(reply) as server:
            settings = self.settings(server.base_url)
            answer = run_provider(self.spec, b"picture", settings=settings, source_url=ORIGINAL)
        assert len(answer.candidates) == 1

    def test_a_search_that_lasts(self, run_provider: RunProvider) -> None:
        """A search that is not done in time is transient, and the next attempt goes on with its list."""
        service = Service([ROW])
        service.looks = -1000
        with LoopbackServer(service) as server:
            settings = {**self.settings(server.base_url), "wait_seconds": 0.05}
            answer = run_provider(self.spec, b"picture", settings=settings, source_url=ORIGINAL, retries=1)
            begun = [request for request in server.requests if request.method == "POST"]
        assert answer.outcome is Outcome.transient
        assert "0.05 seconds" in (answer.reason or "")
        assert len(begun) == 1

    def test_a_list_id_that_is_no_number(self, run_provider: RunProvider) -> None:
        """What the service calls a list goes into addresses: only digits do, from addresses and from uploads."""
        for list_id in ("../../admin", "5?x=", "5/../6", "", "\u0665", -5):
            reply = Reply.json({"status": True, "code": 100, "result": {"list_id": list_id}})
            for source_url in (ORIGINAL, None):
                with LoopbackServer(functools.partial(_always, reply)) as server:
                    settings = self.settings(server.base_url)
                    answer = run_provider(self.spec, b"x", settings=settings, retries=0, source_url=source_url)
                    assert len(server.requests) == 1
                assert answer.outcome is Outcome.transient
                assert "list_id" in (answer.reason or "")

    def test_the_address_with_its_version(self, run_provider: RunProvider) -> None:
        """base_url may end in /3.0, or not."""
        for end in ("", "/", "/3.0", "/3.0/"):
            with LoopbackServer(Service([ROW])) as server:
                settings = self.settings(server.base_url.rstrip("/") + end)
                answer = run_provider(self.spec, b"picture", settings=settings, source_url=ORIGINAL)
                assert server.requests[0].path == "/3.0/search"
            assert answer.outcome is Outcome.answered

    def test_a_wrong_address(self, run_provider: RunProvider) -> None:
        """Where nothing is at base_url, asking again is of no use: the answer says what to look at."""
        with LoopbackServer(functools.partial(_always, Reply(404))) as server:
            answer = run_provider(self.spec, b"x", settings=self.settings(server.base_url), source_url=ORIGINAL)
            assert len(server.requests) == 1
        assert answer.outcome is Outcome.blocked
        assert "base_url" in (answer.reason or "")

    def test_told_failures(self, run_provider: RunProvider) -> None:
        """`status: false` is read by its text, be the HTTP status 200, 400 or 403."""
        cases = {
            "You have no credits left": Outcome.quota,
            "Invalid API key": Outcome.blocked,
            "That image is not readable": Outcome.invalid_image,
            "Something odd": Outcome.transient,
        }
        for text, outcome in cases.items():
            for status in (200, 400):
                reply = Reply.json({"status": False, "error": text}, status)
                with LoopbackServer(functools.partial(_always, reply)) as server:
                    answer = run_provider(self.spec, b"x", settings=self.settings(server.base_url), retries=0)
                assert answer.outcome is outcome, (text, status, answer)
                assert text in (answer.reason or "")


def test_without_a_key_it_is_not_set_up(run_provider: RunProvider) -> None:
    """Without a key nobody is asked."""
    answer = run_provider(INFRINGEMENT_REPORT, b"picture")
    assert answer.outcome is Outcome.skipped
    assert (answer.reason or "").startswith("infringement_report is not set up: ")
    assert "api_key" in (answer.reason or "")


def test_it_is_installed(installed_plugin: Callable[[str], PluginState]) -> None:
    """It comes with Copyhound, and is asked only where a search names it."""
    state = installed_plugin("copyhound_infringement_report")
    assert state.status == "loaded"
    assert state.providers == ("infringement_report",)
    assert not INFRINGEMENT_REPORT.default
