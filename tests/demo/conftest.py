"""A small report for the tests: one pair whose overlay is red on the left and blue on the right."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from copyhound.demo.report import write_report
from copyhound.demo.verdict import Hit, Missed, Verdict


def jpeg(*colours: str, size: tuple[int, int] = (160, 120)) -> bytes:
    """Stripes of the colours side by side, each `size` large."""
    picture = Image.new("RGB", (size[0] * len(colours), size[1]))
    for number, colour in enumerate(colours):
        picture.paste(colour, (size[0] * number, 0, size[0] * (number + 1), size[1]))
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


@pytest.fixture
def small_report() -> Callable[[Path], Path]:
    """Writes the small report into a folder; answers its page."""
    return _write


def _write(out: Path) -> Path:
    right = Hit(
        "match_1", "door", "http://x.test/a.jpg", ("http://x.test/<1>",), 99.0, 88.0, "partial", ("cropped 20 %",)
    )
    false = Hit("match_2", "door", "http://x.test/b.jpg", (), 51.0, 12.0, "partial", ())
    verdict = Verdict(
        ((right, "cropped"),), (Missed("hat", "/media/1.jpg", "inverted"),), (false,), ("a webhook & more",)
    )
    return write_report(
        out, verdict, own=lambda _: jpeg("green"), copy=lambda _: jpeg("red"), overlay=lambda _: jpeg("red", "blue"),
        lead="A small report.",
    )  # fmt: skip
