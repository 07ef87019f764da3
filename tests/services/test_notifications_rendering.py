"""A digest in its formats, to the letter."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest

from copyhound.domain.notifications import Digest, DigestFormat, FoundCopy, FoundDomain
from copyhound.services.notifications_counting import headline
from copyhound.services.notifications_rendering import COLUMNS, page_of, render

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def copy(number: int = 1, **changes: Any) -> FoundCopy:
    full = FoundCopy(
        match_id=f"match_{number}",
        image_id=f"image_id_{number}",
        image_number=number,
        image_name=f"picture {number}.jpg",
        image_url="https://shop.example.com/a.jpg",
        page_url="https://shop.example.com/page",
        page_title="A poster",
        confidence=99.25,
        score=64.0,
        match_type="partial",
        first_seen=AT,
        overlay_url=f"https://copyhound.test/overlay{number}?a=1&b=2",
        thumbnail_url=f"https://copyhound.test/thumbnail{number}?a=1&b=2",
    )
    return msgspec.structs.replace(full, **changes)


def on(domain: str, *copies: FoundCopy, list_id: str = "list_1", label: str = "Summer") -> FoundDomain:
    return FoundDomain(domain, list_id, label, AT, copies or (copy(),), int(list_id.removeprefix("list_")))


def digest(*found: FoundDomain) -> Digest:
    return Digest("ntc_1", "ntf_1", found)


def body(made: Digest, format: str) -> str:
    return render(made, DigestFormat(format)).body.decode()


class Seen(HTMLParser):
    """Tags with their attributes, and the text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str, name: str) -> list[str | None]:
        return [attributes[name] for kind, attributes in self.tags if kind == tag and name in attributes]


def test_the_line_counts_and_names_each_domain_once() -> None:
    """One domain in two lists counts once; the noun fits the number; what is too much is counted."""
    assert headline(digest(on("a.com"))) == "1 New Domain: a.com"
    assert headline(digest(on("a.com"), on("b.com"), on("a.com", list_id="list_2"))) == "2 New Domains: a.com, b.com"
    many = digest(*(on(f"{number}.com") for number in range(52)))
    assert headline(many).startswith("52 New Domains: 0.com, 1.com, ")
    assert headline(many).endswith(", 51.com")
    assert headline(many, 2) == "52 New Domains: 0.com, 1.com and 50 more"


def test_the_short_formats() -> None:
    """Text, the text as a message in JSON, and the figures in JSON."""
    made = digest(on("a.com"), on("b.com"), on("a.com", list_id="list_2", label="Winter"))
    assert body(made, "textsummary") == "2 New Domains: a.com, b.com"
    assert body(made, "jsontextsummary") == '{"message":"2 New Domains: a.com, b.com"}'
    assert msgspec.json.decode(body(made, "jsonsummary")) == {
        "new_domains": 2,
        "domains": ["a.com", "b.com"],
        "lists": [
            {"list_id": "list_1", "list_number": 1, "list_label": "Summer", "new_domains": 2},
            {"list_id": "list_2", "list_number": 2, "list_label": "Winter", "new_domains": 1},
        ],
    }


def test_the_full_format_goes_by_image() -> None:
    """Each image has the domains on which it was found, and its copies there."""
    made = digest(on("a.com", copy(1), copy(2), copy(1, match_id="match_3")), on("b.com", copy(2)))
    full = msgspec.json.decode(body(made, "jsonfull"))
    assert {name: image["domains_found"] for name, image in full.items()} == {
        "image_1": ["a.com"],
        "image_2": ["a.com", "b.com"],
    }
    assert (full["image_1"]["image_id"], full["image_1"]["image_name"]) == ("image_id_1", "picture 1.jpg")
    assert (full["image_2"]["image_number"], full["image_2"]["list_number"]) == (2, 1)
    assert [one["match_id"] for one in full["image_1"]["copies"]] == ["match_1", "match_3"]
    assert full["image_2"]["copies"][1]["domain"] == "b.com"


def test_the_table_has_a_row_for_each_copy() -> None:
    """Columns are named; what a spreadsheet would take for a formula gets an apostrophe."""
    made = digest(on("a.com", copy(1, page_title='=HYPERLINK("x")'), copy(2, confidence=None)), on("b.com"))
    rows = list(csv.DictReader(io.StringIO(body(made, "csv"))))
    assert tuple(rows[0]) == COLUMNS
    assert [(row["domain"], row["image_number"], row["confidence"]) for row in rows] == [
        ("a.com", "1", "99.25"),
        ("a.com", "2", ""),
        ("b.com", "1", "99.25"),
    ]
    assert rows[0]["page_title"] == '\'=HYPERLINK("x")'


