"""The manual's page on filters tells what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.filters import parse_filter, read_filter
from copyhound.domain.metrics import METRICS, OPERATOR_MEANINGS

PAGE = (Path(__file__).parents[2] / "core" / "copyhound" / "docs" / "filters.md").read_text("utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
LUCENE = re.compile(r"^\| `([^`|]+)` \| `(\{[^`|]+\})` \|$", re.MULTILINE)


def test_the_table_of_metrics_is_that_of_the_code() -> None:
    """Each metric with its type and all its operators, and none besides."""
    told = {name: (kind, tuple(re.findall(r"\w+", operators))) for name, kind, operators in ROW.findall(PAGE)}
    assert told == {name: (metric.kind.value, metric.operators) for name, metric in METRICS.items()}


def test_every_operator_is_explained() -> None:
    """Those that some metric has, and no others."""
    used = {operator for metric in METRICS.values() for operator in metric.operators}
    assert used == set(OPERATOR_MEANINGS)
    assert [one for one in OPERATOR_MEANINGS if f"| `{one}` | " not in PAGE] == []


def test_every_example_is_a_filter() -> None:
    """Each JSON block and each replacement of a Lucene query is read."""
    blocks = [text for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL) if '"code"' not in text]
    assert len(blocks) >= 4
    for text in blocks:
        read_filter(text)
    for lucene, instead in LUCENE.findall(PAGE):
        parse_filter(json.loads(instead))
        with pytest.raises(CopyhoundError, match="Lucene"):
            read_filter(lucene)
    assert len(LUCENE.findall(PAGE)) == 7


def test_the_slip_in_the_documents_is_noted() -> None:
    """lt means less than here, though the vendor's table prints Equals."""
    assert "`lt` means *less than*" in PAGE
    assert OPERATOR_MEANINGS["lt"] == "is less than"
