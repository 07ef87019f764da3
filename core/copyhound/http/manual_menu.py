"""The manual's menu: its groups, and the pages of each. The first page has the same groups."""

from __future__ import annotations

import html
from typing import Final

MENU: Final[dict[str, dict[str, str]]] = {
    "Start": {"index": "Overview", "quickstart": "Quickstart", "faq": "Questions and answers"},
    "Use": {
        "searching": "Searching",
        "lists": "Lists and monitoring",
        "matching": "Matching",
        "filters": "Filters",
        "collections": "Collections",
        "notifications": "Notifications",
    },
    "Automate": {
        "automation": "Triggers and actions",
        "webhooks": "Webhooks",
        "feeds": "Polling and feeds",
        "zapier": "Zapier",
        "n8n": "n8n",
        "make": "Make",
        "power-automate": "Power Automate",
        "node-red": "Node-RED",
        "pipedream": "Pipedream",
        "mcp": "Agents (MCP)",
    },
    "Vendors' APIs": {
        "tineye": "TinEye",
        "matchengine": "MatchEngine",
        "copyleaks": "Copyleaks",
        "infringement-report": "Infringement.Report",
        "authentication": "Authentication",
    },
    "Run": {
        "operations": "Operations",
        "accounts": "Keys and workspaces",
        "indexes": "Where candidates are found",
        "benchmark": "The benchmark",
    },
    "Extend": {"plugins": "Plugins", "libraries": "Libraries", "lifecycle": "Versions"},
    "Reference": {
        "api": "The API",
        "try": "Try it",
        "cli": "The command line",
        "settings": "Settings",
        "errors": "Errors",
    },
}
"""Group -> page -> what it is called. `try` is no page of Markdown: there every operation can be tried."""
STYLE: Final = (
    "#menu{position:absolute;opacity:0;pointer-events:none}"
    "label[for=menu]{display:none;padding:.3rem .8rem;border:1px solid var(--line);border-radius:.4rem;cursor:pointer}"
    "#menu:focus-visible+label{outline:2px solid var(--link)}"
    "nav{flex:0 0 13rem;position:sticky;top:0;max-height:100vh;overflow-y:auto;box-sizing:border-box;padding:2rem 0}"
    "nav h2{font-size:.8rem;letter-spacing:.04em;text-transform:uppercase;margin:0 0 .2rem;color:var(--faint)}"
    "nav ul{list-style:none;margin:0 0 .9rem;padding:0}nav a{font-size:.92rem;display:block;"
    "padding:.12rem .5rem;border-left:2px solid transparent;text-decoration:none;color:inherit}"
    "nav a:hover{text-decoration:underline}nav a[aria-current]{border-color:var(--link);color:var(--link)}"
    # on a phone it is opened by its button; a box to tick needs no script
    "@media(max-width:56rem){body{display:block}label[for=menu]{display:inline-block;margin-top:1rem}"
    "#menu:not(:checked)~nav{display:none}"
    "nav{position:static;max-height:none;padding:1rem 0;columns:2;border-bottom:1px solid var(--line)}"
    "nav section{break-inside:avoid}nav a{font-size:1rem;padding:.3rem .5rem}}"
)


def name_of(page: str) -> str:
    """What a page is called in the menu; its own name where it is not there."""
    return next((pages[page] for pages in MENU.values() if page in pages), page)


def menu(current: str) -> str:
    """The menu as HTML; the page that is open is marked."""
    groups = "".join(
        f"<section><h2>{html.escape(group)}</h2><ul>{''.join(_item(*item, current) for item in pages.items())}</ul>"
        "</section>"
        for group, pages in MENU.items()
    )
    return (
        '<input type="checkbox" id="menu"><label for="menu">Menu</label>'
        f'<nav aria-label="The manual\'s pages">{groups}</nav>'
    )


def _item(page: str, name: str, current: str) -> str:
    marked = ' aria-current="page"' if page == current else ""
    return f'<li><a href="/docs/{page}"{marked}>{html.escape(name)}</a></li>'
