"""Whatever a client sends is understood or refused, and whatever it signs can be checked."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote, quote_plus, urlencode

import msgspec
from hypothesis import example, given
from hypothesis import strategies as st

from copyhound_tineye.errors import Refusal
from copyhound_tineye.requests import MAX_LIMIT, Options, Sent, picture_of, read_options
from copyhound_tineye.results import tell
from copyhound_tineye.signing import Signed, is_signed_by, parse_query
from copyhound_tineye.wire import Backlink, TinEyeMatch

SECRET, BASE = "ch_key_1_secret", "https://search.example/rest/"
NAMES = ["offset", "limit", "sort", "order", "domain", "tags", "backlink_limit", "min_score", "pretty", "image_url"]
ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
VALUES = st.one_of(ANY_TEXT, st.integers().map(str), st.sampled_from(["asc", "size", "stock", "-1", "1e9", "0"]))
ARGUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES)


@given(ARGUMENTS)
def test_arguments_are_understood_or_refused(arguments: dict[str, str]) -> None:
    """Any arguments give options that hold, or a refusal with code 400 that says something."""
    sent = Sent(parse_query(urlencode(arguments)))
    read = understood(sent)
    if isinstance(read, Refusal):
        assert (read.code, bool(read.messages[0])) == (400, True)
    else:
        assert 0 <= read.limit <= MAX_LIMIT
        assert read.offset >= 0


def understood(sent: Sent) -> Options | Refusal:
    try:
        picture_of(sent)
        return read_options(sent)
    except Refusal as refusal:
        return refusal


@given(st.binary(max_size=200))
def test_any_query_can_be_read(raw: bytes) -> None:
    """No bytes of a query break the reading of it."""
    for parameter in parse_query(raw.decode("latin-1")):
        assert isinstance(parameter.value, str)


@given(
    st.dictionaries(st.sampled_from([*NAMES, "Zeta"]), ANY_TEXT), st.sampled_from(["python", "php", "ruby", "plain"])
)
@example({"offset": "A", "image_url": ": "}, "ruby")
def test_any_arguments_can_be_signed(arguments: dict[str, str], client: str) -> None:
    """However a client writes what it signs, its signature is right, and wrong for another argument."""
    ordered = sorted(arguments.items(), key=lambda item: item[0].lower())
    if client == "python":
        parts = [(k, quote_plus(v, safe="~").lower() if k == "image_url" else v) for k, v in ordered]
        text = "&".join(f"{name.lower()}={value}" for name, value in parts)
    elif client == "php":
        text = "&".join(f"{k}={quote_plus(v)}" for k, v in ordered).replace("~", "%7E").lower()
    elif client == "ruby":
        parts = [(k, quote_plus(v) if k == "image_url" else v) for k, v in ordered]
        text = "&".join(f"{name.lower()}={value}" for name, value in parts)
    else:
        text = "&".join(f"{name.lower()}={value}" for name, value in ordered)
    signed = f"{SECRET}GET1490029747noncenonce{BASE}search/{text}"
    made = hmac.new(SECRET.encode(), signed.encode(), hashlib.sha256).hexdigest()
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in reversed(ordered))
    request = Signed("GET", "search", "1490029747", "noncenonce", parse_query(query))
    assert is_signed_by(request, SECRET, made, [BASE])
    other = msgspec.structs.replace(request, parameters=parse_query(f"{query}&more=1"))
    assert not is_signed_by(other, SECRET, made, [BASE])


MATCHES = st.lists(
    st.builds(
        TinEyeMatch,
        score=st.floats(0, 100),
        size=st.integers(0, 10**8),
        domain=st.sampled_from(["a.example", "b.example"]),
        tags=st.lists(st.sampled_from(["stock", "collection"]), unique=True),
        backlinks=st.lists(
            st.builds(Backlink, st.just("u"), st.just("p"), st.dates().map(str)), min_size=1, max_size=3
        ),
    ),
    max_size=12,
)


@given(MATCHES, st.sampled_from(["score", "size", "crawl_date"]), st.sampled_from(["asc", "desc"]), st.integers(1, 5))
def test_windows_make_up_the_whole(found: list[TinEyeMatch], sort: str, order: str, limit: int) -> None:
    """Read window by window, each match is told once, in the order of all; totals don't depend on the window."""
    whole = read_options(Sent(parse_query(f"sort={sort}&order={order}&limit=5000")))
    everything = tell(found, whole)
    read: list[TinEyeMatch] = []
    for offset in range(0, len(found) + 1, limit):
        part = tell(found, msgspec.structs.replace(whole, offset=offset, limit=limit))
        assert part.totals == everything.totals
        read += part.matches
    assert read == everything.matches
    assert everything.totals["total_results"] == len(found)
