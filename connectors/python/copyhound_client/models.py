"""The shapes of requests and answers. Written by `make schemas` from the OpenAPI document, never by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from msgspec import UNSET, Struct, UnsetType, field

from copyhound_client.words import Word


class Decision(Word):
    """What a person says of a match."""

    allowed = "allowed"
    infringing = "infringing"
    not_a_match = "not_a_match"
    open = "open"


class DeliveryStatus(Word):
    """How far a delivery is."""

    delivered = "delivered"
    failed = "failed"
    pending = "pending"


class DigestFormat(Word):
    """How a digest is written."""

    csv = "csv"
    htmlsummary = "htmlsummary"
    json = "json"
    jsonfull = "jsonfull"
    jsonsummary = "jsonsummary"
    jsontextsummary = "jsontextsummary"
    textsummary = "textsummary"


class EditKind(Word):
    """The ways in which a copy may differ."""

    blurred = "blurred"
    covered = "covered"
    cropped = "cropped"
    embedded = "embedded"
    inverted = "inverted"
    mirrored = "mirrored"
    perspective = "perspective"
    recoloured = "recoloured"
    recompressed = "recompressed"
    resized = "resized"
    rotated = "rotated"
    stretched = "stretched"


class HookFormat(Word):
    """The shape of what is sent."""

    cloudevents = "cloudevents"
    flat = "flat"


class HookPayload(Word):
    """How much of an event is sent."""

    full = "full"
    thin = "thin"


class HookStatus(Word):
    """Whether a hook is told of events."""

    active = "active"
    disabled = "disabled"


class IndexState(Word):
    """How far the index is."""

    behind = "behind"
    ready = "ready"
    rebuilding = "rebuilding"


class IngestStatus(Word):
    """How far an ingest is."""

    complete = "complete"
    failed = "failed"
    queued = "queued"
    running = "running"


class MatchStatus(Word):
    """Whether the copy was at its address when we last looked."""

    online = "online"
    removed = "removed"


class MatchType(Word):
    """How much of the image a copy is."""

    full = "full"
    partial = "partial"


class Outcome(Word):
    """How a lookup ended: an empty answer never hides a failure."""

    answered = "answered"
    blocked = "blocked"
    invalid_image = "invalid_image"
    no_match = "no_match"
    quota = "quota"
    skipped = "skipped"
    transient = "transient"
    unsupported = "unsupported"


class Scope(Word):
    """What a key may do."""

    admin = "admin"
    operator = "operator"
    read = "read"
    write = "write"


class SearchKind(Word):
    """Who asked for a search: a client, or a list's schedule."""

    monitor = "monitor"
    requested = "requested"


class TagState(Word):
    """Whether a tag is offered."""

    default = "default"
    hidden = "hidden"
    live = "live"


class VerificationState(Word):
    """Whether our own comparison stands behind a match."""

    unchecked = "unchecked"
    verified = "verified"


class AddImages(Struct, kw_only=True, omit_defaults=True):
    """What the action `add_images` takes."""

    list_id: str
    images: list[ImageReference]


class AntiExample(Struct, kw_only=True, omit_defaults=True):
    """What is refused, and why: neither its JSON Schema nor its Struct takes it."""

    value: dict[str, Any]
    reason: str


class AttemptOut(Struct, kw_only=True, omit_defaults=True):
    """One HTTP request."""

    number: int
    at: datetime
    duration_ms: int
    manual: bool
    status_code: int | None
    error: str | None
    response_body: str | None


class BundleIn(Struct, kw_only=True, omit_defaults=True):
    """Credits to grant."""

    credits: int
    expires_at: datetime
    starts_at: datetime | None = None
    note: str | None = None


class BundleOut(Struct, kw_only=True, omit_defaults=True):
    """Credits with a beginning and an end."""

    id: str
    granted: int
    remaining: int
    starts_at: datetime
    expires_at: datetime
    note: str | None


class Choice(Struct, kw_only=True, omit_defaults=True):
    """One line of a drop-down."""

    id: str
    name: str


class CollectionOut(Struct, kw_only=True, omit_defaults=True):
    """A collection, and how many pictures it holds."""

    name: str
    entries: int
    created_at: datetime | None = None
    fingerprint_version: int | None = None


class ComparedOut(Struct, kw_only=True, omit_defaults=True):
    """Whether two pictures are the same one, and how they differ."""

    same: bool
    comparison: ComparisonOut | None


class ComparisonOut(Struct, kw_only=True, omit_defaults=True):
    """Our own comparison of the copy with the image."""

    confidence: float
    score: float
    match_type: MatchType
    edits: list[Edit]
    query_share: float
    match_share: float
    matrix: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    pixels_checked: bool


class ConsumerOut(Struct, kw_only=True, omit_defaults=True):
    """How far a poller is."""

    name: str
    acknowledged: str
    given: str
    asked_at: datetime


