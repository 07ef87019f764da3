"""Comparisons that are made side by side."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from copyhound.domain.pictures import PictureFacts
from copyhound.services.kit import Kit
from copyhound.services.verifying import compare_with


@pytest.mark.parametrize(("many", "together", "tasks"), [(0, 4, 0), (1, 4, 1), (4, 4, 1), (5, 4, 2), (13, 4, 4)])
async def test_answers_come_in_the_order_of_the_questions(many: int, together: int, tasks: int) -> None:
    """However comparisons are dealt out to tasks, each answer stands where its picture stood."""
    asked: list[int] = []

    async def run(function: str, *arguments: Any) -> list[Any]:
        asked.append(len(arguments[-1]))
        return list(arguments[-1])

    kit = cast(Kit, SimpleNamespace(compute=SimpleNamespace(run=run)))
    others: Any = list(range(many))
    facts = PictureFacts("JPEG", 1, 1, 1, "")
    assert await compare_with(kit, b"", None, facts, others, together=together) == others
    assert len(asked) == tasks
    assert max(asked, default=0) <= together
