"""The manual at /docs: Markdown of the package `copyhound.docs` as HTML that loads nothing from anywhere."""

from __future__ import annotations

import base64
import html
import re
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.params import PathParameter
from markdown_it import MarkdownIt

from copyhound.domain.errors import ERRORS, CopyhoundError
from copyhound.http.auth import PUBLIC
from copyhound.http.manual_menu import STYLE, menu, name_of

_PAGE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_LINK: Final = re.compile(r'href="(?!https?:|mailto:|#|/)(?:\./)?([a-z0-9_-]+)\.md(#[^"]*)?"')
_IMAGE: Final = re.compile(r'src="([a-z0-9_-]+\.(jpg|png|svg))"')
_KINDS: Final = {"jpg": "image/jpeg", "png": "image/png", "svg": "image/svg+xml"}
_HEADING: Final = re.compile(r"<h([1-4])>(.*?)</h\1>", re.DOTALL)
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_OPENING: Final = re.compile(r"<(table|pre)>")
_STYLE: Final = (
    ":root{color-scheme:light dark;--page:#fff;--text:#1b1f24;--link:#0a58ca;--code:#f3f4f6;--line:#d0d7de;"
    "--faint:#59636e;--edge:#0003}"
    "@media(prefers-color-scheme:dark){:root{--page:#14181d;--text:#dde3ea;--link:#7ab3ff;--code:#20262d;"
    "--line:#3a434d;--faint:#9aa5b1;--edge:#0009}}"
    "body{font:16px/1.55 system-ui,sans-serif;max-width:78rem;margin:0 auto;padding:0 1rem;display:flex;gap:2.5rem;"
    "align-items:flex-start;background:var(--page);color:var(--text)}"
    "a{color:var(--link)}main{flex:1;min-width:0;padding:1rem 0 3rem;overflow-wrap:anywhere}"
    "p,ul,ol,h1,h2,h3,h4{max-width:52rem}img{max-width:100%;height:auto;background:#fff}"
    "pre,code{font:14px/1.45 ui-monospace,monospace;background-color:var(--code)}"
    "pre{padding:.8rem}code{padding:.1rem .2rem}pre code{padding:0;background:none}"
    # what is wider than the page scrolls by itself, and is shaded at the side where there is more
    ".wide,pre{overflow-x:auto;scrollbar-width:thin;background-repeat:no-repeat;background-size:2rem 100%,2rem 100%,"
    ".8rem 100%,.8rem 100%;background-position:0 0,100% 0,0 0,100% 0;"
    "background-attachment:local,local,scroll,scroll;background-image:linear-gradient(90deg,var(--g) 40%,transparent),"
    "linear-gradient(270deg,var(--g) 40%,transparent),linear-gradient(90deg,var(--edge),transparent),"
    "linear-gradient(270deg,var(--edge),transparent)}"
    ".wide{--g:var(--page);margin:1rem 0}pre{--g:var(--code)}"
    "table{border-collapse:collapse;overflow-wrap:normal}"
    "td,th{border:1px solid var(--line);padding:.35rem .6rem;text-align:left;vertical-align:top}"
)
Page = Annotated[str, PathParameter(description="Name of a page, without .md.")]


@get("/", opt=PUBLIC, status_code=302, tags=["operations"])
async def get_root(request: Request[Any, Any, Any]) -> Response[None]:
    """To the manual, for browsers (`Accept: text/html`)."""
    if "text/html" not in request.headers.get("accept", ""):
        raise CopyhoundError("not_found", "The API is under /api/v1, its manual under /docs.")
    return Response(None, status_code=302, headers={"Location": "/docs", "Vary": "Accept"})


@get("/docs", opt=PUBLIC, media_type="text/html", tags=["operations"])
async def get_docs() -> Response[str]:
    """The manual's first page."""
    return _answer("index")


@get("/docs/{page:str}", opt=PUBLIC, media_type="text/html", tags=["operations"])
async def get_docs_page(page: Page) -> Response[str]:
    """A page of the manual."""
    return _answer(page)


def _answer(page: str) -> Response[str]:
    text = page_text(page)
    if text is None:
        raise CopyhoundError("not_found", f"The manual has no page {page!r}.")
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "public, max-age=300"}
    return Response(rendered(page, text), media_type="text/html", headers=headers)


def pages() -> list[str]:
    """The names of all pages, `index` first."""
    try:
        files = [item.name for item in resources.files("copyhound.docs").iterdir() if item.name.endswith(".md")]
    except ModuleNotFoundError:
        files = []
    names = {name.removesuffix(".md") for name in files} | {"index", "errors"}
    return sorted(names, key=lambda name: (name != "index", name))


def page_text(page: str) -> str | None:
    """A page's Markdown; None where there is none. `errors` and `index` are made where nobody wrote them."""
    if not _PAGE.fullmatch(page):
        return None
    try:
        file = resources.files("copyhound.docs") / f"{page}.md"
        if file.is_file():
            return file.read_text("utf-8")
    except ModuleNotFoundError:
        pass
    return {"errors": _errors, "index": _index}.get(page, lambda: None)()


@cache
def rendered(page: str, text: str) -> str:
    """HTML of a page's Markdown. HTML within it is shown as text."""
    body = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    body = _LINK.sub(lambda m: f'href="/docs/{m[1]}{m[2] or ""}"', body)
    body = _HEADING.sub(_anchored, _IMAGE.sub(_inlined, _scrolling(body)))
    title = html.escape(name_of(page))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} - Copyhound</title>'
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<style>{_STYLE}{STYLE}</style></head>"
        f"<body>{menu(page)}<main>{body}</main></body></html>"
    )


def _scrolling(body: str) -> str:
    """Tables in frames of their own, that scroll, as code does: by finger, wheel and arrow keys."""
    frame = '<div class="wide" tabindex="0" role="region" aria-label="Table"><table>'
    body = _OPENING.sub(lambda m: frame if m[1] == "table" else '<pre tabindex="0">', body)
    return body.replace("</table>", "</table></div>")


def _inlined(found: re.Match[str]) -> str:
    """A picture of the package, within the page: it loads nothing."""
    file = resources.files("copyhound.docs") / found[1]
    if not file.is_file():
        return found[0]
    return f'src="data:{_KINDS[found[2]]};base64,{base64.b64encode(file.read_bytes()).decode()}"'


def _anchored(found: re.Match[str]) -> str:
    level, inner = found.groups()
    plain = html.unescape(re.sub(r"<[^>]+>", "", inner)).lower()
    anchor = re.sub(r"[^a-z0-9_]+", "-", plain).strip("-")
    return f'<h{level} id="{anchor}">{inner}</h{level}>'


def _errors() -> str:
    sections = [
        f"### `{code}`\n\nHTTP status {kind.status}. {kind.title}. {kind.hint}"
        + (" Sending it again may help." if kind.retryable else "")
        for code, kind in ERRORS.items()
    ]
    return "# Errors\n\nEvery error is a problem (RFC 9457) with one of these codes.\n\n" + "\n\n".join(sections)


def _index() -> str:
    links = "\n".join(f"- [{name}]({name}.md)" for name in pages() if name != "index")
    return f"# Copyhound\n\n{links}\n\nThe API, for machines: [/schema/openapi.json](/schema/openapi.json)."
