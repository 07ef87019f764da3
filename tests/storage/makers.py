"""Small, valid things to store."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from copyhound.domain.collections import Collection, Ingest, IngestStatus, NewEntry
from copyhound.domain.events import NewEvent
from copyhound.domain.hooks import Delivery, DeliveryStatus, Hook, HookFormat, HookPayload, HookStatus
from copyhound.domain.lists import Image, ImageList, Schedule
from copyhound.domain.matches import Decision, Match, MatchStatus, Page, Verification, VerificationState
from copyhound.domain.notifications import DigestFormat, DigestSchedule, Notification, QuietHours
from copyhound.domain.pictures import Comparison, Edit, EditKind, MatchType
from copyhound.domain.repositories import UnitOfWork
from copyhound.domain.searches import Lookup, Search, SearchKind, lookup_id

W1 = "ws_1"
W2 = "ws_2"
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """A moment after AT."""
    return AT + timedelta(seconds=seconds)


def number_in(name: str) -> int:
    """What the first ones of a workspace are numbered: 2 of `list_2`."""
    digits = name.rpartition("_")[2]
    return int(digits) if digits.isdigit() else 0


def a_list(list_id: str = "list_1", **changes: Any) -> ImageList:
    full = ImageList(
        id=list_id,
        workspace_id=W1,
        label="Holiday",
        created_at=AT,
        monitored=True,
        schedule=Schedule(days=7, timezone="Europe/Berlin"),
        providers=("index", "tineye"),
        min_confidence=62.5,
        next_run_at=at(60),
        number=number_in(list_id),
    )
    return msgspec.structs.replace(full, **changes)


def an_image(image_id: str = "image_1", **changes: Any) -> Image:
    full = Image(
        id=image_id,
        workspace_id=W1,
        list_id="list_1",
        name="beach.jpg",
        created_at=AT,
        source_url="https://a.example/beach.jpg",
        original_blob=blob_key("original"),
        reduced_blob=blob_key("reduced"),
        fingerprint=b"\x00\xff" * 50,
        sha256="ab" * 32,
        format="JPEG",
        width=640,
        height=480,
        bytes=5_000_000_000,
        number=number_in(image_id),
    )
    return msgspec.structs.replace(full, **changes)


def a_search(search_id: str = "search_1", **changes: Any) -> Search:
    full = Search(search_id, W1, "list_1", SearchKind.requested, ("index",), True, AT, 1)
    return msgspec.structs.replace(full, **changes)


def a_lookup(search_id: str = "search_1", image_id: str = "image_1", provider: str = "index", **more: Any) -> Lookup:
    full = Lookup(lookup_id(search_id, image_id, provider), W1, search_id, image_id, provider)
    return msgspec.structs.replace(full, **more)


def compared(confidence: float = 90.0, score: float = 80.0) -> Comparison:
    edits = (Edit(EditKind.cropped, share=12.5), Edit(EditKind.mirrored))
    matrix = ((1.0, 0.0, 3.5), (0.0, -1.0, 7.25), (0.0, 0.0, 1.0))
    return Comparison(confidence, score, MatchType.partial, edits, 80.0, 60.0, matrix, True, 42)


def a_match(match_id: str = "match_1", **changes: Any) -> Match:
    url = changes.pop("image_url", f"https://shop.example/{match_id}.jpg")
    full = Match(
        id=match_id,
        workspace_id=W1,
        list_id="list_1",
        image_id="image_1",
        image_url=url,
        host="shop.example",
        domain="example",
        providers=("index",),
        pages=(Page("https://shop.example/p", "Shop", AT, AT),),
        verification=Verification(VerificationState.verified, AT, compared()),
        status=MatchStatus.online,
        decision=Decision.open,
        first_seen=AT,
        last_seen=AT,
        width=300,
        height=200,
        reduced_blob=blob_key("match"),
        next_check_at=at(60),
    )
    return msgspec.structs.replace(full, **changes)


def an_event(event_id: str = "evt_1", **changes: Any) -> NewEvent:
    full = NewEvent(event_id, W1, "match_found", {"score": 12.5, "nested": ["ü", None]}, "list_1")
    return msgspec.structs.replace(full, **changes)


def a_hook(hook_id: str = "hook_1", **changes: Any) -> Hook:
    full = Hook(
        id=hook_id,
        workspace_id=W1,
        target_url="https://hooks.example/in",
        triggers=("match_found", "search_complete"),
        filter={"list_id": "list_1"},
        secret=b"sealed",
        status=HookStatus.active,
        created_at=AT,
        payload=HookPayload.thin,
        format=HookFormat.cloudevents,
        max_per_minute=30,
        next_slot_at=at(2),
    )
    return msgspec.structs.replace(full, **changes)


def a_notification(notification_id: str = "ntf_1", **changes: Any) -> Notification:
    full = Notification(
        id=notification_id,
        workspace_id=W1,
        list_ids=("list_1",),
        filter={"host-cont": "shop"},
        schedule=DigestSchedule(days=7, at="06:30", timezone="Europe/Berlin"),
        notifier="email",
        target={"to": ["me@example.org"]},
        sealed_target=b"\x00\xff",
        format=DigestFormat.jsonfull,
        created_at=AT,
        next_at=at(60),
        after=41,
        number=1,
        last_slot_at=at(1),
        last_sent_at=at(2),
        last_error="fetch_failed: no",
        quiet_hours=QuietHours("21:30", "06:45", "Europe/Lisbon"),
        slot_at=at(50),
        telling="a slot",
        busy_until=None,
        active=False,
        retry_at=at(70),
    )
    return msgspec.structs.replace(full, **changes)


def a_delivery(delivery_id: str = "delivery_1", **changes: Any) -> Delivery:
    full = Delivery(delivery_id, W1, "hook_1", "evt_1", "match_found", DeliveryStatus.pending, 0, AT, at(5))
    return msgspec.structs.replace(full, **changes)


def an_entry(name: str = "one", **changes: Any) -> NewEntry:
    full = NewEntry(
        image_url=f"https://web.example/{name}.jpg",
        width=800,
        height=600,
        format="JPEG",
        bytes=4_000_000_000,
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        fingerprint=name.encode() * 10,
        hash256=hashlib.sha256(b"hash" + name.encode()).digest(),
        reduced_blob=blob_key(name),
        pages=(Page("https://web.example/page", "A page"),),
    )
    return msgspec.structs.replace(full, **changes)


def an_ingest(ingest_id: str = "ingest_1", **changes: Any) -> Ingest:
    full = Ingest(
        id=ingest_id,
        workspace_id=W1,
        collection_id="col_1",
        collection_name="web",
        source="site",
        settings={"url": "https://web.example/", "depth": 3},
        status=IngestStatus.queued,
        created_at=AT,
    )
    return msgspec.structs.replace(full, **changes)


def blob_key(name: str) -> str:
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"{W1}/{digest[:2]}/{digest}"


async def web(unit: UnitOfWork, workspace_id: str = W1) -> Collection:
    """The collection `web`."""
    return await unit.collections.ensure(workspace_id, "web", AT)


async def list_with_image(unit: UnitOfWork) -> None:
    """list_1 with image_1."""
    await unit.lists.add(a_list())
    await unit.images.add([an_image()])
