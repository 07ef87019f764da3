"""Which entries have many features that meet the query's, all under one turn and one size? Shared by every index.

The query's features look in their words, in four variants (plain, mirrored, negative, both). Each posting that is met
there, and whose signature is near, is a pair: it votes for its entry with a weight, and says how the entry would have
to be turned and sized. Votes that agree in turn and size are added up (weak geometry); for the best entries the places
are asked too: each pair alone gives a whole transform, and the entry's score is that of the pair which most others
agree with. So a true copy with four or five pairs stands above a million pictures which have dozens by chance.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from .codebook import varied
from .fingerprint import SIZE_STEPS, UNIT_SIZE, Fingerprint, Postings
from .variants import VARIANTS
from .words import QUERY_NEAREST, Signatures, Words, near_words, signatures_of

_CROWDS: Final = np.array([20, 45, 90, 190, 450])
_ASKED: Final = (600, 600, 300, 300)
"""How many features look, in each variant. A negative is rare, and rarely much changed beside: its best have to do."""
_LIMITS: Final = np.array([26, 24, 22, 20, 18, 16], np.uint8)
"""Of 64 bits, how many may differ where a word has fewer postings than 20, 45 ...: of two pictures' features that meet
in a word by chance 16 % differ in at most 24 bits, 9 % in 22, 4.5 % in 20, 2.1 % in 18, 0.9 % in 16."""
_KERNEL: Final = np.exp(-((np.arange(65) / 14.0) ** 2)).astype(np.float32)
_TURNS: Final = 16
_OCTAVES: Final = 10
_LOOKED_AT: Final = 100
"""Entries (in one variant each) whose places are asked, at least; so are all that reach _PROMISING."""
_PROMISING: Final = 40.0
_LOOKED_AT_MOST: Final = 1_000
_TOGETHER: Final = 12
"""Entries whose places are asked in one go."""
STRONG: Final = 25.0
"""A score that entries which share nothing hardly reach by chance: among a million, one query in 50 met one."""
_MOST_PAIRS: Final = 48
"""Of one entry; the heaviest."""

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


class Lookup(msgspec.Struct, frozen=True):
    """A query as an index takes it: L places to look in, for N features in 4 variants. In order of words."""

    words: Words
    signatures: Signatures
    features: Ints
    """L: which feature looks here."""
    variants: Ints
    """L: in which variant."""
    points: NDArray[np.complex64]
    """4 x N: places, in units of the longer side."""
    turns: Floats
    """4 x N: angles in turns."""
    octaves: Floats
    """N: sizes, in octaves of the longer side."""


class Pairs(msgspec.Struct, frozen=True):
    """K features that met: a row of the lookup, and a posting of an entry."""

    rows: Ints
    entries: Ints
    """K: any numbers of the caller's, below 2**40."""
    places: NDArray[np.uint8]
    """K x 4, as in Postings."""
    weights: Floats


class Vote(msgspec.Struct, frozen=True):
    """An entry with what speaks for it."""

    entry: int
    score: float
    variant: int


def lookup_of(fingerprint: bytes, *, mirrored: bool = True) -> Lookup:
    """Where a query looks; without `mirrored` in two of the four variants.

    Raises CopyhoundError index_version_mismatch, ValueError on damaged bytes.
    """
    one = Fingerprint.from_bytes(fingerprint)
    count, longer = len(one.sizes), max(one.width, one.height)
    asked = [0 if m and not mirrored else min(count, most) for most, (m, _) in zip(_ASKED, VARIANTS, strict=True)]
    vectors = np.concatenate([varied(one.vectors[:most], variant) for variant, most in enumerate(asked)])
    near = near_words(vectors)
    words = near.ravel()
    signatures = signatures_of(np.repeat(vectors, QUERY_NEAREST, axis=0), words)
    order = np.argsort(words, kind="stable")
    places = one.places * (np.array([one.width, one.height], np.float32) / longer)
    points = places[:, 0] + 1j * places[:, 1]
    flipped = -places[:, 0] + 1j * places[:, 1]
    turns = one.angles / np.float32(2 * np.pi)
    return Lookup(
        words=words[order],
        signatures=signatures[order],
        features=np.repeat(np.concatenate([np.arange(most) for most in asked]), QUERY_NEAREST)[order],
        variants=np.repeat(np.arange(len(VARIANTS)), np.multiply(QUERY_NEAREST, asked))[order],
        points=np.stack([flipped if m else points for m, _ in VARIANTS]).astype(np.complex64),
        turns=np.stack([(0.5 - turns if m else turns) + (0.5 if n else 0) for m, n in VARIANTS]).astype(np.float32),
        octaves=np.log2(one.sizes * (min(one.width, one.height) / longer)).astype(np.float32),
    )