class Counters(Struct, kw_only=True, omit_defaults=True):
    """What happened to a plugin's calls since the process started."""

    calls: int = 0
    failures: int = 0
    timeouts: int = 0
    blocked: int = 0
    longest_block_seconds: float = 0.0
    consecutive_failures: int = 0
    latency_seconds: float | None = None
    last_error: str | None = None
    last_error_at: str | None = None
    last_success_at: str | None = None


class CreateList(Struct, kw_only=True, omit_defaults=True):
    """What the action `create_list` takes."""

    label: str
    monitored: bool = False
    schedule: Schedule | None = None
    providers: list[str] = field(default_factory=list)
    min_confidence: float = 50.0
    if_absent: bool = False


class CreditsLowEvent(Struct, kw_only=True, omit_defaults=True):
    """A quarter of the credits that may be used now is left, or less. Told once, until further ones are granted."""

    id: str
    type: str
    timestamp: datetime
    sequence: int
    remaining: int
    granted: int
    expires_at: datetime


class CreditsOut(Struct, kw_only=True, omit_defaults=True):
    """What may still be searched: one credit for each picture of a search."""

    metered: bool
    remaining: int
    bundles: list[BundleOut]


class DecideMatch(Struct, kw_only=True, omit_defaults=True):
    """What the action `decide_match` takes."""

    match_id: str
    decision: Decision
    note: str | None | UnsetType = UNSET


class DeliveryOut(Struct, kw_only=True, omit_defaults=True):
    """One event for one hook."""

    id: str
    hook_id: str
    event_id: str
    trigger: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None


class Descriptor(Struct, kw_only=True, omit_defaults=True):
    """What an automation needs to know of a trigger or an action; every adapter is made from this."""

    key: str
    title: str
    noun: str
    description: str
    input_schema: dict[str, Any] | None
    output_schema: dict[str, Any]
    sample: dict[str, Any]
    dynamic_fields: dict[str, str]
    delivery: list[str]
    kind: Literal["do", "find", "trigger"]
    creates: str | None
    scope: str
    examples: list[dict[str, Any]]
    anti_examples: list[AntiExample]


class DigestSchedule(Struct, kw_only=True, omit_defaults=True):
    """When a notification is due: every so many days, on days of the week, or every so many hours."""

    days: int = 1
    at: str = "08:00"
    timezone: str = "UTC"
    weekdays: list[Literal["fri", "mon", "sat", "sun", "thu", "tue", "wed"]] = field(default_factory=list)
    hours: Literal[1, 2, 3, 4, 6, 8, 12] | None = None


class Edit(Struct, kw_only=True, omit_defaults=True):
    """One way in which the match differs from the image that was looked for."""

    kind: EditKind
    share: float | None = None
    angle: float | None = None
    factor: float | None = None


class EntriesIn(Struct, kw_only=True, omit_defaults=True):
    """In multipart: files in `images`, and as many `image_urls`, in the same order."""

    entries: list[EntryIn] = field(default_factory=list)
    image_urls: list[str] = field(default_factory=list)


class EntryFault(Struct, kw_only=True, omit_defaults=True):
    """Why a picture was not indexed; codes are those of problems."""

    code: str
    detail: str


class EntryIn(Struct, kw_only=True, omit_defaults=True):
    """A picture to index. Without base64 it is fetched from its `image_url`."""

    image_url: str
    base64: str | None = None
    pages: list[PageIn] = field(default_factory=list)


class EntryOut(Struct, kw_only=True, omit_defaults=True):
    """An indexed picture."""

    id: str
    image_url: str
    width: int
    height: int
    format: str
    bytes: int
    sha256: str
    pages: list[PageOut]
    first_seen: datetime
    last_seen: datetime


class EntryResult(Struct, kw_only=True, omit_defaults=True):
    """What became of one picture of many."""

    image_url: str
    added: bool
    entry: EntryOut | None
    error: EntryFault | None = None


class EventsOut(Struct, kw_only=True, omit_defaults=True):
    """Events after a cursor, oldest first. Keep `cursor`: it never expires, and asks for what comes next."""

    items: list[dict[str, Any]]
    cursor: str
    more: bool


class ExportMatches(Struct, kw_only=True, omit_defaults=True):
    """What the action `export_matches` takes."""

    list_id: str
    match_type: MatchType | None = None
    min_confidence: float | None = None
    found_after: datetime | None = None


class ExportRow(Struct, kw_only=True, omit_defaults=True):
    """A match. In CSV the columns are these, in this order; lists are texts with spaces between their parts."""

    match_id: str
    image_id: str
    image_name: str
    image_url: str
    host: str
    domain: str
    page_url: str | None
    page_title: str | None
    pages: list[str]
    providers: list[str]
    status: MatchStatus
    decision: Decision
    note: str | None
    verified: bool
    confidence: float | None
    score: float | None
    match_type: MatchType | None
    edits: list[Edit]
    query_share: float | None
    match_share: float | None
    width: int | None
    height: int | None
    first_seen: datetime
    last_seen: datetime


