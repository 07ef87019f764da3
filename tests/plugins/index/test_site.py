"""Crawling a little website: what is asked of it, what is found, and in which order it may be cut."""

from __future__ import annotations

import gzip
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Any

import httpx
import msgspec
import pytest

from copyhound.plugin_api import Context, CopyhoundError, Lead, Progress, SourceItem
from copyhound_index.site import Crawl, Given, SiteSettings

from .little_site import Clock, File, JsonState, KilledError, LittleSite

CrawlOnce = Callable[..., AsyncGenerator[Given, None]]


async def everything(crawl: AsyncIterator[Given]) -> list[Given]:
    return [given async for given in crawl]


def pictures(given: list[Given]) -> dict[str, set[str]]:
    """Path of each picture that was given, and the paths of the pages it stands on, leads included."""
    found: dict[str, set[str]] = {}
    for one in given:
        if isinstance(one, SourceItem | Lead):
            found.setdefault(path(one.image_url), set()).update(path(page.url) for page in one.pages)
    return found


def path(url: str) -> str:
    return "/" + url.split("/", 3)[3]


@pytest.fixture
def full_site(site: Any) -> Any:
    """A site with everything that can be met."""
    site.files["/robots.txt"] = site_file(b"User-agent: *\nDisallow: /private/\nSitemap: /map.xml\n", "text/plain")
    site.files["/map.xml"] = site_file(
        f"""<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"
        xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
        <url><loc>{site.url}/hidden</loc><image:image><image:loc>{site.url}/mapped.jpg</image:loc></image:image></url>
        <url><loc>{site.url}/private/map</loc></url></urlset>""".encode(),
        "application/xml",
    )
    site.page(
        "/",
        """<title> Home
        page </title><meta property="og:image" content="/og.jpg"><link rel=image_src href=/linkrel.jpg>
        <img src=plain.jpg><img src="data:image/gif;base64,AA" data-src="/lazy.jpg">
        <img srcset="small.jpg 320w, big.jpg 1200w"><picture><source type="image/avif" srcset="no.avif">
        <source srcset="source.webp 1x"><img src="fallback.jpg"></picture><a href="/file.png">file</a>
        <a href="/sub/#x">sub</a><a href="/sub/">again</a><a href="private/page">no</a><a rel=nofollow href=/paid>no</a>
        <a href="http://elsewhere.invalid/">off</a><a href=/broken>500</a><a href=/loop1>loop</a><a href=/huge>huge</a>
        <a href="/cal?month=1">calendar</a><a href="mailto:x@y">m</a><a href="/quiet">q</a><img src=/private/p.jpg>
        <img src="/missing.jpg"><img src="/notpicture.jpg">""",
    )
    site.page("/sub/", "<base href=/deep/><title>Sub</title><img src=based.jpg><img src=/plain.jpg><a href=/>home</a>")
    site.page("/hidden", "<title>Hidden</title><img src=/mapped.jpg>")
    site.page("/quiet", "<meta name=robots content=noindex><img src=/quiet.jpg><a href=/afterquiet>x</a>")
    site.page("/afterquiet", "<meta name=robots content='nofollow,noimageindex'><img src=/q2.jpg><a href=/never>x</a>")
    site.page("/private/page", "<img src=/secret.jpg>")
    site.files["/broken"] = site_file(b"oops", status=500)
    site.files["/loop1"] = site_file(b"", status=302, Location="/loop2")
    site.files["/loop2"] = site_file(b"", status=301, Location="/loop1")
    site.files["/huge"] = site_file(b"<a href=/fromhuge>" + b" " * (6 * 2**20))
    site.files["/cal?*"] = calendar
    for name in ("og", "linkrel", "plain", "lazy", "small", "big", "fallback", "deep/based", "mapped", "quiet", "q2"):
        site.picture(f"/{name}.jpg")
    site.picture("/source.webp")
    site.picture("/file.png")
    site.picture("/private/p.jpg")
    site.page("/notpicture.jpg", "gone")
    return site


def site_file(body: bytes, type: str = "text/html", status: int = 200, **headers: str) -> File:
    return File(body, type, status, headers)


def calendar(path: str) -> File:
    """A calendar that always has a next month."""
    month = int(path.partition("=")[2])
    return File(f"<a href='/cal?month={month + 1}'>next</a><img src=/plain.jpg>".encode())


