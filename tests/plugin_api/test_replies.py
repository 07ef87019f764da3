"""What a service answers becomes the right outcome."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import msgspec
import pytest

from copyhound.plugin_api import Outcome, ProviderError, read_json, retry_after


class Results(msgspec.Struct):
    results: list[str]


def reply(status: int = 200, text: str = "", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=text, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_good_answer_is_decoded() -> None:
    """Unknown fields are passed over."""
    assert read_json(reply(text='{"results": ["a"], "took": 3}'), Results).results == ["a"]


CASES = [
    (reply(401), Outcome.blocked, "HTTP status 401"),
    (reply(403), Outcome.blocked, "HTTP status 403"),
    (reply(503, "<p>Checking your browser</p>"), Outcome.blocked, "HTTP status 503"),
    (reply(402), Outcome.quota, "HTTP status 402"),
    (reply(429), Outcome.quota, "HTTP status 429"),
    (reply(415), Outcome.invalid_image, "HTTP status 415"),
    (reply(500), Outcome.transient, "HTTP status 500"),
    (reply(302), Outcome.transient, "HTTP status 302"),
    (reply(404), Outcome.transient, "HTTP status 404"),
    (reply(200, " \n"), Outcome.transient, "an empty body"),
    (reply(200, "<html>Hello</html>"), Outcome.transient, "not JSON"),
    (reply(200, "<html>Please prove that you are NOT A ROBOT</html>"), Outcome.blocked, "asks for a human"),
    (reply(200, '{"results": [1]}'), Outcome.transient, "unexpected shape"),
    (reply(200, '{"error": "out of order"}'), Outcome.transient, "with an error: out of order"),
    (reply(200, '{"errors": [{"code": 7}]}'), Outcome.transient, 'with an error: [{"code":7}]'),
    (reply(200, "[]"), Outcome.transient, "unexpected shape"),
    (reply(200, '{"more":' * 5000 + "1" + "}" * 5000), Outcome.transient, "nested too deeply"),
    (reply(200, '{"results": 1, "more":' + "[" * 5000 + "]" * 5000 + "}"), Outcome.transient, "unexpected shape"),
    (reply(200, '{"results": 1, broken'), Outcome.transient, "unexpected shape"),
    (reply(200, "\udcff".encode("utf-8", "surrogateescape").decode("latin-1")), Outcome.transient, "not JSON"),
]


@pytest.mark.parametrize(("response", "outcome", "reason"), CASES)
def test_what_is_no_result_is_a_failure(response: httpx.Response, outcome: Outcome, reason: str) -> None:
    """Statuses, captcha pages, empty bodies, broken JSON and errors inside a 200 each have their outcome."""
    with pytest.raises(ProviderError) as caught:
        read_json(response, Results)
    assert caught.value.outcome is outcome
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17.0), ("Fri, 02 Jan 2026 00:01:00 GMT", 60.0), ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0), ("soon", None)],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    """Retry-After may be seconds or a date; what is past is now, what is neither is nothing."""
    assert retry_after(reply(429, retry_after=header), datetime(2026, 1, 2, tzinfo=UTC)) == seconds


def test_retry_after_comes_with_the_quota() -> None:
    """The wait that a service asks for is part of the outcome."""
    with pytest.raises(ProviderError) as caught:
        read_json(reply(429, retry_after="9"), Results)
    assert caught.value.retry_after == 9
    assert retry_after(reply(429)) is None