def test_the_page_shows_thumbnails_and_leads_to_overlays() -> None:
    """A row for each domain, with the best copy's thumbnail in a link to its overlay, and a link to the page."""
    seen = Seen(body(digest(on("a.com", copy(1), copy(2)), on("b.com", copy(3, confidence=None))), "htmlsummary"))
    assert seen.of("img", "src") == [f"https://copyhound.test/thumbnail{number}?a=1&b=2" for number in (1, 3)]
    links = seen.of("a", "href")
    assert links.count("https://copyhound.test/overlay1?a=1&b=2") == 2
    assert "https://shop.example.com/page" in links
    for text in ("2 New Domains", "A poster", "partial copy, confidence 99.25 %", "and 1 more on", "not verified"):
        assert text in seen.text


EVIL = '"><script>alert(1)</script><img src=x onerror=alert(1)>'


def test_what_pages_say_of_themselves_is_text() -> None:
    """Markup in names, labels, titles and addresses is shown, not obeyed; only web addresses are links."""
    evil = copy(
        1,
        image_name=EVIL,
        page_title=EVIL,
        page_url="javascript:alert(1)",
        match_type=EVIL,
        thumbnail_url=f"https://a.example/{EVIL}",
        overlay_url=f"https://a.example/{EVIL}",
    )
    untitled = copy(2, page_title=None, page_url=f"https://a.example/{EVIL}")
    made = digest(on(EVIL, evil, label=EVIL), on("b.com", untitled))
    seen = Seen(body(made, "htmlsummary"))
    assert {tag for tag, _ in seen.tags} <= {
        *("html", "head", "meta", "title", "body", "h1", "p", "table", "tr", "td", "strong", "br", "a", "img")
    }
    assert [name for _, attributes in seen.tags for name in attributes if name.startswith("on")] == []
    assert [href for href in seen.of("a", "href") if href and not href.startswith("https://")] == []
    assert "<script>alert(1)</script>" in seen.text


def test_titles_and_texts_are_free_of_line_breaks() -> None:
    """A label with line breaks makes no line of its own."""
    made = render(digest(on("a.com", label="Summer\r\nBcc: x@example.org")), DigestFormat.htmlsummary)
    assert "\nBcc" not in made.text
    assert "\n" not in made.title


def test_a_long_page_is_cut() -> None:
    """A page has 50 rows, says how many domains it leaves out, and leads to all of them; the text does the same."""
    made = msgspec.structs.replace(digest(*(on(f"{number}.com") for number in range(80))), url="https://all.test/?a&b")
    seen = Seen(body(made, "htmlsummary"))
    assert len(seen.of("img", "src")) == 50
    assert "And 30 more." in seen.text
    assert "https://all.test/?a&b" in seen.of("a", "href")
    text = render(made, DigestFormat.htmlsummary).text
    assert text.endswith("\nand 30 more\n\nAll of them: https://all.test/?a&b")
    assert text.count("overlay: ") == 50
    assert len(Seen(page_of(made)).of("img", "src")) == 80


def test_the_pages_fit_a_phone() -> None:
    """The one in a message and the one behind its link are as wide as the screen, and no wider."""
    made = digest(on("a.example", copy()))
    for page in (body(made, "htmlsummary"), page_of(made)):
        assert Seen(page).of("meta", "content") == ["width=device-width, initial-scale=1"]


def test_the_page_with_all_has_every_copy() -> None:
    """Behind "See all" each copy has a row of its own; where a domain may have more, that is told."""
    made = digest(on("a.com", copy(1), copy(2), copy(3)), on("b.com", copy(4)))
    seen = Seen(page_of(made))
    assert seen.of("img", "src") == [f"https://copyhound.test/thumbnail{number}?a=1&b=2" for number in (1, 2, 3, 4)]
    assert "more on this domain" not in seen.text
    assert "best are here" not in seen.text
    crowded = digest(on("a.com", *map(copy, range(20))))
    assert "Of a domain with many copies, the 20 best are here." in Seen(page_of(crowded)).text
    assert "and 19 or more on this domain" in Seen(body(crowded, "htmlsummary")).text