class FeedIn(Struct, kw_only=True, omit_defaults=True):
    """A feed of a list's events. Its filter is that of hooks, without `list_ids`."""

    list_id: str
    triggers: list[str] = field(default_factory=lambda: ["match_found"])
    filter: HookFilter | UnsetType = UNSET
    description: str | None = None


class FeedMade(Struct, kw_only=True, omit_defaults=True):
    """A feed as it is answered when it is made: whoever has an address may read it, and it is told this once."""

    id: str
    list_id: str
    triggers: list[str]
    filter: dict[str, Any]
    description: str | None
    created_at: datetime
    json_url: str
    atom_url: str
    live_url: str


class FeedOut(Struct, kw_only=True, omit_defaults=True):
    """A feed, without its addresses."""

    id: str
    list_id: str
    triggers: list[str]
    filter: dict[str, Any]
    description: str | None
    created_at: datetime


class FindList(Struct, kw_only=True, omit_defaults=True):
    """What the action `find_list` takes."""

    label: str
    exact: bool = True


class FindSearch(Struct, kw_only=True, omit_defaults=True):
    """What the action `find_search` takes."""

    search_id: str


class FoundEntry(Struct, kw_only=True, omit_defaults=True):
    """An entry that shows the same picture, and how it compares."""

    entry: EntryOut
    comparison: ComparisonOut


class GivenTag(Struct, kw_only=True, omit_defaults=True):
    """A tag that a match has."""

    tag: str
    page_url: str | None


class HealthOut(Struct, kw_only=True, omit_defaults=True):
    """That all is well."""

    status: str = "ok"


class HistoryLine(Struct, kw_only=True, omit_defaults=True):
    """One look at a match."""

    at: datetime
    result: str
    detail: str | None = None


class HookChanges(Struct, kw_only=True, omit_defaults=True):
    """What may be changed of a hook; what is left out stays."""

    target_url: str | UnsetType = UNSET
    triggers: list[str] | UnsetType = UNSET
    filter: HookFilter | UnsetType = UNSET
    description: str | None | UnsetType = UNSET
    payload: HookPayload | UnsetType = UNSET
    format: HookFormat | UnsetType = UNSET
    max_per_minute: int | None | UnsetType = UNSET
    expires_at: datetime | None | UnsetType = UNSET
    reverse_unsubscribe: bool | UnsetType = UNSET


class HookDisabledEvent(Struct, kw_only=True, omit_defaults=True):
    """A hook is no longer told anything, until it is enabled again."""

    id: str
    type: str
    timestamp: datetime
    sequence: int
    hook_id: str
    target_url: str
    triggers: list[str]
    reason: str | None
    failing_since: datetime | None


class HookFilter(Struct, kw_only=True, omit_defaults=True):
    """Which events a hook is told of. What is left out lets all through; all that is given must hold."""

    list_ids: list[str] = field(default_factory=list)
    min_confidence: float | None = None
    min_score: float | None = None
    match_types: list[MatchType] = field(default_factory=list)
    domains: list[str] = field(default_factory=list)
    providers: list[str] = field(default_factory=list)


class HookIn(Struct, kw_only=True, omit_defaults=True):
    """A subscription. The same target, triggers and filter again give the hook that is there."""

    target_url: str
    triggers: list[str]
    filter: HookFilter | UnsetType = UNSET
    description: str | None = None
    payload: HookPayload = HookPayload("full")
    format: HookFormat = HookFormat("flat")
    max_per_minute: int | None = None
    expires_at: datetime | None = None
    since: datetime | int | None = None
    reverse_unsubscribe: bool = False


class HookMade(Struct, kw_only=True, omit_defaults=True):
    """A hook as it is answered when it is made: with its secret."""

    id: str
    target_url: str
    triggers: list[str]
    filter: dict[str, Any]
    description: str | None
    status: HookStatus
    status_reason: str | None
    failing_since: datetime | None
    last_success_at: datetime | None
    created_at: datetime
    payload: HookPayload
    format: HookFormat
    max_per_minute: int | None
    expires_at: datetime | None
    expiration_date: datetime | None
    reverse_unsubscribe: bool
    secret: str


class HookOut(Struct, kw_only=True, omit_defaults=True):
    """A hook, without its secret."""

    id: str
    target_url: str
    triggers: list[str]
    filter: dict[str, Any]
    description: str | None
    status: HookStatus
    status_reason: str | None
    failing_since: datetime | None
    last_success_at: datetime | None
    created_at: datetime
    payload: HookPayload
    format: HookFormat
    max_per_minute: int | None
    expires_at: datetime | None
    expiration_date: datetime | None
    reverse_unsubscribe: bool


