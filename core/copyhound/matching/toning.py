"""Tone: does one mapping of colours take the match's cells to the query's?

Recolouring a copy changes each colour into one other, wherever it stands. Two photographs of one floor are lit
differently here and there, and what lies on the floor has other colours altogether.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
_ENOUGH_FOR_CURVES: Final = 40
_ENOUGH: Final = 12
_FLOOR: Final = 3.0
_STRAY: Final = 10.0
_RIDGE: Final = 1e-3


def tone_of(match: Floats, query: Floats, agreeing: Mask, inside: Mask) -> tuple[float, float]:
    """How unevenly the tones of agreeing cells map (0 even, 1 not at all), and what share of all cells that fits.

    `match` and `query` are the cells' mean colours, rows x columns x 3. With too few agreeing cells: (0.5, 0.5).
    """
    count = int(agreeing.sum())
    if count < _ENOUGH:
        return 0.5, 0.5
    curves = count >= _ENOUGH_FOR_CURVES
    return min(
        _mapped(match, query, agreeing, inside, curves=curves), _mapped(query, match, agreeing, inside, curves=curves)
    )


def _mapped(source: Floats, target: Floats, agreeing: Mask, inside: Mask, *, curves: bool) -> tuple[float, float]:
    terms, values = _terms(source[inside], curves=curves), target[inside].astype(np.float64)
    chosen = agreeing[inside]
    guessed = terms @ _solved(terms[chosen], values[chosen])
    gap = guessed - values
    typical = float(np.median(np.abs(gap[chosen]).max(axis=1)))
    rest = np.zeros((*inside.shape, 3))
    rest[inside] = np.clip(gap, -3 * typical - 3, 3 * typical + 3) * chosen[:, None]
    spread = np.abs(values[chosen] - np.median(values[chosen], axis=0))
    drift = _drift(rest, agreeing)
    uneven = drift / (drift + float(np.median(spread, axis=0).max()) + _FLOOR)
    return uneven, float((np.abs(gap).max(axis=1) < _STRAY + 2 * typical).mean())


def _solved(terms: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares, the second time with less weight for what strays."""
    weights = np.ones(len(terms))
    ridge = np.eye(terms.shape[1]) * (_RIDGE * len(terms))
    for _ in range(2):
        weighted = terms.T * weights
        solved = np.linalg.solve(weighted @ terms + ridge, weighted @ values)
        gap = np.abs(terms @ solved - values).max(axis=1)
        weights = 1 / (1 + (gap / (2 * np.median(gap) + 0.5)) ** 2) ** 2
    return np.asarray(solved)


def _drift(rest: NDArray[np.float64], where: Mask) -> float:
    """The part of the remainders that neighbours have in common: light, not noise."""
    shared, pairs = 0.0, 0
    for first, second in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
        shared += float((rest[first] * rest[second]).sum())
        pairs += int((where[first] & where[second]).sum())
    return float(max(0.0, shared / max(1, pairs) / 3) ** 0.5)


def _terms(colours: Floats, *, curves: bool) -> NDArray[np.float64]:
    """1, the three colours, and with `curves` their squares and products; all of about unit size."""
    c = colours.astype(np.float64) / 64
    parts = [np.ones((len(c), 1)), c]
    if curves:
        parts += [c * c, c * c[:, [1, 2, 0]]]
    return np.concatenate(parts, axis=1)
