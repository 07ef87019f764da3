"""What a comparison tells, in words for people."""

from __future__ import annotations

from typing import Final

from copyhound.domain.pictures import Edit, EditKind

_SHARES: Final = {
    EditKind.cropped: "{}: {} % cut away",
    EditKind.covered: "{}: {} % hidden",
    EditKind.embedded: "{}: fills {} % of the copy",
}
_HALF_TURN: Final = 179.95
"""From here on both ways round are one."""


def edit_in_words(edit: Edit) -> str:
    """How the copy differs, with its figure.

    >>> edit_in_words(Edit(EditKind.cropped, share=25.31)), edit_in_words(Edit(EditKind.rotated, angle=-9.96))
    ('cropped: 25.3 % cut away', 'rotated 10° anticlockwise')
    """
    kind = edit.kind
    if edit.angle is not None:
        way = "clockwise" if edit.angle >= 0 else "anticlockwise"
        return f"{kind} {_figure(abs(edit.angle))}°" + (f" {way}" if abs(edit.angle) < _HALF_TURN else "")
    if edit.share is not None:
        return _SHARES.get(kind, "{}: {} %").format(kind, _figure(edit.share))
    if edit.factor:
        return _by_factor(kind, edit.factor)
    return str(kind)


def _by_factor(kind: EditKind, factor: float) -> str:
    if kind is not EditKind.stretched:
        return f"{kind} to {_figure(100 * factor)} %"
    times, far, near = (factor, "wide", "height") if factor >= 1 else (1 / factor, "high", "width")
    return f"{kind}: {times:.2f} times as {far} for its {near}"


def shares_in_words(query_share: float, match_share: float) -> str:
    """How much of each picture is in the other.

    >>> shares_in_words(74.72, 100)
    '74.7 % of the image and 100 % of the copy are in common'
    """
    return f"{_figure(query_share)} % of the image and {_figure(match_share)} % of the copy are in common"


def _figure(value: float) -> str:
    """One place after the point, where it is not 0."""
    return f"{value:.1f}".removesuffix(".0")
