"""Reduced copies that were damaged where they lie: as if none had been kept."""

from __future__ import annotations

import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.matching import compare, thumbnail

from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"
DAMAGED = {"empty": b"", "no picture": b"rubbish", "cut short": pics.entry(pics.raw(PHOTO)).reduced[:600]}


@pytest.mark.parametrize("copy", list(DAMAGED.values()), ids=list(DAMAGED))
@pytest.mark.parametrize("whose", ["query", "match"])
def test_geometry_decides_alone(whose: str, copy: bytes) -> None:
    """Whichever copy is damaged: the comparison is the one without copies, and says that no pixels were compared."""
    query, match = pics.query(pics.raw(PHOTO)), pics.entry(pics.jpeg(pics.crop(pics.photo(PHOTO))[0]))
    copies = (copy, match.reduced) if whose == "query" else (query.reduced, copy)
    found = compare(query.fingerprint, match.fingerprint, *copies)
    assert found is not None
    assert found == compare(query.fingerprint, match.fingerprint)
    assert not found.pixels_checked


@pytest.mark.parametrize("copy", list(DAMAGED.values()), ids=list(DAMAGED))
def test_what_needs_the_copy_says_so(copy: bytes) -> None:
    """A thumbnail of a damaged copy is an error with a stable code."""
    with pytest.raises(CopyhoundError, match="image_decode_failed"):
        thumbnail(copy)