def test_the_text_tells_of_further_copies() -> None:
    """Each domain is a block of its own, and says how many more copies it has."""
    made = render(digest(on("a.com", copy(1), copy(2), copy(3)), on("b.com", copy(4))), DigestFormat.htmlsummary)
    _, first, second = made.text.split("\n\n")
    assert first.splitlines()[0] == "a.com (list: Summer)"
    assert first.splitlines()[-1] == "  and 2 more on this domain"
    assert second.splitlines()[0] == "b.com (list: Summer)"
    assert "more on" not in second


def test_the_figures_come_first() -> None:
    """How many in each list, most first, and which domains have the most copies; one of each needs no figures."""
    winter = {"list_id": "list_2", "label": "Winter\nsale"}
    made = digest(on("a.com"), on("b.com", copy(1), copy(2), copy(3), **winter), on("c.com", **winter))
    lines = render(made, DigestFormat.htmlsummary).text.splitlines()
    assert lines[:3] == [
        "3 New Domains: a.com, b.com, c.com",
        "Lists: Winter sale (2), Summer (1)",
        "Most copies: b.com (3)",
    ]
    page = Seen(body(made, "htmlsummary"))
    assert "Lists: Winter sale (2), Summer (1)" in page.text
    assert "Most copies: b.com (3)" in page.text
    assert render(digest(on("a.com", copy(1), copy(2))), DigestFormat.htmlsummary).text.splitlines()[1] == ""


def test_machines_are_told_all_that_the_page_tells() -> None:
    """Title, figures by list, top domains, and every domain with its copies, their thumbnails and overlays."""
    made = msgspec.structs.replace(digest(on("a.com", copy(1), copy(2)), on("b.com")), url="https://all.test/")
    told = msgspec.json.decode(body(made, "json"))
    assert (told["id"], told["title"], told["new_domains"]) == ("ntc_1", "2 New Domains: a.com, b.com", 2)
    assert told["lists"] == [{"list_id": "list_1", "list_number": 1, "list_label": "Summer", "new_domains": 2}]
    assert told["top_domains"] == [{"domain": "a.com", "copies": 2}, {"domain": "b.com", "copies": 1}]
    assert [one["domain"] for one in told["domains"]] == ["a.com", "b.com"]
    best = told["domains"][0]["copies"][0]
    assert (best["overlay_url"], best["thumbnail_url"]) == (copy(1).overlay_url, copy(1).thumbnail_url)
    assert told["url"] == "https://all.test/"


@pytest.mark.parametrize("format", list(DigestFormat))
def test_the_same_digest_gives_the_same_bytes(format: DigestFormat) -> None:
    """A repetition can be told from a new message by its bytes too; and every format has a text for people."""
    first, second = (render(digest(on("a.com")), format) for _ in range(2))
    assert first == second
    assert first.text.startswith("1 New Domain: a.com\n")
    assert (first.html is not None) is (format is DigestFormat.htmlsummary)


def of_copies(*found: FoundDomain) -> Digest:
    return Digest("ntc_1", "ntf_1", found, new_domains_only=False)


def test_all_new_copies_are_counted_to_the_letter() -> None:
    """A digest of every new copy counts copies and domains, each list's and domain's by all that were found."""
    many = msgspec.structs.replace(on("a.com", copy(1), copy(2)), total=41)
    made = of_copies(many, on("b.com", list_id="list_2", label="Winter"))
    line = "42 New Copies on 2 Domains: a.com, b.com"
    assert body(made, "textsummary") == line
    assert body(made, "jsontextsummary") == f'{{"message":"{line}"}}'
    assert body(made, "jsonsummary") == (
        '{"new_copies":42,"domains":["a.com","b.com"],"lists":['
        '{"list_id":"list_1","list_number":1,"list_label":"Summer","new_copies":41},'
        '{"list_id":"list_2","list_number":2,"list_label":"Winter","new_copies":1}]}'
    )
    assert [one.get("total") for one in msgspec.json.decode(body(made, "json"))["domains"]] == [41, None]
    assert len(body(made, "csv").splitlines()) == 4
    text = render(made, DigestFormat.htmlsummary).text
    assert text.startswith(f"{line}\nLists: Summer (41), Winter (1)\nMost copies: a.com (41)\n")
    assert "and 40 more on this domain" in text
    assert headline(of_copies(on("a.com"))) == "1 New Copy on 1 Domain: a.com"
    assert headline(of_copies()) == "0 New Copies"
