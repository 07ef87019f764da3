"""One request at a time to a host, with a pause between, and never what its robots.txt forbids."""

from __future__ import annotations

import asyncio
import email.utils
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx
import msgspec
from protego import Protego

from copyhound.plugin_api import Context, CopyhoundError
from copyhound_index.urls import host_of, normalised

ROBOT: Final = "Copyhound"
"""Our name in robots.txt."""
_MAX_ROBOTS: Final = 500 * 2**10
_ROBOTS_LIVE: Final = timedelta(hours=24)
_DEADLINE: Final = 60.0
_LONGEST_DELAY: Final = 120.0
_MAX_REDIRECTS: Final = 5
_REDIRECTS: Final = (301, 302, 303, 307, 308)
_BUSY: Final = (408, 425, 429)
_TOO_MANY: Final = 429
_SERVER_ERROR: Final = 500

Sleep = Callable[[float], Awaitable[None]]
Monotonic = Callable[[], float]


class FetchError(Exception):
    """What was asked for did not come. `again`: it may come later."""

    def __init__(self, reason: str, *, again: bool = False, robots: bool = False, unwanted: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.robots = robots
        """The host's robots.txt could not be had: nothing may be asked of it for now."""
        self.unwanted = unwanted
        """The site asks us not to: no failure."""


class Answered(msgspec.Struct):
    """An answer; `location` is set where it redirects, and resolved against `url`."""

    url: str
    status: int
    headers: httpx.Headers
    body: bytes
    location: str | None = None

    @property
    def media_type(self) -> str:
        return str(self.headers.get("content-type", "")).partition(";")[0].strip().lower()

    @property
    def charset(self) -> str | None:
        return self.headers.get("content-type", "").partition("charset=")[2].partition(";")[0].strip(" \"'") or None

    @property
    def validators(self) -> dict[str, str]:
        """What to send next time, so that an unchanged body need not come again."""
        found = {"if-none-match": self.headers.get("etag"), "if-modified-since": self.headers.get("last-modified")}
        return {name: value for name, value in found.items() if value}


class PoliteFetcher:
    """Asks hosts, one request after the other."""

    def __init__(self, context: Context, *, user_agent: str, delay: float, sleep: Sleep, monotonic: Monotonic) -> None:
        self._context = context
        self._user_agent = user_agent
        self._delay = delay
        self._sleep = sleep
        self._monotonic = monotonic
        self._free_at: dict[str, float] = {}
        self._delays: dict[str, float] = {}
        self._rules: dict[str, Protego] = {}
        self._without_rules: dict[str, FetchError] = {}

    async def follow(
        self, url: str, *, max_bytes: int, headers: Mapping[str, str], may: Callable[[str], bool] = lambda url: True
    ) -> Answered:
        """As `get`, and after redirects, each asked of robots.txt and `may`."""
        for _ in range(_MAX_REDIRECTS + 1):
            answer = await self.get(url, max_bytes=max_bytes, headers=headers)
            if answer.location is None:
                return answer
            if not may(answer.location):
                raise FetchError("It redirects to where we do not go.", unwanted=True)
            url = answer.location
        raise FetchError("It redirects too often.")

    async def get(self, url: str, *, max_bytes: int, headers: Mapping[str, str]) -> Answered:
        """A 200, a 304 or a redirect. Raises FetchError for all else, and where robots.txt forbids it."""
        rules = await self.rules(url)
        if not rules.can_fetch(url, ROBOT):
            raise FetchError("Its robots.txt forbids it.", unwanted=True)
        answer = await self._ask(url, max_bytes, headers)
        if answer.status in (200, 304) or answer.location is not None:
            return answer
        again = answer.status >= _SERVER_ERROR or answer.status in _BUSY
        raise FetchError(f"It answers {answer.status}.", again=again)

    async def rules(self, url: str) -> Protego:
        """The robots.txt of a host. Raises FetchError where there is one that we cannot read now."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(url))
        if origin in self._without_rules:
            raise self._without_rules[origin]
        if origin not in self._rules:
            try:
                rules = Protego.parse(await self._robots_text(origin))
            except FetchError as error:
                self._without_rules[origin] = error
                raise
            self._delays[host_of(url)] = min(_asked_delay(rules), _LONGEST_DELAY)
            self._rules[origin] = rules
        return self._rules[origin]

    async def forget_rules(self) -> None:
        """Ask every host for its robots.txt anew."""
        self._rules.clear()
        kept = await self._context.state.scan("robots:", limit=10_000)
        if kept:
            await self._context.state.delete(list(kept))

    async def _robots_text(self, origin: str) -> str:
        key = f"robots:{origin}"
        known: Any = await self._context.state.get(key)
        if known is not None and self._context.now() - datetime.fromisoformat(known["at"]) < _ROBOTS_LIVE:
            return str(known["text"])
        text = await self._fetched_robots(origin)
        await self._context.state.put({key: {"text": text, "at": self._context.now().isoformat()}})
        return text

    async def _fetched_robots(self, origin: str) -> str:
        url = f"{origin}/robots.txt"
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                answer = await self._ask(url, _MAX_ROBOTS, {}, cut=True)
            except FetchError as failure:
                raise FetchError(f"robots.txt: {failure.reason}", again=failure.again, robots=True) from failure
            if answer.location is None:
                break
            url = answer.location
        if answer.status >= _SERVER_ERROR or answer.status == _TOO_MANY:
            raise FetchError(f"robots.txt answers {answer.status}.", again=True, robots=True)
        return answer.body.decode("utf-8", "replace") if answer.status == 200 else ""

    async def _ask(self, url: str, max_bytes: int, headers: Mapping[str, str], *, cut: bool = False) -> Answered:
        host = host_of(url)
        await self._turn(host)
        try:
            async with asyncio.timeout(_DEADLINE):
                answer = await self._sent(url, max_bytes, headers, cut)
        except (TimeoutError, httpx.TimeoutException):
            raise FetchError("It does not answer in time.", again=True) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise FetchError(f"It cannot be reached ({type(error).__name__}).", again=True) from error
        except CopyhoundError as error:
            raise FetchError(error.detail, again=error.retryable) from error
        finally:
            self._free_at[host] = self._monotonic() + max(self._delay, self._delays.get(host, 0.0))
        if answer.status in (_TOO_MANY, 503):
            self._free_at[host] += min(_retry_after(answer.headers, self._context.now()), _LONGEST_DELAY)
        return answer

    async def _turn(self, host: str) -> None:
        wait = self._free_at.get(host, 0.0) - self._monotonic()
        if wait > 0:
            await self._sleep(wait)

    async def _sent(self, url: str, max_bytes: int, headers: Mapping[str, str], cut: bool) -> Answered:
        sent = {"user-agent": self._user_agent, **headers}
        async with self._context.http.stream("GET", url, headers=sent, follow_redirects=False) as response:
            location = response.headers.get("location")
            if response.status_code in _REDIRECTS and location:
                target = normalised(urljoin(url, location))
                if target is None:
                    raise FetchError("It redirects to no usable address.")
                return Answered(url, response.status_code, response.headers, b"", target)
            body = bytearray()
            if response.status_code == 200:
                async for part in response.aiter_bytes():
                    body += part
                    if len(body) > max_bytes:
                        if cut:
                            break
                        raise FetchError(f"It has more than {max_bytes} bytes.")
            return Answered(url, response.status_code, response.headers, bytes(body[:max_bytes]))


def _asked_delay(rules: Protego) -> float:
    rate = rules.request_rate(ROBOT)
    return max(rules.crawl_delay(ROBOT) or 0.0, rate.seconds / rate.requests if rate and rate.requests else 0.0)


def _retry_after(headers: httpx.Headers, now: datetime) -> float:
    text = headers.get("retry-after", "")
    if text.isdecimal():
        return float(text)
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(text) - now).total_seconds())
    except (TypeError, ValueError):
        return 0.0
