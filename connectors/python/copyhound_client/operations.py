"""A method for every operation. Written by `make schemas` from the OpenAPI document, never by hand."""

from __future__ import annotations

from collections.abc import Generator
from datetime import date
from typing import Any, Literal, cast
from urllib.parse import quote

from copyhound_client import models
from copyhound_client.transport import Files, LiveEvent, Transport


class Copyhound(Transport):
    """The Copyhound API, version 1. Error answers raise CopyhoundApiError."""

    def action_add_images(self, body: models.AddImages, *, idempotency_key: str | None = None) -> models.ImagesAdded:
        """Adds images to a list without searching them now: a monitored list does when it is due. Needs a key
        with the scope `write`.
        """
        return cast(
            models.ImagesAdded,
            self._call("POST", "/api/v1/actions/add_images", {200: models.ImagesAdded}, body=body, key=idempotency_key),
        )

    def action_create_list(self, body: models.CreateList, *, idempotency_key: str | None = None) -> models.ListCreated:
        """Makes a list of images; a monitored one is searched again by its schedule. Needs a key with the scope
        `write`.
        """
        return cast(
            models.ListCreated,
            self._call(
                "POST", "/api/v1/actions/create_list", {200: models.ListCreated}, body=body, key=idempotency_key
            ),
        )

    def action_decide_match(
        self, body: models.DecideMatch, *, idempotency_key: str | None = None
    ) -> models.MatchDecided:
        """Keeps what you say of a match: infringing, allowed or not a match. Searches don't change it. Needs a
        key with the scope `write`.
        """
        return cast(
            models.MatchDecided,
            self._call(
                "POST", "/api/v1/actions/decide_match", {200: models.MatchDecided}, body=body, key=idempotency_key
            ),
        )

    def action_export_matches(
        self, body: models.ExportMatches, *, idempotency_key: str | None = None
    ) -> models.MatchesExported:
        """Gives the matches of a list as rows, and the address of the whole export. Needs a key with the scope
        `read`.
        """
        return cast(
            models.MatchesExported,
            self._call(
                "POST", "/api/v1/actions/export_matches", {200: models.MatchesExported}, body=body, key=idempotency_key
            ),
        )

    def action_find_list(self, body: models.FindList, *, idempotency_key: str | None = None) -> models.ListsFound:
        """Finds lists by their label. Needs a key with the scope `read`."""
        return cast(
            models.ListsFound,
            self._call("POST", "/api/v1/actions/find_list", {200: models.ListsFound}, body=body, key=idempotency_key),
        )

    def action_find_search(
        self, body: models.FindSearch, *, idempotency_key: str | None = None
    ) -> models.SearchesFound:
        """Tells how far a search is: whether it is complete, what it found, and who did not answer, and why.
        Needs a key with the scope `read`.
        """
        return cast(
            models.SearchesFound,
            self._call(
                "POST", "/api/v1/actions/find_search", {200: models.SearchesFound}, body=body, key=idempotency_key
            ),
        )

    def action_start_search(
        self, body: models.StartSearch, *, idempotency_key: str | None = None
    ) -> models.SearchStarted:
        """Looks for copies of one or more images. Answers at once; `find_search` tells how far it is,
        `search_complete` its end. Needs a key with the scope `write`.
        """
        return cast(
            models.SearchStarted,
            self._call(
                "POST", "/api/v1/actions/start_search", {200: models.SearchStarted}, body=body, key=idempotency_key
            ),
        )

    def add_entries(
        self,
        name: str,
        body: models.EntriesIn | None = None,
        *,
        files: Files | None = None,
        idempotency_key: str | None = None,
    ) -> models.ItemsEntryResult:
        """Index pictures under their addresses. Of several, one that is refused harms no other: each has its
        result.
        """
        return cast(
            models.ItemsEntryResult,
            self._call(
                "POST",
                f"/api/v1/collections/{quote(name, safe='')}/entries",
                {201: models.ItemsEntryResult},
                body=body,
                files=files,
                key=idempotency_key,
            ),
        )

    def add_ignored_hosts(self, body: models.IgnoredHostsIn) -> models.ItemsIgnoredHostOut:
        """Ignore hosts. Those that are ignored already stay as they are."""
        return cast(
            models.ItemsIgnoredHostOut,
            self._call("POST", "/api/v1/ignored-hosts", {201: models.ItemsIgnoredHostOut}, body=body),
        )

    def add_images(
        self,
        list_id: str,
        body: models.ImagesIn | None = None,
        *,
        files: Files | None = None,
        idempotency_key: str | None = None,
    ) -> models.ItemsImageOut:
        """Add images to a list without searching them now."""
        return cast(
            models.ItemsImageOut,
            self._call(
                "POST",
                f"/api/v1/lists/{quote(list_id, safe='')}/images",
                {201: models.ItemsImageOut},
                body=body,
                files=files,
                key=idempotency_key,
            ),
        )

    def change_key(self, key_id: str, body: models.KeyChanges) -> models.KeyOut:
        """Hold a key to other limits, from its next request on."""
        return cast(
            models.KeyOut,
            self._call("PATCH", f"/api/v1/keys/{quote(key_id, safe='')}", {200: models.KeyOut}, body=body),
        )

    def compare(self, body: models.PairIn | None = None, *, files: Files | None = None) -> models.ComparedOut:
        """Whether two pictures are the same one, and how they differ. Nothing is kept."""
        return cast(
            models.ComparedOut, self._call("POST", "/api/v1/compare", {200: models.ComparedOut}, body=body, files=files)
        )

    def create_feed(self, body: models.FeedIn, *, idempotency_key: str | None = None) -> models.FeedMade:
        """Make a feed. Its addresses need no key, cannot be guessed, and are told this once."""
        return cast(
            models.FeedMade, self._call("POST", "/api/v1/feeds", {201: models.FeedMade}, body=body, key=idempotency_key)
        )

    def create_hook(self, body: models.HookIn, *, idempotency_key: str | None = None) -> models.HookMade:
        """Subscribe to triggers: 201. The same target, triggers and filter again: 200 and the hook that is
        there.
        """
        return cast(
            models.HookMade,
            self._call(
                "POST", "/api/v1/hooks", {201: models.HookMade, 200: models.HookMade}, body=body, key=idempotency_key
            ),
        )

    def create_key(self, body: models.KeyIn, *, idempotency_key: str | None = None) -> models.KeyMade:
        """Make a key; it is shown now and never again."""
        return cast(
            models.KeyMade, self._call("POST", "/api/v1/keys", {201: models.KeyMade}, body=body, key=idempotency_key)
        )

    def create_list(self, body: models.ListIn, *, idempotency_key: str | None = None) -> models.ListOut:
        """Make a list."""
        return cast(
            models.ListOut, self._call("POST", "/api/v1/lists", {201: models.ListOut}, body=body, key=idempotency_key)
        )

    def create_notification(
        self, body: models.NotificationIn, *, idempotency_key: str | None = None
    ) -> models.NotificationOut:
        """Make a notification: it tells of what is found from now on."""
        return cast(
            models.NotificationOut,
            self._call("POST", "/api/v1/notifications", {201: models.NotificationOut}, body=body, key=idempotency_key),
        )

    def create_tag(self, list_id: str, body: models.TagIn) -> models.TagOut:
        """Make a tag; its key comes from its label."""
        return cast(
            models.TagOut,
            self._call("POST", f"/api/v1/lists/{quote(list_id, safe='')}/tags", {201: models.TagOut}, body=body),
        )

    def create_trigger_hook(
        self, key: str, body: models.TriggerHookIn, *, idempotency_key: str | None = None
    ) -> models.HookMade:
        """Subscribe to this trigger alone, as `POST /hooks` does with its defaults."""
        return cast(
            models.HookMade,
            self._call(
                "POST",
                f"/api/v1/triggers/{quote(key, safe='')}/hooks",
                {201: models.HookMade, 200: models.HookMade},
                body=body,
                key=idempotency_key,
            ),
        )

    def create_workspace(self, body: models.WorkspaceIn, *, idempotency_key: str | None = None) -> models.WorkspaceMade:
        """Make a workspace with a first key, which is shown now and never again."""
        return cast(
            models.WorkspaceMade,
            self._call("POST", "/api/v1/workspaces", {201: models.WorkspaceMade}, body=body, key=idempotency_key),
        )

    def create_workspace_key(
        self, workspace_id: str, body: models.KeyIn, *, idempotency_key: str | None = None
    ) -> models.KeyMade:
        """Make a key of a workspace."""
        return cast(
            models.KeyMade,
            self._call(
                "POST",
                f"/api/v1/workspaces/{quote(workspace_id, safe='')}/keys",
                {201: models.KeyMade},
                body=body,
                key=idempotency_key,
            ),
        )

    def decide_match(self, match_id: str, body: models.MatchChanges) -> models.MatchOut:
        """Keep what a person says of a match. It sticks."""
        return cast(
            models.MatchOut,
            self._call("PATCH", f"/api/v1/matches/{quote(match_id, safe='')}", {200: models.MatchOut}, body=body),
        )

    def delete_consumer(self, key: str, name: str) -> None:
        """Forget how far a poller is; 204 also where nobody knows it."""
        self._call("DELETE", f"/api/v1/triggers/{quote(key, safe='')}/consumers/{quote(name, safe='')}", {})

    def delete_feed(self, feed_id: str) -> None:
        """Revoke its addresses at once; 204 also where it is gone already."""
        self._call("DELETE", f"/api/v1/feeds/{quote(feed_id, safe='')}", {})

    def delete_hook(self, hook_id: str) -> None:
        """Unsubscribe; 204 also where it is gone already."""
        self._call("DELETE", f"/api/v1/hooks/{quote(hook_id, safe='')}", {})

    def delete_ignored_host(self, ignored_id: str, *, list_id: str | None = None) -> None:
        """Don't ignore a host any more. `list_id` says where it was ignored."""
        self._call("DELETE", f"/api/v1/ignored-hosts/{quote(ignored_id, safe='')}", {}, query={"list_id": list_id})

    def delete_image(self, list_id: str, image_id: str) -> None:
        """Delete an image with its matches."""
        self._call("DELETE", f"/api/v1/lists/{quote(list_id, safe='')}/images/{quote(image_id, safe='')}", {})

    def delete_list(self, list_id: str) -> None:
        """Delete a list with its images, searches and matches."""
        self._call("DELETE", f"/api/v1/lists/{quote(list_id, safe='')}", {})

    def delete_notification(self, notification_id: str) -> None:
        """Nothing is sent any more."""
        self._call("DELETE", f"/api/v1/notifications/{quote(notification_id, safe='')}", {})

    def delete_tag(self, list_id: str, key: str) -> None:
        """Delete a tag, also from copies; one of the five is only hidden."""
        self._call("DELETE", f"/api/v1/lists/{quote(list_id, safe='')}/tags/{quote(key, safe='')}", {})

    def disable_hook(self, hook_id: str) -> models.HookOut:
        """Pause a hook until it is enabled: same id, same secret. Nothing is sent meanwhile."""
        return cast(
            models.HookOut,
            self._call("POST", f"/api/v1/hooks/{quote(hook_id, safe='')}/disable", {200: models.HookOut}),
        )

    def enable_hook(self, hook_id: str) -> models.HookOut:
        """Wake a disabled hook: same id, same secret."""
        return cast(
            models.HookOut, self._call("POST", f"/api/v1/hooks/{quote(hook_id, safe='')}/enable", {200: models.HookOut})
        )

    def export_matches(
        self,
        list_id: str,
        *,
        image_id: str | None = None,
        search_id: str | None = None,
        status: models.MatchStatus | None = None,
        decision: models.Decision | None = None,
        domain: str | None = None,
        host: str | None = None,
        provider: str | None = None,
        match_type: models.MatchType | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        found_after: str | None = None,
        found_before: str | None = None,
        include_small: bool | None = None,
        without_ignored: bool | None = None,
        filter: str | None = None,
        format: Literal["csv", "json", "jsonl"] | None = None,
    ) -> bytes:
        """All matches of a list, streamed: as CSV for spreadsheets, as one JSON array, or as a JSON object a
        line.
        """
        return cast(
            bytes,
            self._call(
                "GET",
                f"/api/v1/lists/{quote(list_id, safe='')}/export",
                {200: bytes},
                query={
                    "image_id": image_id,
                    "search_id": search_id,
                    "status": status,
                    "decision": decision,
                    "domain": domain,
                    "host": host,
                    "provider": provider,
                    "match_type": match_type,
                    "min_confidence": min_confidence,
                    "min_score": min_score,
                    "found_after": found_after,
                    "found_before": found_before,
                    "include_small": include_small,
                    "without_ignored": without_ignored,
                    "filter": filter,
                    "format": format,
                },
            ),
        )

    def get_action(self, key: str, *, dialect: Literal["2020-12", "draft-07"] | None = None) -> models.Descriptor:
        """The descriptor of one action."""
        return cast(
            models.Descriptor,
            self._call(
                "GET", f"/api/v1/actions/{quote(key, safe='')}", {200: models.Descriptor}, query={"dialect": dialect}
            ),
        )

    def get_collection(self, name: str) -> models.CollectionOut:
        """One collection."""
        return cast(
            models.CollectionOut,
            self._call("GET", f"/api/v1/collections/{quote(name, safe='')}", {200: models.CollectionOut}),
        )

    def get_delivery(self, delivery_id: str) -> models.DeliveryOut:
        """One delivery, with what came of its last attempt."""
        return cast(
            models.DeliveryOut,
            self._call("GET", f"/api/v1/deliveries/{quote(delivery_id, safe='')}", {200: models.DeliveryOut}),
        )

    def get_events(
        self,
        key: str,
        *,
        list_ids: list[str] | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        match_types: list[models.MatchType] | None = None,
        domains: list[str] | None = None,
        providers: list[str] | None = None,
        consumer: str | None = None,
        again: bool | None = None,
        since: str | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.EventsOut:
        """Events after a cursor, oldest first. Without one: from where `consumer` is, from `since`, from the
        start.
        """
        return cast(
            models.EventsOut,
            self._call(
                "GET",
                f"/api/v1/triggers/{quote(key, safe='')}/events",
                {200: models.EventsOut},
                query={
                    "list_ids": list_ids,
                    "min_confidence": min_confidence,
                    "min_score": min_score,
                    "match_types": match_types,
                    "domains": domains,
                    "providers": providers,
                    "consumer": consumer,
                    "again": again,
                    "since": since,
                    "cursor": cursor,
                    "limit": limit,
                },
            ),
        )

    def get_feed(self, feed_id: str) -> models.FeedOut:
        """One feed."""
        return cast(
            models.FeedOut, self._call("GET", f"/api/v1/feeds/{quote(feed_id, safe='')}", {200: models.FeedOut})
        )

    def get_health(self) -> models.HealthOut:
        """The process is alive."""
        return cast(models.HealthOut, self._call("GET", "/healthz", {200: models.HealthOut}))

    def get_hook(self, hook_id: str) -> models.HookOut:
        """One hook, with its state and why it is so."""
        return cast(
            models.HookOut, self._call("GET", f"/api/v1/hooks/{quote(hook_id, safe='')}", {200: models.HookOut})
        )

    def get_hook_secret(self, hook_id: str) -> models.SecretOut:
        """The secret that signs what is sent."""
        return cast(
            models.SecretOut,
            self._call("GET", f"/api/v1/hooks/{quote(hook_id, safe='')}/secret", {200: models.SecretOut}),
        )

    def get_index(self) -> models.IndexOut:
        """What the candidate index holds and takes, how far it follows the database, and which caps searches
        met.
        """
        return cast(models.IndexOut, self._call("GET", "/api/v1/index", {200: models.IndexOut}))

    def get_ingest(self, ingest_id: str) -> models.IngestOut:
        """How far a run is."""
        return cast(
            models.IngestOut, self._call("GET", f"/api/v1/ingests/{quote(ingest_id, safe='')}", {200: models.IngestOut})
        )

    def get_key(self, key_id: str) -> models.KeyOut:
        """One key."""
        return cast(models.KeyOut, self._call("GET", f"/api/v1/keys/{quote(key_id, safe='')}", {200: models.KeyOut}))

    def get_lifecycle(self) -> models.LifecycleOut:
        """Every version of every API: which are deprecated, since when, until when, what takes their place.

        With an admin's key also how much each is used.
        """
        return cast(models.LifecycleOut, self._call("GET", "/lifecycle", {200: models.LifecycleOut}))

    def get_list(self, list_id: str) -> models.ListOut:
        """One list."""
        return cast(
            models.ListOut, self._call("GET", f"/api/v1/lists/{quote(list_id, safe='')}", {200: models.ListOut})
        )

    def get_match(self, match_id: str) -> models.MatchOut:
        """One match."""
        return cast(
            models.MatchOut, self._call("GET", f"/api/v1/matches/{quote(match_id, safe='')}", {200: models.MatchOut})
        )

    def get_match_history(self, match_id: str) -> models.ItemsHistoryLine:
        """Every check of a match, oldest first."""
        return cast(
            models.ItemsHistoryLine,
            self._call("GET", f"/api/v1/matches/{quote(match_id, safe='')}/history", {200: models.ItemsHistoryLine}),
        )

    def get_me(self) -> models.MeOut:
        """Whose key this is, what it may do, and what credits are left."""
        return cast(models.MeOut, self._call("GET", "/api/v1/me", {200: models.MeOut}))

    def get_metrics(self) -> bytes:
        """Figures for Prometheus."""
        return cast(bytes, self._call("GET", "/metrics", {200: bytes}))

    def get_notification(self, notification_id: str) -> models.NotificationOut:
        """One notification, with when it is due and why it failed last."""
        return cast(
            models.NotificationOut,
            self._call(
                "GET", f"/api/v1/notifications/{quote(notification_id, safe='')}", {200: models.NotificationOut}
            ),
        )

    def get_overlay(self, match_id: str, *, view: Literal["pair", "difference"] | None = None) -> bytes:
        """Copy and image as a JPEG: left half the copy, right half the image aligned to it; or their difference."""
        return cast(
            bytes,
            self._call(
                "GET", f"/api/v1/matches/{quote(match_id, safe='')}/overlay", {200: bytes}, query={"view": view}
            ),
        )

    def get_readiness(self) -> models.HealthOut:
        """The server can work: the database and the index answer."""
        return cast(models.HealthOut, self._call("GET", "/readyz", {200: models.HealthOut}))

    def get_samples(
        self,
        key: str,
        *,
        list_ids: list[str] | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        match_types: list[models.MatchType] | None = None,
        domains: list[str] | None = None,
        providers: list[str] | None = None,
        limit: int | None = None,
    ) -> list[dict[str, Any]]:
        """The newest events that pass the filter; while there is none, a made-up one (`X-Copyhound-Sample:
        static`).
        """
        return cast(
            "list[dict[str, Any]]",
            self._call(
                "GET",
                f"/api/v1/triggers/{quote(key, safe='')}/samples",
                {200: list[dict[str, Any]]},
                query={
                    "list_ids": list_ids,
                    "min_confidence": min_confidence,
                    "min_score": min_score,
                    "match_types": match_types,
                    "domains": domains,
                    "providers": providers,
                    "limit": limit,
                },
            ),
        )

    def get_search(self, search_id: str) -> models.ProgressOut:
        """How far a search is: each image at each provider, how it ended and why."""
        return cast(
            models.ProgressOut,
            self._call("GET", f"/api/v1/searches/{quote(search_id, safe='')}", {200: models.ProgressOut}),
        )

    def get_thumbnail(self, match_id: str) -> bytes:
        """A small JPEG of the found copy."""
        return cast(bytes, self._call("GET", f"/api/v1/matches/{quote(match_id, safe='')}/thumbnail", {200: bytes}))

    def get_trigger(self, key: str, *, dialect: Literal["2020-12", "draft-07"] | None = None) -> models.Descriptor:
        """The descriptor of one trigger."""
        return cast(
            models.Descriptor,
            self._call(
                "GET", f"/api/v1/triggers/{quote(key, safe='')}", {200: models.Descriptor}, query={"dialect": dialect}
            ),
        )

    def get_usage(self, *, first: date | None = None, last: date | None = None) -> models.UsageOut:
        """Credits by day and surface: one for each picture of each search."""
        return cast(
            models.UsageOut,
            self._call("GET", "/api/v1/usage", {200: models.UsageOut}, query={"first": first, "last": last}),
        )

    def grant_credits(
        self, workspace_id: str, body: models.BundleIn, *, idempotency_key: str | None = None
    ) -> models.BundleOut:
        """Grant a workspace credits; from its first bundle on it is metered."""
        return cast(
            models.BundleOut,
            self._call(
                "POST",
                f"/api/v1/workspaces/{quote(workspace_id, safe='')}/credits",
                {201: models.BundleOut},
                body=body,
                key=idempotency_key,
            ),
        )

    def list_actions(self, *, dialect: Literal["2020-12", "draft-07"] | None = None) -> models.ItemsDescriptor:
        """The descriptors of all actions."""
        return cast(
            models.ItemsDescriptor,
            self._call("GET", "/api/v1/actions", {200: models.ItemsDescriptor}, query={"dialect": dialect}),
        )

    def list_attempts(self, delivery_id: str) -> models.ItemsAttemptOut:
        """Every HTTP request of a delivery, and how it was answered."""
        return cast(
            models.ItemsAttemptOut,
            self._call(
                "GET", f"/api/v1/deliveries/{quote(delivery_id, safe='')}/attempts", {200: models.ItemsAttemptOut}
            ),
        )

    def list_bundles(self, workspace_id: str) -> models.ItemsBundleOut:
        """All credits that a workspace was ever granted."""
        return cast(
            models.ItemsBundleOut,
            self._call(
                "GET", f"/api/v1/workspaces/{quote(workspace_id, safe='')}/credits", {200: models.ItemsBundleOut}
            ),
        )

    def list_choices(
        self,
        kind: str,
        *,
        q: str | None = None,
        list_id: str | None = None,
        cursor: str | None = None,
        page: int | None = None,
        limit: int | None = None,
    ) -> models.ItemsChoice:
        """A page of a drop-down: lists, images of `list_id`, searches, matches, providers, triggers or
        collections.
        """
        return cast(
            models.ItemsChoice,
            self._call(
                "GET",
                f"/api/v1/choices/{quote(kind, safe='')}",
                {200: models.ItemsChoice},
                query={"q": q, "list_id": list_id, "cursor": cursor, "page": page, "limit": limit},
            ),
        )

    def list_collections(self) -> models.ItemsCollectionOut:
        """All collections, with how many entries each holds."""
        return cast(
            models.ItemsCollectionOut, self._call("GET", "/api/v1/collections", {200: models.ItemsCollectionOut})
        )

    def list_consumers(self, key: str) -> models.ItemsConsumerOut:
        """The pollers of a trigger that have a name, and how far each is."""
        return cast(
            models.ItemsConsumerOut,
            self._call("GET", f"/api/v1/triggers/{quote(key, safe='')}/consumers", {200: models.ItemsConsumerOut}),
        )

    def list_deliveries(
        self,
        *,
        hook_id: str | None = None,
        status: models.DeliveryStatus | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.ItemsDeliveryOut:
        """Deliveries, newest first, each with what came of its last attempt."""
        return cast(
            models.ItemsDeliveryOut,
            self._call(
                "GET",
                "/api/v1/deliveries",
                {200: models.ItemsDeliveryOut},
                query={"hook_id": hook_id, "status": status, "cursor": cursor, "limit": limit},
            ),
        )

    def list_entries(
        self, name: str, *, image_url: str | None = None, cursor: str | None = None, limit: int | None = None
    ) -> models.ItemsEntryOut:
        """Entries, newest first."""
        return cast(
            models.ItemsEntryOut,
            self._call(
                "GET",
                f"/api/v1/collections/{quote(name, safe='')}/entries",
                {200: models.ItemsEntryOut},
                query={"image_url": image_url, "cursor": cursor, "limit": limit},
            ),
        )

    def list_feeds(self, *, list_id: str | None = None) -> models.ItemsFeedOut:
        """Feeds, newest first; of one list, or of all."""
        return cast(
            models.ItemsFeedOut,
            self._call("GET", "/api/v1/feeds", {200: models.ItemsFeedOut}, query={"list_id": list_id}),
        )

    def list_given_tags(self, match_id: str) -> models.ItemsGivenTag:
        """The tags of a match and of its pages."""
        return cast(
            models.ItemsGivenTag,
            self._call("GET", f"/api/v1/matches/{quote(match_id, safe='')}/tags", {200: models.ItemsGivenTag}),
        )

    def list_hooks(
        self,
        *,
        target_url: str | None = None,
        trigger: str | None = None,
        status: models.HookStatus | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.ItemsHookOut:
        """Hooks, newest first. One that has expired is disabled."""
        return cast(
            models.ItemsHookOut,
            self._call(
                "GET",
                "/api/v1/hooks",
                {200: models.ItemsHookOut},
                query={
                    "target_url": target_url,
                    "trigger": trigger,
                    "status": status,
                    "cursor": cursor,
                    "limit": limit,
                },
            ),
        )

    def list_ignored_hosts(self, *, list_id: str | None = None) -> models.ItemsIgnoredHostOut:
        """The hosts that are ignored in a list, or in all."""
        return cast(
            models.ItemsIgnoredHostOut,
            self._call("GET", "/api/v1/ignored-hosts", {200: models.ItemsIgnoredHostOut}, query={"list_id": list_id}),
        )

    def list_images(self, list_id: str, *, cursor: str | None = None, limit: int | None = None) -> models.ItemsImageOut:
        """The images of a list, as they were added."""
        return cast(
            models.ItemsImageOut,
            self._call(
                "GET",
                f"/api/v1/lists/{quote(list_id, safe='')}/images",
                {200: models.ItemsImageOut},
                query={"cursor": cursor, "limit": limit},
            ),
        )

    def list_ingests(self, *, cursor: str | None = None, limit: int | None = None) -> models.ItemsIngestOut:
        """Runs, newest first."""
        return cast(
            models.ItemsIngestOut,
            self._call(
                "GET", "/api/v1/ingests", {200: models.ItemsIngestOut}, query={"cursor": cursor, "limit": limit}
            ),
        )

    def list_keys(self) -> models.ItemsKeyOut:
        """The keys of the workspace, revoked ones too."""
        return cast(models.ItemsKeyOut, self._call("GET", "/api/v1/keys", {200: models.ItemsKeyOut}))

    def list_lists(
        self, *, label: str | None = None, cursor: str | None = None, limit: int | None = None
    ) -> models.ItemsListOut:
        """Lists, newest first."""
        return cast(
            models.ItemsListOut,
            self._call(
                "GET",
                "/api/v1/lists",
                {200: models.ItemsListOut},
                query={"label": label, "cursor": cursor, "limit": limit},
            ),
        )

    def list_matches(
        self,
        *,
        image_id: str | None = None,
        search_id: str | None = None,
        status: models.MatchStatus | None = None,
        decision: models.Decision | None = None,
        domain: str | None = None,
        host: str | None = None,
        provider: str | None = None,
        match_type: models.MatchType | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        found_after: str | None = None,
        found_before: str | None = None,
        include_small: bool | None = None,
        without_ignored: bool | None = None,
        filter: str | None = None,
        sort: Literal[
            "first_seen", "-first_seen", "last_seen", "-last_seen", "confidence", "-confidence", "score", "-score"
        ]
        | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.ItemsMatchOut:
        """The matches of all lists."""
        return cast(
            models.ItemsMatchOut,
            self._call(
                "GET",
                "/api/v1/matches",
                {200: models.ItemsMatchOut},
                query={
                    "image_id": image_id,
                    "search_id": search_id,
                    "status": status,
                    "decision": decision,
                    "domain": domain,
                    "host": host,
                    "provider": provider,
                    "match_type": match_type,
                    "min_confidence": min_confidence,
                    "min_score": min_score,
                    "found_after": found_after,
                    "found_before": found_before,
                    "include_small": include_small,
                    "without_ignored": without_ignored,
                    "filter": filter,
                    "sort": sort,
                    "cursor": cursor,
                    "limit": limit,
                },
            ),
        )

    def list_matches_of_list(
        self,
        list_id: str,
        *,
        image_id: str | None = None,
        search_id: str | None = None,
        status: models.MatchStatus | None = None,
        decision: models.Decision | None = None,
        domain: str | None = None,
        host: str | None = None,
        provider: str | None = None,
        match_type: models.MatchType | None = None,
        min_confidence: float | None = None,
        min_score: float | None = None,
        found_after: str | None = None,
        found_before: str | None = None,
        include_small: bool | None = None,
        without_ignored: bool | None = None,
        filter: str | None = None,
        sort: Literal[
            "first_seen", "-first_seen", "last_seen", "-last_seen", "confidence", "-confidence", "score", "-score"
        ]
        | None = None,
        cursor: str | None = None,
        limit: int | None = None,
    ) -> models.ItemsMatchOut:
        """The matches of a list, as soon as they are there."""
        return cast(
            models.ItemsMatchOut,
            self._call(
                "GET",
                f"/api/v1/lists/{quote(list_id, safe='')}/matches",
                {200: models.ItemsMatchOut},
                query={
                    "image_id": image_id,
                    "search_id": search_id,
                    "status": status,
                    "decision": decision,
                    "domain": domain,
                    "host": host,
                    "provider": provider,
                    "match_type": match_type,
                    "min_confidence": min_confidence,
                    "min_score": min_score,
                    "found_after": found_after,
                    "found_before": found_before,
                    "include_small": include_small,
                    "without_ignored": without_ignored,
                    "filter": filter,
                    "sort": sort,
                    "cursor": cursor,
                    "limit": limit,
                },
            ),
        )

    def list_notifications(self, *, cursor: str | None = None, limit: int | None = None) -> models.ItemsNotificationOut:
        """Notifications, newest first."""
        return cast(
            models.ItemsNotificationOut,
            self._call(
                "GET",
                "/api/v1/notifications",
                {200: models.ItemsNotificationOut},
                query={"cursor": cursor, "limit": limit},
            ),
        )

    def list_plugins(self) -> models.ItemsPluginOut:
        """What was found, what is not loaded and why, and how each specification fares."""
        return cast(models.ItemsPluginOut, self._call("GET", "/api/v1/plugins", {200: models.ItemsPluginOut}))

    def list_providers(self) -> models.ItemsSpecState:
        """The providers, how they fare, and what they need."""
        return cast(models.ItemsSpecState, self._call("GET", "/api/v1/providers", {200: models.ItemsSpecState}))

    def list_searches(
        self, *, list_id: str | None = None, cursor: str | None = None, limit: int | None = None
    ) -> models.ItemsSearchOut:
        """Searches, newest first."""
        return cast(
            models.ItemsSearchOut,
            self._call(
                "GET",
                "/api/v1/searches",
                {200: models.ItemsSearchOut},
                query={"list_id": list_id, "cursor": cursor, "limit": limit},
            ),
        )

    def list_tags(self, list_id: str) -> models.ItemsTagOut:
        """The tags of a list."""
        return cast(
            models.ItemsTagOut,
            self._call("GET", f"/api/v1/lists/{quote(list_id, safe='')}/tags", {200: models.ItemsTagOut}),
        )

    def list_triggers(self, *, dialect: Literal["2020-12", "draft-07"] | None = None) -> models.ItemsDescriptor:
        """The descriptors of all triggers."""
        return cast(
            models.ItemsDescriptor,
            self._call("GET", "/api/v1/triggers", {200: models.ItemsDescriptor}, query={"dialect": dialect}),
        )

    def list_workspaces(self) -> models.ItemsWorkspaceOut:
        """All workspaces."""
        return cast(models.ItemsWorkspaceOut, self._call("GET", "/api/v1/workspaces", {200: models.ItemsWorkspaceOut}))

    def preview_notification(self, notification_id: str) -> models.PreviewOut:
        """What would be sent now; nothing is sent."""
        return cast(
            models.PreviewOut,
            self._call(
                "GET", f"/api/v1/notifications/{quote(notification_id, safe='')}/preview", {200: models.PreviewOut}
            ),
        )

    def put_collection(self, name: str) -> models.CollectionOut:
        """Make a collection; the one that is there where there is one."""
        return cast(
            models.CollectionOut,
            self._call("PUT", f"/api/v1/collections/{quote(name, safe='')}", {200: models.CollectionOut}),
        )

    def read_feed(self, file: str) -> bytes:
        """A feed, as JSON Feed 1.1 (`.json`) or Atom (`.atom`), with an ETag: 304 where the reader has it."""
        return cast(bytes, self._call("GET", f"/feeds/{quote(file, safe='')}", {200: bytes}))

    def recover_hook(self, hook_id: str, body: models.SpanIn, *, idempotency_key: str | None = None) -> models.SpanOut:
        """Send again what has failed since a time, now, with all its attempts anew."""
        return cast(
            models.SpanOut,
            self._call(
                "POST",
                f"/api/v1/hooks/{quote(hook_id, safe='')}/recover",
                {202: models.SpanOut},
                body=body,
                key=idempotency_key,
            ),
        )

    def remove_entries(self, name: str, *, prefix: str | None = None, all: bool | None = None) -> models.RemovedOut:
        """Remove the entries whose address begins with `prefix`; with `all=true`, and no prefix, all of them."""
        return cast(
            models.RemovedOut,
            self._call(
                "DELETE",
                f"/api/v1/collections/{quote(name, safe='')}/entries",
                {200: models.RemovedOut},
                query={"prefix": prefix, "all": all},
            ),
        )

    def remove_entry(self, name: str, entry_id: str) -> None:
        """Remove one entry."""
        self._call("DELETE", f"/api/v1/collections/{quote(name, safe='')}/entries/{quote(entry_id, safe='')}", {})

    def replay_hook(self, hook_id: str, body: models.SpanIn, *, idempotency_key: str | None = None) -> models.SpanOut:
        """Send the events since a time that this hook was never sent, such as those of when it was disabled."""
        return cast(
            models.SpanOut,
            self._call(
                "POST",
                f"/api/v1/hooks/{quote(hook_id, safe='')}/replay",
                {202: models.SpanOut},
                body=body,
                key=idempotency_key,
            ),
        )

    def resend_delivery(self, delivery_id: str, *, idempotency_key: str | None = None) -> models.ResentOut:
        """Send it once more, with the same `webhook-id`; once, however often that is asked before it was made."""
        return cast(
            models.ResentOut,
            self._call(
                "POST",
                f"/api/v1/deliveries/{quote(delivery_id, safe='')}/resend",
                {202: models.ResentOut},
                key=idempotency_key,
            ),
        )

    def revoke_key(self, key_id: str) -> None:
        """Revoke a key, at once and for good."""
        self._call("DELETE", f"/api/v1/keys/{quote(key_id, safe='')}", {})

    def rotate_hook_secret(self, hook_id: str, *, idempotency_key: str | None = None) -> models.RotatedOut:
        """A new secret; for 24 hours deliveries are signed with the old one, too."""
        return cast(
            models.RotatedOut,
            self._call(
                "POST",
                f"/api/v1/hooks/{quote(hook_id, safe='')}/rotate-secret",
                {200: models.RotatedOut},
                key=idempotency_key,
            ),
        )

    def run_action(self, key: str, body: dict[str, Any], *, idempotency_key: str | None = None) -> dict[str, Any]:
        """Run an action: the body is what its `input_schema` describes, the answer what its `output_schema`
        does.
        """
        return cast(
            "dict[str, Any]",
            self._call(
                "POST", f"/api/v1/actions/{quote(key, safe='')}", {200: dict[str, Any]}, body=body, key=idempotency_key
            ),
        )

    def search_collection(
        self, name: str, body: models.OneImageIn | None = None, *, files: Files | None = None
    ) -> models.ItemsFoundEntry:
        """The entries that show the same picture, surest first. Nothing is kept."""
        return cast(
            models.ItemsFoundEntry,
            self._call(
                "POST",
                f"/api/v1/collections/{quote(name, safe='')}/search",
                {200: models.ItemsFoundEntry},
                body=body,
                files=files,
            ),
        )

    def start_ingest(self, name: str, body: models.IngestIn, *, idempotency_key: str | None = None) -> models.IngestOut:
        """Start a run. A source that reads the server's files needs a key with the scope `operator`."""
        return cast(
            models.IngestOut,
            self._call(
                "POST",
                f"/api/v1/collections/{quote(name, safe='')}/ingests",
                {201: models.IngestOut},
                body=body,
                key=idempotency_key,
            ),
        )

    def start_search(
        self,
        body: models.SearchIn | None = None,
        *,
        wait: float | None = None,
        files: Files | None = None,
        idempotency_key: str | None = None,
    ) -> models.SearchOut | models.ResultOut:
        """Start a search: 202 at once. With `wait`, 200 and the result where it is complete in time."""
        return cast(
            "models.SearchOut | models.ResultOut",
            self._call(
                "POST",
                "/api/v1/searches",
                {202: models.SearchOut, 200: models.ResultOut},
                query={"wait": wait},
                body=body,
                files=files,
                key=idempotency_key,
            ),
        )

    def tag_match(self, match_id: str, body: models.TaggingIn) -> models.ItemsGivenTag:
        """Give a match, or one of its pages, a tag in place of those that it has."""
        return cast(
            models.ItemsGivenTag,
            self._call(
                "PUT", f"/api/v1/matches/{quote(match_id, safe='')}/tags", {200: models.ItemsGivenTag}, body=body
            ),
        )

    def test_hook(self, hook_id: str) -> models.AttemptOut:
        """Send the sample event now, once, and tell how the target answered; 409 if nothing is offered."""
        return cast(
            models.AttemptOut,
            self._call("POST", f"/api/v1/hooks/{quote(hook_id, safe='')}/test", {200: models.AttemptOut}),
        )

    def test_notification(self, notification_id: str) -> models.TrialOut:
        """Send a sample now, once; nothing counts as told."""
        return cast(
            models.TrialOut,
            self._call("POST", f"/api/v1/notifications/{quote(notification_id, safe='')}/test", {200: models.TrialOut}),
        )

    def update_hook(self, hook_id: str, body: models.HookChanges) -> models.HookOut:
        """Change where a hook is sent to, what it is told of, and how."""
        return cast(
            models.HookOut,
            self._call("PATCH", f"/api/v1/hooks/{quote(hook_id, safe='')}", {200: models.HookOut}, body=body),
        )

    def update_list(self, list_id: str, body: models.ListChanges) -> models.ListOut:
        """Change a list: its label, whether and when it is searched again, its providers and threshold."""
        return cast(
            models.ListOut,
            self._call("PATCH", f"/api/v1/lists/{quote(list_id, safe='')}", {200: models.ListOut}, body=body),
        )

    def update_notification(self, notification_id: str, body: models.NotificationChangesIn) -> models.NotificationOut:
        """Change a notification. A new schedule counts from the last time that it was due."""
        return cast(
            models.NotificationOut,
            self._call(
                "PATCH",
                f"/api/v1/notifications/{quote(notification_id, safe='')}",
                {200: models.NotificationOut},
                body=body,
            ),
        )

    def update_tag(self, list_id: str, key: str, body: models.TagChangesIn) -> models.TagOut:
        """Change a tag of a list."""
        return cast(
            models.TagOut,
            self._call(
                "PATCH",
                f"/api/v1/lists/{quote(list_id, safe='')}/tags/{quote(key, safe='')}",
                {200: models.TagOut},
                body=body,
            ),
        )

    def watch_feed(self, token: str, *, last_event_id: str | None = None) -> Generator[LiveEvent, None, None]:
        """The events of a feed as they happen, for pages: `new EventSource(live_url)` needs no key."""
        return self._watch(f"/feeds/{quote(token, safe='')}/live", query={"last_event_id": last_event_id})

    def watch_list(self, list_id: str, *, last_event_id: str | None = None) -> Generator[LiveEvent, None, None]:
        """The events of a list as they happen, as server-sent events: all kinds that name a list."""
        return self._watch(f"/api/v1/lists/{quote(list_id, safe='')}/live", query={"last_event_id": last_event_id})

    def watch_search(self, search_id: str, *, last_event_id: str | None = None) -> Generator[LiveEvent, None, None]:
        """A search as it goes on, as server-sent events: `progress`, what it finds, and `search_complete` as the
        last.

        204, which tells browsers to stop, for who asks on after that.
        """
        return self._watch(f"/api/v1/searches/{quote(search_id, safe='')}/live", query={"last_event_id": last_event_id})
