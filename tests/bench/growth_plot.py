"""The growth curve as an SVG picture: what a search costs, and how often the source comes first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

WIDTH, HEIGHT, LEFT, TOP, WIDE, HIGH = 560, 320, 60, 30, 430, 220
TALLEST: Final = 5.0
"""Units of plain SIFT at the top of the plot."""
COST, FIRST = "#0a58ca", "#1a7f37"


def plot(rows: Sequence[dict[str, Any]]) -> str:
    """One row for each size, as `growth.py` writes them."""
    sizes = [row["size"] for row in rows]
    cost = [(_x(row["size"], sizes), _y(row["search_ratio"] / TALLEST)) for row in rows]
    first = [(_x(row["size"], sizes), _y(row["first"])) for row in rows]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<rect x="{LEFT}" y="{TOP}" width="{WIDE}" height="{HIGH}" fill="none" stroke="#57606a"/>',
        *(f'<text x="{_x(n, sizes):.0f}" y="{TOP + HIGH + 18}" text-anchor="middle">{n:,}</text>' for n in sizes),
        *(_text(LEFT - 8, _y(n / TALLEST) + 4, str(n), COST, "end") for n in range(int(TALLEST) + 1)),
        *(_text(LEFT + WIDE + 8, _y(n / 5) + 4, f"{n / 5:.1f}", FIRST, "start") for n in range(6)),
        _text(LEFT, TOP - 10, "CPU of a search, in units of plain SIFT", COST, "start"),
        _text(LEFT + WIDE, TOP - 10, "source first", FIRST, "end"),
        _text(LEFT + WIDE / 2, HEIGHT - 20, "pictures in the index", "#57606a", "middle"),
        *_line(cost, COST),
        *_line(first, FIRST),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(size: int, sizes: Sequence[int]) -> float:
    low, high = math.log(min(sizes)), math.log(max(sizes))
    return LEFT + WIDE * (math.log(size) - low) / max(high - low, 1e-9)


def _y(share: float) -> float:
    return TOP + HIGH * (1 - share)


def _text(x: float, y: float, text: str, colour: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}" text-anchor="{anchor}">{text}</text>'


def _line(points: Sequence[tuple[float, float]], colour: str) -> list[str]:
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{colour}"/>' for x, y in points]
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>', *dots]
