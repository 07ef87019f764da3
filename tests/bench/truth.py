"""What is true of a query of the recall benchmark: worked out from its line, by geometry of our own.

A copy's edits are told as the ways in which the match (the indexed picture) differs from the query: so a query that
was cropped is found `embedded` in its source, and one with a border finds its source `cropped`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Size = tuple[int, int]

COVERS: Final = {"text": None, "meme": None, "combo": None, "logo": 0.10, "cover": 0.4225}
"""Edit -> part of the source that is hidden; None where it is not known."""
COLOURS: Final = {"gray", "hue", "exposure", "posterize", "combo"}
SOFTER: Final = {"thumbnail", "resize25", "upscale2", "stretch", "collage50", "collage30", "screenshot", "combo"}
"""Edits after which a picture may well be softer than its source: nothing is asked of `blurred`."""
SHAPES: Final = ("resized", "cropped", "embedded", "mirrored", "rotated", "stretched", "perspective")
SURFACES: Final = ("recoloured", "inverted", "blurred", "covered", "recompressed")


@dataclass
class Truth:
    """Kind -> whether it is so; a kind that is missing is too near the edge to ask for."""

    kinds: dict[str, bool] = field(default_factory=dict)
    angle: float = 0.0
    factor: float = 1.0
    query_share: float = 0.0
    """0 to 1, what covers the source not counted."""
    match_share: float = 0.0
    hidden: float | None = 0.0


def truth_of(row: dict[str, Any], size: Size, query_size: Size, *, colourful: bool = True) -> Truth:
    """`size` is the source's; `colourful` whether it has colours that could be lost."""
    matrix = np.array(row["matrix"], float)
    back = np.linalg.inv(matrix)
    truth = Truth(
        query_share=_seen(matrix, size, query_size),
        match_share=_seen(back, query_size, size),
        hidden=COVERS.get(row["edit"], 0.0),
    )
    _shapes(truth, back, query_size)
    _surfaces(truth, row["edit"], colourful=colourful)
    return truth


def _seen(matrix: Array, size: Size, frame: Size) -> float:
    """The part of `frame` that a picture of `size` fills once `matrix` has brought it there."""
    there = project(matrix, _corners(size)).astype(np.float32)
    common, _ = cv2.intersectConvexConvex(there, _corners(frame).astype(np.float32))
    return min(1.0, common / (frame[0] * frame[1]))


def _corners(size: Size) -> Array:
    w, h = size
    return np.array([[0, 0], [w, 0], [w, h], [0, h]], float)


def project(matrix: Array, points: Array) -> Array:
    """N x 2 points through a homography."""
    out = np.column_stack([points, np.ones(len(points))]) @ matrix.T
    return np.asarray(out[:, :2] / out[:, 2:])


def _shapes(truth: Truth, back: Array, query_size: Size) -> None:
    """From query to source, since the match is told as seen from the query."""
    linear = _linear(back, np.array([query_size[0] / 2, query_size[1] / 2]))
    mirrored = np.linalg.det(linear) < 0
    upright = linear @ np.diag([-1.0, 1.0]) if mirrored else linear
    wide, high = np.linalg.norm(upright, axis=0)
    depths = np.column_stack([_corners(query_size), np.ones(4)]) @ back[2]
    depth = float(np.abs(depths).max() / np.abs(depths).min())
    truth.angle = math.degrees(math.atan2(upright[1, 0] - upright[0, 1], upright[0, 0] + upright[1, 1]))
    truth.factor = math.sqrt(abs(np.linalg.det(linear)))
    plain = depth < 1.01  # turns and stretches are not to be told apart within a perspective
    asked = {
        "resized": _sure(abs(math.log(truth.factor)), 0.02, 0.08),
        "cropped": _sure(1 - truth.query_share, 0.01, 0.06),
        "embedded": _sure(1 - truth.match_share, 0.01, 0.06),
        "mirrored": bool(mirrored),
        "rotated": _sure(abs(truth.angle), 0.75, 3.0) if plain else None,
        "stretched": _sure(abs(math.log(wide / high)), 0.03, 0.1) if plain else None,
        "perspective": _sure(depth, 1.01, 1.08),
    }
    truth.kinds.update({kind: sure for kind, sure in asked.items() if sure is not None})


def _linear(matrix: Array, at: Array) -> Array:
    """The 2 x 2 derivative of a homography."""
    steps = project(matrix, at + np.array([[0.5, 0], [-0.5, 0], [0, 0.5], [0, -0.5]]))
    return np.column_stack([steps[0] - steps[1], steps[2] - steps[3]])


def _sure(value: float, no: float, yes: float) -> bool | None:
    return None if no < value < yes else value >= yes


def _surfaces(truth: Truth, edit: str, *, colourful: bool) -> None:
    if edit != "invert" and (colourful or edit not in ("gray", "hue")):
        truth.kinds["recoloured"] = edit in COLOURS
    truth.kinds["inverted"] = edit == "invert"
    if edit not in SOFTER:
        truth.kinds["blurred"] = edit == "blur"
    if edit != "perspective":  # its empty corners hide a little
        truth.kinds["covered"] = edit in COVERS
    if edit == "jpeg10":  # every other query was saved anew too, which is not worth a word beside its edit
        truth.kinds["recompressed"] = True
