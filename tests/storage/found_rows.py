"""Found copies whose rows differ in every metric: what filters, sorts and groups are tried on."""

from __future__ import annotations

from copyhound.domain.matches import Decision, MatchStatus, Page, ResultRow, Verification, VerificationState

from .makers import AT, a_match, at, compared

HOME = Page("https://a.example/home", "Big SALE", at(1), at(9), "en", "Shoes, 50% off", 300, 200)
POST = Page("http://b.example/post", "A post", at(5), at(9), "fr", "Bags", 100, 80)
SAVED = Page("https://a.example/saved", None, at(7), at(9))
FAILED = Verification(VerificationState.unchecked, AT, None, "fetch_failed: No answer.")


def checked(confidence: float, score: float) -> Verification:
    return Verification(VerificationState.verified, AT, compared(confidence, score))


MATCHES = [
    a_match("m1", image_url="https://a.example/1.jpg", host="a.example", pages=(HOME, POST), width=640, height=480,
            first_seen=at(1), verification=checked(95, 70), providers=("index", "tineye"), domain="a.example"),
    a_match("m2", image_url="https://c.example/2.png", host="c.example", pages=(), width=100, height=90,
            first_seen=at(3), verification=FAILED, image_id="image_2", domain="c.example"),
    a_match("m3", image_url="https://cdn.example/3.jpg", host="cdn.example", pages=(SAVED,), width=None, height=None,
            first_seen=at(2), status=MatchStatus.removed, decision=Decision.allowed, verification=checked(60, 90)),
    a_match("m4", image_url="https://d.example/4.jpg", host="d.example", pages=(), first_seen=at(4), small=True),
]  # fmt: skip
"""Rows by page: m1 on home and post, m2 without a page, m3 on saved; m4 shares only something small."""
HOME_ROW, POST_ROW, BARE, SAVED_ROW = "home", "post", "m2", "saved"


def name(row: ResultRow) -> str:
    """What a row is called here: the end of its page's address, or its match's id."""
    return row.page.url.rpartition("/")[2] if row.page else row.match.id
