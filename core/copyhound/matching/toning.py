"""Tone: does one mapping of colours take the match's cells to the query's?

Recolouring a copy changes each colour into one other, wherever it stands. Two photographs of one floor are lit
differently here and there, and what lies on the floor has other colours altogether.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
_ENOUGH_FOR_CURVES: Final = 40
_ENOUGH: Final = 12
_FLOOR: Final = 3.0
_STRAY: Final = 10.0
_FAR: Final = 24.0
_RIDGE: Final = 1e-3


class Tone(msgspec.Struct, frozen=True):
    """How one mapping of colours explains the cells."""

    uneven: float
    """0 where it explains the tones of the agreeing cells, 1 where it does not."""
    toned: float
    """Share of all shared cells, flat ones too, that it fits."""
    strays: Mask
    """Cells that it does not fit by far."""


def tone_of(match: Floats, query: Floats, agreeing: Mask, inside: Mask) -> Tone:
    """Map the tones of the agreeing cells, and look how far that holds.

    `match` and `query` are the cells' mean colours, rows x columns x 3. With too few agreeing cells nothing is known.
    """
    count = int(agreeing.sum())
    if count < _ENOUGH:
        return Tone(0.5, 0.5, np.zeros(inside.shape, np.bool_))
    curves = count >= _ENOUGH_FOR_CURVES
    forth = _mapped(match, query, agreeing, inside, curves=curves)
    back = _mapped(query, match, agreeing, inside, curves=curves)
    return forth if forth.uneven <= back.uneven else back


def _mapped(source: Floats, target: Floats, agreeing: Mask, inside: Mask, *, curves: bool) -> Tone:
    terms, values = _terms(source[inside], curves=curves), target[inside].astype(np.float64)
    chosen = agreeing[inside]
    guessed = terms @ _solved(terms[chosen], values[chosen])
    gap = guessed - values
    typical = float(_median(np.abs(gap[chosen]).max(axis=1)))
    rest = np.zeros((*inside.shape, 3))
    rest[inside] = np.clip(gap, -3 * typical - 3, 3 * typical + 3) * chosen[:, None]
    spread = np.abs(values[chosen] - _median(values[chosen]))
    drift = _drift(rest, agreeing)
    uneven = drift / (drift + float(_median(spread).max()) + _FLOOR)
    far = np.abs(gap).max(axis=1)
    strays = np.zeros(inside.shape, np.bool_)
    strays[inside] = far > _FAR + 3 * typical
    return Tone(uneven, float((far < _STRAY + 2 * typical).mean()), strays)


def _solved(terms: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least squares, the second time with less weight for what strays."""
    weights = np.ones(len(terms))
    ridge = np.eye(terms.shape[1]) * (_RIDGE * len(terms))
    for _ in range(2):
        weighted = terms.T * weights
        solved = np.linalg.solve(weighted @ terms + ridge, weighted @ values)
        gap = np.abs(terms @ solved - values).max(axis=1)
        weights = 1 / (1 + (gap / (2 * _median(gap) + 0.5)) ** 2) ** 2
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


def _median(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The (upper) median along the first axis; several times as quick as NumPy's for short arrays."""
    half = len(values) // 2
    return np.asarray(np.partition(values, half, axis=0)[half])
