"""The source that crawls a website."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from copyhound.plugin_api import Context, CopyhoundError, Lead, Page, Progress, SourceItem, SourceSpec
from copyhound_index.fetching import Answered, FetchError, Monotonic, PoliteFetcher, Sleep
from copyhound_index.frontier import MAX_TRIES, Frontier, Kind, Record, Todo, shown
from copyhound_index.html import Found, directives, read_page
from copyhound_index.sitemaps import read_sitemap
from copyhound_index.urls import extension, host_of, normalised, same_site

VERSION: Final = "0.1"
_MAX_PAGE_BYTES: Final = 5 * 2**20
_MAX_SITEMAP_BYTES: Final = 10 * 2**20
_MAX_SITEMAPS: Final = 500
_TELL_EVERY: Final = 10
_NOT_MODIFIED: Final = 304
_PAGE_TYPES: Final = ("text/html", "application/xhtml+xml", "")
_XML_TYPES: Final = ("application/xml", "text/xml", "application/gzip", "application/x-gzip")
_NO_PICTURE_TYPES: Final = ("text/", "application/json", "application/xml", "application/javascript", "image/svg")

Given = SourceItem | Lead | Progress


class SiteSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the source `site`."""

    url: Annotated[str, Meta(min_length=1, description="A page to start from, or a sitemap.")]
    delay_seconds: Annotated[
        float,
        Meta(
            ge=0,
            le=3600,
            description="The pause between two requests to one host. A longer Crawl-delay in its robots.txt is obeyed.",
        ),
    ] = 1.0
    max_pages: Annotated[int, Meta(ge=1, le=10_000_000, description="How many pages are asked for at most.")] = 10_000
    max_depth: Annotated[
        int,
        Meta(ge=0, le=1000, description="How many links a page may be away from where we start."),
    ] = 20
    max_variants: Annotated[
        int,
        Meta(ge=1, description="How many addresses are taken that differ only in what follows the question mark."),
    ] = 500
    contact: Annotated[
        str | None,
        Meta(description="Web or mail address at which the site's owner can reach you; sent with every request."),
    ] = None
    user_agent: Annotated[
        str | None,
        Meta(description="Our name, in place of `Copyhound/0.1 (+contact)`. In robots.txt it is `Copyhound`."),
    ] = None
    include_subdomains: Annotated[bool, Meta(description="Crawl pages on hosts below the site's, too.")] = False
    images_from_other_hosts: Annotated[
        bool,
        Meta(
            description="Fetch pictures that the pages show from other hosts, where those hosts' robots.txt allows it."
        ),
    ] = True
    max_image_bytes: Annotated[int, Meta(ge=1, description="Larger picture files are left out.")] = 20 * 2**20
    min_side: Annotated[
        int,
        Meta(
            ge=0,
            description="Leave out pictures that a page's markup gives fewer pixels than this in width or height.",
        ),
    ] = 0
    all_sizes: Annotated[bool, Meta(description="Fetch every picture of a `srcset`, in place of the largest.")] = False


def run(settings: SiteSettings, context: Context) -> AsyncGenerator[Given, None]:
    """Crawl a site: each picture once, and a Lead for each further page that it stands on.

    Goes on where it stopped; after a whole crawl it begins a new one, in which what has not changed is not sent
    again. CopyhoundError `settings_invalid` for an unusable address, `fetch_failed` where nothing could be read.
    """
    return Crawl(settings, context).run()


