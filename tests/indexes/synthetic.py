"""Fingerprints without pictures: random features, and copies of them under known changes."""

from __future__ import annotations

import numpy as np

from copyhound.domain.ports import IndexHit, IndexRecord
from copyhound.matching.codebook import DIMENSIONS, codebook, varied
from copyhound.matching.fingerprint import Fingerprint
from copyhound.matching.variants import VARIANTS

HASH = bytes(32)


def picture(rng: np.random.Generator, count: int = 40, vocabulary: int = 12) -> Fingerprint:
    """Features anywhere, near `vocabulary` squared words; as in real pictures some words are far more common."""
    width, height = (int(side) for side in rng.integers(300, 600, 2))
    halves = codebook().halves
    chosen = (vocabulary * rng.random((count, 2)) ** 2).astype(int)
    centres = np.hstack([halves[0][chosen[:, 0]], halves[1][chosen[:, 1]]])
    return Fingerprint(
        width=width,
        height=height,
        places=rng.random((count, 2)).astype(np.float32),
        sizes=rng.uniform(0.02, 0.2, count).astype(np.float32),
        angles=rng.uniform(0, 2 * np.pi, count).astype(np.float32),
        vectors=(centres + rng.normal(0, 0.02, (count, DIMENSIONS))).astype(np.float32),
        hashes=(HASH,),
    )


def copy(
    one: Fingerprint,
    rng: np.random.Generator,
    *,
    variant: int = 0,
    turn: float = 0.4,
    scale: float = 0.7,
    share: float = 0.5,
) -> Fingerprint:
    """A picture that shows a share of the other's features turned, sized and varied, among as many of its own."""
    mirrored, negative = VARIANTS[variant]
    kept = rng.random(len(one.sizes)) < share
    side = max(one.width, one.height)
    points = one.places[kept] * (one.width / side, one.height / side)
    at = points[:, 0] + 1j * points[:, 1]
    moved = (at - at.mean()) * scale * np.exp(1j * turn) + 0.5 + 0.5j
    x, angles = moved.real, one.angles[kept] + turn
    if mirrored:
        x, angles = 1 - x, np.pi - angles
    own = picture(rng, len(one.sizes))
    noise = rng.normal(0, 0.003, (int(kept.sum()), DIMENSIONS))
    within = (np.abs(x - 0.5) < 0.5) & (np.abs(moved.imag - 0.5) < 0.5)
    return Fingerprint(
        width=500,
        height=500,
        places=np.vstack([np.column_stack([x, moved.imag])[within], own.places]).astype(np.float32),
        sizes=np.append(one.sizes[kept][within] * scale * min(one.width, one.height) / side, own.sizes).astype(
            np.float32
        ),
        angles=np.append((angles + np.pi * negative)[within], own.angles).astype(np.float32),
        vectors=np.vstack([(varied(one.vectors[kept], variant) + noise)[within], own.vectors]).astype(np.float32),
        hashes=(HASH,) * 16,
    )


def record(number: int, one: Fingerprint, workspace: str = "ws_1", collection: str = "col_1") -> IndexRecord:
    """An entry as an index takes it."""
    return IndexRecord(number, workspace, collection, one.entry_bytes())


def numbers(hits: list[IndexHit]) -> list[int]:
    """Of the hits, in their order."""
    return [hit.number for hit in hits]


def surely(hits: list[IndexHit]) -> list[tuple[int, float]]:
    """Numbers and scores of what stands above the last place's score: there, equals may stand either way."""
    least = hits[-1].score + 1e-3 if hits else 0.0
    return sorted((hit.number, round(hit.score, 2)) for hit in hits if hit.score > least)
