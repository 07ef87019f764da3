"""Copyleaks' Image Plagiarism Detection, answered by Copyhound."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ..fixtures.photos import cropped, opened, photo, resaved
from .copyleaks_kit import Desk, desk


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def test_a_check_finds_full_and_partial_copies(here: Desk) -> None:
    """One call answers with full matches, then partial ones, each with its pages where there are any."""
    await here.home.index("https://shop.example.com/cut.jpg", cropped(3))
    await here.home.index("https://blog.example.com/copy.jpg", resaved(3))
    answer = await here.check(photo(3), developerPayload="mine")
    assert answer.status_code == 200, answer.text
    width, height = opened(3).size
    body = answer.json()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", body["scannedImage"].pop("creationTime"))
    assert body == {
        "developerPayload": "mine",
        "scannedImage": {
            "scanId": "my-scan-1", "expectedCredits": 1, "actualCredits": 1,
            "width": width, "height": height, "filename": "my-photo.jpg",
        },
        "matches": {
            "internet": [
                {"url": "https://blog.example.com/copy.jpg", "matchType": 0},
                {"url": "https://shop.example.com/cut.jpg", "matchType": 1},
            ],
            "score": {"totalMatches": 2, "fullMatches": 1, "partialMatches": 1},
        },
    }  # fmt: skip
    print(json.dumps(body))
