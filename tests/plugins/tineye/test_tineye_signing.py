"""Signatures of the old authentication: published vectors, every client's way to write what it signs."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote_plus

import pytest

from copyhound_tineye.signing import Parameter, Signed, fault_of, is_signed_by, parse_query, signature_of

SECRET = "6mm60lsCNIB,FwOWjJqA80QZHh9BMwc-ber4u=t^"
"""The private key of TinEye's public sandbox."""
BASE = "https://api.tineye.com/rest/"
RUBY = "multipart/form-data; boundary=-----------RubyMultipartPost"
PYTHON = "multipart/form-data; boundary=--boundary!"
MELON = "image_url=https%3A%2F%2Ftineye.com%2Fimages%2Fmeloncat.jpg&limit=2"
VECTORS = [
    ("GET", "image_count", "1347910390", "a_nonce", "", "", "",
     "dfc8b4735ab41c907059b473727bd500645f161398133db1c2ebdf276221d681"),
    ("GET", "remaining_searches", "1347910390", "a_nonce", "param_1=value", "", "",
     "3b055b83d6e32f1604328306a51ba9b243f52986ba0458a7915d864d00d2f04e"),
    ("POST", "search", "1347910390", "a_nonce", "", PYTHON, "file",
     "26e789aaaf7e3f0b3c2eea15ba385a1e22da6cf93698ec98ea61627c84e35a5e"),
    ("POST", "search", "1347910390", "a_nonce", "param_1=value", PYTHON, "file",
     "79232caabb7433561142f465cb2e645197bbc5c56a3d3832884d8e24ed128e33"),
    ("GET", "image_count", "1455744902", "ABCD1234", "limit=2&offset=1", "", "",
     "3fff4830af34042a3e98a9d45e45e80694f864a6ee4abef7934a3f2c4d20d287"),
    ("POST", "search", "1455744902", "ABCD1234", "limit=2&offset=1", RUBY, "Pretty Image.jpg",
     "780bf5b105520ad7bd79aae72994e8d03828dead813a49d2f70f83a461221bd0"),
    ("GET", "image_count", "1490029374", "6423f8ad27c897ffe608bc40416a7e9a", "", "", "",
     "6f7b964f7b0cb3d4d191babbaebfe1ca0b62e35496684d5a0a1b7e05cb97a17c"),
    ("GET", "remaining_searches", "1490029267", "a57a253eacc26ead4199c00deb1b1fde", "", "", "",
     "829e6e7c58a5db588d9093f83eec406393ff62fc8bd95fe1c339d7179ceada2c"),
    ("GET", "search", "1490029747", "5e3800e6e1f1a301796da0fdea79cef7", MELON, "", "",
     "c29164f8aff7d732886f47fc2216c1a3292fab6d675b3c1ed45da619174fd4bd"),
]  # fmt: skip
SAMPLE = Signed("GET", "search", "1490029747", "5e3800e6e1f1a301796da0fdea79cef7", parse_query(MELON))


@pytest.mark.parametrize(
    ("method", "resource", "date", "nonce", "query", "content_type", "filename", "signature"), VECTORS
)
def test_published_vectors(
    method: str, resource: str, date: str, nonce: str, query: str, content_type: str, filename: str, signature: str
) -> None:
    """The documents' three samples, the Python client's four tests and the Ruby client's two all verify."""
    request = Signed(method, resource, date, nonce, parse_query(query), content_type, filename)
    assert is_signed_by(request, SECRET, signature, [BASE])
    assert is_signed_by(request, SECRET, signature.upper(), ["http://other.example/rest/", BASE])
    assert not is_signed_by(request, SECRET + "x", signature, [BASE])
    assert not is_signed_by(request, SECRET, signature, ["https://other.example/rest/"])


def made(text: str) -> str:
    return hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).hexdigest()


