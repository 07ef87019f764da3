"""The provider `copyleaks`, against a service on loopback that answers as Copyleaks does."""

from __future__ import annotations

import email
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import Message
from typing import Any

import pytest

from copyhound.plugin_api import Answer, Outcome, Page
from copyhound.plugin_api.testing import (
    LoopbackServer,
    ProviderConformance,
    Reply,
    Request,
    RunProvider,
    sample_picture,
)
from copyhound_copyleaks import COPYLEAKS
from copyhound_copyleaks import provider as provider_module

ACCOUNT = {"email": "you@example.com", "api_key": "00000000-0000-0000-0000-00000000c0de"}
FOUND: dict[str, Any] = {
    "developerPayload": None,
    "scannedImage": {
        "scanId": "my-scan-1", "expectedCredits": 1, "actualCredits": 1, "creationTime": "2026-05-24T10:00:00Z",
        "width": 1920, "height": 1080, "filename": "my-photo.jpg",
    },
    "matches": {
        "internet": [
            {
                "url": "https://example.com/images/photo.jpg", "matchType": 0,
                "webPages": [{"url": "https://example.com/blog/my-post"}],
            },
            {"url": "https://example.com/thumbs/photo.jpg", "matchType": 1},
        ],
        "score": {"totalMatches": 2, "fullMatches": 1, "partialMatches": 1},
    },
}  # fmt: skip
NOTHING = {**FOUND, "matches": {"internet": [], "score": {"totalMatches": 0, "fullMatches": 0, "partialMatches": 0}}}


@pytest.fixture(autouse=True)
def _no_tokens() -> Iterator[None]:
    provider_module._tokens.clear()
    yield
    provider_module._tokens.clear()


def login(hours: float = 48, zone: str = "Z") -> Reply:
    """The answer to a login."""
    now = datetime.now(UTC).replace(tzinfo=None)
    expires = (now + timedelta(hours=hours)).isoformat() + zone
    return Reply.json({"access_token": "tok", ".issued": now.isoformat() + "Z", ".expires": expires})


def service(check: Callable[[Request], Reply], enter: Callable[[], Reply] = login) -> Callable[[Request], Reply]:
    """Both of Copyleaks' hosts in one."""
    return lambda request: enter() if request.path == "/v3/account/login/api" else check(request)


def ask(run: RunProvider, server: LoopbackServer, **settings: Any) -> Answer:
    where = {"base_url": server.base_url, "identity_url": server.base_url}
    return run(COPYLEAKS, sample_picture(), settings={**ACCOUNT, **where, **settings}, retries=0)


def parts(request: Request) -> dict[str, Message]:
    """The parts of a multipart body, by name."""
    whole = email.message_from_bytes(
        b"Content-Type: " + request.headers["content-type"].encode() + b"\n\n" + request.body
    )
    return {
        str(part.get_param("name", header="content-disposition")): part
        for part in whole.walk()
        if not part.is_multipart()
    }


class TestCopyleaks(ProviderConformance):
    """What is asked of every provider."""

    spec = COPYLEAKS

    def settings(self, base_url: str) -> dict[str, Any]:
        return {**ACCOUNT, "base_url": base_url, "identity_url": base_url}

    def good(self, request: Request) -> Reply:
        return service(lambda _: Reply.json(FOUND))(request)

    def nothing(self, request: Request) -> Reply:
        return service(lambda _: Reply.json(NOTHING))(request)


def test_it_sends_what_the_documents_say(run_provider: RunProvider) -> None:
    """Login as JSON, then one multipart check with the token; sandbox is a text."""
    with LoopbackServer(service(lambda _: Reply.json(FOUND))) as server:
        ask(run_provider, server)
        entry, check = server.requests
    assert (entry.method, entry.path) == ("POST", "/v3/account/login/api")
    assert json.loads(entry.body) == {"email": ACCOUNT["email"], "key": ACCOUNT["api_key"]}
    assert check.method == "POST"
    scan_id = check.path.removeprefix("/v1/image-plagiarism-detector/").removesuffix("/check")
    assert 3 <= len(scan_id) <= 36
    assert check.headers["authorization"] == "Bearer tok"
    sent = parts(check)
    assert set(sent) == {"image", "filename", "sandbox"}
    assert sent["image"].get_payload(decode=True) == sample_picture()
    assert str(sent["filename"].get_payload()).strip().endswith(".jpg")
    assert str(sent["sandbox"].get_payload()).strip() == "false"


