"""The whole benchmark in one command, with a benchmark of two queries."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "core" / "copyhound" / "demo" / "pictures"
MAKER = """
import json, pathlib, shutil, sys
out, images = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[3])
(out / "none").mkdir(parents=True)
rows = []
for kind in ("originals", "negatives"):
    (path,) = (images / kind).iterdir()
    shutil.copy(path, out / "none" / f"{kind}.jpg")
    source = f"originals/{path.name}" if kind == "originals" else None
    same = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    rows.append({"query": f"none/{kind}.jpg", "edit": "none", "source": source, "matrix": same})
(out / "queries.jsonl").write_text("".join(json.dumps(row) + "\\n" for row in rows))
"""
KEEPER = """
import json, pathlib, sys
asked = [json.loads(line)["query"] for line in pathlib.Path(sys.argv[1]).read_text().splitlines()]
rows = {row["query"]: row for row in map(json.loads, pathlib.Path(sys.argv[2]).read_text().splitlines())}
first = float(bool(rows["none/originals.jpg"]["matches"]))
told = dict.fromkeys(("strict", "worst_edit_first", "found", "false_alarms", "noise", "aligned"), len(asked) / 100)
pathlib.Path(sys.argv[4]).write_text(json.dumps({**told, "first": first, "first_by_edit": {"none": first}}))
"""


def test_queries_answers_scores_and_tables(tmp_path: Path) -> None:
    """The queries are made and answered, both are handed to the score keeper, and the manual's page gets the tables."""
    bench, pictures, docs, out = (tmp_path / name for name in ("bench", "pictures", "docs", "out"))
    for folder in (bench, docs, *(pictures / kind for kind in ("originals", "negatives", "distractors"))):
        folder.mkdir(parents=True)
    (bench / "make_queries.py").write_text(MAKER)
    (bench / "score.py").write_text(KEEPER)
    shutil.copy(PICTURES / "kodak_0002.jpg", pictures / "originals")
    shutil.copy(PICTURES / "kodak_0013.jpg", pictures / "negatives")
    page = (ROOT / "core" / "copyhound" / "docs" / "benchmark.md").read_text()
    (docs / "benchmark.md").write_text(page)
    only = [part for step in ("queries", "ours", "scores", "accuracy") for part in ("--only", step)]
    where = (bench, "--pictures", pictures, "--out", out, "--docs", docs, "--jobs", "1", *only)
    subprocess.run([sys.executable, "-m", "tests.bench.run", *map(str, where)], cwd=ROOT, check=True, timeout=100)
    told = json.loads((out / "results.json").read_text())
    assert told["copyhound.score"]["first"] == 1
    assert told["accuracy"]["found"] == 1
    written = (docs / "benchmark.md").read_text()
    assert "| Copyhound | 2 | 1.000 | 0.020 |" in written
    assert "| first: the source comes first, over all edits | at least 0.970 | at least 0.990 | 1.000 |" in written
    assert "above every false match of the run | at least 0.950 | at least 0.980 | 0.020, **missed** |" in written
    assert "| a search among 100,000, in SIFT | at most 3.00 | - | - (not measured in this run) |" in written
    assert "Finding: 2 queries, 1 edits, 1 pictures" in written
    assert written.startswith(page.partition("[//]")[0])
    assert (docs / "reliability.svg").read_text().startswith("<svg")