class Crawl:
    """One crawl of one site. An item counts as taken when the next one is asked for."""

    def __init__(
        self,
        settings: SiteSettings,
        context: Context,
        *,
        sleep: Sleep = asyncio.sleep,
        monotonic: Monotonic = time.monotonic,
    ) -> None:
        """`sleep` and `monotonic` stand in for the real ones, in tests."""
        start = normalised(settings.url)
        if start is None:
            raise CopyhoundError("settings_invalid", f"{settings.url!r} is no web address.")
        self._start = start
        self._settings = settings
        self._context = context
        self._frontier = Frontier(context.state)
        self._fetcher = PoliteFetcher(
            context, user_agent=_user_agent(settings), delay=settings.delay_seconds, sleep=sleep, monotonic=monotonic
        )
        self._work: dict[Kind, Callable[[Todo], AsyncIterator[Given]]] = {
            Kind.leads: self._leads,
            Kind.picture: self._picture,
            Kind.sitemap: self._sitemap,
            Kind.page: self._page,
        }

    async def run(self) -> AsyncGenerator[Given, None]:
        """Everything there is to do, one thing after the other."""
        frontier = self._frontier
        if await frontier.open():
            await self._begin()
        while (following := await frontier.next()) is not None:
            key, todo = following
            tell = False
            try:
                async for given in self._work[todo.kind](todo):
                    yield given
            except FetchError as failure:
                await self._failed(todo, failure)
                tell = not failure.unwanted
            await frontier.drop(key)
            if tell:
                yield self._progress(todo.url)
        yield self._progress("Done.", failed=frontier.run.failed)
        frontier.run.done = True
        await frontier.save()
        if not frontier.run.pages and frontier.run.first_failure:
            raise CopyhoundError("fetch_failed", f"{self._start}: {frontier.run.first_failure}")

    async def _begin(self) -> None:
        frontier, settings = self._frontier, self._settings
        await self._fetcher.forget_rules()
        try:
            rules = await self._fetcher.rules(self._start)
        except FetchError as failure:
            raise CopyhoundError("fetch_failed", f"{self._start}: {failure.reason}") from failure
        if _names_sitemap(self._start):
            await self._plan_sitemaps([self._start])
        else:
            listed = [url for text in rules.sitemaps if (url := normalised(text, self._start))]
            guess = normalised("/sitemap.xml", self._start)
            await frontier.plan_pages([self._start], 0, most=settings.max_pages, variants=settings.max_variants)
            await self._plan_sitemaps(listed or [guess or self._start])
        await frontier.save()

    # each of these may be cut off at any yield and is then done again

    async def _leads(self, todo: Todo) -> AsyncIterator[Given]:
        page = Page(*todo.page)
        for url in todo.pictures:
            yield Lead(url, (shown(page, todo.sizes.get(url)),))

    async def _picture(self, todo: Todo) -> AsyncIterator[Given]:
        frontier = self._frontier
        record = await frontier.record(Kind.picture, todo.url)
        if record.done == frontier.run.crawl:
            return
        answer = await self._fetcher.follow(
            todo.url,
            max_bytes=self._settings.max_image_bytes,
            headers={"accept": "image/*", **record.validators},
            may=self._may_hold_pictures,
        )
        pages = tuple(Page(*row) for row in record.pages)
        if answer.status == _NOT_MODIFIED:
            yield Lead(todo.url, pages)
        elif answer.media_type.startswith(_NO_PICTURE_TYPES):
            raise FetchError(f"It is no picture but {answer.media_type}.")
        elif directives(answer.headers.get_list("x-robots-tag")) & {"noindex", "noimageindex"}:
            raise FetchError("Its X-Robots-Tag asks us not to keep it.", unwanted=True)
        else:
            yield SourceItem(todo.url, answer.body, pages)
            record.validators = answer.validators
        record.done = frontier.run.crawl
        frontier.keep(Kind.picture, todo.url, record)
        frontier.run.pictures += 1
        await frontier.save()
        if frontier.run.pictures % _TELL_EVERY == 0:
            yield self._progress(todo.url)

    async def _sitemap(self, todo: Todo) -> AsyncIterator[Given]:
        record = await self._frontier.record(Kind.sitemap, todo.url)
        if record.done != self._frontier.run.crawl:
            answer = await self._fetcher.follow(todo.url, max_bytes=_MAX_SITEMAP_BYTES, headers={})
            await self._read_sitemap(answer)
            self._done(Kind.sitemap, todo.url, record)
            await self._frontier.save()
        yield self._progress(todo.url)

    async def _page(self, todo: Todo) -> AsyncIterator[Given]:
        record = await self._frontier.record(Kind.page, todo.url)
        if record.done != self._frontier.run.crawl:
            # what an older version has read is asked for once more, whole
            validators = record.validators if record.looked else {}
            headers = {"accept": "text/html,application/xhtml+xml", **validators}
            answer = await self._fetcher.get(todo.url, max_bytes=_MAX_PAGE_BYTES, headers=headers)
            await self._take_page(todo, record, answer)
            self._frontier.run.pages += 1
            self._done(Kind.page, todo.url, record)
            await self._frontier.save()
        yield self._progress(todo.url)

    async def _take_page(self, todo: Todo, record: Record, answer: Answered) -> None:
        if answer.location is not None:
            # a redirect is a link: so loops end, and each page is known by one address
            if todo.url == self._start and not self._ours(answer.location):
                raise FetchError(f"It redirects to {host_of(answer.location)}: start there.")
            await self._plan_pages([answer.location], todo.depth)
            return
        if answer.media_type in _XML_TYPES:
            await self._read_sitemap(answer)
            return
        if answer.status != _NOT_MODIFIED:
            found = await self._found(answer)
            for name in ("title", "links", "pictures", "language", "description", "sizes"):
                setattr(record, name, getattr(found, name))
            record.looked, record.validators = True, answer.validators
        if todo.depth < self._settings.max_depth:
            await self._plan_pages(record.links, todo.depth + 1)
        pictures = [url for url in record.pictures if self._may_hold_pictures(url)]
        page = Page(todo.url, record.title, language=record.language, description=record.description)
        await self._frontier.plan_pictures(pictures, page, record.sizes)

    async def _found(self, answer: Answered) -> Found:
        if answer.media_type not in _PAGE_TYPES:
            return Found()
        return await asyncio.to_thread(
            read_page,
            answer.body,
            answer.url,
            charset=answer.charset,
            min_side=self._settings.min_side,
            all_sizes=self._settings.all_sizes,
            robots=", ".join(answer.headers.get_list("x-robots-tag")),
            language=answer.headers.get("content-language"),
        )

    async def _read_sitemap(self, answer: Answered) -> None:
        found = await asyncio.to_thread(read_sitemap, answer.body)
        if found is None:
            return
        await self._plan_sitemaps(found.sitemaps)
        await self._plan_pages(found.pages, 0)
        for picture, page in found.pictures:
            if self._may_hold_pictures(picture) and self._ours(page):
                await self._frontier.plan_pictures([picture], Page(page), {})

    async def _plan_pages(self, urls: list[str], depth: int) -> None:
        ours = [url for url in urls if self._ours(url)]
        await self._frontier.plan_pages(
            ours, depth, most=self._settings.max_pages, variants=self._settings.max_variants
        )

    async def _plan_sitemaps(self, urls: list[str]) -> None:
        for url in urls[:_MAX_SITEMAPS]:
            record = await self._frontier.record(Kind.sitemap, url)
            if record.crawl != self._frontier.run.crawl:
                record.crawl = self._frontier.run.crawl
                self._frontier.keep(Kind.sitemap, url, record)
                self._frontier.add(Todo(Kind.sitemap, url))

    def _done(self, what: Kind, url: str, record: Record) -> None:
        record.crawl = record.done = self._frontier.run.crawl
        self._frontier.keep(what, url, record)

    async def _failed(self, todo: Todo, failure: FetchError) -> None:
        """Try it again later, or remember that it failed."""
        run = self._frontier.run
        if failure.robots and self._ours(todo.url):
            raise CopyhoundError("fetch_failed", f"{todo.url}: {failure.reason}")
        self._context.log.info("%s: %s", todo.url, failure.reason)
        if failure.again and todo.tries + 1 < MAX_TRIES:
            self._frontier.add(msgspec.structs.replace(todo, tries=todo.tries + 1))
        else:
            record = await self._frontier.record(todo.kind, todo.url)
            record.failed = True
            self._done(todo.kind, todo.url, record)
            if todo.kind is not Kind.sitemap:
                run.failed += not failure.unwanted
                run.first_failure = run.first_failure or failure.reason
        await self._frontier.save()

    def _ours(self, url: str) -> bool:
        return same_site(url, self._start, subdomains=self._settings.include_subdomains)

    def _may_hold_pictures(self, url: str) -> bool:
        return self._settings.images_from_other_hosts or self._ours(url)

    def _progress(self, note: str, *, failed: int = 0) -> Progress:
        run = self._frontier.run
        more = f" Failed addresses: {failed}." if failed else ""
        return Progress(pages=run.pages, pictures=run.pictures, total=run.planned, note=note + more)


def _names_sitemap(url: str) -> bool:
    return extension(url) in ("xml", "gz", "txt")


def _user_agent(settings: SiteSettings) -> str:
    if settings.user_agent:
        return settings.user_agent
    return f"Copyhound/{VERSION} (+{settings.contact})" if settings.contact else f"Copyhound/{VERSION}"


SITE = SourceSpec(
    name="site",
    title="Website",
    description="Pictures of a website, from a page or a sitemap on; politely, and only what its robots.txt allows.",
    run=run,
    settings=SiteSettings,
)
