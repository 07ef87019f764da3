"""The old way to authenticate: a signature over the request, by HMAC-SHA256 with the private key.

What exactly is signed differs from client to client, so every form that is known of is tried:
whether values are percent-encoded, and in which case, and whether the file's name is.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import product
from typing import Final
from urllib.parse import quote, quote_plus, unquote_plus

import msgspec

AUTHENTICATION: Final = ("api_key", "api_sig", "nonce", "date")
MAX_SKEW: Final = 900
"""Seconds that a client's clock may be off."""
LEAST_NONCE: Final = 8
_MOST_NONCE: Final = 255
_NOT_SIGNED: Final = frozenset({*AUTHENTICATION, "public_key", "image_upload"})
_SECONDS: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_URL: Final = "image_url"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter as it came and as it is meant."""

    name: str
    raw: str
    """Its value as it stood on the wire."""
    value: str


class Signed(msgspec.Struct, frozen=True):
    """What of a request goes into its signature."""

    method: str
    resource: str
    """`search`, `image_count` or `remaining_searches`."""
    date: str
    nonce: str
    parameters: tuple[Parameter, ...] = ()
    content_type: str = ""
    """Of a POST: the header to the letter."""
    filename: str = ""


def parse_query(query: str) -> tuple[Parameter, ...]:
    """The parameters of a raw query string; decoded once."""
    pairs = (part.partition("=") for part in query.split("&") if part)
    return tuple(Parameter(unquote_plus(name), raw, unquote_plus(raw)) for name, _, raw in pairs)


def is_signed_by(request: Signed, secret: str, signature: str, base_urls: Iterable[str]) -> bool:
    """Whether `signature` (hex) is that of the request, with any of the addresses under which we are known."""
    given = signature.lower().encode()
    key = secret.encode()
    for text in _texts(request, secret, base_urls):
        made = hmac.new(key, text.encode("utf-8", "surrogateescape"), hashlib.sha256).hexdigest()
        if hmac.compare_digest(made.encode(), given):
            return True
    return False


def signature_of(request: Signed, secret: str, base_url: str) -> str:
    """The signature that a client would send: addresses percent-encoded in lower case, as the Python client does."""
    text = next(_texts(request, secret, [base_url]))
    return hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest()


def fault_of(date: str, nonce: str, now: float) -> str | None:
    """What is wrong with a request's date or nonce, in a sentence; None where both will do."""
    if not LEAST_NONCE <= len(nonce) <= _MOST_NONCE:
        return f"The nonce must have {LEAST_NONCE} to {_MOST_NONCE} characters."
    if "\x00" in nonce:
        return "The nonce must have no NUL in it."
    if not _SECONDS.fullmatch(date):
        return "The date must be a Unix timestamp in whole seconds."
    if abs(int(date) - now) > MAX_SKEW:
        return "Request time is too skewed from server time"
    return None


def _texts(request: Signed, secret: str, base_urls: Iterable[str]) -> Iterator[str]:
    """Every text that a client may have signed; the most usual one first."""
    posted = request.method == "POST"
    names = _names(request.filename) if posted else ("",)
    content_type = request.content_type if posted else ""
    addresses = [f"{base.rstrip('/')}/{request.resource}/" for base in base_urls]
    for name, address, parameters in product(names, addresses, _forms(request.parameters)):
        head = f"{secret}{request.method}{content_type}{name}"
        yield f"{head}{request.date}{request.nonce}{address}{parameters}"


def _names(filename: str) -> Iterable[str]:
    """A file's name as the Python and Ruby clients sign it, as it is, and as PHP writes it."""
    return dict.fromkeys((quote_plus(filename).lower(), filename, quote(filename, safe="").lower()))


def _forms(parameters: Iterable[Parameter]) -> list[str]:
    chosen = [one for one in parameters if one.name.lower() not in _NOT_SIGNED]
    chosen.sort(key=lambda one: one.name.lower())
    ways = (_usual, _ruby, _raw_urls, *_ALL_ALIKE)
    forms = ["&".join(f"{one.name.lower()}={written(one)}" for one in chosen) for written in ways]
    return list(dict.fromkeys(form for plain in forms for form in (plain, plain.lower())))


def _usual(one: Parameter) -> str:
    """As the Python client: only the address is encoded, in lower case."""
    return quote_plus(one.value, safe="~").lower() if one.name.lower() == _URL else one.value


def _ruby(one: Parameter) -> str:
    """As the Ruby client: the same in upper case."""
    return quote_plus(one.value) if one.name.lower() == _URL else one.value


def _raw_urls(one: Parameter) -> str:
    """As the documents' samples: the address as it was sent."""
    return one.raw if one.name.lower() == _URL else one.value


def _encoded_by(encode: Callable[[str], str]) -> Callable[[Parameter], str]:
    return lambda one: encode(one.value)


_ALL_ALIKE: Final[tuple[Callable[[Parameter], str], ...]] = (
    lambda one: one.raw,
    lambda one: one.value,
    _encoded_by(quote_plus),
    _encoded_by(lambda value: quote_plus(value).replace("~", "%7E")),  # as PHP encodes a whole query
    _encoded_by(lambda value: quote(value, safe="")),
)
