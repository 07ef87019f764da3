"""Every row of the vendors' documents is proved by tests that exist, or left out with a reason."""

from __future__ import annotations

import ast
from pathlib import Path

from ..proofs import ROWS, named, rows, unproved

ROOT = Path(__file__).parents[2]


def test_every_row_is_there() -> None:
    """The table has each row of the inventory, and no other."""
    assert sorted(rows()) == sorted(ROWS)


def test_a_row_is_proved_or_left_out_with_a_reason() -> None:
    """A row names at least one test, or says in a sentence why it is left out."""
    for row, proof in rows().items():
        if isinstance(proof, list):
            assert proof, row
            assert len(set(proof)) == len(proof), row
        else:
            assert set(proof) == {"left_out"}, row
            assert len(proof["left_out"].split()) > 3, row


def test_named_tests_exist() -> None:
    """Each test that a row names is a function of its file."""
    functions: dict[str, set[str]] = {}
    for test in sorted(named()):
        file, _, name = test.partition("::")
        if file not in functions:
            tree = ast.parse((ROOT / file).read_text("utf-8"))
            kinds = ast.FunctionDef | ast.AsyncFunctionDef
            functions[file] = {node.name for node in ast.walk(tree) if isinstance(node, kinds)}
        assert name in functions[file], test


def test_what_did_not_run_is_not_proved() -> None:
    """A named test counts as passed with any parameters, but not when one of them failed or none ran."""
    (first, second, *rest) = sorted(named())
    passed = [f"{first}[a]", f"{first}[b]", *rest]
    assert unproved(passed, []) == [second]
    assert unproved([*passed, second], [f"{first}[c]"]) == [first]
    assert unproved([*passed, second], []) == []
