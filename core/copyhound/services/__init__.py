"""Use cases, one module a topic; `Services` holds one of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from copyhound.domain.deliveries import Sender
from copyhound.domain.triggers import Trigger
from copyhound.services.actions import Actions
from copyhound.services.candidates import CandidateService
from copyhound.services.choices import ChoiceService
from copyhound.services.collections import CollectionService
from copyhound.services.credits import CreditService
from copyhound.services.deliveries import DeliveryService
from copyhound.services.emitting import TriggerService
from copyhound.services.events import EventService
from copyhound.services.exports import ExportService
from copyhound.services.feeds import FeedService
from copyhound.services.hook_filters import Filters
from copyhound.services.hooks import HookService
from copyhound.services.ignores import IgnoreService
from copyhound.services.images import ImageIntake
from copyhound.services.indexing import IndexingService
from copyhound.services.ingests import IngestService, Sources
from copyhound.services.keys import KeyService
from copyhound.services.kit import Desk, Kit
from copyhound.services.lifecycle import LifecycleService
from copyhound.services.limits import LimitService
from copyhound.services.links import LinkService
from copyhound.services.lists import ListService
from copyhound.services.live import LiveService
from copyhound.services.lookups import LookupService
from copyhound.services.matches import MatchService
from copyhound.services.merging import Merging
from copyhound.services.monitoring import MonitoringService
from copyhound.services.notifications import NotificationService
from copyhound.services.notifications_sending import Notifiers, NotifyingService
from copyhound.services.pictures import PictureService
from copyhound.services.polling import PollingService
from copyhound.services.recovering import RecoveryService
from copyhound.services.refreshing import RefreshService
from copyhound.services.results import ResultService
from copyhound.services.searches import SearchService
from copyhound.services.tags import TagService
from copyhound.services.unsubscribing import UnsubscribingService
from copyhound.services.verifying import Verifying
from copyhound.services.workspaces import WorkspaceService


@dataclass(frozen=True)
class Services:
    """One of each use case, made from a kit."""

    kit: Kit
    searches: SearchService
    lookups: LookupService
    lists: ListService
    matches: MatchService
    monitoring: MonitoringService
    candidates: CandidateService
    collections: CollectionService
    indexing: IndexingService
    refreshing: RefreshService
    ingests: IngestService
    hooks: HookService
    deliveries: DeliveryService
    recovery: RecoveryService
    unsubscribing: UnsubscribingService
    notifications: NotificationService
    notifying: NotifyingService
    exports: ExportService
    keys: KeyService
    workspaces: WorkspaceService
    credits: CreditService
    limits: LimitService
    pictures: PictureService
    links: LinkService
    events: EventService
    feeds: FeedService
    polling: PollingService
    live: LiveService
    lifecycle: LifecycleService
    results: ResultService
    tags: TagService
    ignores: IgnoreService
    actions: Actions
    choices: ChoiceService
    triggers: TriggerService

    @classmethod
    def build(
        cls,
        kit: Kit,
        *,
        desk: Desk,
        sources: Sources,
        notifiers: Notifiers,
        sender: Sender,
        new_secret: Callable[[], str],
        triggers: Mapping[str, Trigger],
    ) -> Services:
        """Put the use cases together from ports. `triggers` may be filled later: it is read at each call."""
        events = EventService(kit)
        intake = ImageIntake(kit)
        verifying = Verifying(kit)
        merging = Merging(kit, events)
        candidates = CandidateService(kit)
        collections = CollectionService(kit, candidates)
        lookups = LookupService(kit, desk, intake, verifying, merging, events)
        searches = SearchService(kit, desk, intake, lookups, events)
        lists = ListService(kit, desk, intake, events)
        filters = Filters(triggers, desk)
        exports, matches = ExportService(kit), MatchService(kit)
        return cls(
            kit=kit,
            searches=searches,
            lookups=lookups,
            lists=lists,
            matches=matches,
            monitoring=MonitoringService(kit, desk, verifying, merging, events),
            candidates=candidates,
            collections=collections,
            indexing=IndexingService(kit, candidates),
            refreshing=RefreshService(kit, candidates, collections),
            ingests=IngestService(kit, sources, collections, candidates),
            hooks=HookService(kit, triggers, filters, sender, new_secret, RecoveryService(kit)),
            deliveries=DeliveryService(kit, sender, events),
            recovery=RecoveryService(kit),
            unsubscribing=UnsubscribingService(sender),
            notifications=NotificationService(kit, notifiers, LimitService(kit)),
            notifying=NotifyingService(kit, notifiers),
            exports=exports,
            keys=KeyService(kit),
            workspaces=WorkspaceService(kit),
            credits=CreditService(kit),
            limits=LimitService(kit),
            pictures=PictureService(kit),
            links=LinkService(kit),
            events=events,
            feeds=FeedService(kit, triggers, filters),
            polling=PollingService(kit, filters),
            live=LiveService(kit, triggers),
            lifecycle=LifecycleService(kit),
            results=ResultService(kit),
            tags=TagService(kit),
            ignores=IgnoreService(kit),
            actions=Actions(searches, lists, exports, matches, kit.public_url),
            choices=ChoiceService(kit, desk, triggers),
            triggers=TriggerService(kit, events, triggers),
        )