async def test_finds_what_pages_show(full_site: LittleSite, crawl: CrawlOnce) -> None:
    """Pictures are found in every place of a page and in the sitemap, each with the pages it stands on."""
    found = pictures(await everything(crawl(max_depth=3)))
    home = {"/"}
    assert {name: on for name, on in found.items() if name != "/plain.jpg"} == {
        "/og.jpg": home,
        "/linkrel.jpg": home,
        "/lazy.jpg": home,
        "/big.jpg": home,
        "/source.webp": home,
        "/fallback.jpg": home,
        "/file.png": home,
        "/deep/based.jpg": {"/sub/"},
        "/mapped.jpg": {"/hidden"},
    }
    assert found["/plain.jpg"] == {"/", "/sub/", "/cal?month=1", "/cal?month=2", "/cal?month=3"}


async def test_items_hold_the_pictures_bytes_and_titles(full_site: LittleSite, crawl: CrawlOnce) -> None:
    """A picture comes once with its bytes; its page comes with its title, blanks made one."""
    given = await everything(crawl(max_depth=1))
    items = [one for one in given if isinstance(one, SourceItem)]
    plain = [one for one in items if path(one.image_url) == "/plain.jpg"]
    assert [one.data for one in plain] == [full_site.body("/plain.jpg")]
    assert plain[0].pages[0].title == "Home page"
    assert len({one.image_url for one in items}) == len(items)


async def test_asks_nothing_that_is_forbidden(full_site: LittleSite, crawl: CrawlOnce) -> None:
    """No path that robots.txt disallows is asked for, no nofollow link, nothing twice, nothing off the site."""
    await everything(crawl(max_depth=3))
    asked = full_site.paths(robots=True)
    assert asked[0] == "/robots.txt"
    assert not [one for one in asked if one.startswith("/private") or one in ("/paid", "/never", "/small.jpg")]
    assert "/afterquiet" in asked
    assert not {"/quiet.jpg", "/q2.jpg"} & set(asked)
    twice = {one for one in asked if asked.count(one) > 1}
    assert twice == {"/broken"}
    assert asked.count("/broken") == 3


async def test_identifies_itself_and_is_polite(full_site: LittleSite, crawl: CrawlOnce, clock: Clock) -> None:
    """Every request names us and our contact; one at a time goes to a host, with the delay between."""
    await everything(crawl(delay_seconds=2.0, contact="https://example.org/bot", max_depth=1))
    assert {one.user_agent for one in full_site.asked} == {"Copyhound/0.1 (+https://example.org/bot)"}
    assert full_site.most_at_once == 1
    assert clock.slept == [2.0] * (len(full_site.asked) - 1)


async def test_longer_crawl_delay_is_obeyed(site: LittleSite, crawl: CrawlOnce, clock: Clock) -> None:
    """A Crawl-delay in robots.txt that is longer than our own delay is kept."""
    site.files["/robots.txt"] = site_file(b"User-agent: copyhound\nCrawl-delay: 7\n", "text/plain")
    site.page("/", "<a href=/b>b</a>")
    site.page("/b", "")
    await everything(crawl(delay_seconds=1.0))
    assert clock.slept[1:] == [7.0] * (len(site.asked) - 2)


async def test_busy_host_gets_the_rest_it_asks_for(site: LittleSite, crawl: CrawlOnce, clock: Clock) -> None:
    """After 503 with Retry-After the host is left alone for so long, then asked again."""
    answers = iter([site_file(b"", status=503, **{"Retry-After": "30"}), site_file(b"<img src=/p.jpg>")])
    site.files["/"] = lambda _: next(answers)
    site.picture("/p.jpg")
    assert pictures(await everything(crawl())) == {"/p.jpg": {"/"}}
    assert 30.0 in clock.slept


async def test_progress_is_told(full_site: LittleSite, crawl: CrawlOnce) -> None:
    """Progress counts pages and pictures; the last one says how many failed."""
    told = [one for one in await everything(crawl(max_depth=1)) if isinstance(one, Progress)]
    assert [one.pages for one in told] == sorted(one.pages for one in told)
    assert told[-1].pictures == 10
    assert "Failed addresses: " in (told[-1].note or "")


