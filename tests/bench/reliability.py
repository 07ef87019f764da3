"""Whether a confidence of 70 is right 70 times in a hundred: bins, and a plot of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

EDGES: Final = (20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 99.0, 100.0)
WIDTH, HEIGHT, LEFT, TOP, SIDE = 460, 420, 60, 20, 340
FEW: Final = 10


class Bin(NamedTuple):
    """Comparisons whose confidence lies in a range."""

    low: float
    high: float
    number: int
    predicted: float
    """Mean confidence, 0 to 1."""
    observed: float
    """Part of them that is the same picture."""


def bins_of(compared: Sequence[tuple[float, bool]]) -> list[Bin]:
    """(confidence, whether it is the same picture) -> the bins that are not empty."""
    found = []
    for low, high in pairwise(EDGES):
        within = [one for one in compared if low <= one[0] < high or one[0] == high == EDGES[-1]]
        if within:
            count = len(within)
            predicted = sum(confidence for confidence, _ in within) / count / 100
            found.append(Bin(low, high, count, predicted, sum(right for _, right in within) / count))
    return found


def plot(bins: Sequence[Bin]) -> str:
    """Observed against predicted as an SVG picture. Bins of fewer than ten are drawn hollow."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        *_axes(),
        f'<path d="M{_x(0)} {_y(0)}L{_x(1)} {_y(1)}" stroke="#8c959f" stroke-dasharray="4 4"/>',
        *(_dot(one) for one in bins),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _x(value: float) -> float:
    return LEFT + SIDE * value


def _y(value: float) -> float:
    return TOP + SIDE * (1 - value)


def _axes() -> list[str]:
    middle = TOP + SIDE / 2
    lines = [f'<rect x="{LEFT}" y="{TOP}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#57606a"/>']
    for tick in (0.0, 0.2, 0.4, 0.5, 0.6, 0.8, 1.0):
        lines.append(f'<text x="{_x(tick)}" y="{TOP + SIDE + 18}" text-anchor="middle">{100 * tick:.0f}</text>')
        lines.append(f'<text x="{LEFT - 8}" y="{_y(tick) + 4}" text-anchor="end">{100 * tick:.0f}</text>')
    lines.append(f'<text x="{_x(0.5)}" y="{HEIGHT - 20}" text-anchor="middle">confidence told</text>')
    turned = f'transform="rotate(-90 16 {middle})"'
    lines.append(f'<text x="16" y="{middle}" text-anchor="middle" {turned}>percent that were right</text>')
    return lines


def _dot(one: Bin) -> str:
    fill = "white" if one.number < FEW else "#0a58ca"
    where = f'cx="{_x(one.predicted):.1f}" cy="{_y(one.observed):.1f}"'
    told = f"{one.low:.0f} to {one.high:.0f}: {100 * one.observed:.1f} % of {one.number}"
    return f'<circle {where} r="5" fill="{fill}" stroke="#0a58ca"><title>{told}</title></circle>'
