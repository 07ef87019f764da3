"""Ids: a prefix that names the kind, then a time-ordered or a derived part."""

from __future__ import annotations

import hashlib
import secrets
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no i, l, o, u


def _base32(value: int, digits: int) -> str:
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(5 * (digits - 1), -1, -5))


def new_id(prefix: str) -> str:
    """A new id such as `list_01k9...`: sorts by time of making (milliseconds), 80 random bits.

    >>> new_id("list").startswith("list_")
    True
    """
    return f"{prefix}_{_base32(time.time_ns() // 1_000_000, 10)}{_base32(secrets.randbits(80), 16)}"


def derived_id(prefix: str, *parts: str) -> str:
    """The same id for the same parts: what makes repeated work harmless."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return f"{prefix}_{_base32(int.from_bytes(digest[:16], 'big') >> 3, 25)}"