async def test_traps_end(site: LittleSite, crawl: CrawlOnce) -> None:
    """An endless calendar ends at max_depth, at max_variants, or at max_pages."""
    site.files["/cal?*"] = calendar
    site.picture("/plain.jpg")
    for settings, most in (({"max_depth": 5}, 6), ({"max_variants": 4}, 4), ({"max_pages": 7}, 7)):
        site.forget()
        await everything(crawl("/cal?month=1", **settings))
        assert len([one for one in site.paths() if one.startswith("/cal")]) == most


async def test_session_ids_and_tracking_make_no_new_page(site: LittleSite, crawl: CrawlOnce) -> None:
    """Addresses that differ in fragment, tracking or session id alone are one page."""
    site.page("/", "<a href='/a?utm_source=x'>1</a><a href='/a?PHPSESSID=1#b'>2</a><a href='/a;jsessionid=5'>3</a>")
    site.page("/a", "")
    await everything(crawl())
    assert site.paths() == ["/", "/a"]


@pytest.mark.parametrize("settings", [{"max_depth": 1}, {"max_depth": 3}])
async def test_goes_on_wherever_it_was_cut(
    full_site: LittleSite, crawl: CrawlOnce, state: JsonState, settings: dict[str, Any]
) -> None:
    """Cut at any yield, a crawl gives everything, and asks again only for the picture that it was giving."""
    del full_site.files["/huge"]
    whole = await everything(crawl(**settings))
    asked_whole = sorted(full_site.paths())
    for cut in range(len(whole)):
        state.values.clear()
        full_site.forget()
        given: list[Given] = []
        first = crawl(**settings)
        async for one in first:
            given.append(one)
            if len(given) > cut:
                break
        await first.aclose()
        given += await everything(crawl(**settings))
        assert pictures(given) == pictures(whole)
        extra = full_site.paths()
        for asked in asked_whole:
            extra.remove(asked)
        last = given[cut]
        assert extra == ([path(last.image_url)] if isinstance(last, SourceItem) else [])


@pytest.mark.parametrize("after", [False, True])
async def test_goes_on_after_death_at_any_write(
    full_site: LittleSite, crawl: CrawlOnce, state: JsonState, after: bool
) -> None:
    """Killed right before or right after any write to its state, a crawl still gives everything."""
    del full_site.files["/huge"]
    whole = await everything(crawl(max_depth=2))
    asked = len(full_site.paths())
    for write in range(1, 1000):
        state.values.clear()
        full_site.forget()
        state.die_at(write, after=after)
        given: list[Given] = []
        try:
            async for one in crawl(max_depth=2):
                given.append(one)  # noqa: PERF401 - what came before the death counts
        except KilledError:
            if (await state.get("run") or {}).get("done"):
                break
            given += await everything(crawl(max_depth=2))
            assert pictures(given) == pictures(whole)
            assert len(full_site.paths()) <= asked + 1 + 3
        else:
            break
    assert write > 60


async def test_cut_twice_at_each_item(full_site: LittleSite, crawl: CrawlOnce) -> None:
    """A crawl that is stopped after every single item still ends, with everything."""
    given: list[Given] = []
    for _ in range(500):
        run = crawl(max_depth=1)
        taken = 0
        async for one in run:
            given.append(one)
            taken += 1
            if taken == 2:
                break
        await run.aclose()
        if isinstance(given[-1], Progress) and "Done" in (given[-1].note or ""):
            break
    assert len(pictures(given)) == 10
    assert len(full_site.paths()) < 70


async def test_second_crawl_sends_nothing_again(full_site: LittleSite, crawl: CrawlOnce) -> None:
    """What has not changed answers 304 the second time, and gives leads with the same pages."""
    first = await everything(crawl(max_depth=2))
    full_site.forget()
    del full_site.files["/huge"]
    second = await everything(crawl(max_depth=2))
    assert not [one for one in second if isinstance(one, SourceItem)]
    assert pictures(second) == pictures(first)
    fresh = [one for one in full_site.asked if one.status == 200]
    # what is no picture has given no validators
    assert {one.path for one in fresh} <= {"/robots.txt", "/map.xml", "/notpicture.jpg"}
    assert [one for one in full_site.asked if one.status == 304]


