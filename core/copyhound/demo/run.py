"""The walk-through: server, website, crawl, search, webhooks, table, report."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from copyhound.demo.client import Client
from copyhound.demo.house import DemoError, serve
from copyhound.demo.loopback import Receiver, Website, receive_webhooks, serve_website
from copyhound.demo.plan import Plan, make_plan
from copyhound.demo.report import write_report
from copyhound.demo.site import make_site, pages_of
from copyhound.demo.story import Story
from copyhound.demo.verdict import Hit, Verdict, judge
from copyhound_client import CopyhoundApiError

_TRIGGERS: Final = ["match_found", "search_complete"]
_WAIT_SECONDS: Final = 120.0
_WEBHOOK_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Scene:
    """All that plays a part."""

    story: Story
    plan: Plan
    website: Website
    receiver: Receiver
    client: Client


def run(out: Path, *, keep: bool = False, story: Story | None = None) -> bool:
    """Play the whole demo; the report lands in `out`. True where all went as it should. Raises DemoError."""
    story = story or Story()
    data = out / "data"
    shutil.rmtree(data, ignore_errors=True)
    out.mkdir(parents=True, exist_ok=True)
    story.step("A little website on loopback, and a receiver for webhooks")
    with serve_website() as website, receive_webhooks() as receiver:
        plan = _furnish(story, website)
        story.step("The server: `copyhound serve`, with a data folder of its own")
        try:
            with serve(data, out / "server.log") as house, Client(house.url, house.key) as client:
                story.say(f"ready at {house.url} (process {house.pid}); log in {out / 'server.log'}")
                return _play(Scene(story, plan, website, receiver, client), out)
        except (httpx.HTTPError, CopyhoundApiError) as error:
            raise DemoError(f"{error}\nThe server's log: {out / 'server.log'}") from error
        finally:
            if not keep:
                shutil.rmtree(data, ignore_errors=True)


def _furnish(story: Story, website: Website) -> Plan:
    plan = make_plan()
    website.pages = make_site(plan, website.base_url)
    others = sum(copy.of is None for copy in plan.copies)
    story.say(f"{website.base_url}/ has {len(pages_of(dict(website.pages)))} pages with {len(plan.copies)} pictures:")
    story.say(f"{len(plan.planted)} copies of the photographer's {len(plan.own)} pictures, edited in many ways, and")
    story.say(f"{others} pictures of other people. One more copy lies where robots.txt forbids to look.")
    return plan


def _play(scene: Scene, out: Path) -> bool:
    story = scene.story
    _crawl(scene)
    story.step("A hook: tell the receiver of each match, and of the search's end")
    scene.receiver.secret = scene.client.add_hook(scene.receiver.url, _TRIGGERS)
    story.say(f"webhooks go to {scene.receiver.url}; it checks each signature with `standardwebhooks`")
    hits = _search(scene)
    story.step("Webhooks")
    problems = [*_webhook_problems(scene, hits), *_robots_problems(scene)]
    story.say(
        f"{len(scene.receiver.events)} received, each signature right" if not problems else "not as they should be"
    )
    verdict = judge(scene.plan.planted, hits, problems)
    story.step("What was found")
    story.table(verdict)
    _tell(scene, verdict, out)
    return verdict.good


def _crawl(scene: Scene) -> None:
    scene.story.step("Crawl the website into the collection `web`, as any site")
    ingest_id = scene.client.start_crawl(f"{scene.website.base_url}/")
    last = scene.client.ingest(ingest_id)

    def read() -> tuple[int, int, str, bool]:
        nonlocal last
        last = scene.client.ingest(ingest_id)
        ended = last.status in ("complete", "failed")
        return last.seen, last.seen if ended else 0, f"pictures from {last.pages} pages", ended

    if not scene.story.watch("crawling", read, _WAIT_SECONDS) or last.status != "complete":
        raise DemoError(f"The crawl did not end well: {last.status}, {last.note}")
    scene.story.say(f"{last.added} pictures indexed, {last.refused} refused")
    scene.story.say(f"the crawler calls itself {', '.join(sorted(scene.website.agents))}")


def _search(scene: Scene) -> list[Hit]:
    scene.story.step(f"One search with all {len(scene.plan.own)} own pictures: POST /api/v1/searches")
    begun = scene.client.start_search(scene.plan.own, "The photographer's own")
    last = scene.client.search(begun.search_id)

    def read() -> tuple[int, int, str, bool]:
        nonlocal last
        last = scene.client.search(begun.search_id)
        total = sum(last.outcomes.values())
        return total - last.outcomes.get("open", 0), total, "lookups", last.complete

    if not scene.story.watch("searching", read, _WAIT_SECONDS):
        raise DemoError(f"The search did not end: {last.outcomes}")
    scene.story.say("outcomes: " + ", ".join(f"{name} {count}" for name, count in sorted(last.outcomes.items())))
    names = {image.image_id: image.name for image in last.images}
    return scene.client.hits(begun.list_id, names)


def _webhook_problems(scene: Scene, hits: list[Hit]) -> list[str]:
    receiver = scene.receiver

    def read() -> tuple[int, int, str, bool]:
        done = len(receiver.events)
        return done, len(hits) + 1, "events", done >= len(hits) + 1

    scene.story.watch("receiving", read, _WEBHOOK_SECONDS)
    told = {event["match_id"] for event in receiver.of("match_found")}
    problems = []
    if told != {hit.match_id for hit in hits}:
        problems.append(f"match_found told of {len(told)} matches, the API of {len(hits)}")
    if len(receiver.of("search_complete")) != 1:
        problems.append(f"{len(receiver.of('search_complete'))} search_complete events came, not one")
    if receiver.forged:
        problems.append(f"{receiver.forged} webhooks had a wrong signature")
    return problems


def _robots_problems(scene: Scene) -> list[str]:
    trespassed = sorted({path for path in scene.website.requested if path.startswith("/private/")})
    return [f"the crawler went where robots.txt forbids: {', '.join(trespassed)}"] if trespassed else []


def _tell(scene: Scene, verdict: Verdict, out: Path) -> None:
    story, plan = scene.story, scene.plan
    files = {copy.path: copy.data for copy in plan.copies}
    story.step("Report")
    summary = (
        f"{len(verdict.found)} of {verdict.planted} planted copies found, {len(verdict.missed)} missed, "
        f"{len(verdict.false)} false; {len(scene.receiver.events)} webhooks verified"
    )
    page = write_report(
        out / "report", verdict, own=plan.own.__getitem__, copy=lambda hit: files[hit.path],
        overlay=scene.client.overlay, lead=f"The demo's website on loopback: {summary}.",
    )  # fmt: skip
    story.say(f"each pair with its overlay: {page.resolve().as_uri()}")
    colour, word = ("green", "Good") if verdict.good else ("red", "Not good enough")
    story.console.print(f"\n[bold {colour}]{word}:[/] {summary}; {story.seconds:.1f} s in all")
