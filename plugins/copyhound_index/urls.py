"""Addresses: one spelling for each, and which of them are traps."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit, urlunsplit

PICTURES: Final = frozenset({"jpg", "jpeg", "jpe", "jfif", "png", "gif", "webp", "bmp", "tif", "tiff"})
_NO_PAGES: Final = frozenset(
    "avif svg ico css js mjs json rss atom woff woff2 ttf otf eot map pdf zip gz tgz bz2 xz 7z rar tar dmg exe iso "  # noqa: SIM905
    "msi apk mp3 mp4 m4a m4v ogg ogv oga wav webm flac avi mov mkv wmv doc docx xls xlsx ppt pptx odt ods epub psd "
    "ai eps csv".split()
)
_PORTS: Final = {"http": 80, "https": 443}
_TRACKING: Final = re.compile(r"(utm_.*|gclid|fbclid|msclkid|mc_eid|phpsessid|jsessionid|sessionid|sid)", re.IGNORECASE)
_SESSION_PATH: Final = re.compile(r";jsessionid=[^/;]*", re.IGNORECASE)
_MAX_LENGTH: Final = 2000
_MAX_SEGMENTS: Final = 30
_MAX_REPEATS: Final = 3


def normalised(address: str, base: str | None = None) -> str | None:
    """The one spelling of an http(s) address, without fragment, default port, credentials, session and tracking.

    None where it is no such address, or too long.

    >>> normalised("../A%7eb.jpg?utm_source=x&b=1#top", "HTTP://Example.org:80/shop/in/")
    'http://example.org/shop/A~b.jpg?b=1'
    """
    try:
        split = urlsplit(urljoin(base or "", address.strip()) if base else address.strip())
        host = _host(split.hostname or "")
        port = split.port
    except ValueError:
        return None
    if split.scheme not in _PORTS or not host:
        return None
    netloc = host if port in (None, _PORTS[split.scheme]) else f"{host}:{port}"
    path = _requoted(_SESSION_PATH.sub("", split.path)) or "/"
    url = urlunsplit((split.scheme, netloc, path, _query(split.query), ""))
    return url if len(url) <= _MAX_LENGTH else None


def host_of(url: str) -> str:
    """Host and port (where it is not the scheme's own) of a normalised address."""
    return urlsplit(url).netloc


def extension(url: str) -> str:
    """What follows the last dot of the path, in lower case; empty where nothing does."""
    name = urlsplit(url).path.rsplit("/", 1)[-1]
    return name.rsplit(".", 1)[-1].lower() if "." in name else ""


def is_picture_file(url: str) -> bool:
    """Whether the address ends like a picture's."""
    return extension(url) in PICTURES


def may_be_page(url: str) -> bool:
    """Whether it is worth asking for as a page: no other kind of file, and no endless path."""
    segments = urlsplit(url).path.strip("/").split("/")
    if len(segments) > _MAX_SEGMENTS or max(Counter(filter(None, segments)).values(), default=0) > _MAX_REPEATS:
        return False
    kind = extension(url)
    return kind not in _NO_PAGES and kind not in PICTURES


def without_query(url: str) -> str:
    """The address up to its query."""
    return url.partition("?")[0]


def same_site(url: str, site: str, *, subdomains: bool) -> bool:
    """Whether an address lies on the host of `site` (with or without `www.`), or one below it."""
    host, own = (host_of(one).removeprefix("www.") for one in (url, site))
    return host == own or (subdomains and host.endswith("." + own))


def _host(name: str) -> str:
    if ":" in name:
        return f"[{name}]"
    return name.encode("idna").decode("ascii").lower() if not name.isascii() else name.lower().rstrip(".")


def _requoted(path: str) -> str:
    decoded = re.sub(r"%([0-9A-Fa-f]{2})", _unreserved, path)
    return quote(decoded, safe="/%:@!$&'()*+,;=-._~")


def _unreserved(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    plain = character.isascii() and (character.isalnum() or character in "-._~")
    return character if plain else match[0].upper()


def _query(query: str) -> str:
    if not _TRACKING.search(query):
        return quote(query, safe="/%:@!$&'()*+,;=-._~?[]|")
    kept = [(key, value) for key, value in parse_qsl(query, keep_blank_values=True) if not _TRACKING.fullmatch(key)]
    return urlencode(kept)