class Terms(msgspec.Struct, frozen=True):
    """On what terms each of the L places of a lookup takes a posting for a pair."""

    signatures: Signatures
    limits: NDArray[np.uint8]
    """L: in how many bits the signatures may differ."""
    rarity: Floats
    """L: what a meeting weighs at most."""

    def weights(self, rows: Ints, bits: NDArray[np.uint8]) -> Floats:
        """What K meetings weigh, at these rows and with so many bits that differ."""
        return np.asarray(_KERNEL[bits] * self.rarity[rows], dtype=np.float32)

    def meetings(self, rows: Ints, signatures: Signatures) -> tuple[Ints, Floats]:
        """Which of K postings that stand where these rows looked are pairs, and their weights."""
        bits = np.bitwise_count(self.signatures[rows] ^ signatures)
        kept = np.flatnonzero(bits <= self.limits[rows])
        return kept, self.weights(rows[kept], bits[kept])


def terms_of(lookup: Lookup, population: Ints, entries: int) -> Terms:
    """The terms in a collection of so many entries, where each row's word has so many postings.

    The more crowded a word, the nearer a signature must be: about eight postings of a word are taken by chance, however
    large the collection.
    """
    rarity = np.log1p(10.0 * entries / np.maximum(population, 1)).astype(np.float32)
    crowds = np.searchsorted(_CROWDS, population, "right")
    return Terms(lookup.signatures, _LIMITS[crowds], rarity)


def rank(lookup: Lookup, pairs: Pairs, limit: int) -> list[Vote]:
    """The best entries, best first, each once (in its best variant)."""
    if not len(pairs.rows):
        return []
    features, variants = lookup.features[pairs.rows], lookup.variants[pairs.rows]
    turn = (lookup.turns[variants, features] - pairs.places[:, 2] / np.float32(256)) % 1
    octave = lookup.octaves[features] - (pairs.places[:, 3] - np.float32(UNIT_SIZE)) / SIZE_STEPS
    keys = pairs.entries * len(VARIANTS) + variants
    best, of = _agreeing_in_turn_and_size(keys, _floats(turn), _floats(octave), pairs.weights)
    looked_at = min(_LOOKED_AT_MOST, max(_LOOKED_AT, int((of >= _PROMISING).sum())))
    chosen = best[np.argsort(-of, kind="stable")[:looked_at]]
    scored = _agreeing_in_place(lookup, pairs, keys, np.sort(chosen))
    return list(_each_once(scored, limit))


