"""The process that Apprise runs in: an order comes on stdin, a report goes to stdout."""

from __future__ import annotations

import sys
from typing import Any, Final

import msgspec

from copyhound_apprise.sending import Order, Report
from copyhound_apprise.walls import Walls

_MARGIN: Final = 16
"""What is put between a title and a text, at most."""


def main() -> None:
    """Do what stdin says; nothing but the report goes to stdout."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    out, sys.stdout = sys.stdout, sys.stderr
    report = told(order)
    out.buffer.write(msgspec.json.encode(report))
    out.flush()


def told(order: Order) -> Report:
    """Tell, behind walls that stay for as long as the process lives."""
    import apprise
    from apprise.attachment.memory import AttachMemory

    attached: Any = AttachMemory
    walls = Walls(order.allow)
    walls.raise_()
    service: Any = apprise.Apprise.instantiate(order.url, asset=apprise.AppriseAsset(app_id="Copyhound"))
    if service is None:
        return Report("settings_invalid", "Apprise does not understand this address, or lacks what the service needs.")
    caller = apprise.Apprise()
    caller.add(service)
    files = [attached(one.data, f"{n}.jpg", one.content_type) for n, one in enumerate(order.pictures, 1)]
    if len(files) < 2 and not _overflow_said(order.url):
        service.overflow_mode = apprise.OverflowMode.TRUNCATE  # one message, not fifty; it takes one file at most
    body = fitting(order.text, order.more_url, _room(service, order.title))
    result = caller.notify(body=body, title=order.title, body_format=apprise.NotifyFormat.TEXT, attach=files or None)
    if result:
        return Report()
    if walls.refused:
        return Report("url_forbidden", f"{walls.refused[0]} is not public, and not among plugins.apprise.allow_hosts.")
    return Report("fetch_failed", _reason(result) or "The service did not take it.")


def fitting(text: str, more_url: str | None, most: int) -> str:
    """`text`, or as many of its lines as fit before the link to all."""
    if len(text) <= most:
        return text
    end = f"\n...\n{more_url}" if more_url else "\n..."
    if len(end) > most // 2:
        end = "\n..."
    kept = text[: max(0, most - len(end))]
    return (kept.rpartition("\n")[0] or kept) + end


def _overflow_said(url: str) -> bool:
    return "overflow=" in url.partition("?")[2].lower()


def _room(service: Any, title: str) -> int:
    most = int(service.body_maxlen)
    if service.notify_format == "html":
        most = most * 3 // 4  # a text grows as it becomes HTML
    # services that have no titles have them in the text
    return most if service.title_maxlen else most - len(title) - _MARGIN


def _reason(result: Any) -> str:
    return "; ".join(str(entry.message) for entry in list(result.logs())[-2:])


if __name__ == "__main__":
    main()