async def test_second_crawl_sees_what_changed(full_site: LittleSite, crawl: CrawlOnce) -> None:
    """A changed picture comes again, a new page is found, a picture taken off gives nothing."""
    await everything(crawl(max_depth=2))
    full_site.files["/og.jpg"] = File(b"\x89PNG another", "image/png")
    full_site.page("/sub/", "<title>Sub</title><a href=/new>new</a>")
    full_site.page("/new", "<img src=/new.jpg>")
    full_site.picture("/new.jpg")
    second = await everything(crawl(max_depth=2))
    assert {path(one.image_url) for one in second if isinstance(one, SourceItem)} == {"/og.jpg", "/new.jpg"}
    assert "/deep/based.jpg" not in pictures(second)
    assert "/sub/" not in pictures(second)["/plain.jpg"]


async def test_pictures_of_other_hosts(site: LittleSite, other_site: LittleSite, crawl: CrawlOnce) -> None:
    """Pictures on another host are fetched under that host's own robots.txt, or not at all if so set."""
    other_site.files["/robots.txt"] = site_file(b"User-agent: Copyhound\nDisallow: /no", "text/plain")
    other_site.picture("/yes.jpg")
    other_site.picture("/no.jpg")
    site.page(
        "/", f"<img src={other_site.url}/yes.jpg><img src={other_site.url}/no.jpg><a href={other_site.url}/>x</a>"
    )
    assert set(pictures(await everything(crawl()))) == {"/yes.jpg"}
    assert other_site.paths(robots=True) == ["/robots.txt", "/yes.jpg"]
    other_site.forget()
    await everything(crawl(images_from_other_hosts=False))
    assert other_site.asked == []


async def test_host_whose_robots_fails_is_left_alone(
    site: LittleSite, other_site: LittleSite, crawl: CrawlOnce
) -> None:
    """Where robots.txt answers 5xx, nothing is fetched: another host is left out, for the site itself the run fails."""
    other_site.files["/robots.txt"] = site_file(b"", status=500)
    other_site.picture("/a.jpg")
    site.page("/", f"<img src={other_site.url}/a.jpg><img src=/b.jpg>")
    site.picture("/b.jpg")
    assert set(pictures(await everything(crawl()))) == {"/b.jpg"}
    assert other_site.paths(robots=True) == ["/robots.txt"]
    with pytest.raises(CopyhoundError, match="500"):
        await everything(crawl(other_site.url + "/"))
    assert set(other_site.paths(robots=True)) == {"/robots.txt"}


async def test_sitemaps_within_sitemaps(site: LittleSite, crawl: CrawlOnce) -> None:
    """A start at a sitemap index reads its sitemaps, gzipped and plain text ones too, and their pages."""
    index = f"<sitemapindex><sitemap><loc>{site.url}/a.xml.gz</loc></sitemap><sitemap><loc>{site.url}/b.txt</loc>"
    site.files["/index.xml"] = site_file(f"{index}</sitemap></sitemapindex>".encode(), "application/xml")
    packed = gzip.compress(f"<urlset><url><loc>{site.url}/one</loc></url></urlset>".encode())
    site.files["/a.xml.gz"] = site_file(packed, "application/gzip")
    site.files["/b.txt"] = site_file(f"{site.url}/two\n{site.url}/three\n".encode(), "text/plain")
    for name in ("one", "two", "three"):
        site.page(f"/{name}", f"<img src=/{name}.jpg>")
        site.picture(f"/{name}.jpg")
    found = pictures(await everything(crawl("/index.xml")))
    assert found == {"/one.jpg": {"/one"}, "/two.jpg": {"/two"}, "/three.jpg": {"/three"}}


async def test_hostile_sitemap_is_left_out(site: LittleSite, crawl: CrawlOnce) -> None:
    """A sitemap with entities, or one that unpacks to gigabytes, harms nothing."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><urlset><url><loc>&a;</loc></url></urlset>'
    site.files["/sitemap.xml"] = site_file(bomb, "application/xml")
    site.page("/", "<img src=/a.jpg>")
    site.picture("/a.jpg")
    assert set(pictures(await everything(crawl()))) == {"/a.jpg"}
    site.files["/zip.xml"] = site_file(gzip.compress(b"<urlset>" + b" " * (60 * 2**20)), "application/xml")
    await everything(crawl("/zip.xml"))


async def test_x_robots_tag_is_obeyed(site: LittleSite, crawl: CrawlOnce) -> None:
    """X-Robots-Tag keeps a page's pictures, its links, or a picture itself out."""
    site.page("/", "<img src=/tagged.jpg><img src=/other.jpg><a href=/noimages>1</a><a href=/nofollow>2</a>")
    site.picture("/tagged.jpg", **{"X-Robots-Tag": "noindex"})
    site.picture("/other.jpg", **{"X-Robots-Tag": "otherbot: noindex"})
    site.page("/noimages", "<img src=/x.jpg>", **{"X-Robots-Tag": "noimageindex"})
    site.page("/nofollow", "<a href=/y>y</a>", **{"X-Robots-Tag": "none"})
    assert set(pictures(await everything(crawl()))) == {"/other.jpg"}
    assert not {"/x.jpg", "/y"} & set(site.paths())


