"""The conformance kit: a provider's test suite inherits it, and learns in words what came out wrong.

    class TestAcme(ProviderConformance):
        spec = ACME

        def settings(self, base_url):
            return {"base_url": base_url}

        def good(self, request):
            return Reply.json({"results": [{"image_url": "https://copies.example/1.jpg"}]})

The fixture `run_provider` comes from the pytest plugin that is installed with Copyhound.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Final, Protocol

import pytest

from copyhound.domain.searches import Outcome
from copyhound.plugin_api.loopback import LoopbackServer, Reply, Request
from copyhound.plugin_api.types import Answer, ProviderSpec, TriggerSpec

__all__ = ["LoopbackServer", "ProviderConformance", "Reply", "Request", "RunProvider", "sample_picture"]

_PATIENCE: Final = 0.4
_RETRY_AFTER: Final = 17
_FAILURES: Final = frozenset(Outcome) - {Outcome.answered, Outcome.no_match}


class RunProvider(Protocol):
    """Asks a provider through the real guard and the real checks of answers; back-off takes no time."""

    def __call__(
        self,
        spec: ProviderSpec,
        picture: bytes,
        *,
        settings: Mapping[str, Any] | None = None,
        format: str = "JPEG",
        source_url: str | None = None,
        timeout_seconds: float | None = None,
        retries: int | None = None,
        triggers: Sequence[TriggerSpec] = (),
        events: list[dict[str, Any]] | None = None,
    ) -> Answer: ...


def sample_picture(format: str = "JPEG") -> bytes:
    """A small picture of 64 x 48 pixels in one of Pillow's formats."""
    from PIL import Image

    file = io.BytesIO()
    Image.linear_gradient("L").resize((64, 48)).convert("RGB").save(file, format)
    return file.getvalue()