def test_matches_become_candidates(run_provider: RunProvider) -> None:
    """Each address is a candidate with its pages, and the credits are the units spent."""
    with LoopbackServer(service(lambda _: Reply.json(FOUND))) as server:
        answer = ask(run_provider, server)
    assert answer.units_spent == 1
    first, second = answer.candidates
    assert (first.image_url, first.pages) == (
        "https://example.com/images/photo.jpg",
        (Page("https://example.com/blog/my-post"),),
    )
    assert (second.image_url, second.pages) == ("https://example.com/thumbs/photo.jpg", ())


def test_sandbox_is_asked_for(run_provider: RunProvider) -> None:
    """The setting `sandbox` goes with the check."""
    with LoopbackServer(service(lambda _: Reply.json(FOUND))) as server:
        ask(run_provider, server, sandbox=True)
        assert str(parts(server.requests[-1])["sandbox"].get_payload()).strip() == "true"


@pytest.mark.parametrize(("hours", "logins"), [(48, 1), (0.1, 2)])
def test_a_token_is_kept_until_shortly_before_it_expires(run_provider: RunProvider, hours: float, logins: int) -> None:
    """Two checks need one login; one whose token is about to expire logs in anew."""
    with LoopbackServer(service(lambda _: Reply.json(FOUND), lambda: login(hours))) as server:
        ask(run_provider, server)
        ask(run_provider, server)
        assert [one.path for one in server.requests].count("/v3/account/login/api") == logins


def test_the_same_picture_has_the_same_scan_id_on_one_day(run_provider: RunProvider) -> None:
    """What is sent again after a broken connection is no second scan."""
    with LoopbackServer(service(lambda _: Reply.json(FOUND))) as server:
        ask(run_provider, server)
        ask(run_provider, server)
        checks = [one.path for one in server.requests if one.path.startswith("/v1/")]
    assert len(checks) == 2
    assert len(set(checks)) == 1


def test_a_refused_token_is_renewed_once(run_provider: RunProvider) -> None:
    """A token that was revoked before its time costs one more login, not the search."""
    answers = iter([Reply.json({}, 401), Reply.json(FOUND)])
    with LoopbackServer(service(lambda _: next(answers))) as server:
        assert ask(run_provider, server).outcome is Outcome.answered
        assert [one.path for one in server.requests].count("/v3/account/login/api") == 2


def error(kind: str, name: str, code: int, message: str) -> dict[str, Any]:
    return {"error": {"type": kind, "id": name, "code": code, "message": message}}


TOO_LARGE = error("invalid_request_error", "file_too_large", 6, "The file is too large.")
OUT_OF_CREDITS = error("payment_error", "insufficient_credits", 17, "You have no credits")


@pytest.mark.parametrize(
    ("reply", "outcome", "reason"),
    [
        (Reply.json(TOO_LARGE, 400), Outcome.invalid_image, "Copyleaks refused the picture: The file is too large."),
        (Reply.json({}, 401), Outcome.blocked, "HTTP status 401"),
        (Reply.json(OUT_OF_CREDITS, 402), Outcome.quota, "HTTP status 402"),
        (Reply.json({}, 429, {"Retry-After": "30"}), Outcome.quota, "HTTP status 429"),
        (Reply.json({}, 500), Outcome.transient, "HTTP status 500"),
        (Reply.json({}, 503, {"Retry-After": "9"}), Outcome.transient, "HTTP status 503"),
    ],
)
def test_what_is_refused_has_its_outcome(
    run_provider: RunProvider, reply: Reply, outcome: Outcome, reason: str
) -> None:
    """Every status of the documents ends in the outcome that it stands for."""
    with LoopbackServer(service(lambda _: reply)) as server:
        answer = ask(run_provider, server)
    assert answer.outcome is outcome
    assert reason in str(answer.reason)