async def test_large_and_small_pictures_are_left_out(site: LittleSite, crawl: CrawlOnce) -> None:
    """Pictures over max_image_bytes, and those shown smaller than min_side, are not given."""
    site.page("/", "<img src=/large.jpg><img src=/icon.jpg width=16 height=16><img src=/ok.jpg width=400>")
    site.files["/large.jpg"] = File(b"x" * 5000, "image/jpeg")
    site.picture("/icon.jpg")
    site.picture("/ok.jpg")
    assert set(pictures(await everything(crawl(max_image_bytes=4000, min_side=50)))) == {"/ok.jpg"}
    assert "/icon.jpg" not in site.paths()


async def test_all_sizes_of_a_srcset_if_asked(site: LittleSite, crawl: CrawlOnce) -> None:
    """With all_sizes every picture of a srcset comes."""
    site.page("/", "<img srcset='a.jpg 1x, b.jpg 2x'>")
    site.picture("/a.jpg")
    site.picture("/b.jpg")
    assert set(pictures(await everything(crawl(all_sizes=True)))) == {"/a.jpg", "/b.jpg"}


async def test_redirected_picture_keeps_the_address_on_the_page(site: LittleSite, crawl: CrawlOnce) -> None:
    """A picture behind redirects is known by the address that the page shows; loops of them fail alone."""
    site.page("/", "<img src=/short><img src=/r1.jpg><img src=/ok.jpg>")
    site.files["/short"] = site_file(b"", status=302, Location="/real.jpg")
    site.files["/r1.jpg"] = site_file(b"", status=302, Location="/r1.jpg")
    site.picture("/real.jpg")
    site.picture("/ok.jpg")
    found = [one for one in await everything(crawl()) if isinstance(one, SourceItem)]
    assert {path(one.image_url): one.data for one in found} == {
        "/short": site.body("/real.jpg"),
        "/ok.jpg": site.body("/ok.jpg"),
    }


@pytest.mark.parametrize(
    ("start", "code"),
    [("ftp://example.org/", "settings_invalid"), ("nothing", "settings_invalid"), ("/missing", "fetch_failed")],
)
async def test_useless_start_is_an_error(site: LittleSite, crawl: CrawlOnce, start: str, code: str) -> None:
    """An address that is none, or where nothing can be read, is a clear error."""
    with pytest.raises(CopyhoundError) as refused:
        await everything(crawl(start))
    assert refused.value.code == code


async def test_forbidden_start_says_why(site: LittleSite, crawl: CrawlOnce) -> None:
    """A site whose robots.txt forbids everything is not read, and the error says so."""
    site.files["/robots.txt"] = site_file(b"User-agent: *\nDisallow: /", "text/plain")
    site.page("/", "<img src=/a.jpg>")
    with pytest.raises(CopyhoundError, match="robots"):
        await everything(crawl())
    assert site.paths(robots=True) == ["/robots.txt"]


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_site_without_robots_txt_may_be_crawled(site: LittleSite, crawl: CrawlOnce, status: int) -> None:
    """A robots.txt that answers 4xx forbids nothing."""
    site.files["/robots.txt"] = site_file(b"User-agent: *\nDisallow: /", "text/plain", status)
    site.page("/", "<img src=/a.jpg>")
    site.picture("/a.jpg")
    assert set(pictures(await everything(crawl()))) == {"/a.jpg"}


async def test_redirected_robots_txt_counts(site: LittleSite, crawl: CrawlOnce) -> None:
    """A robots.txt behind a redirect is obeyed."""
    site.files["/robots.txt"] = site_file(b"", status=301, Location="/real-robots.txt")
    site.files["/real-robots.txt"] = site_file(b"User-agent: *\nDisallow: /a", "text/plain")
    site.page("/", "<img src=/a.jpg><img src=/b.jpg>")
    site.picture("/a.jpg")
    site.picture("/b.jpg")
    assert set(pictures(await everything(crawl()))) == {"/b.jpg"}