class ProviderConformance:
    """Inherit it in a class named Test..., say what to test, and add tests of your own."""

    spec: ClassVar[ProviderSpec]
    """The provider."""

    def settings(self, base_url: str) -> dict[str, Any]:
        """The provider's settings that make it ask the service at `base_url`."""
        raise NotImplementedError("Say how your provider is pointed at another address.")

    def good(self, request: Request) -> Reply:
        """What the service answers to each of the provider's requests when it has found something."""
        raise NotImplementedError("Give a good answer of the service.")

    def nothing(self, request: Request) -> Reply | None:
        """What the service answers when it has found nothing; None leaves that test out."""
        return None

    def picture(self) -> tuple[str, bytes]:
        """Format and bytes of the picture that is looked for."""
        name = "JPEG" if "JPEG" in self.spec.formats else self.spec.formats[0]
        return name, sample_picture(name)

    def source_url(self) -> str | None:
        """The picture's public address, for providers that take addresses."""
        return "https://pictures.example/original.jpg"

    def test_good_answer(self, run_provider: RunProvider) -> None:
        """A good answer comes out as answered, with candidates."""
        answer = self._ask(run_provider, self.good)
        self._expect(answer, {Outcome.answered}, "a good answer")
        assert answer.candidates, f"{self.spec.name}: a good answer had no candidates."

    def test_nothing_found(self, run_provider: RunProvider) -> None:
        """An answer without results comes out as no_match."""
        if self.nothing(Request("GET", "/", {}, b"")) is None:
            pytest.skip("nothing() is not given")
        answer = self._ask(run_provider, lambda request: self.nothing(request) or Reply(404))
        self._expect(answer, {Outcome.no_match}, "an answer that says that nothing was found")

    def test_captcha_page(self, run_provider: RunProvider) -> None:
        """A captcha page, sent with status 200, comes out as blocked."""
        page = "<html><title>Are you a robot?</title><body>Please solve the captcha.</body></html>"
        answer = self._ask(run_provider, lambda _: Reply.html(page))
        self._expect(answer, {Outcome.blocked}, "a captcha page with status 200")

    def test_empty_page(self, run_provider: RunProvider) -> None:
        """An empty body comes out as a failure."""
        answer = self._ask(run_provider, lambda _: Reply.html(""))
        self._expect(answer, _FAILURES, "an empty body with status 200")

    def test_error_inside_200(self, run_provider: RunProvider) -> None:
        """An error inside a 200 comes out as a failure."""
        answer = self._ask(run_provider, lambda _: Reply.json({"error": "internal failure"}))
        self._expect(answer, _FAILURES, 'status 200 with {"error": ...} inside')

    def test_wrong_key(self, run_provider: RunProvider) -> None:
        """401 comes out as blocked."""
        answer = self._ask(run_provider, lambda _: Reply.json({"error": "wrong key"}, 401))
        self._expect(answer, {Outcome.blocked}, "status 401")

    def test_too_many_requests(self, run_provider: RunProvider) -> None:
        """429 comes out as quota, and Retry-After is passed on."""
        headers = {"Retry-After": str(_RETRY_AFTER)}
        answer = self._ask(run_provider, lambda _: Reply.json({"error": "slow down"}, 429, headers))
        self._expect(answer, {Outcome.quota}, "status 429")
        told = f"{self.spec.name}: Retry-After: {_RETRY_AFTER} came out as retry_after={answer.retry_after}."
        assert answer.retry_after == _RETRY_AFTER, told

    def test_server_error(self, run_provider: RunProvider) -> None:
        """500 comes out as transient."""
        answer = self._ask(run_provider, lambda _: Reply(500, body=b"oops"))
        self._expect(answer, {Outcome.transient}, "status 500")

    def test_malformed_json(self, run_provider: RunProvider) -> None:
        """Broken JSON comes out as a failure."""
        answer = self._ask(run_provider, lambda _: Reply(200, {"Content-Type": "application/json"}, b'{"results": [{"'))
        self._expect(answer, _FAILURES, "broken JSON with status 200")

    def test_slow_answer(self, run_provider: RunProvider) -> None:
        """A service that does not answer in time comes out as transient."""
        answer = self._ask(run_provider, lambda _: Reply(200, hangs=True), timeout_seconds=_PATIENCE)
        self._expect(answer, {Outcome.transient}, "an answer that does not come in time")

    def test_huge_answer(self, run_provider: RunProvider) -> None:
        """An answer that does not end comes out as a failure, and is not read to its end."""
        answer = self._ask(
            run_provider, lambda _: Reply(200, {"Content-Type": "application/json"}, b'{"results": [', endless=True)
        )
        self._expect(answer, _FAILURES, "an answer that does not end")

    def test_connection_reset(self, run_provider: RunProvider) -> None:
        """A connection that breaks comes out as transient."""
        answer = self._ask(run_provider, lambda _: Reply(200, resets=True))
        self._expect(answer, {Outcome.transient}, "a connection that was reset")

    def _ask(
        self, run_provider: RunProvider, reply: Callable[[Request], Reply], timeout_seconds: float | None = None
    ) -> Answer:
        name, data = self.picture()
        with LoopbackServer(reply) as server:
            answer = run_provider(
                self.spec,
                data,
                format=name,
                settings=self.settings(server.base_url),
                source_url=self.source_url() if "url" in self.spec.accepts else None,
                timeout_seconds=timeout_seconds,
                retries=0,
            )
            drained = server.drained
        assert not drained, f"{self.spec.name}: an endless answer was read to its end; context.http would have cut it."
        return answer

    def _expect(self, answer: Answer, wanted: frozenset[Outcome] | set[Outcome], case: str) -> None:
        allowed = " or ".join(sorted(outcome.value for outcome in wanted))
        shown = json.dumps(answer.reason)
        told = f"{self.spec.name}: {case} came out as {answer.outcome.value} ({shown}); it must be {allowed}."
        assert answer.outcome in wanted, told
        failed = answer.outcome in _FAILURES
        assert not failed or answer.reason, f"{self.spec.name}: {case} gave no reason."
