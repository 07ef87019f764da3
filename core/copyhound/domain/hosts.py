"""Hosts and registrable domains of addresses."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlsplit

from publicsuffixlist import PublicSuffixList

_ORIGIN: Final = re.compile(r"^[^:/?#]+://[^/?#]*")

_PORTS: Final = {"http": 80, "https": 443}


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def host_of(url: str) -> str:
    """The host name, lower case, without port; empty for addresses without one (file:), and for what is no address.

    >>> host_of("https://Shop.Example.co.uk:8443/a.jpg")
    'shop.example.co.uk'
    """
    try:
        return (urlsplit(url).hostname or "").lower()
    except ValueError:
        return ""


@lru_cache(maxsize=1024)
def domain_of(host: str) -> str:
    """The registrable domain; the host itself where it has none (an address, localhost).

    >>> domain_of("shop.example.co.uk")
    'example.co.uk'
    """
    if not host or host.replace(".", "").isdigit() or ":" in host:
        return host
    return str(_suffixes().privatesuffix(host) or host)


def reached_by(url: str) -> tuple[str, str, int | None]:
    """(scheme, host, port) that a request to the address goes to; the same for what is written another way.

    >>> reached_by("https://Hooks.Example.com/in") == reached_by("HTTPS://hooks.example.com:443/other?x")
    True
    >>> reached_by("http://hooks.example.com") == reached_by("https://hooks.example.com")
    False
    """
    try:
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        return scheme, (parts.hostname or "").rstrip("."), parts.port or _PORTS.get(scheme)
    except ValueError:
        return "", url, None


def plain_origin(url: str) -> str:
    """The address with its scheme and host in lower case; the rest means what it says.

    >>> plain_origin("HTTPS://Hooks.Example.org/In?A=b")
    'https://hooks.example.org/In?A=b'
    """
    return _ORIGIN.sub(lambda found: found.group().lower(), url)
