"""What the demo plants, and where."""

from __future__ import annotations

import re

import pytest

from copyhound.demo.plan import OTHERS, OWN, Plan, make_plan
from copyhound.demo.site import make_site, pages_of

BASE = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make_plan()


def test_all_shipped_pictures_play_a_part(plan: Plan) -> None:
    """23 pictures ship: each is an own one or somebody else's, never both."""
    assert len({*OWN, *OTHERS}) == len(OWN) + len(OTHERS) == 23


def test_about_thirty_copies_are_planted(plan: Plan) -> None:
    """Every own picture has a copy on the site, and there are at least thirty copies."""
    assert len(plan.planted) >= 30
    assert {own for own, _ in plan.planted} == set(OWN)


def test_the_same_plan_twice_is_the_same(plan: Plan) -> None:
    """Edits are deterministic, down to the byte."""
    assert make_plan() == plan


def test_paths_tell_nothing(plan: Plan) -> None:
    """File names on the site are hashes, in an order that tells nothing."""
    paths = [copy.path for copy in plan.copies]
    assert all(re.fullmatch(r"/media/[0-9a-f]{16}\.jpg", path) for path in paths)
    assert paths == sorted(set(paths))


def test_pages_and_mark_up_tell_nothing(plan: Plan) -> None:
    """No page names a shipped picture or an edit."""
    site = make_site(plan, BASE)
    text = "".join(site[path].body.decode() for path in pages_of(site))
    assert not [name for name in (*OWN, *OTHERS, "mirrored", "collage") if name in text]


def test_every_copy_stands_on_an_allowed_page(plan: Plan) -> None:
    """Each picture is shown or linked on a page that a crawler may read."""
    site = make_site(plan, BASE)
    text = "".join(site[path].body.decode() for path in pages_of(site))
    assert not [copy.path for copy in plan.copies if copy.path not in text]


def test_the_mark_up_varies(plan: Plan) -> None:
    """Pictures stand in img, srcset, picture, og:image, links and lazily loaded ones."""
    site = make_site(plan, BASE)
    text = "".join(site[path].body.decode() for path in pages_of(site))
    for part in ('<img src="/media/', "<img srcset=", "<picture><source", "og:image", '<a href="/media/', "data-src="):
        assert part in text


def test_one_page_is_known_to_the_sitemap_alone(plan: Plan) -> None:
    """A crawler that ignores the sitemap misses a page."""
    site = make_site(plan, BASE)
    linked = site["/"].body.decode()
    assert "/posts/10.html" not in linked
    assert f"{BASE}/posts/10.html" in site["/sitemap.xml"].body.decode()


def test_the_forbidden_copy_lies_behind_robots_txt(plan: Plan) -> None:
    """One more copy lies in a folder that robots.txt forbids, and is no part of what must be found."""
    site = make_site(plan, BASE)
    assert "Disallow: /private/" in site["/robots.txt"].body.decode()
    assert plan.forbidden.path.startswith("/private/")
    assert plan.forbidden.path not in {path for _, path in plan.planted}
    assert plan.forbidden.path in site["/"].body.decode()
