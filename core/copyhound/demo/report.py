"""The HTML report: a folder that holds all it shows, and needs no network and no script."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Final

from PIL import Image

from copyhound.demo.verdict import Hit, Verdict

ReadBytes = Callable[[Hit], bytes]

_STYLE: Final = files("copyhound.demo") / "report.css"


def write_report(
    out: Path, verdict: Verdict, *, own: Callable[[str], bytes], copy: ReadBytes, overlay: ReadBytes, lead: str
) -> Path:
    """Write `index.html` and its pictures into `out`; answers the path of the page.

    `own` gives an own picture's file by name, `copy` a hit's file, `overlay` its aligned pair.
    """
    pictures = out / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for old in pictures.iterdir():
        old.unlink()
    hits = [*((hit, edit) for hit, edit in verdict.found), *((hit, None) for hit in verdict.false)]
    cards = []
    for number, (hit, edit) in enumerate(hits, start=1):
        (pictures / f"{hit.image}.jpg").write_bytes(own(hit.image))
        (pictures / f"{number}-copy.jpg").write_bytes(copy(hit))
        pair = overlay(hit)
        (pictures / f"{number}-overlay.jpg").write_bytes(pair)
        cards.append(_card(number, hit, edit, _half_shape(pictures / f"{number}-overlay.jpg")))
    page = out / "index.html"
    page.write_text(_page(verdict, cards, lead), encoding="utf-8")
    return page


def _half_shape(path: Path) -> str:
    with Image.open(path) as picture:
        return f"{max(1, picture.width // 2)} / {picture.height}"


def _page(verdict: Verdict, cards: Sequence[str], lead: str) -> str:
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Copyhound: copies found</title>\n<style>{_STYLE.read_text()}</style>\n</head>\n<body>\n<main>\n"
        f'<h1>Copies found</h1>\n<p class="lead">{html.escape(lead)}</p>\n'
        f"{_figures(verdict)}\n{_trouble(verdict)}\n{''.join(cards)}</main>\n</body>\n</html>\n"
    )


def _figures(verdict: Verdict) -> str:
    shown = (
        (f"{len(verdict.found)} of {verdict.planted}", "planted copies found"),
        (str(len(verdict.false)), "false hits"),
        (str(len({hit.image for hit, _ in verdict.found})), "own pictures with copies"),
        (str(len({page for hit, _ in verdict.found for page in hit.pages})), "pages they stand on"),
    )
    items = "".join(f"<li><strong>{value}</strong><span>{name}</span></li>" for value, name in shown)
    return f'<ul class="figures">{items}</ul>'


def _trouble(verdict: Verdict) -> str:
    lines = [f"Missed: {missed.image}, {missed.edit} ({missed.path})" for missed in verdict.missed]
    lines += verdict.problems
    return "".join(f'<p class="missed">{html.escape(line)}</p>\n' for line in lines)


def _card(number: int, hit: Hit, edit: str | None, shape: str) -> str:
    name = html.escape(hit.image)
    pages = ", ".join(html.escape(page) for page in hit.pages) or "no page"
    chips = "".join(f'<span class="chip">{html.escape(text)}</span>' for text in (hit.match_type, *hit.edits))
    planted = f"planted: {html.escape(edit)}" if edit is not None else "a false hit"
    return f"""<section class="pair{"" if edit is not None else " false"}">
<header><h2>{name}</h2><p>{pages}</p><p>{planted}</p>
<div>{chips}</div>
<p class="score">confidence {hit.confidence:.1f}, score {hit.score:.1f}<br>{html.escape(hit.shares)}</p></header>
<figure><img src="pictures/{name}.jpg" alt="own picture"><figcaption>Own picture</figcaption></figure>
<figure><img src="pictures/{number}-copy.jpg" alt="the copy"><figcaption>Copy, as found</figcaption></figure>
<figure><div class="switch" tabindex="0"><div class="window" style="aspect-ratio: {shape}">
<img src="pictures/{number}-overlay.jpg" alt="copy and own picture, aligned"></div></div>
<figcaption><b>Copy</b> &middot; point at it: <b>own picture</b></figcaption></figure>
</section>
"""
