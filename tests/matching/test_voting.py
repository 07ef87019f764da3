"""Votes: which entry has the query's features under one turn and one size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from copyhound.matching.fingerprint import postings_of
from copyhound.matching.voting import Pairs, Vote, lookup_of, meet, rank, terms_of

from . import matching_pictures as pics

PHOTO = "kodak_0015.jpg"


def pairs_with(query: bytes, names: Sequence[str]) -> Pairs:
    """What the features of a query meet in the package's pictures."""
    lookup, parts = lookup_of(query), []
    all_postings = [postings_of(pics.entry(pics.raw(name)).fingerprint) for name in names]
    words = np.concatenate([one.words for one in all_postings])
    terms = terms_of(lookup, np.array([np.count_nonzero(words == word) for word in lookup.words]), len(names))
    for number, one in enumerate(all_postings):
        rows, features = meet(lookup, one)
        kept, weights = terms.meetings(rows, one.signatures[features])
        parts.append(Pairs(rows[kept], np.full(len(kept), number), one.places[features[kept]], weights))
    return Pairs(*(np.concatenate([getattr(part, name) for part in parts]) for name in Pairs.__struct_fields__))


def votes(query: bytes, names: Sequence[str], limit: int = 100) -> list[Vote]:
    return rank(lookup_of(query), pairs_with(query, names), limit)


@pytest.mark.parametrize(
    ("change", "variant"),
    [
        (pics.crop, 0),
        (pics.quarter_turn, 0),
        (pics.rotate, 0),
        (pics.resize, 0),
        (pics.caption, 0),
        (lambda image: pics.collage(image, pics.photo(pics.names()[0]), 0.4), 0),
        (pics.mirror, 1),
        (pics.flip, 1),
        (pics.invert, 2),
        (lambda image: pics.invert(pics.mirror(image)[0]), 3),
    ],
)
def test_the_right_picture_stands_first_in_the_right_variant(change: object, variant: int) -> None:
    """An edited picture's own source stands first, far above chance, in the variant that undoes the edit."""
    edited, _ = change(pics.photo(PHOTO))  # type: ignore[operator]
    others = [name for name in pics.names() if name != pics.names()[0]]
    found = votes(pics.query(pics.jpeg(edited)).fingerprint, others)
    assert (others[found[0].entry], found[0].variant) == (PHOTO, variant)
    assert found[0].score > 3 * found[1].score


def test_chance_meetings_weigh_little() -> None:
    """A picture that is not there gets no votes to speak of, beside what its own entry would get."""
    query = pics.query(pics.raw(PHOTO)).fingerprint
    own = votes(query, pics.names())[0]
    others = votes(query, [name for name in pics.names() if name != PHOTO])
    assert pics.names()[own.entry] == PHOTO
    assert max((vote.score for vote in others), default=0) < own.score / 20


def test_each_entry_comes_once_up_to_the_limit() -> None:
    """Of all variants in which an entry has votes the best one counts, and no more than asked for come."""
    query = pics.query(pics.raw(PHOTO)).fingerprint
    found = votes(query, pics.names())
    assert len({vote.entry for vote in found}) == len(found)
    assert [vote.score for vote in found] == sorted((vote.score for vote in found), reverse=True)
    assert votes(query, pics.names(), 3) == found[:3]
    assert votes(query, pics.names(), 0) == []


def test_pairs_at_scattered_places_do_not_add_up() -> None:
    """The same features, each at another's place, are worth a small part of what they are where they belong."""
    query = pics.query(pics.raw(PHOTO)).fingerprint
    pairs, lookup = pairs_with(query, [PHOTO]), lookup_of(query)
    rng = np.random.default_rng(1)
    scattered = Pairs(pairs.rows, pairs.entries, rng.permutation(pairs.places), pairs.weights)
    assert rank(lookup, scattered, 1)[0].score < rank(lookup, pairs, 1)[0].score / 5


def test_far_signatures_are_no_pairs() -> None:
    """The nearer its signature the more a posting weighs; a far one is no pair, sooner so in a crowded word."""
    lookup = lookup_of(pics.query(pics.raw(PHOTO)).fingerprint)
    flipped = lookup.signatures[0] ^ np.array([(1 << bits) - 1 for bits in range(64)], np.uint64)
    rows, reach, heaviest = np.zeros(64, np.int64), [], []
    for population in (1, 100, 10_000):
        terms = terms_of(lookup, np.full(len(lookup.words), population), 100_000)
        kept, weights = terms.meetings(rows, flipped)
        assert kept.tolist() == list(range(len(kept)))
        assert (np.diff(weights) < 0).all()
        reach.append(len(kept))
        heaviest.append(float(weights[0]))
    assert 32 > reach[0] > reach[1] > reach[2] > 0
    assert heaviest[0] > heaviest[1] > heaviest[2] > 0


def test_nothing_met_is_no_vote() -> None:
    """Without pairs there is no vote."""
    lookup = lookup_of(pics.query(pics.raw(PHOTO)).fingerprint)
    none = np.empty(0, np.int64)
    pairs = Pairs(none, none, np.empty((0, 4), np.uint8), np.empty(0, np.float32))
    assert rank(lookup, pairs, 10) == []