URL = "https://Ex.com/A b~c.jpg?x=1&Y=ü"
MIXED = "https%3a%2f%2fEx.com%2FA+b~c.jpg%3fx%3D1%26Y%3d%c3%bc"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        (quote_plus(URL, safe="~").lower(), quote_plus(URL, safe="~")),
        (quote_plus(URL, safe="~"), quote_plus(URL, safe="~")),
        (quote_plus(URL).replace("~", "%7E").lower(), "https%3A%2F%2FEx.com%2FA%20b~c.jpg%3Fx%3D1%26Y%3D%C3%BC"),
        (URL, quote_plus(URL)),
        (URL.lower(), quote_plus(URL)),
        (MIXED, MIXED),
    ],
    ids=["lower-case escapes", "upper-case escapes", "PHP's whole query", "plain", "plain in lower case", "as sent"],
)  # fmt: skip
def test_addresses_may_be_written_in_any_way(written: str, sent: str) -> None:
    """An address is signed encoded or plain, in any case: all are accepted, whatever way it was sent."""
    signature = made(f"{SECRET}GET1490029747noncenonce{BASE}search/image_url={written}&limit=2")
    request = Signed("GET", "search", "1490029747", "noncenonce", parse_query(f"limit=2&image_url={sent}"))
    assert is_signed_by(request, SECRET, signature, [BASE])


@pytest.mark.parametrize("written", ["mel+onca.jpg", "MeL ONca.jpg", "mel%20onca.jpg"])
def test_file_names_may_be_encoded_or_not(written: str) -> None:
    """The name of an uploaded file is signed encoded and in lower case, or as it is."""
    signature = made(f"{SECRET}POST{RUBY}{written}1490029747noncenonce{BASE}search/")
    request = Signed("POST", "search", "1490029747", "noncenonce", (), RUBY, "MeL ONca.jpg")
    assert is_signed_by(request, SECRET, signature, [BASE])


def test_names_of_parameters_are_in_lower_case_and_in_order() -> None:
    """Parameters are sorted by their lower-case names; what authenticates is none of them."""
    signature = made(f"{SECRET}GET1490029747noncenonce{BASE}search/limit=2&offset=A,b&tags=x")
    sent = "Tags=x&OFFSET=A%2Cb&limit=2&api_key=k&api_sig=s&nonce=noncenonce&date=1490029747&public_key=p"
    request = Signed("GET", "search", "1490029747", "noncenonce", parse_query(sent))
    assert is_signed_by(request, SECRET, signature, [BASE])


@pytest.mark.parametrize(
    "changed",
    [
        Signed("POST", "search", SAMPLE.date, SAMPLE.nonce, SAMPLE.parameters),
        Signed("GET", "image_count", SAMPLE.date, SAMPLE.nonce, SAMPLE.parameters),
        Signed("GET", "search", "1490029748", SAMPLE.nonce, SAMPLE.parameters),
        Signed("GET", "search", SAMPLE.date, "another_nonce", SAMPLE.parameters),
        Signed("GET", "search", SAMPLE.date, SAMPLE.nonce, (*SAMPLE.parameters, Parameter("offset", "1", "1"))),
        Signed("GET", "search", SAMPLE.date, SAMPLE.nonce, SAMPLE.parameters[:1]),
    ],
    ids=["method", "resource", "date", "nonce", "more", "less"],
)
def test_whatever_is_signed_cannot_be_changed(changed: Signed) -> None:
    """A signature is good for one method, resource, date, nonce and set of parameters."""
    signature = signature_of(SAMPLE, SECRET, BASE)
    assert is_signed_by(SAMPLE, SECRET, signature, [BASE])
    assert not is_signed_by(changed, SECRET, signature, [BASE])


@pytest.mark.parametrize(
    ("date", "nonce", "fault"),
    [
        ("1000", "12345678", None),
        ("1900", "12345678", None),
        ("100", "12345678", None),
        ("1901", "12345678", "Request time is too skewed from server time"),
        ("99", "12345678", "Request time is too skewed from server time"),
        ("1000", "1234567", "The nonce must have 8 to 255 characters."),
        ("1000", "x" * 256, "The nonce must have 8 to 255 characters."),
        ("1000.5", "12345678", "The date must be a Unix timestamp in whole seconds."),
        ("now", "12345678", "The date must be a Unix timestamp in whole seconds."),
        ("", "12345678", "The date must be a Unix timestamp in whole seconds."),
    ],
)
def test_dates_and_nonces(date: str, nonce: str, fault: str | None) -> None:
    """A date is a whole number of seconds at most 15 minutes off; a nonce has at least eight characters."""
    assert fault_of(date, nonce, 1000.0) == fault


def test_a_query_is_decoded_once() -> None:
    """`%2520` means `%20`, and what stood on the wire is kept."""
    (parameter,) = parse_query("image_url=http%3A%2F%2Fx.example%2Fa%2520b.jpg")
    assert parameter.value == "http://x.example/a%20b.jpg"
    assert parameter.raw == "http%3A%2F%2Fx.example%2Fa%2520b.jpg"