class IgnoredHostOut(Struct, kw_only=True, omit_defaults=True):
    """A host that is left out of results."""

    id: str
    list_id: str | None
    host: str
    created_at: datetime


class IgnoredHostsIn(Struct, kw_only=True, omit_defaults=True):
    """Hosts to leave out."""

    hosts: list[str]
    list_id: str | None = None


class ImageAdded(Struct, kw_only=True, omit_defaults=True):
    """An image that was added."""

    id: str
    name: str
    source_url: str | None


class ImageError(Struct, kw_only=True, omit_defaults=True):
    """Why an image cannot be searched; codes are those of problems."""

    code: str
    detail: str | None


class ImageIn(Struct, kw_only=True, omit_defaults=True):
    """A picture: either its address, or its bytes in base64 (a `data:` URL will do)."""

    url: str | None = None
    base64: str | None = None
    name: str | None = None


class ImageOut(Struct, kw_only=True, omit_defaults=True):
    """An image of a list, and what is known of it."""

    id: str
    list_id: str
    name: str
    state: Literal["invalid", "ready", "waiting"]
    created_at: datetime
    source_url: str | None
    format: str | None
    width: int | None
    height: int | None
    bytes: int | None
    sha256: str | None
    error: ImageError | None


class ImageProgressOut(Struct, kw_only=True, omit_defaults=True):
    """How far one image of a search is."""

    image_id: str
    name: str
    error: ImageError | None
    lookups: list[LookupOut]


class ImageReference(Struct, kw_only=True, omit_defaults=True):
    """A picture: its address, or its bytes in base64 (a data: URL will do)."""

    url: str | None = None
    base64: str | None = None
    name: str | None = None


class ImagesAdded(Struct, kw_only=True, omit_defaults=True):
    """What the action `add_images` answers."""

    id: str
    list_id: str
    count: int
    images: list[ImageAdded]


class ImagesIn(Struct, kw_only=True, omit_defaults=True):
    """Images to add; in multipart as files in `images`."""

    images: list[ImageIn] = field(default_factory=list)


class IndexOut(Struct, kw_only=True, omit_defaults=True):
    """The candidate index, and the workspace's collections in it."""

    engine: str
    fingerprint_version: int
    state: IndexState
    mark: int
    pending: int
    collections: list[IndexPartOut]


class IndexPartOut(Struct, kw_only=True, omit_defaults=True):
    """One collection in the index."""

    collection: str
    fingerprint_version: int
    entries: int
    indexed: int
    removed: int
    segments: int
    in_memory: int
    bytes: dict[str, int]
    capped_bands: int
    crowded_words: int


class IngestIn(Struct, kw_only=True, omit_defaults=True):
    """A source, and its settings by its schema (`GET /plugins`)."""

    source: str
    settings: dict[str, Any] = field(default_factory=dict)


class IngestOut(Struct, kw_only=True, omit_defaults=True):
    """A run of a source: how far it is, and what came of it."""

    id: str
    collection: str
    source: str
    settings: dict[str, Any]
    status: IngestStatus
    created_at: datetime
    finished_at: datetime | None
    seen: int
    added: int
    updated: int
    refused: int
    refusals: list[RefusalOut]
    pages: int
    note: str | None


class ItemsAttemptOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[AttemptOut]
    cursor: str | None = None


class ItemsBundleOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[BundleOut]
    cursor: str | None = None