async def test_crawl_goes_on_when_robots_txt_is_back(site: LittleSite, crawl: CrawlOnce, state: JsonState) -> None:
    """Where the site's robots.txt fails within a crawl, the run fails, and the next one goes on where it was."""
    site.page("/", "<a href=/b>b</a>")
    site.page("/b", "<img src=/a.jpg>")
    site.picture("/a.jpg")
    first = crawl()
    async for one in first:
        if isinstance(one, Progress) and one.pages == 1:
            break
    await first.aclose()
    del state.values[f"robots:{site.url}"]
    site.files["/robots.txt"] = site_file(b"", status=503)
    with pytest.raises(CopyhoundError, match="503"):
        await everything(crawl())
    del site.files["/robots.txt"]
    site.forget()
    assert set(pictures(await everything(crawl()))) == {"/a.jpg"}
    assert "/" not in site.paths()


async def test_start_that_redirects_away_says_where(site: LittleSite, other_site: LittleSite, crawl: CrawlOnce) -> None:
    """A start that redirects to another site is an error that names it, and nothing is asked there."""
    site.files["/"] = site_file(b"", status=301, Location=other_site.url + "/")
    with pytest.raises(CopyhoundError, match=other_site.url.removeprefix("http://")):
        await everything(crawl())
    assert other_site.asked == []


async def test_host_that_is_down_fails_alone(site: LittleSite, crawl: CrawlOnce) -> None:
    """A picture on a host that cannot be reached is left out; the rest comes."""
    site.page("/", "<img src=http://127.0.0.1:1/a.jpg><img src=/b.jpg>")
    site.picture("/b.jpg")
    given = await everything(crawl())
    assert set(pictures(given)) == {"/b.jpg"}
    assert isinstance(given[-1], Progress)
    assert given[-1].note == "Done. Failed addresses: 1."


async def test_guard_refusal_fails_alone(site: LittleSite, context: Context, clock: Clock) -> None:
    """An address that the core's guard refuses is left out; the rest comes."""

    class Guard(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/internal.jpg":
                raise CopyhoundError("url_forbidden")
            page = b"<img src=/internal.jpg><img src=/ok.jpg>" if request.url.path == "/" else b"GIF89a"
            kind = "text/html" if request.url.path == "/" else "image/gif"
            return httpx.Response(
                200 if "." not in request.url.path or "ok" in request.url.path else 404,
                content=page,
                headers={"content-type": kind},
            )

    async with httpx.AsyncClient(transport=Guard()) as client:
        guarded = msgspec.structs.replace(context, http=client)
        settings = SiteSettings("http://example.org/", delay_seconds=0)
        given = await everything(Crawl(settings, guarded, sleep=clock.sleep, monotonic=clock.monotonic).run())
    assert set(pictures(given)) == {"/ok.jpg"}


async def test_page_types_are_checked(site: LittleSite, crawl: CrawlOnce) -> None:
    """What is no HTML is not read as a page."""
    site.page("/", "<a href=/text>t</a><a href=/json>j</a><a href=/xhtml>x</a>")
    site.files["/text"] = site_file(b"<img src=/t.jpg>", "text/plain")
    site.files["/json"] = site_file(b"<img src=/j.jpg>", "application/json")
    site.files["/xhtml"] = site_file(b"<img src='/x.jpg'/>", "application/xhtml+xml; charset=utf-8")
    site.picture("/x.jpg")
    assert set(pictures(await everything(crawl()))) == {"/x.jpg"}
    assert not {"/t.jpg", "/j.jpg"} & set(site.paths())


async def test_picture_that_fails_for_a_moment_comes_later(site: LittleSite, crawl: CrawlOnce) -> None:
    """A picture that answers 500 once is tried again, and comes with all its pages."""
    answers = iter([site_file(b"", status=500), File(b"GIF89a", "image/gif")])
    site.page("/", "<img src=/a.gif><a href=/b>b</a>")
    site.page("/b", "<img src=/a.gif>")
    site.files["/a.gif"] = lambda _: next(answers)
    assert pictures(await everything(crawl())) == {"/a.gif": {"/", "/b"}}
