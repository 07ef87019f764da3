"""The little website: its pages, in the mark-up that one meets on the web."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from copyhound.demo.plan import Copy, Plan

_TITLES: Final = (
    "Harbour diary", "Second-hand treasures", "Wallpapers of the week", "A walk by the sea", "Forum: guess the place",
    "Style notes", "Rafting club", "The picture wall", "Postcards", "Odds and ends",
)  # fmt: skip
_SENTENCE: Final = "Nothing special today, only a picture that somebody liked."


@dataclass(frozen=True)
class Resource:
    """What is served at one path."""

    content_type: str
    body: bytes


def _img(path: str) -> str:
    return f'<img src="{path}" alt="">'


def _lazy(path: str) -> str:
    return (
        '<img class="lazy" loading="lazy" src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" '
        f'data-src="{path}" alt=""><noscript><img src="{path}" alt=""></noscript>'
    )


def _srcset(path: str) -> str:
    return f'<img srcset="{path} 800w" sizes="100vw" alt="">'


def _picture(path: str) -> str:
    return f'<picture><source srcset="{path}" type="image/jpeg"><img alt=""></picture>'


def _link(path: str) -> str:
    return f'<p><a href="{path}">Open the large version</a></p>'


def _relative(path: str) -> str:
    return f'<figure><img loading="lazy" src="..{path}" alt="A picture"><figcaption>Seen today</figcaption></figure>'


_WAYS: Final[tuple[Callable[[str], str], ...]] = (_img, _srcset, _picture, _link, _lazy, _relative)


def make_site(plan: Plan, base_url: str) -> dict[str, Resource]:
    """Path -> what is served there. The pages' names tell nothing of what stands on them."""
    shares = [plan.copies[number :: len(_TITLES)] for number in range(len(_TITLES))]
    paths = [f"/posts/{number + 1}.html" for number in range(len(_TITLES))]
    site = {copy.path: Resource("image/jpeg", copy.data) for copy in (*plan.copies, plan.forbidden)}
    for number, (path, title, share) in enumerate(zip(paths, _TITLES, shares, strict=True)):
        site[path] = _html(_post(title, share, base_url, number))
    # the last page is linked from nowhere: only the sitemap names it
    site["/"] = _html(_front(paths[:-1], plan.forbidden))
    site["/private/index.html"] = _html(_page("Members only", _img(plan.forbidden.path)))
    site["/robots.txt"] = Resource("text/plain", _robots(base_url).encode())
    site["/sitemap.xml"] = Resource("application/xml", _sitemap(base_url, ["/", *paths]).encode())
    return site


def pages_of(site: dict[str, Resource]) -> list[str]:
    """The paths of the pages that a crawler may read."""
    return [path for path, at in site.items() if at.content_type == "text/html" and not path.startswith("/private/")]


def _post(title: str, share: Sequence[Copy], base_url: str, number: int) -> str:
    shown, head = list(share), ""
    if number % 3 == 0 and shown:
        head = f'<meta property="og:image" content="{base_url}{shown.pop().path}">'
    body = "\n".join(_WAYS[(number + place) % len(_WAYS)](copy.path) for place, copy in enumerate(shown))
    return _page(title, f'<p>{_SENTENCE}</p>\n{body}\n<p><a href="/">Home</a></p>', head)


def _front(paths: Sequence[str], forbidden: Copy) -> str:
    links = "\n".join(f'<li><a href="{path}">{html.escape(_TITLES[n])}</a></li>' for n, path in enumerate(paths))
    hidden = f'<a href="/private/index.html">Members</a> <img src="{forbidden.path}" alt="">'
    return _page("A little website", f"<ul>\n{links}\n</ul>\n{hidden}")


def _page(title: str, body: str, head: str = "") -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f"<title>{html.escape(title)}</title>{head}</head>\n"
        f"<body><h1>{html.escape(title)}</h1>\n{body}\n</body></html>\n"
    )


def _html(text: str) -> Resource:
    return Resource("text/html", text.encode())


def _robots(base_url: str) -> str:
    return f"User-agent: *\nDisallow: /private/\n\nSitemap: {base_url}/sitemap.xml\n"


def _sitemap(base_url: str, paths: Sequence[str]) -> str:
    urls = "".join(f"<url><loc>{base_url}{path}</loc></url>" for path in paths)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>\n'
