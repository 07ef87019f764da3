#!/usr/bin/env python3
"""Train the codebook of visual words that ships with the package.

    train_codebook.py PICTURES OUT.npz [--crops N] [--seed N]

PICTURES is a folder of photographs that are in no benchmark. The shipped codebook was trained on those of the
Debian packages gnome-backgrounds, lomiri-wallpapers (also -16.04 and -20.04), mate-backgrounds, ukui-wallpapers and
plasma-workspace-wallpapers, and on the sample pictures of scikit-image and scikit-learn: many crops and
sizes of each, mirrored ones and negatives included. Only means of descriptors are kept; no picture can be had back.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from copyhound.matching.codebook import DIMENSIONS, PARTS
from copyhound.matching.features import DESCRIPTOR_SCALE, extract
from copyhound.matching.variants import VARIANTS, permutation
from copyhound.matching.words import CENTROIDS


def crops(path: Path, count: int, rng: np.random.Generator) -> list[NDArray[np.uint8]]:
    """Random windows of a picture, 300 px on the smaller side."""
    with Image.open(path) as opened:
        opened.draft("RGB", (1600, 1600))
        image = opened.convert("RGB")
    image.thumbnail((2000, 2000))
    out = []
    for _ in range(count):
        share = rng.uniform(0.35, 1.0)
        width, height = int(image.width * share), int(image.height * share)
        x, y = int(rng.integers(0, image.width - width + 1)), int(rng.integers(0, image.height - height + 1))
        piece = image.crop((x, y, x + width, y + height))
        scale = 300 / min(piece.size)
        out.append(np.asarray(piece.resize((round(width * scale), round(height * scale)), Image.Resampling.LANCZOS)))
    return out


def descriptors_of(folder: Path, count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Descriptors of all pictures' crops."""
    found = []
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        found += [extract(piece, 300, 300).descriptors for piece in crops(path, count, rng)]
    return np.concatenate(found).astype(np.float32) / DESCRIPTOR_SCALE


def rotation_of(data: NDArray[np.float32], rng: np.random.Generator) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The mean, and PCA to 64 dimensions times a random rotation that spreads the variance.

    Both are made even over the four variants, so that the 64 dimensions hold all variants of what they hold.
    """
    permutations = [permutation(mirrored=mirrored, negative=negative) for mirrored, negative in VARIANTS]
    mean = np.mean([data.mean(axis=0)[one] for one in permutations], axis=0)
    spread = np.cov(data - mean, rowvar=False)
    _, vectors = np.linalg.eigh(np.mean([spread[np.ix_(one, one)] for one in permutations], axis=0))
    spin, _ = np.linalg.qr(rng.normal(size=(DIMENSIONS, DIMENSIONS)))
    return mean, (vectors[:, ::-1][:, :DIMENSIONS] @ spin).astype(np.float32)


def in_random_variants(data: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Each descriptor as it would be in one of the four variants."""
    permutations = np.stack([permutation(mirrored=mirrored, negative=negative) for mirrored, negative in VARIANTS])
    return np.take_along_axis(data, permutations[rng.integers(0, len(VARIANTS), len(data))], axis=1)


def centroids_of(part: NDArray[np.float32], count: int, rng: np.random.Generator, rounds: int) -> NDArray[np.float32]:
    """The means of some dimensions of the vectors (Lloyd's algorithm; an empty mean starts anew)."""
    centres = part[rng.choice(len(part), count, replace=False)].copy()
    for _ in range(rounds):
        nearest = np.concatenate(
            [((centres**2).sum(axis=1) - 2 * some @ centres.T).argmin(axis=1) for some in np.array_split(part, 64)]
        )
        counts = np.bincount(nearest, minlength=count)
        sums = np.stack([np.bincount(nearest, part[:, i], count) for i in range(part.shape[1])], axis=1)
        centres = np.where(counts[:, None] > 0, sums / np.maximum(counts, 1)[:, None], part[:count])
        centres = centres.astype(np.float32)
    return centres


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--crops", type=int, default=14)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sample", type=int, default=200_000, help="descriptors that the means are taken of")
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    data = descriptors_of(args.pictures, args.crops, rng)
    mean, rotation = rotation_of(data, rng)
    sample = in_random_variants(data[rng.permutation(len(data))[: args.sample]], rng)
    vectors = ((sample - mean) @ rotation).astype(np.float32)
    halves = [centroids_of(half, CENTROIDS, rng, 10) for half in np.split(vectors, 2, axis=1)]
    parts = [centroids_of(part, 256, rng, 12) for part in np.split(vectors[: args.sample // 2], PARTS, axis=1)]
    arrays = {"mean": mean, "rotation": rotation, "halves": np.stack(halves), "parts": np.stack(parts)}
    halved: dict[str, Any] = {name: array.astype(np.float16) for name, array in arrays.items()}
    np.savez_compressed(args.out, **halved)
    print(f"{len(data)} descriptors, {args.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
