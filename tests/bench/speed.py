#!/usr/bin/env python3
"""What a picture and a search cost, in units of plain OpenCV SIFT on the same pictures in the same run.

    python -m tests.bench.speed [--pictures 120] [--entries 1000] [--json OUT] FOLDER ...

The yardstick is `cv2.SIFT_create().detectAndCompute` of a picture whose longest side is 512 px, already decoded, on
one thread. All is CPU time, and all ratios are medians. The pictures are drawn evenly from those of all the folders;
the 12-megapixel ones are made from them, enlarged and with grain. The search is the whole one, worker processes
included, one at a time, in a collection of `--entries` of them (0: all).
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import math
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import cv2
import numpy as np
from PIL import Image

from copyhound.bench.recall import Plan, run
from copyhound.matching import prepare_entry, prepare_query

YARDSTICK, SMALL, LARGE = 512, 640, 12e6
GRAIN = 4


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    """CPU time of a call, the median of a few."""
    spent = []
    for _ in range(times):
        started = time.process_time()
        work()
        spent.append(time.process_time() - started)
    return statistics.median(spent)


def spread(paths: list[Path], count: int) -> list[Path]:
    """So many of the paths, evenly over all: a folder's first ones are often of one kind."""
    count = min(count, len(paths))
    return [paths[place * len(paths) // count] for place in range(count)]


def opened(path: Path) -> Image.Image:
    with Image.open(path) as picture:
        return picture.convert("RGB")


def sized(picture: Image.Image, factor: float) -> Image.Image:
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def jpeg(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=90)
    return out.getvalue()


def large(picture: Image.Image, seed: int) -> bytes:
    """A file of 12 megapixels, with grain, so that it is no smoother than a camera's."""
    grown = np.asarray(sized(picture, math.sqrt(LARGE / (picture.width * picture.height))), np.int16)
    grain = np.random.default_rng(seed).normal(0, GRAIN, grown.shape[:2]).astype(np.int16)
    return jpeg(Image.fromarray(np.clip(grown + grain[..., None], 0, 255).astype(np.uint8)))


def measured(picture: Image.Image, seed: int) -> dict[str, float]:
    """Seconds of each, for one picture."""
    small = jpeg(sized(picture, SMALL / max(picture.size)))
    big = large(picture, seed)
    grey = np.asarray(sized(picture, YARDSTICK / max(picture.size)).convert("L"))
    sift = cv2.SIFT.create()
    return {
        "yardstick": seconds(lambda: sift.detectAndCompute(grey, None)),
        "prepare_entry_640px": seconds(lambda: prepare_entry(small)),
        "prepare_entry_12mp": seconds(lambda: prepare_entry(big), times=1),
        "prepare_query_640px": seconds(lambda: prepare_query(small)),
    }


def searched(entries: list[Path], pictures: list[Path]) -> tuple[int, float]:
    """(pictures indexed, CPU seconds of a whole search, the median)"""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "originals").mkdir()
        for number, path in enumerate(entries):
            (folder / "originals" / f"{number}{path.suffix}").symlink_to(path.resolve())
        lines = []
        for number, path in enumerate(pictures):
            picture = opened(path)
            (folder / f"{number}.jpg").write_bytes(jpeg(sized(picture, SMALL / max(picture.size))))
            lines.append(json.dumps({"query": f"{number}.jpg"}))
        (folder / "queries.jsonl").write_text("\n".join(lines))
        plan = Plan(folder, folder, folder / "answers.jsonl", jobs=1)
        ended = asyncio.run(run(plan, lambda what, done, of: None))
    return ended.indexed, ended.seconds_per_query


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--pictures", type=int, default=120)
    parser.add_argument("--entries", type=int, default=1000, help="pictures to index for the search; 0: all")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    cv2.setNumThreads(1)
    files = [path for folder in args.folders for path in sorted(folder.iterdir())]
    paths = [path for path in files if path.suffix.lower() in {".jpg", ".jpeg", ".png"}]
    entries = spread(paths, args.entries or len(paths))
    pictures = spread(entries, args.pictures)
    measured(opened(pictures[0]), 0)  # what is loaded once is loaded now
    rows = [measured(opened(path), seed) for seed, path in enumerate(pictures)]
    medians = {name: statistics.median(row[name] for row in rows) for name in rows[0]}
    ratios = {name: statistics.median(row[name] / row["yardstick"] for row in rows) for name in rows[0]}
    indexed, search = searched(entries, pictures)
    medians["search"], ratios["search"] = search, search / medians["yardstick"]
    result = {"pictures": len(rows), "indexed": indexed, "cpu_seconds": medians, "ratios": ratios}
    print(json.dumps(result, indent=1))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
