"""Matches on the screen: for people a list, surest first; for programs a line each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import click
import msgspec
from rich.console import Console

from copyhound.cli.support import for_people, plain_text, print_table
from copyhound.domain.pictures import Edit
from copyhound.domain.wording import edit_in_words, shares_in_words

Shown = Mapping[str, Any]
"""A match as the API answers it."""
COLUMNS: Final = (
    "picture", "copy", "page", "confidence", "score", "match_type", "edits", "query_share", "match_share", "match_id",
)  # fmt: skip
"""Of a line for programs."""


def by_confidence(matches: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Surest first, of two as sure the one that was less changed; what could not be compared comes last."""
    return sorted(matches, key=lambda match: [-_compared(match).get(name, -1.0) for name in ("confidence", "score")])


def show_matches(matches: Sequence[Shown], names: Mapping[str, str]) -> None:
    """Print matches in their order; `names`: image id to name. Addresses and ids are never cut."""
    if not for_people():
        print_table(COLUMNS, (_row(match, names) for match in matches))
    elif not matches:
        click.echo("No copies were found.")
    else:
        for number, image in enumerate(dict.fromkeys(match["image_id"] for match in matches)):
            own = [match for match in matches if match["image_id"] == image]
            _show_image(plain_text(names.get(image, image)), own, first=number == 0)


def _show_image(name: str, matches: Sequence[Shown], *, first: bool) -> None:
    copies = "1 copy" if len(matches) == 1 else f"{len(matches)} copies"
    click.echo(("" if first else "\n") + click.style(f"{name}: {copies}, surest first", bold=True))
    for number, match in enumerate(matches, start=1):
        click.echo()
        for label, text in _lines(match):
            click.echo(f"{f'{number:>3}.' if label == 'copy' else '':4} {click.style(f'{label:11}', dim=True)} {text}")


def _lines(match: Shown) -> Iterator[tuple[str, str]]:
    """Name and text of each line about a match; what is long and may be broken is, between words."""
    compared = _compared(match)
    yield "copy", plain_text(match["image_url"])
    yield from (("page", plain_text(page["url"])) for page in match["pages"][:1])
    if compared:
        yield "confidence", f"{compared['confidence']:.1f}, score {compared['score']:.1f}, {compared['match_type']}"
        edits = "; ".join(_edits(compared)) or "none"
        yield from _folded("edits", edits)
        yield from _folded("shares", shares_in_words(compared["query_share"], compared["match_share"]))
    else:
        yield from _folded("unchecked", plain_text(match["verification"]["reason"] or "no reason was given"))
    yield "match", match["id"]


def _folded(label: str, text: str) -> Iterator[tuple[str, str]]:
    width = max(20, Console().width - 17)
    for line in textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False):
        yield label, line
        label = ""


def _row(match: Shown, names: Mapping[str, str]) -> tuple[Any, ...]:
    compared = _compared(match)
    page = match["pages"][0]["url"] if match["pages"] else None
    figures = (compared.get(name) for name in COLUMNS[3:6])
    shares = (compared.get(name) for name in COLUMNS[7:9])
    edits = "; ".join(_edits(compared))
    return (
        names.get(match["image_id"], match["image_id"]),
        match["image_url"],
        page,
        *figures,
        edits,
        *shares,
        match["id"],
    )


def _compared(match: Shown) -> dict[str, Any]:
    return match["verification"]["comparison"] or {}


def _edits(compared: Mapping[str, Any]) -> list[str]:
    return [edit_in_words(msgspec.convert(edit, Edit)) for edit in compared.get("edits", ())]
