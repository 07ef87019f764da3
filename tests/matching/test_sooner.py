"""What makes a search quicker leaves its result as it is."""

from __future__ import annotations

import numpy as np

from copyhound.matching import prepare_query
from copyhound.matching.voting import lookup_of

from ..fixtures.photos import photo


def test_threads_change_nothing() -> None:
    """A query that is prepared in two threads is the same to the byte."""
    assert prepare_query(photo(3), threads=2) == prepare_query(photo(3))


def test_mirrored_copies_need_not_be_looked_for() -> None:
    """Without them, a lookup asks in the plain variant and the negative one, as it does with them."""
    fingerprint = prepare_query(photo(3)).fingerprint
    whole, half = lookup_of(fingerprint), lookup_of(fingerprint, mirrored=False)
    assert set(np.unique(whole.variants)) == {0, 1, 2, 3}
    assert set(np.unique(half.variants)) == {0, 2}
    plain = np.isin(whole.variants, (0, 2))
    assert np.array_equal(half.words, whole.words[plain])
    assert np.array_equal(half.signatures, whole.signatures[plain])