class ItemsChoice(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[Choice]
    cursor: str | None = None


class ItemsCollectionOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[CollectionOut]
    cursor: str | None = None


class ItemsConsumerOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[ConsumerOut]
    cursor: str | None = None


class ItemsDeliveryOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[DeliveryOut]
    cursor: str | None = None


class ItemsDescriptor(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[Descriptor]
    cursor: str | None = None


class ItemsEntryOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[EntryOut]
    cursor: str | None = None


class ItemsEntryResult(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[EntryResult]
    cursor: str | None = None


class ItemsFeedOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[FeedOut]
    cursor: str | None = None


class ItemsFoundEntry(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[FoundEntry]
    cursor: str | None = None


class ItemsGivenTag(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[GivenTag]
    cursor: str | None = None


class ItemsHistoryLine(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[HistoryLine]
    cursor: str | None = None


class ItemsHookOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[HookOut]
    cursor: str | None = None


class ItemsIgnoredHostOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[IgnoredHostOut]
    cursor: str | None = None


class ItemsImageOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[ImageOut]
    cursor: str | None = None


class ItemsIngestOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[IngestOut]
    cursor: str | None = None


class ItemsKeyOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[KeyOut]
    cursor: str | None = None


class ItemsListOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[ListOut]
    cursor: str | None = None


class ItemsMatchOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[MatchOut]
    cursor: str | None = None


class ItemsNotificationOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[NotificationOut]
    cursor: str | None = None


class ItemsPluginOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[PluginOut]
    cursor: str | None = None


class ItemsSearchOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[SearchOut]
    cursor: str | None = None


class ItemsSpecState(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[SpecState]
    cursor: str | None = None


class ItemsTagOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[TagOut]
    cursor: str | None = None


class ItemsWorkspaceOut(Struct, kw_only=True, omit_defaults=True):
    """One page. `cursor` asks for the next one; null on the last."""

    items: list[WorkspaceOut]
    cursor: str | None = None


class KeyChanges(Struct, kw_only=True, omit_defaults=True):
    """What can be changed of a key."""

    limits: KeyLimits


class KeyIn(Struct, kw_only=True, omit_defaults=True):
    """A key to make."""

    name: str
    scopes: list[Scope] = field(default_factory=lambda: [Scope("read"), Scope("write")])
    expires_at: datetime | None = None
    limits: KeyLimits | UnsetType = UNSET
    signs: bool = False


class KeyLimits(Struct, kw_only=True, omit_defaults=True):
    """What a key is held to. None: as the surface has it; 0: no limit."""

    concurrent: int | None = None
    requests: int | None = None
    seconds: int | None = None


class KeyMade(Struct, kw_only=True, omit_defaults=True):
    """A key as it is answered when it is made: this once with the key itself."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    limits: KeyLimits
    signs: bool
    key: str


class KeyOut(Struct, kw_only=True, omit_defaults=True):
    """A key, without its secret part."""

    id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    limits: KeyLimits
    signs: bool


class LifecycleOut(Struct, kw_only=True, omit_defaults=True):
    """Every version, every deprecated operation, and the rules."""

    policy: str
    notice_months: int
    quiet_days: int
    versions: list[VersionOut]
    operations: list[OperationOut]


class ListChanges(Struct, kw_only=True, omit_defaults=True):
    """What is to be different; what is left out stays."""

    label: str | UnsetType = UNSET
    monitored: bool | UnsetType = UNSET
    schedule: Schedule | None | UnsetType = UNSET
    providers: list[str] | UnsetType = UNSET
    min_confidence: float | UnsetType = UNSET


class ListCreated(Struct, kw_only=True, omit_defaults=True):
    """What the action `create_list` answers, and each list that `find_list` finds."""

    id: str
    label: str
    monitored: bool
    next_run_at: datetime | None
    created_at: datetime


class ListIn(Struct, kw_only=True, omit_defaults=True):
    """A new list. `monitored` without a schedule is searched once a day."""

    label: str
    monitored: bool = False
    schedule: Schedule | None = None
    providers: list[str] = field(default_factory=list)
    min_confidence: float = 50.0


class ListOut(Struct, kw_only=True, omit_defaults=True):
    """A list, with its settings, and when it is searched again."""

    id: str
    label: str
    created_at: datetime
    monitored: bool
    schedule: Schedule | None
    providers: list[str]
    min_confidence: float
    next_run_at: datetime | None
    last_run_at: datetime | None


class ListsFound(Struct, kw_only=True, omit_defaults=True):
    """What the action `find_list` answers."""

    id: str | None
    found: bool
    items: list[ListCreated]


class LookupOut(Struct, kw_only=True, omit_defaults=True):
    """One image at one provider. `outcome` is null while it is open."""

    provider: str
    outcome: Outcome | None
    reason: str | None
    candidates: int
    matches: int
    rejected: int
    units_spent: float
    ended_at: datetime | None


class MatchChanges(Struct, kw_only=True, omit_defaults=True):
    """What a person says of a match; what is left out stays."""

    decision: Decision | UnsetType = UNSET
    note: str | None | UnsetType = UNSET


class MatchDecided(Struct, kw_only=True, omit_defaults=True):
    """What the action `decide_match` answers."""

    id: str
    match_id: str
    list_id: str
    image_id: str
    image_url: str
    host: str
    decision: Decision
    note: str | None
    decided_at: datetime


class MatchEvent(Struct, kw_only=True, omit_defaults=True):
    """A found copy: the body of match_found, match_removed and match_returned."""

    id: str
    type: str
    timestamp: datetime
    sequence: int
    match_id: str
    list_id: str
    list_label: str
    image_id: str
    image_name: str
    image_url: str
    page_url: str | None
    page_title: str | None
    pages: list[PageSeen]
    host: str
    domain: str
    providers: list[str]
    verified: bool
    confidence: float | None
    score: float | None
    match_type: MatchType | None
    edits: list[Edit]
    query_share: float | None
    match_share: float | None
    width: int | None
    height: int | None
    overlay_url: str | None
    first_seen: datetime
    last_seen: datetime


class MatchOut(Struct, kw_only=True, omit_defaults=True):
    """A found copy: one address for one image, with the pages it stands on."""

    id: str
    list_id: str
    image_id: str
    image_url: str
    host: str
    domain: str
    providers: list[str]
    pages: list[PageOut]
    verification: VerificationOut
    status: MatchStatus
    decision: Decision
    decided_at: datetime | None
    note: str | None
    first_seen: datetime
    last_seen: datetime
    width: int | None
    height: int | None
    small: bool
    overlay_url: str | None
    thumbnail_url: str | None


class MatchesExported(Struct, kw_only=True, omit_defaults=True):
    """What the action `export_matches` answers."""

    id: str
    list_id: str
    rows: list[dict[str, Any]]
    truncated: bool
    download_url: str


class MeKey(Struct, kw_only=True, omit_defaults=True):
    """The key that asks."""

    id: str
    name: str
    scopes: list[Scope]
    expires_at: datetime | None
    limits: KeyLimits


class MeOut(Struct, kw_only=True, omit_defaults=True):
    """Who the key belongs to; `id` and `name` are those of the workspace, for connection labels."""

    id: str
    name: str
    workspace: WorkspaceOut
    key: MeKey
    credits: CreditsOut


class NewDomainEvent(Struct, kw_only=True, omit_defaults=True):
    """The first copy of a list's images on a domain."""

    id: str
    type: str
    timestamp: datetime
    sequence: int
    match_id: str
    list_id: str
    list_label: str
    image_id: str
    image_name: str
    image_url: str
    page_url: str | None
    page_title: str | None
    pages: list[PageSeen]
    host: str
    domain: str
    providers: list[str]
    verified: bool
    confidence: float | None
    score: float | None
    match_type: MatchType | None
    edits: list[Edit]
    query_share: float | None
    match_share: float | None
    width: int | None
    height: int | None
    overlay_url: str | None
    first_seen: datetime
    last_seen: datetime


class NotificationChangesIn(Struct, kw_only=True, omit_defaults=True):
    """What is to be different; what is left out stays. A target is replaced as a whole."""

    notifier: str | UnsetType = UNSET
    target: dict[str, Any] | UnsetType = UNSET
    list_ids: list[str] | UnsetType = UNSET
    filter: Any | UnsetType = UNSET
    schedule: DigestSchedule | UnsetType = UNSET
    format: DigestFormat | UnsetType = UNSET
    quiet_hours: QuietHours | None | UnsetType = UNSET
    new_domains_only: bool | UnsetType = UNSET
    active: bool | UnsetType = UNSET


class NotificationIn(Struct, kw_only=True, omit_defaults=True):
    """Who is to be told of the new domains, or of all new copies, of some lists."""

    notifier: str
    target: dict[str, Any]
    list_ids: list[str] = field(default_factory=list)
    filter: Any = None
    schedule: DigestSchedule | UnsetType = UNSET
    format: DigestFormat = DigestFormat("htmlsummary")
    quiet_hours: QuietHours | None = None
    new_domains_only: bool = True
    active: bool = True


class NotificationOut(Struct, kw_only=True, omit_defaults=True):
    """A notification; secrets in its target are `***`."""

    id: str
    number: int
    list_ids: list[str]
    filter: Any
    schedule: DigestSchedule
    notifier: str
    target: dict[str, Any]
    format: DigestFormat
    created_at: datetime
    next_at: datetime
    last_sent_at: datetime | None
    quiet_hours: QuietHours | None
    new_domains_only: bool
    last_error: str | None
    active: bool
    retry_at: datetime | None


class OneImageIn(Struct, kw_only=True, omit_defaults=True):
    """One picture; in multipart as the file `image`."""

    image: ImageIn | None = None


class OperationOut(Struct, kw_only=True, omit_defaults=True):
    """A deprecated operation of a version that stays."""

    method: str
    path: str
    state: Literal["current", "deprecated", "may_go"]
    announced: date | None
    sunset: date | None
    successor: str | None
    note: str
    use: Use | None = None


class PageIn(Struct, kw_only=True, omit_defaults=True):
    """A page on which an indexed picture stands."""

    url: str
    title: str | None = None
    language: str | None = None
    description: str | None = None
    width_on_page: int | None = None
    height_on_page: int | None = None


class PageOut(Struct, kw_only=True, omit_defaults=True):
    """A page on which the copy stands."""

    url: str
    title: str | None
    first_seen: datetime | None
    last_seen: datetime | None
    language: str | None = None
    description: str | None = None
    width_on_page: int | None = None
    height_on_page: int | None = None


class PageSeen(Struct, kw_only=True, omit_defaults=True):
    """A page on which the copy stands."""

    url: str
    title: str | None


class PairIn(Struct, kw_only=True, omit_defaults=True):
    """Two pictures; in multipart as the files `image` and `other`."""

    image: ImageIn | None = None
    other: ImageIn | None = None


class PluginOut(Struct, kw_only=True, omit_defaults=True):
    """One plugin: where it comes from, whether it is loaded, and what it offers."""

    name: str
    distribution: str | None
    version: str | None
    status: str
    reason: str | None
    providers: list[str]
    notifiers: list[str]
    sources: list[str]
    surfaces: list[str]
    triggers: list[str]
    actions: list[str]
    specs: dict[str, list[SpecState]]


class PreviewOut(Struct, kw_only=True, omit_defaults=True):
    """What would be sent now."""

    title: str
    text: str
    body: str
    content_type: str


class Problem(Struct, kw_only=True, omit_defaults=True):
    """RFC 9457. `code` is stable; further members depend on it (`errors`, `retry_after` ...)."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    hint: str
    retryable: bool
    request_id: str


class ProgressOut(Struct, kw_only=True, omit_defaults=True):
    """A search with its progress: each image at each provider."""

    search_id: str
    list_id: str
    kind: SearchKind
    complete: bool
    providers: list[str]
    verify: bool
    image_count: int
    created_at: datetime
    completed_at: datetime | None
    outcomes: dict[str, int]
    images: list[ImageProgressOut]


class ProviderFailingEvent(Struct, kw_only=True, omit_defaults=True):
    """A provider's lookups fail. Told once for each time of trouble, and at most every six hours."""

    id: str
    type: str
    timestamp: datetime
    sequence: int
    provider: str
    outcome: Outcome
    reason: str | None
    failures: int
    failing_since: datetime


class ProviderLimits(Struct, kw_only=True, omit_defaults=True):
    """What the core enforces around a provider."""

    timeout_seconds: float = 30.0
    concurrency: int = 4
    per_minute: int | None = None
    max_bytes: int = 20971520
    max_candidates: int = 1000
    retries: int = 2


class ProviderOutcome(Struct, kw_only=True, omit_defaults=True):
    """Lookups of a search at one provider that ended alike."""

    provider: str
    outcome: Outcome | None
    lookups: int
    matches: int
    reason: str | None


class QuietHours(Struct, kw_only=True, omit_defaults=True):
    """When nothing is sent. What falls due in them goes out at their end, in one message."""

    start: str = "22:00"
    end: str = "07:00"
    timezone: str | None = None


class RefusalOut(Struct, kw_only=True, omit_defaults=True):
    """A picture that could not be indexed, and why; codes are those of problems."""

    image_url: str
    code: str


class RemovedOut(Struct, kw_only=True, omit_defaults=True):
    """How many entries were removed."""

    removed: int


class ResentOut(Struct, kw_only=True, omit_defaults=True):
    """A delivery that is sent once more, as it is before."""

    id: str
    hook_id: str
    event_id: str
    trigger: str
    status: DeliveryStatus
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    delivered_at: datetime | None
    last_attempt_at: datetime | None
    last_status_code: int | None
    last_error: str | None
    attempt_number: int


class ResultOut(Struct, kw_only=True, omit_defaults=True):
    """With `?wait=`: the progress, and the first matches of the list."""

    search_id: str
    list_id: str
    kind: SearchKind
    complete: bool
    providers: list[str]
    verify: bool
    image_count: int
    created_at: datetime
    completed_at: datetime | None
    outcomes: dict[str, int]
    images: list[ImageProgressOut]
    matches: list[MatchOut]
    matches_cursor: str | None


class RotatedOut(Struct, kw_only=True, omit_defaults=True):
    """A hook's new secret."""

    secret: str
    previous_until: datetime


class Schedule(Struct, kw_only=True, omit_defaults=True):
    """When a monitored list is due: every so many days, or a cron line. Exactly one of both."""

    days: int | None = None
    at: str = "03:00"
    cron: str | None = None
    timezone: str = "UTC"


class SearchCompleteEvent(Struct, kw_only=True, omit_defaults=True):
    """A search has ended: every lookup has its outcome."""

    id: str
    type: str
    timestamp: datetime
    sequence: int
    search_id: str
    list_id: str
    list_label: str
    kind: str
    images: int
    lookups: int
    outcomes: dict[str, int]
    matches: int
    new_matches: int
    created_at: datetime
    completed_at: datetime


class SearchFound(Struct, kw_only=True, omit_defaults=True):
    """The search that `find_search` found."""

    id: str
    search_id: str
    list_id: str
    complete: bool
    created_at: datetime
    completed_at: datetime | None
    images: int
    lookups: int
    matches: int
    outcomes: dict[str, int]
    by_provider: list[ProviderOutcome]


class SearchIn(Struct, kw_only=True, omit_defaults=True):
    """What to search. Without `list_id` a new list is made; without providers, those asked by default are."""

    images: list[ImageIn] = field(default_factory=list)
    list_id: str | None = None
    list_label: str | None = None
    providers: list[str] = field(default_factory=list)
    verify: bool = True


class SearchOut(Struct, kw_only=True, omit_defaults=True):
    """A search, and whether it is complete."""

    search_id: str
    list_id: str
    kind: SearchKind
    complete: bool
    providers: list[str]
    verify: bool
    image_count: int
    created_at: datetime
    completed_at: datetime | None


class SearchStarted(Struct, kw_only=True, omit_defaults=True):
    """What the action `start_search` answers."""

    id: str
    search_id: str
    list_id: str
    images: int
    providers: list[str]
    created_at: datetime


class SearchesFound(Struct, kw_only=True, omit_defaults=True):
    """What the action `find_search` answers."""

    id: str | None
    found: bool
    items: list[SearchFound]


class SecretOut(Struct, kw_only=True, omit_defaults=True):
    """A hook's secret."""

    secret: str


class SpanIn(Struct, kw_only=True, omit_defaults=True):
    """A span of time, its ends included."""

    since: datetime
    until: datetime | None = None


class SpanOut(Struct, kw_only=True, omit_defaults=True):
    """What is sent again: it is queued in the background, and shows in /deliveries."""

    hook_id: str
    since: datetime
    until: datetime


class SpecState(Struct, kw_only=True, omit_defaults=True):
    """How one specification is doing; part of `GET /plugins` and `GET /providers`."""

    name: str
    title: str
    description: str
    plugin: str | None
    health: Literal["failing", "misconfigured", "open", "ready"]
    reason: str | None
    settings_schema: dict[str, Any]
    settings: dict[str, Any] | None
    counters: Counters
    default: bool = False
    limits: ProviderLimits | None = None
    price_unit: str | None = None
    accepts: list[str] = field(default_factory=list)
    formats: list[str] = field(default_factory=list)


class StartSearch(Struct, kw_only=True, omit_defaults=True):
    """What the action `start_search` takes."""

    images: list[ImageReference]
    list_id: str | None = None
    list_label: str | None = None
    providers: list[str] = field(default_factory=list)
    verify: bool = True


class TagChangesIn(Struct, kw_only=True, omit_defaults=True):
    """What is to be different; what is left out stays."""

    label: str | UnsetType = UNSET
    colour: str | UnsetType = UNSET
    state: TagState | UnsetType = UNSET
    alias_of: str | None | UnsetType = UNSET


class TagIn(Struct, kw_only=True, omit_defaults=True):
    """A new tag."""

    label: str
    colour: str = "808080"


class TagOut(Struct, kw_only=True, omit_defaults=True):
    """A tag of a list."""

    key: str
    label: str
    colour: str
    state: TagState
    alias_of: str | None


class TaggingIn(Struct, kw_only=True, omit_defaults=True):
    """A tag for a match, in place of those that it has."""

    tag: str | None
    page_url: str | None = None


class TrialOut(Struct, kw_only=True, omit_defaults=True):
    """What came of a test message."""

    ok: bool
    error: str | None


class TriggerHookIn(Struct, kw_only=True, omit_defaults=True):
    """A subscription to the trigger of the address."""

    target_url: str
    filter: HookFilter | UnsetType = UNSET
    description: str | None = None
    expires_at: datetime | None = None
    since: datetime | int | None = None
    reverse_unsubscribe: bool = False


class UsageDay(Struct, kw_only=True, omit_defaults=True):
    """What one day took, by surface; days are those of UTC."""

    day: date
    surface: str
    reserved: int
    settled: int
    refunded: int


class UsageOut(Struct, kw_only=True, omit_defaults=True):
    """What is left, and what each day took."""

    credits: CreditsOut
    days: list[UsageDay]


class Use(Struct, kw_only=True, omit_defaults=True):
    """How often something was asked for, and when last."""

    requests: int = 0
    last_used: date | None = None


class VerificationOut(Struct, kw_only=True, omit_defaults=True):
    """Our own comparison: when, and with what result, or why there is none."""

    state: VerificationState
    at: datetime
    reason: str | None
    comparison: ComparisonOut | None


class VersionOut(Struct, kw_only=True, omit_defaults=True):
    """A version of an API. `may_go`: its sunset has come, or nobody uses it. `use` is told to admins alone."""

    api: str
    version: str
    prefix: str
    state: Literal["current", "deprecated", "may_go"]
    announced: date | None
    sunset: date | None
    successor: str | None
    note: str
    use: Use | None = None


class WorkspaceIn(Struct, kw_only=True, omit_defaults=True):
    """A workspace to make."""

    name: str
    scopes: list[Scope] = field(default_factory=lambda: [Scope("read"), Scope("write"), Scope("admin")])


class WorkspaceMade(Struct, kw_only=True, omit_defaults=True):
    """A workspace as it is answered when it is made."""

    id: str
    name: str
    key: KeyMade


class WorkspaceOut(Struct, kw_only=True, omit_defaults=True):
    """A workspace."""

    id: str
    name: str
