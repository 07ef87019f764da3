#!/usr/bin/env python3
"""The whole recall benchmark: our engine, its peers, accuracy, speed, and one table of it all.

    python -m tests.bench.run BENCH --pictures DIR --out DIR [--limit N] [--jobs N] [--only STEP] ... [--docs DIR]

BENCH is the benchmark's folder, with make_queries.py and score.py; DIR of pictures has originals/, negatives/ and
distractors/. Results land in --out: results.md, results.json, two plots, and each engine's answers and scores.
Queries that are there already are not made again. --limit makes the queries of only so many originals.
--docs also puts the results into the manual's page, each of its two parts between marks of its own.
--only tables measures nothing, and writes anew what is told of the results that are there.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.asked import asked
from tests.bench.peers import PEERS
from tests.bench.tables import results

Row = dict[str, Any]
OURS = "copyhound"
ROOT = Path(__file__).parents[2]
STEPS = ("queries", "ours", "peers", "scores", "accuracy", "speed", "growth")
TABLES = "tables"
MARKED = r"(\[//\]: # \({0}\)\n).*?(\[//\]: # \(end of {0}\)\n)"


@dataclass(frozen=True)
class Bench:
    """Where everything is."""

    bench: Path
    pictures: Path
    out: Path
    limit: int
    jobs: int

    @property
    def queries(self) -> Path:
        return self.out / "queries"

    def run(self, *command: str | Path) -> None:
        """A program of this Python, to its end; what it says goes to the screen."""
        print("==", *command, flush=True)
        subprocess.run([sys.executable, *map(str, command)], check=True, cwd=ROOT)

    def make_queries(self) -> None:
        if not (self.queries / "queries.jsonl").exists():
            limit = ("--limit", str(self.limit)) if self.limit else ()
            self.run(self.bench / "make_queries.py", self.queries, "--images", self.pictures, *limit)

    def ours(self) -> None:
        where = ("--queries", self.queries, "--index", self.pictures, "--answers", self.out / f"{OURS}.jsonl")
        jobs = ("--jobs", str(self.jobs), "--report", self.out / f"{OURS}.json")
        self.run("-m", "copyhound.cli", "bench", "recall", *where, *jobs)

    def peers(self) -> None:
        where = ("--queries", self.queries, "--index", self.pictures, "--out", self.out)
        self.run("-m", "tests.bench.peers", *where, "--jobs", str(self.jobs))

    def scores(self) -> None:
        for answers in self.answers():
            self._score(answers, answers.stem, read_lines(answers))
        searched = [row for row in read_lines(self.out / f"{OURS}.jsonl") if "refused" not in row]
        self._score(self.out / f"{OURS}.jsonl", f"{OURS}-searched", searched)

    def answers(self) -> list[Path]:
        """All answers that are there, ours first."""
        names = [OURS, *(f"{peer}{suffix}" for peer in PEERS for suffix in ("", "-nearest"))]
        return [file for name in names if (file := self.out / f"{name}.jsonl").exists()]

    def _score(self, answers: Path, name: str, rows: Sequence[Row]) -> None:
        asked = {row["query"] for row in rows}
        subset = self.queries / f"{name}.subset.jsonl"  # beside the pictures, where the score keeper looks for them
        lines = (self.queries / "queries.jsonl").read_text().splitlines()
        subset.write_text("".join(f"{line}\n" for line in lines if json.loads(line)["query"] in asked))
        told = self.out / f"{name}.score.json"
        self.run(self.bench / "score.py", subset, answers, "--json", told, "--images", self.pictures)

    def accuracy(self) -> None:
        files = (self.queries / "queries.jsonl", self.out / f"{OURS}.jsonl", "--images", self.pictures)
        told = ("--json", self.out / "accuracy.json", "--plot", self.out / "reliability.svg")
        self.run("-m", "tests.bench.accuracy", *files, *told)

    def speed(self) -> None:
        folders = (self.pictures / "originals", self.pictures / "distractors")
        self.run("-m", "tests.bench.speed", *folders, "--json", self.out / "speed.json")

    def growth(self) -> None:
        where = ("--queries", self.queries, "--index", self.pictures, "--out", self.out / "growth.json")
        self.run("-m", "tests.bench.growth", *where, "--limit", "300", "--work", self.out)

    def tell(self, docs: Path | None) -> None:
        """Write one table and one JSON of all that is there."""
        files = {file.name.removesuffix(".json"): file for file in sorted(self.out.glob("*.json"))}
        files.pop("results", None)
        parts = {name: json.loads(file.read_text()) for name, file in files.items()}
        text, ours = results(parts, list(PEERS)), asked(parts)
        (self.out / "results.json").write_text(json.dumps(parts, indent=1))
        (self.out / "results.md").write_text(f"{ours}\n{text}")
        print(ours, text, sep="\n")
        if docs is not None:
            page = docs / "benchmark.md"
            page.write_text(told(told(page.read_text(), "results", text), "asked", ours))
            for plot in ("reliability.svg", "growth.svg"):
                if (self.out / plot).exists():
                    shutil.copy(self.out / plot, docs / plot)


def told(page: str, part: str, text: str) -> str:
    """The page with the text between the marks of that part."""
    return re.sub(MARKED.format(part), lambda m: f"{m[1]}\n{text.strip()}\n\n{m[2]}", page, flags=re.DOTALL)


def read_lines(file: Path) -> list[Row]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def main() -> None:
    """One step after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bench", type=Path)
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--only", action="append", choices=(*STEPS, TABLES), help="only this step (may be given several times)"
    )
    parser.add_argument("--docs", type=Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    bench = Bench(args.bench.resolve(), args.pictures.resolve(), args.out.resolve(), args.limit, args.jobs)
    work = (bench.make_queries, bench.ours, bench.peers, bench.scores, bench.accuracy, bench.speed, bench.growth)
    steps = dict(zip(STEPS, work, strict=True))
    for name in STEPS:
        if not args.only or name in args.only:
            steps[name]()
    bench.tell(args.docs)


if __name__ == "__main__":
    main()