def test_a_refused_login_is_blocked(run_provider: RunProvider) -> None:
    """A login that is refused is told, and nothing is sent after it."""
    refusal = error("invalid_request_error", "missing_parameter", 1, "Bad request.")
    with LoopbackServer(service(lambda _: Reply.json(FOUND), lambda: Reply.json(refusal, 400))) as server:
        answer = ask(run_provider, server)
        assert len(server.requests) == 1
    assert answer.outcome is Outcome.blocked
    assert answer.reason == "The login was refused: Bad request."


def test_a_token_without_a_timezone_is_not_trusted(run_provider: RunProvider) -> None:
    """A time that says nothing of its zone may be hours off."""
    with LoopbackServer(service(lambda _: Reply.json(FOUND), lambda: login(zone=""))) as server:
        assert ask(run_provider, server).outcome is Outcome.transient


@pytest.mark.parametrize(
    "spoilt",
    [
        {".expires": "0001-01-01T00:00:00+14:00"},
        {".expires": "9999-12-31T23:59:59-14:00"},
        {"access_token": "tok\r\nX-Evil: 1"},
        {"access_token": "größer"},
        {"access_token": "two words"},
        {"access_token": ""},
    ],
)
def test_a_token_that_cannot_be_used_is_not_kept(run_provider: RunProvider, spoilt: dict[str, str]) -> None:
    """It costs the one search; with the next good login the provider works again."""
    good = json.loads(login().body)
    logins = iter([Reply.json({**good, **spoilt}), Reply.json(good)])
    with LoopbackServer(service(lambda _: Reply.json(FOUND), lambda: next(logins))) as server:
        answer = ask(run_provider, server)
        assert (answer.outcome, "The login's answer" in str(answer.reason)) == (Outcome.transient, True)
        assert ask(run_provider, server).outcome is Outcome.answered


@pytest.mark.parametrize(("status", "logins"), [(403, 2), (400, 1), (500, 1)])
def test_a_token_is_given_up_where_it_may_be_at_fault(run_provider: RunProvider, status: int, logins: int) -> None:
    """After a refusal the next search logs in anew; after a bad picture or a fault of the service it need not."""
    answers = iter([Reply.json({}, status), Reply.json(FOUND)])
    with LoopbackServer(service(lambda _: next(answers))) as server:
        assert ask(run_provider, server).outcome is not Outcome.answered
        assert ask(run_provider, server).outcome is Outcome.answered
        assert [one.path for one in server.requests].count("/v3/account/login/api") == logins


def test_nothing_found_by_half_of_them_is_no_empty_answer(run_provider: RunProvider) -> None:
    """A Copyhound that found nothing, but could not ask everybody, has not said that there is nothing."""
    warned = {**NOTHING, "warnings": [{"provider": "acme", "outcome": "transient", "message": "It did not answer."}]}
    with LoopbackServer(service(lambda _: Reply.json(warned))) as server:
        answer = ask(run_provider, server)
    assert answer.outcome is Outcome.transient
    assert answer.reason == "Nothing was found, but not all answered: acme"


def test_warnings_of_others_are_nothing_to_us(run_provider: RunProvider) -> None:
    """A field of that name with anything else in it spoils no answer."""
    with LoopbackServer(service(lambda _: Reply.json({**NOTHING, "warnings": {"any": "thing"}}))) as server:
        assert ask(run_provider, server).outcome is Outcome.no_match


def test_it_is_asked_only_by_name() -> None:
    """It costs money: a search that names no providers leaves it out."""
    assert not COPYLEAKS.default
    assert COPYLEAKS.price_unit == "scan"
    assert COPYLEAKS.limits.per_minute == 1800 / 15
