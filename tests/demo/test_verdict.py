"""The demo's judgement of what was found."""

from __future__ import annotations

from copyhound.demo.verdict import Hit, judge

PLANTED = {("a", f"/media/{n}.jpg"): "cropped" for n in range(10)}


def hit(image: str, path: str) -> Hit:
    return Hit(
        "match_1", image, f"http://127.0.0.1:1{path}", ("http://127.0.0.1:1/",), 99.0, 80.0, "partial", ("cropped",)
    )


def test_all_found_is_good() -> None:
    """All planted copies and nothing else: good."""
    verdict = judge(PLANTED, [hit(*at) for at in PLANTED])
    assert verdict.good
    assert (len(verdict.found), verdict.missed, verdict.false) == (10, (), ())


def test_nine_of_ten_are_enough() -> None:
    """One miss in ten is allowed, and is named."""
    verdict = judge(PLANTED, [hit(*at) for at in list(PLANTED)[1:]])
    assert verdict.good
    assert [missed.path for missed in verdict.missed] == ["/media/0.jpg"]


def test_eight_of_ten_are_not() -> None:
    """Two misses in ten are too many."""
    assert not judge(PLANTED, [hit(*at) for at in list(PLANTED)[2:]]).good


def test_one_false_hit_spoils_it() -> None:
    """A match of the wrong own picture is false, even at a planted path."""
    verdict = judge(PLANTED, [*(hit(*at) for at in PLANTED), hit("b", "/media/0.jpg")])
    assert not verdict.good
    assert [false.image for false in verdict.false] == ["b"]


def test_a_problem_spoils_it() -> None:
    """A lost webhook makes the demo fail, though all copies were found."""
    assert not judge(PLANTED, [hit(*at) for at in PLANTED], ["a webhook was lost"]).good