def _agreeing_in_turn_and_size(keys: Ints, turn: Floats, octave: Floats, weights: Floats) -> tuple[Ints, Floats]:
    """The keys, each once, and the most weight that each has in a window of two bins by two."""
    bins = np.minimum((turn * _TURNS).astype(np.int64), _TURNS - 1) * _OCTAVES
    bins += np.clip(octave + _OCTAVES / 2, 0, _OCTAVES - 1).astype(np.int64)
    cells, inverse = np.unique(keys * (_TURNS * _OCTAVES) + bins, return_inverse=True)
    alone = np.bincount(inverse, weights).astype(np.float32)
    owner, at = np.divmod(cells, _TURNS * _OCTAVES)
    total = alone.copy()
    for turns, octaves in ((0, 1), (1, 0), (1, 1)):
        fits = at % _OCTAVES + octaves < _OCTAVES
        beside = (at // _OCTAVES + turns) % _TURNS * _OCTAVES + at % _OCTAVES + octaves
        wanted = owner * (_TURNS * _OCTAVES) + beside
        found = np.minimum(np.searchsorted(cells, wanted), len(cells) - 1)
        total += np.where(fits & (cells[found] == wanted), alone[found], 0)
    starts = np.flatnonzero(np.diff(owner, prepend=-1))
    return owner[starts], np.maximum.reduceat(total, starts)


def _agreeing_in_place(lookup: Lookup, pairs: Pairs, keys: Ints, chosen: Ints) -> tuple[Ints, Floats]:
    """For each of the chosen keys (ascending): the most weight that agrees with the transform of one pair."""
    at = np.minimum(np.searchsorted(chosen, keys), len(chosen) - 1)
    kept = np.flatnonzero(chosen[at] == keys)
    order = kept[np.lexsort((-pairs.weights[kept], at[kept]))]
    slot = at[order]
    rank_within = np.arange(len(order)) - np.searchsorted(slot, slot)
    order, slot, rank_within = (a[rank_within < _MOST_PAIRS] for a in (order, slot, rank_within))
    counts = np.bincount(slot, minlength=len(chosen))
    table = np.full((len(chosen), int(counts.max())), -1)
    table[slot, rank_within] = order
    out = np.empty(len(chosen), np.float32)
    # those with as many pairs together: the work grows with the square of the widest row's
    by_count = np.argsort(counts, kind="stable")
    for rows in np.array_split(by_count, -(-len(by_count) // _TOGETHER)):
        out[rows] = _agreement(lookup, pairs, table[rows, : counts[rows[-1]]])
    return chosen, out


def _agreement(lookup: Lookup, pairs: Pairs, table: Ints) -> Floats:
    """For each row of `table` (indices of pairs, -1 where there is none) the weight of its best transform."""
    there = table >= 0
    features, variants = lookup.features[pairs.rows[table]], lookup.variants[pairs.rows[table]]
    places = pairs.places[table]
    source = ((places[..., 0] + 1j * places[..., 1]) / 255).astype(np.complex64)
    target = lookup.points[variants, features]
    octave = lookup.octaves[features] - (places[..., 3] - np.float32(UNIT_SIZE)) / SIZE_STEPS
    growth = np.exp2(octave)
    turn = np.exp(2j * np.pi * (lookup.turns[variants, features] - places[..., 2] / np.float32(256))).astype(
        np.complex64
    )
    weights = np.where(there & _first_of_its_feature(features, there), pairs.weights[table], 0)
    apart = source[:, None, :] - source[:, :, None]
    error = np.abs((turn * growth)[:, :, None] * apart - (target[:, None, :] - target[:, :, None]))
    allowed = np.float32(0.015) * np.maximum(growth, 1)[:, :, None] + np.float32(0.2) * growth[:, :, None] * np.abs(
        apart
    )
    agree = (error < allowed) & (np.abs(octave[:, None, :] - octave[:, :, None]) < 0.9)
    agree &= (turn[:, None, :] * turn.conj()[:, :, None]).real > 0.8
    agree &= there[:, :, None]
    return np.asarray((agree * weights[:, None, :]).sum(axis=2).max(axis=1), dtype=np.float32)


def _first_of_its_feature(features: Ints, there: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether a pair is the heaviest of its query feature's with the same entry (pairs stand heaviest first)."""
    same = features[:, None, :] == features[:, :, None]
    before = np.tril(np.ones(same.shape[1:], np.bool_), -1)
    return np.asarray(~(same & before & there[:, None, :]).any(axis=2))


def _floats(values: NDArray[Any]) -> Floats:
    return np.asarray(values, dtype=np.float32)


def _each_once(scored: tuple[Ints, Floats], limit: int) -> Iterator[Vote]:
    keys, scores = scored
    seen: set[int] = set()
    for i in np.argsort(-scores, kind="stable").tolist():
        entry, variant = divmod(int(keys[i]), len(VARIANTS))
        if entry not in seen and len(seen) < limit:
            seen.add(entry)
            yield Vote(entry, float(scores[i]), variant)


def meet(lookup: Lookup, postings: Postings) -> tuple[Ints, Ints]:
    """The rows of the lookup and the features of one entry that stand under the same word."""
    first = np.searchsorted(lookup.words, postings.words, "left")
    counts = np.searchsorted(lookup.words, postings.words, "right") - first
    features = np.repeat(np.arange(len(counts)), counts)
    within = np.arange(len(features)) - np.repeat(np.cumsum(counts) - counts, counts)
    return first[features] + within, features
