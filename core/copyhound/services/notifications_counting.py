"""How many a digest tells of, and of what: the figures at its top. Pure."""

from __future__ import annotations

from typing import Any, Final

from copyhound.domain.notifications import Digest

_IN_LINE: Final = 100
_TOP: Final = 5
"""Domains that are named for having the most copies, and lists that are counted."""


def headline(digest: Digest, most: int = _IN_LINE) -> str:
    """`2 New Domains: a.com, b.com`, or `5 New Copies on 2 Domains: a.com, b.com`; more than `most` are counted."""
    names = digest.names
    told = _nouns(digest, len(names))
    if not names:
        return told
    rest = f" and {len(names) - most} more" if len(names) > most else ""
    return f"{told}: {', '.join(names[:most])}{rest}"


def _nouns(digest: Digest, domains: int) -> str:
    noun = "Domain" if domains == 1 else "Domains"
    if digest.new_domains_only:
        return f"{domains} New {noun}"
    copies = new(digest)
    told = f"{copies} New {'Copy' if copies == 1 else 'Copies'}"
    return f"{told} on {domains} {noun}" if domains else told


def new(digest: Digest) -> int:
    """How many new domains, or new copies, it tells."""
    if digest.new_domains_only:
        return len(digest.names)
    return sum(found.count for found in digest.domains)


def counts(digest: Digest) -> list[str]:
    """One line on the lists and one on the domains with the most copies, where there is more than one."""
    told = []
    lists = list(by_list(digest).items())
    if len(lists) > 1:
        rest = f" and {len(lists) - _TOP} more" if len(lists) > _TOP else ""
        named = ", ".join(f"{one_line(label)} ({count})" for (_, _, label), count in largest(lists))
        told.append(f"Lists: {named}{rest}")
    copies = [(name, count) for name, count in copies_by_domain(digest).items() if count > 1]
    if copies and len(digest.names) > 1:
        told.append("Most copies: " + ", ".join(f"{name} ({count})" for name, count in largest(copies)))
    return told


def largest(counted: list[tuple[Any, int]]) -> list[tuple[Any, int]]:
    """Those that are most, most first."""
    return sorted(counted, key=lambda pair: -pair[1])[:_TOP]


def copies_by_domain(digest: Digest) -> dict[str, int]:
    """Domain -> copies on it."""
    counted: dict[str, int] = {}
    for found in digest.domains:
        counted[found.domain] = counted.get(found.domain, 0) + found.count
    return counted


def by_list(digest: Digest) -> dict[tuple[str, int, str], int]:
    """(id, number, label) of a list -> how many new domains, or new copies, in it."""
    counted: dict[tuple[str, int, str], int] = {}
    for found in digest.domains:
        key = found.list_id, found.list_number, found.list_label
        counted[key] = counted.get(key, 0) + (1 if digest.new_domains_only else found.count)
    return counted


def one_line(text: str) -> str:
    """A text without line breaks and other control characters."""
    return " ".join("".join(mark if mark.isprintable() else " " for mark in text).split())
