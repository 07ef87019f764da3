// The Copyhound API's types. Written by `make schemas` from the OpenAPI document, never by hand.

/** What the action `add_images` takes. */
export interface AddImages {
  list_id: string;
  images: Array<ImageReference>;
}

/** What is refused, and why: neither its JSON Schema nor its Struct takes it. */
export interface AntiExample {
  value: Record<string, unknown>;
  reason: string;
}

/** One HTTP request. */
export interface AttemptOut {
  number: number;
  at: string;
  duration_ms: number;
  manual: boolean;
  status_code: number | null;
  error: string | null;
  response_body: string | null;
}

/** Credits to grant. */
export interface BundleIn {
  credits: number;
  expires_at: string;
  starts_at?: string | null;
  note?: string | null;
}

/** Credits with a beginning and an end. */
export interface BundleOut {
  id: string;
  granted: number;
  remaining: number;
  starts_at: string;
  expires_at: string;
  note: string | null;
}

/** One line of a drop-down. */
export interface Choice {
  id: string;
  name: string;
}

/** A collection, and how many pictures it holds. */
export interface CollectionOut {
  name: string;
  entries: number;
  created_at?: string | null;
  fingerprint_version?: number | null;
}

/** Whether two pictures are the same one, and how they differ. */
export interface ComparedOut {
  same: boolean;
  comparison: ComparisonOut | null;
}

/** Our own comparison of the copy with the image. */
export interface ComparisonOut {
  confidence: number;
  score: number;
  match_type: MatchType;
  edits: Array<Edit>;
  query_share: number;
  match_share: number;
  matrix: [[number, number, number], [number, number, number], [number, number, number]];
  pixels_checked: boolean;
}

/** How far a poller is. */
export interface ConsumerOut {
  name: string;
  acknowledged: string;
  given: string;
  asked_at: string;
}

/** What happened to a plugin's calls since the process started. */
export interface Counters {
  calls?: number;
  failures?: number;
  timeouts?: number;
  blocked?: number;
  longest_block_seconds?: number;
  consecutive_failures?: number;
  latency_seconds?: number | null;
  last_error?: string | null;
  last_error_at?: string | null;
  last_success_at?: string | null;
}

/** What the action `create_list` takes. */
export interface CreateList {
  label: string;
  monitored?: boolean;
  schedule?: Schedule | null;
  providers?: Array<string>;
  min_confidence?: number;
  if_absent?: boolean;
}

/** A quarter of the credits that may be used now is left, or less. Told once, until further ones are granted. */
export interface CreditsLowEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  remaining: number;
  granted: number;
  expires_at: string;
}

/** What may still be searched: one credit for each picture of a search. */
export interface CreditsOut {
  metered: boolean;
  remaining: number;
  bundles: Array<BundleOut>;
}

/** What the action `decide_match` takes. */
export interface DecideMatch {
  match_id: string;
  decision: Decision;
  note?: string | null;
}

/** What a person says of a match. */
export type Decision = "allowed" | "infringing" | "not_a_match" | "open";

/** One event for one hook. */
export interface DeliveryOut {
  id: string;
  hook_id: string;
  event_id: string;
  trigger: string;
  status: DeliveryStatus;
  attempts: number;
  created_at: string;
  next_attempt_at: string | null;
  delivered_at: string | null;
  last_attempt_at: string | null;
  last_status_code: number | null;
  last_error: string | null;
}

/** How far a delivery is. */
export type DeliveryStatus = "delivered" | "failed" | "pending";

/** What an automation needs to know of a trigger or an action; every adapter is made from this. */
export interface Descriptor {
  key: string;
  title: string;
  noun: string;
  description: string;
  input_schema: Record<string, unknown> | null;
  output_schema: Record<string, unknown>;
  sample: Record<string, unknown>;
  dynamic_fields: Record<string, string>;
  delivery: Array<string>;
  kind: "do" | "find" | "trigger";
  creates: string | null;
  scope: string;
  examples: Array<Record<string, unknown>>;
  anti_examples: Array<AntiExample>;
}

/** How a digest is written. */
export type DigestFormat = "csv" | "htmlsummary" | "json" | "jsonfull" | "jsonsummary" | "jsontextsummary" | "textsummary";

/** When a notification is due: every so many days, on days of the week, or every so many hours. */
export interface DigestSchedule {
  days?: number;
  at?: string;
  timezone?: string;
  weekdays?: Array<"fri" | "mon" | "sat" | "sun" | "thu" | "tue" | "wed">;
  hours?: 1 | 2 | 3 | 4 | 6 | 8 | 12 | null;
}

/** One way in which the match differs from the image that was looked for. */
export interface Edit {
  kind: EditKind;
  share?: number | null;
  angle?: number | null;
  factor?: number | null;
}

/** The ways in which a copy may differ. */
export type EditKind = "blurred" | "covered" | "cropped" | "embedded" | "inverted" | "mirrored" | "perspective" | "recoloured" | "recompressed" | "resized" | "rotated" | "stretched";

/** In multipart: files in `images`, and as many `image_urls`, in the same order. */
export interface EntriesIn {
  entries?: Array<EntryIn>;
  image_urls?: Array<string>;
}

/** Why a picture was not indexed; codes are those of problems. */
export interface EntryFault {
  code: string;
  detail: string;
}

/** A picture to index. Without base64 it is fetched from its `image_url`. */
export interface EntryIn {
  image_url: string;
  base64?: string | null;
  pages?: Array<PageIn>;
}

/** An indexed picture. */
export interface EntryOut {
  id: string;
  image_url: string;
  width: number;
  height: number;
  format: string;
  bytes: number;
  sha256: string;
  pages: Array<PageOut>;
  first_seen: string;
  last_seen: string;
}

/** What became of one picture of many. */
export interface EntryResult {
  image_url: string;
  added: boolean;
  entry: EntryOut | null;
  error?: EntryFault | null;
}

/** Events after a cursor, oldest first. Keep `cursor`: it never expires, and asks for what comes next. */
export interface EventsOut {
  items: Array<Record<string, unknown>>;
  cursor: string;
  more: boolean;
}

/** What the action `export_matches` takes. */
export interface ExportMatches {
  list_id: string;
  match_type?: MatchType | null;
  min_confidence?: number | null;
  found_after?: string | null;
}

/** A match. In CSV the columns are these, in this order; lists are texts with spaces between their parts. */
export interface ExportRow {
  match_id: string;
  image_id: string;
  image_name: string;
  image_url: string;
  host: string;
  domain: string;
  page_url: string | null;
  page_title: string | null;
  pages: Array<string>;
  providers: Array<string>;
  status: MatchStatus;
  decision: Decision;
  note: string | null;
  verified: boolean;
  confidence: number | null;
  score: number | null;
  match_type: MatchType | null;
  edits: Array<Edit>;
  query_share: number | null;
  match_share: number | null;
  width: number | null;
  height: number | null;
  first_seen: string;
  last_seen: string;
}

/** A feed of a list's events. Its filter is that of hooks, without `list_ids`. */
export interface FeedIn {
  list_id: string;
  triggers?: Array<string>;
  filter?: HookFilter;
  description?: string | null;
}

/** A feed as it is answered when it is made: whoever has an address may read it, and it is told this once. */
export interface FeedMade {
  id: string;
  list_id: string;
  triggers: Array<string>;
  filter: Record<string, unknown>;
  description: string | null;
  created_at: string;
  json_url: string;
  atom_url: string;
  live_url: string;
}

/** A feed, without its addresses. */
export interface FeedOut {
  id: string;
  list_id: string;
  triggers: Array<string>;
  filter: Record<string, unknown>;
  description: string | null;
  created_at: string;
}

/** What the action `find_list` takes. */
export interface FindList {
  label: string;
  exact?: boolean;
}

/** What the action `find_search` takes. */
export interface FindSearch {
  search_id: string;
}

/** An entry that shows the same picture, and how it compares. */
export interface FoundEntry {
  entry: EntryOut;
  comparison: ComparisonOut;
}

/** A tag that a match has. */
export interface GivenTag {
  tag: string;
  page_url: string | null;
}

/** That all is well. */
export interface HealthOut {
  status?: string;
}

/** One look at a match. */
export interface HistoryLine {
  at: string;
  result: string;
  detail?: string | null;
}

/** What may be changed of a hook; what is left out stays. */
export interface HookChanges {
  target_url?: string;
  triggers?: Array<string>;
  filter?: HookFilter;
  description?: string | null;
  payload?: HookPayload;
  format?: HookFormat;
  max_per_minute?: number | null;
  expires_at?: string | null;
  reverse_unsubscribe?: boolean;
}

/** A hook is no longer told anything, until it is enabled again. */
export interface HookDisabledEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  hook_id: string;
  target_url: string;
  triggers: Array<string>;
  reason: string | null;
  failing_since: string | null;
}

/** Which events a hook is told of. What is left out lets all through; all that is given must hold. */
export interface HookFilter {
  list_ids?: Array<string>;
  min_confidence?: number | null;
  min_score?: number | null;
  match_types?: Array<MatchType>;
  domains?: Array<string>;
  providers?: Array<string>;
}

/** The shape of what is sent. */
export type HookFormat = "cloudevents" | "flat";

/** A subscription. The same target, triggers and filter again give the hook that is there. */
export interface HookIn {
  target_url: string;
  triggers: Array<string>;
  filter?: HookFilter;
  description?: string | null;
  payload?: HookPayload;
  format?: HookFormat;
  max_per_minute?: number | null;
  expires_at?: string | null;
  since?: string | number | null;
  reverse_unsubscribe?: boolean;
}

/** A hook as it is answered when it is made: with its secret. */
export interface HookMade {
  id: string;
  target_url: string;
  triggers: Array<string>;
  filter: Record<string, unknown>;
  description: string | null;
  status: HookStatus;
  status_reason: string | null;
  failing_since: string | null;
  last_success_at: string | null;
  created_at: string;
  payload: HookPayload;
  format: HookFormat;
  max_per_minute: number | null;
  expires_at: string | null;
  expiration_date: string | null;
  reverse_unsubscribe: boolean;
  secret: string;
}

/** A hook, without its secret. */
export interface HookOut {
  id: string;
  target_url: string;
  triggers: Array<string>;
  filter: Record<string, unknown>;
  description: string | null;
  status: HookStatus;
  status_reason: string | null;
  failing_since: string | null;
  last_success_at: string | null;
  created_at: string;
  payload: HookPayload;
  format: HookFormat;
  max_per_minute: number | null;
  expires_at: string | null;
  expiration_date: string | null;
  reverse_unsubscribe: boolean;
}

/** How much of an event is sent. */
export type HookPayload = "full" | "thin";

/** Whether a hook is told of events. */
export type HookStatus = "active" | "disabled";

/** A host that is left out of results. */
export interface IgnoredHostOut {
  id: string;
  list_id: string | null;
  host: string;
  created_at: string;
}

/** Hosts to leave out. */
export interface IgnoredHostsIn {
  hosts: Array<string>;
  list_id?: string | null;
}

/** An image that was added. */
export interface ImageAdded {
  id: string;
  name: string;
  source_url: string | null;
}

/** Why an image cannot be searched; codes are those of problems. */
export interface ImageError {
  code: string;
  detail: string | null;
}

/** A picture: either its address, or its bytes in base64 (a `data:` URL will do). */
export interface ImageIn {
  url?: string | null;
  base64?: string | null;
  name?: string | null;
}

/** An image of a list, and what is known of it. */
export interface ImageOut {
  id: string;
  list_id: string;
  name: string;
  state: "invalid" | "ready" | "waiting";
  created_at: string;
  source_url: string | null;
  format: string | null;
  width: number | null;
  height: number | null;
  bytes: number | null;
  sha256: string | null;
  error: ImageError | null;
}

/** How far one image of a search is. */
export interface ImageProgressOut {
  image_id: string;
  name: string;
  error: ImageError | null;
  lookups: Array<LookupOut>;
}

/** A picture: its address, or its bytes in base64 (a data: URL will do). */
export interface ImageReference {
  url?: string | null;
  base64?: string | null;
  name?: string | null;
}

/** What the action `add_images` answers. */
export interface ImagesAdded {
  id: string;
  list_id: string;
  count: number;
  images: Array<ImageAdded>;
}

/** Images to add; in multipart as files in `images`. */
export interface ImagesIn {
  images?: Array<ImageIn>;
}

/** The candidate index, and the workspace's collections in it. */
export interface IndexOut {
  engine: string;
  fingerprint_version: number;
  state: IndexState;
  mark: number;
  pending: number;
  collections: Array<IndexPartOut>;
}

/** One collection in the index. */
export interface IndexPartOut {
  collection: string;
  fingerprint_version: number;
  entries: number;
  indexed: number;
  removed: number;
  segments: number;
  in_memory: number;
  bytes: Record<string, number>;
  capped_bands: number;
  crowded_words: number;
}

/** How far the index is. */
export type IndexState = "behind" | "ready" | "rebuilding";

/** A source, and its settings by its schema (`GET /plugins`). */
export interface IngestIn {
  source: string;
  settings?: Record<string, unknown>;
}

/** A run of a source: how far it is, and what came of it. */
export interface IngestOut {
  id: string;
  collection: string;
  source: string;
  settings: Record<string, unknown>;
  status: IngestStatus;
  created_at: string;
  finished_at: string | null;
  seen: number;
  added: number;
  updated: number;
  refused: number;
  refusals: Array<RefusalOut>;
  pages: number;
  note: string | null;
}

/** How far an ingest is. */
export type IngestStatus = "complete" | "failed" | "queued" | "running";

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsAttemptOut {
  items: Array<AttemptOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsBundleOut {
  items: Array<BundleOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsChoice {
  items: Array<Choice>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsCollectionOut {
  items: Array<CollectionOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsConsumerOut {
  items: Array<ConsumerOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsDeliveryOut {
  items: Array<DeliveryOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsDescriptor {
  items: Array<Descriptor>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsEntryOut {
  items: Array<EntryOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsEntryResult {
  items: Array<EntryResult>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsFeedOut {
  items: Array<FeedOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsFoundEntry {
  items: Array<FoundEntry>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsGivenTag {
  items: Array<GivenTag>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsHistoryLine {
  items: Array<HistoryLine>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsHookOut {
  items: Array<HookOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsIgnoredHostOut {
  items: Array<IgnoredHostOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsImageOut {
  items: Array<ImageOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsIngestOut {
  items: Array<IngestOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsKeyOut {
  items: Array<KeyOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsListOut {
  items: Array<ListOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsMatchOut {
  items: Array<MatchOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsNotificationOut {
  items: Array<NotificationOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsPluginOut {
  items: Array<PluginOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsSearchOut {
  items: Array<SearchOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsSpecState {
  items: Array<SpecState>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsTagOut {
  items: Array<TagOut>;
  cursor?: string | null;
}

/** One page. `cursor` asks for the next one; null on the last. */
export interface ItemsWorkspaceOut {
  items: Array<WorkspaceOut>;
  cursor?: string | null;
}

/** What can be changed of a key. */
export interface KeyChanges {
  limits: KeyLimits;
}

/** A key to make. */
export interface KeyIn {
  name: string;
  scopes?: Array<Scope>;
  expires_at?: string | null;
  limits?: KeyLimits;
  signs?: boolean;
}

/** What a key is held to. None: as the surface has it; 0: no limit. */
export interface KeyLimits {
  concurrent?: number | null;
  requests?: number | null;
  seconds?: number | null;
}

/** A key as it is answered when it is made: this once with the key itself. */
export interface KeyMade {
  id: string;
  name: string;
  scopes: Array<Scope>;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  limits: KeyLimits;
  signs: boolean;
  key: string;
}

/** A key, without its secret part. */
export interface KeyOut {
  id: string;
  name: string;
  scopes: Array<Scope>;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  last_used_at: string | null;
  limits: KeyLimits;
  signs: boolean;
}

/** Every version, every deprecated operation, and the rules. */
export interface LifecycleOut {
  policy: string;
  notice_months: number;
  quiet_days: number;
  versions: Array<VersionOut>;
  operations: Array<OperationOut>;
}

/** What is to be different; what is left out stays. */
export interface ListChanges {
  label?: string;
  monitored?: boolean;
  schedule?: Schedule | null;
  providers?: Array<string>;
  min_confidence?: number;
}

/** What the action `create_list` answers, and each list that `find_list` finds. */
export interface ListCreated {
  id: string;
  label: string;
  monitored: boolean;
  next_run_at: string | null;
  created_at: string;
}

/** A new list. `monitored` without a schedule is searched once a day. */
export interface ListIn {
  label: string;
  monitored?: boolean;
  schedule?: Schedule | null;
  providers?: Array<string>;
  min_confidence?: number;
}

/** A list, with its settings, and when it is searched again. */
export interface ListOut {
  id: string;
  label: string;
  created_at: string;
  monitored: boolean;
  schedule: Schedule | null;
  providers: Array<string>;
  min_confidence: number;
  next_run_at: string | null;
  last_run_at: string | null;
}

/** What the action `find_list` answers. */
export interface ListsFound {
  id: string | null;
  found: boolean;
  items: Array<ListCreated>;
}

/** One image at one provider. `outcome` is null while it is open. */
export interface LookupOut {
  provider: string;
  outcome: Outcome | null;
  reason: string | null;
  candidates: number;
  matches: number;
  rejected: number;
  units_spent: number;
  ended_at: string | null;
}

/** What a person says of a match; what is left out stays. */
export interface MatchChanges {
  decision?: Decision;
  note?: string | null;
}

/** What the action `decide_match` answers. */
export interface MatchDecided {
  id: string;
  match_id: string;
  list_id: string;
  image_id: string;
  image_url: string;
  host: string;
  decision: Decision;
  note: string | null;
  decided_at: string;
}

/** A found copy: the body of match_found, match_removed and match_returned. */
export interface MatchEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  match_id: string;
  list_id: string;
  list_label: string;
  image_id: string;
  image_name: string;
  image_url: string;
  page_url: string | null;
  page_title: string | null;
  pages: Array<PageSeen>;
  host: string;
  domain: string;
  providers: Array<string>;
  verified: boolean;
  confidence: number | null;
  score: number | null;
  match_type: MatchType | null;
  edits: Array<Edit>;
  query_share: number | null;
  match_share: number | null;
  width: number | null;
  height: number | null;
  overlay_url: string | null;
  first_seen: string;
  last_seen: string;
}

/** A found copy: one address for one image, with the pages it stands on. */
export interface MatchOut {
  id: string;
  list_id: string;
  image_id: string;
  image_url: string;
  host: string;
  domain: string;
  providers: Array<string>;
  pages: Array<PageOut>;
  verification: VerificationOut;
  status: MatchStatus;
  decision: Decision;
  decided_at: string | null;
  note: string | null;
  first_seen: string;
  last_seen: string;
  width: number | null;
  height: number | null;
  small: boolean;
  overlay_url: string | null;
  thumbnail_url: string | null;
}

/** Whether the copy was at its address when we last looked. */
export type MatchStatus = "online" | "removed";

/** How much of the image a copy is. */
export type MatchType = "full" | "partial";

/** What the action `export_matches` answers. */
export interface MatchesExported {
  id: string;
  list_id: string;
  rows: Array<Record<string, unknown>>;
  truncated: boolean;
  download_url: string;
}

/** The key that asks. */
export interface MeKey {
  id: string;
  name: string;
  scopes: Array<Scope>;
  expires_at: string | null;
  limits: KeyLimits;
}

/** Who the key belongs to; `id` and `name` are those of the workspace, for connection labels. */
export interface MeOut {
  id: string;
  name: string;
  workspace: WorkspaceOut;
  key: MeKey;
  credits: CreditsOut;
}

/** The first copy of a list's images on a domain. */
export interface NewDomainEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  match_id: string;
  list_id: string;
  list_label: string;
  image_id: string;
  image_name: string;
  image_url: string;
  page_url: string | null;
  page_title: string | null;
  pages: Array<PageSeen>;
  host: string;
  domain: string;
  providers: Array<string>;
  verified: boolean;
  confidence: number | null;
  score: number | null;
  match_type: MatchType | null;
  edits: Array<Edit>;
  query_share: number | null;
  match_share: number | null;
  width: number | null;
  height: number | null;
  overlay_url: string | null;
  first_seen: string;
  last_seen: string;
}

/** What is to be different; what is left out stays. A target is replaced as a whole. */
export interface NotificationChangesIn {
  notifier?: string;
  target?: Record<string, unknown>;
  list_ids?: Array<string>;
  filter?: unknown;
  schedule?: DigestSchedule;
  format?: DigestFormat;
  quiet_hours?: QuietHours | null;
  new_domains_only?: boolean;
  active?: boolean;
}

/** Who is to be told of the new domains, or of all new copies, of some lists. */
export interface NotificationIn {
  notifier: string;
  target: Record<string, unknown>;
  list_ids?: Array<string>;
  filter?: unknown;
  schedule?: DigestSchedule;
  format?: DigestFormat;
  quiet_hours?: QuietHours | null;
  new_domains_only?: boolean;
  active?: boolean;
}

/** A notification; secrets in its target are `***`. */
export interface NotificationOut {
  id: string;
  number: number;
  list_ids: Array<string>;
  filter: unknown;
  schedule: DigestSchedule;
  notifier: string;
  target: Record<string, unknown>;
  format: DigestFormat;
  created_at: string;
  next_at: string;
  last_sent_at: string | null;
  quiet_hours: QuietHours | null;
  new_domains_only: boolean;
  last_error: string | null;
  active: boolean;
  retry_at: string | null;
}

/** One picture; in multipart as the file `image`. */
export interface OneImageIn {
  image?: ImageIn | null;
}

/** A deprecated operation of a version that stays. */
export interface OperationOut {
  method: string;
  path: string;
  state: "current" | "deprecated" | "may_go";
  announced: string | null;
  sunset: string | null;
  successor: string | null;
  note: string;
  use?: Use | null;
}

/** How a lookup ended: an empty answer never hides a failure. */
export type Outcome = "answered" | "blocked" | "invalid_image" | "no_match" | "quota" | "skipped" | "transient" | "unsupported";

/** A page on which an indexed picture stands. */
export interface PageIn {
  url: string;
  title?: string | null;
  language?: string | null;
  description?: string | null;
  width_on_page?: number | null;
  height_on_page?: number | null;
}

/** A page on which the copy stands. */
export interface PageOut {
  url: string;
  title: string | null;
  first_seen: string | null;
  last_seen: string | null;
  language?: string | null;
  description?: string | null;
  width_on_page?: number | null;
  height_on_page?: number | null;
}

/** A page on which the copy stands. */
export interface PageSeen {
  url: string;
  title: string | null;
}

/** Two pictures; in multipart as the files `image` and `other`. */
export interface PairIn {
  image?: ImageIn | null;
  other?: ImageIn | null;
}

/** One plugin: where it comes from, whether it is loaded, and what it offers. */
export interface PluginOut {
  name: string;
  distribution: string | null;
  version: string | null;
  status: string;
  reason: string | null;
  providers: Array<string>;
  notifiers: Array<string>;
  sources: Array<string>;
  surfaces: Array<string>;
  triggers: Array<string>;
  actions: Array<string>;
  specs: Record<string, Array<SpecState>>;
}

/** What would be sent now. */
export interface PreviewOut {
  title: string;
  text: string;
  body: string;
  content_type: string;
}

/** RFC 9457. `code` is stable; further members depend on it (`errors`, `retry_after` ...). */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail: string;
  code: string;
  hint: string;
  retryable: boolean;
  request_id: string;
}

/** A search with its progress: each image at each provider. */
export interface ProgressOut {
  search_id: string;
  list_id: string;
  kind: SearchKind;
  complete: boolean;
  providers: Array<string>;
  verify: boolean;
  image_count: number;
  created_at: string;
  completed_at: string | null;
  outcomes: Record<string, number>;
  images: Array<ImageProgressOut>;
}

/** A provider's lookups fail. Told once for each time of trouble, and at most every six hours. */
export interface ProviderFailingEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  provider: string;
  outcome: Outcome;
  reason: string | null;
  failures: number;
  failing_since: string;
}

/** What the core enforces around a provider. */
export interface ProviderLimits {
  timeout_seconds?: number;
  concurrency?: number;
  per_minute?: number | null;
  max_bytes?: number;
  max_candidates?: number;
  retries?: number;
}

/** Lookups of a search at one provider that ended alike. */
export interface ProviderOutcome {
  provider: string;
  outcome: Outcome | null;
  lookups: number;
  matches: number;
  reason: string | null;
}

/** When nothing is sent. What falls due in them goes out at their end, in one message. */
export interface QuietHours {
  start?: string;
  end?: string;
  timezone?: string | null;
}

/** A picture that could not be indexed, and why; codes are those of problems. */
export interface RefusalOut {
  image_url: string;
  code: string;
}

/** How many entries were removed. */
export interface RemovedOut {
  removed: number;
}

/** A delivery that is sent once more, as it is before. */
export interface ResentOut {
  id: string;
  hook_id: string;
  event_id: string;
  trigger: string;
  status: DeliveryStatus;
  attempts: number;
  created_at: string;
  next_attempt_at: string | null;
  delivered_at: string | null;
  last_attempt_at: string | null;
  last_status_code: number | null;
  last_error: string | null;
  attempt_number: number;
}

/** With `?wait=`: the progress, and the first matches of the list. */
export interface ResultOut {
  search_id: string;
  list_id: string;
  kind: SearchKind;
  complete: boolean;
  providers: Array<string>;
  verify: boolean;
  image_count: number;
  created_at: string;
  completed_at: string | null;
  outcomes: Record<string, number>;
  images: Array<ImageProgressOut>;
  matches: Array<MatchOut>;
  matches_cursor: string | null;
}

/** A hook's new secret. */
export interface RotatedOut {
  secret: string;
  previous_until: string;
}

/** When a monitored list is due: every so many days, or a cron line. Exactly one of both. */
export interface Schedule {
  days?: number | null;
  at?: string;
  cron?: string | null;
  timezone?: string;
}

/** What a key may do. */
export type Scope = "admin" | "operator" | "read" | "write";

/** A search has ended: every lookup has its outcome. */
export interface SearchCompleteEvent {
  id: string;
  type: string;
  timestamp: string;
  sequence: number;
  search_id: string;
  list_id: string;
  list_label: string;
  kind: string;
  images: number;
  lookups: number;
  outcomes: Record<string, number>;
  matches: number;
  new_matches: number;
  created_at: string;
  completed_at: string;
}

/** The search that `find_search` found. */
export interface SearchFound {
  id: string;
  search_id: string;
  list_id: string;
  complete: boolean;
  created_at: string;
  completed_at: string | null;
  images: number;
  lookups: number;
  matches: number;
  outcomes: Record<string, number>;
  by_provider: Array<ProviderOutcome>;
}

/** What to search. Without `list_id` a new list is made; without providers, those asked by default are. */
export interface SearchIn {
  images?: Array<ImageIn>;
  list_id?: string | null;
  list_label?: string | null;
  providers?: Array<string>;
  verify?: boolean;
}

/** Who asked for a search: a client, or a list's schedule. */
export type SearchKind = "monitor" | "requested";

/** A search, and whether it is complete. */
export interface SearchOut {
  search_id: string;
  list_id: string;
  kind: SearchKind;
  complete: boolean;
  providers: Array<string>;
  verify: boolean;
  image_count: number;
  created_at: string;
  completed_at: string | null;
}

/** What the action `start_search` answers. */
export interface SearchStarted {
  id: string;
  search_id: string;
  list_id: string;
  images: number;
  providers: Array<string>;
  created_at: string;
}

/** What the action `find_search` answers. */
export interface SearchesFound {
  id: string | null;
  found: boolean;
  items: Array<SearchFound>;
}

/** A hook's secret. */
export interface SecretOut {
  secret: string;
}

/** A span of time, its ends included. */
export interface SpanIn {
  since: string;
  until?: string | null;
}

/** What is sent again: it is queued in the background, and shows in /deliveries. */
export interface SpanOut {
  hook_id: string;
  since: string;
  until: string;
}

/** How one specification is doing; part of `GET /plugins` and `GET /providers`. */
export interface SpecState {
  name: string;
  title: string;
  description: string;
  plugin: string | null;
  health: "failing" | "misconfigured" | "open" | "ready";
  reason: string | null;
  settings_schema: Record<string, unknown>;
  settings: Record<string, unknown> | null;
  counters: Counters;
  default?: boolean;
  limits?: ProviderLimits | null;
  price_unit?: string | null;
  accepts?: Array<string>;
  formats?: Array<string>;
}

/** What the action `start_search` takes. */
export interface StartSearch {
  images: Array<ImageReference>;
  list_id?: string | null;
  list_label?: string | null;
  providers?: Array<string>;
  verify?: boolean;
}

/** What is to be different; what is left out stays. */
export interface TagChangesIn {
  label?: string;
  colour?: string;
  state?: TagState;
  alias_of?: string | null;
}

/** A new tag. */
export interface TagIn {
  label: string;
  colour?: string;
}

/** A tag of a list. */
export interface TagOut {
  key: string;
  label: string;
  colour: string;
  state: TagState;
  alias_of: string | null;
}

/** Whether a tag is offered. */
export type TagState = "default" | "hidden" | "live";

/** A tag for a match, in place of those that it has. */
export interface TaggingIn {
  tag: string | null;
  page_url?: string | null;
}

/** What came of a test message. */
export interface TrialOut {
  ok: boolean;
  error: string | null;
}

/** A subscription to the trigger of the address. */
export interface TriggerHookIn {
  target_url: string;
  filter?: HookFilter;
  description?: string | null;
  expires_at?: string | null;
  since?: string | number | null;
  reverse_unsubscribe?: boolean;
}

/** What one day took, by surface; days are those of UTC. */
export interface UsageDay {
  day: string;
  surface: string;
  reserved: number;
  settled: number;
  refunded: number;
}

/** What is left, and what each day took. */
export interface UsageOut {
  credits: CreditsOut;
  days: Array<UsageDay>;
}

/** How often something was asked for, and when last. */
export interface Use {
  requests?: number;
  last_used?: string | null;
}

/** Our own comparison: when, and with what result, or why there is none. */
export interface VerificationOut {
  state: VerificationState;
  at: string;
  reason: string | null;
  comparison: ComparisonOut | null;
}

/** Whether our own comparison stands behind a match. */
export type VerificationState = "unchecked" | "verified";

/** A version of an API. `may_go`: its sunset has come, or nobody uses it. `use` is told to admins alone. */
export interface VersionOut {
  api: string;
  version: string;
  prefix: string;
  state: "current" | "deprecated" | "may_go";
  announced: string | null;
  sunset: string | null;
  successor: string | null;
  note: string;
  use?: Use | null;
}

/** A workspace to make. */
export interface WorkspaceIn {
  name: string;
  scopes?: Array<Scope>;
}

/** A workspace as it is answered when it is made. */
export interface WorkspaceMade {
  id: string;
  name: string;
  key: KeyMade;
}

/** A workspace. */
export interface WorkspaceOut {
  id: string;
  name: string;
}

/** Every operation, by its name: its method, its path, and what it takes and answers. */
export interface Operations {
  /** Adds images to a list without searching them now: a monitored list does when it is due. Needs a key with the scope `write`. */
  action_add_images: {
    method: "POST";
    path: "/api/v1/actions/add_images";
    body: AddImages;
    answer: ImagesAdded;
  };
  /** Makes a list of images; a monitored one is searched again by its schedule. Needs a key with the scope `write`. */
  action_create_list: {
    method: "POST";
    path: "/api/v1/actions/create_list";
    body: CreateList;
    answer: ListCreated;
  };
  /** Keeps what you say of a match: infringing, allowed or not a match. Searches don't change it. Needs a key with the scope `write`. */
  action_decide_match: {
    method: "POST";
    path: "/api/v1/actions/decide_match";
    body: DecideMatch;
    answer: MatchDecided;
  };
  /** Gives the matches of a list as rows, and the address of the whole export. Needs a key with the scope `read`. */
  action_export_matches: {
    method: "POST";
    path: "/api/v1/actions/export_matches";
    body: ExportMatches;
    answer: MatchesExported;
  };
  /** Finds lists by their label. Needs a key with the scope `read`. */
  action_find_list: {
    method: "POST";
    path: "/api/v1/actions/find_list";
    body: FindList;
    answer: ListsFound;
  };
  /** Tells how far a search is: whether it is complete, what it found, and who did not answer, and why. Needs a key with the scope `read`. */
  action_find_search: {
    method: "POST";
    path: "/api/v1/actions/find_search";
    body: FindSearch;
    answer: SearchesFound;
  };
  /** Looks for copies of one or more images. Answers at once; `find_search` tells how far it is, `search_complete` its end. Needs a key with the scope `write`. */
  action_start_search: {
    method: "POST";
    path: "/api/v1/actions/start_search";
    body: StartSearch;
    answer: SearchStarted;
  };
  /** Index pictures under their addresses. Of several, one that is refused harms no other: each has its result. */
  add_entries: {
    method: "POST";
    path: "/api/v1/collections/{name}/entries";
    parameters: { name: string };
    body: EntriesIn;
    answer: ItemsEntryResult;
  };
  /** Ignore hosts. Those that are ignored already stay as they are. */
  add_ignored_hosts: {
    method: "POST";
    path: "/api/v1/ignored-hosts";
    body: IgnoredHostsIn;
    answer: ItemsIgnoredHostOut;
  };
  /** Add images to a list without searching them now. */
  add_images: {
    method: "POST";
    path: "/api/v1/lists/{list_id}/images";
    parameters: { list_id: string };
    body: ImagesIn;
    answer: ItemsImageOut;
  };
  /** Hold a key to other limits, from its next request on. */
  change_key: {
    method: "PATCH";
    path: "/api/v1/keys/{key_id}";
    parameters: { key_id: string };
    body: KeyChanges;
    answer: KeyOut;
  };
  /** Whether two pictures are the same one, and how they differ. Nothing is kept. */
  compare: {
    method: "POST";
    path: "/api/v1/compare";
    body: PairIn;
    answer: ComparedOut;
  };
  /** Make a feed. Its addresses need no key, cannot be guessed, and are told this once. */
  create_feed: {
    method: "POST";
    path: "/api/v1/feeds";
    body: FeedIn;
    answer: FeedMade;
  };
  /** Subscribe to triggers: 201. The same target, triggers and filter again: 200 and the hook that is there. */
  create_hook: {
    method: "POST";
    path: "/api/v1/hooks";
    body: HookIn;
    answer: HookMade;
  };
  /** Make a key; it is shown now and never again. */
  create_key: {
    method: "POST";
    path: "/api/v1/keys";
    body: KeyIn;
    answer: KeyMade;
  };
  /** Make a list. */
  create_list: {
    method: "POST";
    path: "/api/v1/lists";
    body: ListIn;
    answer: ListOut;
  };
  /** Make a notification: it tells of what is found from now on. */
  create_notification: {
    method: "POST";
    path: "/api/v1/notifications";
    body: NotificationIn;
    answer: NotificationOut;
  };
  /** Make a tag; its key comes from its label. */
  create_tag: {
    method: "POST";
    path: "/api/v1/lists/{list_id}/tags";
    parameters: { list_id: string };
    body: TagIn;
    answer: TagOut;
  };
  /** Subscribe to this trigger alone, as `POST /hooks` does with its defaults. */
  create_trigger_hook: {
    method: "POST";
    path: "/api/v1/triggers/{key}/hooks";
    parameters: { key: string };
    body: TriggerHookIn;
    answer: HookMade;
  };
  /** Make a workspace with a first key, which is shown now and never again. */
  create_workspace: {
    method: "POST";
    path: "/api/v1/workspaces";
    body: WorkspaceIn;
    answer: WorkspaceMade;
  };
  /** Make a key of a workspace. */
  create_workspace_key: {
    method: "POST";
    path: "/api/v1/workspaces/{workspace_id}/keys";
    parameters: { workspace_id: string };
    body: KeyIn;
    answer: KeyMade;
  };
  /** Keep what a person says of a match. It sticks. */
  decide_match: {
    method: "PATCH";
    path: "/api/v1/matches/{match_id}";
    parameters: { match_id: string };
    body: MatchChanges;
    answer: MatchOut;
  };
  /** Forget how far a poller is; 204 also where nobody knows it. */
  delete_consumer: {
    method: "DELETE";
    path: "/api/v1/triggers/{key}/consumers/{name}";
    parameters: { key: string; name: string };
    answer: void;
  };
  /** Revoke its addresses at once; 204 also where it is gone already. */
  delete_feed: {
    method: "DELETE";
    path: "/api/v1/feeds/{feed_id}";
    parameters: { feed_id: string };
    answer: void;
  };
  /** Unsubscribe; 204 also where it is gone already. */
  delete_hook: {
    method: "DELETE";
    path: "/api/v1/hooks/{hook_id}";
    parameters: { hook_id: string };
    answer: void;
  };
  /** Don't ignore a host any more. `list_id` says where it was ignored. */
  delete_ignored_host: {
    method: "DELETE";
    path: "/api/v1/ignored-hosts/{ignored_id}";
    parameters: { ignored_id: string };
    query: { list_id?: string | null };
    answer: void;
  };
  /** Delete an image with its matches. */
  delete_image: {
    method: "DELETE";
    path: "/api/v1/lists/{list_id}/images/{image_id}";
    parameters: { list_id: string; image_id: string };
    answer: void;
  };
  /** Delete a list with its images, searches and matches. */
  delete_list: {
    method: "DELETE";
    path: "/api/v1/lists/{list_id}";
    parameters: { list_id: string };
    answer: void;
  };
  /** Nothing is sent any more. */
  delete_notification: {
    method: "DELETE";
    path: "/api/v1/notifications/{notification_id}";
    parameters: { notification_id: string };
    answer: void;
  };
  /** Delete a tag, also from copies; one of the five is only hidden. */
  delete_tag: {
    method: "DELETE";
    path: "/api/v1/lists/{list_id}/tags/{key}";
    parameters: { list_id: string; key: string };
    answer: void;
  };
  /** Pause a hook until it is enabled: same id, same secret. Nothing is sent meanwhile. */
  disable_hook: {
    method: "POST";
    path: "/api/v1/hooks/{hook_id}/disable";
    parameters: { hook_id: string };
    answer: HookOut;
  };
  /** Wake a disabled hook: same id, same secret. */
  enable_hook: {
    method: "POST";
    path: "/api/v1/hooks/{hook_id}/enable";
    parameters: { hook_id: string };
    answer: HookOut;
  };
  /** All matches of a list, streamed: as CSV for spreadsheets, as one JSON array, or as a JSON object a line. */
  export_matches: {
    method: "GET";
    path: "/api/v1/lists/{list_id}/export";
    parameters: { list_id: string };
    query: { image_id?: string | null; search_id?: string | null; status?: MatchStatus | null; decision?: Decision | null; domain?: string | null; host?: string | null; provider?: string | null; match_type?: MatchType | null; min_confidence?: number | null; min_score?: number | null; found_after?: string | null; found_before?: string | null; include_small?: boolean; without_ignored?: boolean; filter?: string | null; format?: "csv" | "json" | "jsonl" };
    answer: Array<ExportRow>;
  };
  /** The descriptor of one action. */
  get_action: {
    method: "GET";
    path: "/api/v1/actions/{key}";
    parameters: { key: string };
    query: { dialect?: "2020-12" | "draft-07" };
    answer: Descriptor;
  };
  /** One collection. */
  get_collection: {
    method: "GET";
    path: "/api/v1/collections/{name}";
    parameters: { name: string };
    answer: CollectionOut;
  };
  /** One delivery, with what came of its last attempt. */
  get_delivery: {
    method: "GET";
    path: "/api/v1/deliveries/{delivery_id}";
    parameters: { delivery_id: string };
    answer: DeliveryOut;
  };
  /** The manual's first page. */
  get_docs: {
    method: "GET";
    path: "/docs";
    answer: Blob;
  };
  /** A page of the manual. */
  get_docs_page: {
    method: "GET";
    path: "/docs/{page}";
    parameters: { page: string };
    answer: Blob;
  };
  /** Events after a cursor, oldest first. Without one: from where `consumer` is, from `since`, from the start. */
  get_events: {
    method: "GET";
    path: "/api/v1/triggers/{key}/events";
    parameters: { key: string };
    query: { list_ids?: Array<string> | null; min_confidence?: number | null; min_score?: number | null; match_types?: Array<MatchType> | null; domains?: Array<string> | null; providers?: Array<string> | null; consumer?: string | null; again?: boolean; since?: string | null; cursor?: string | null; limit?: number };
    answer: EventsOut;
  };
  /** One feed. */
  get_feed: {
    method: "GET";
    path: "/api/v1/feeds/{feed_id}";
    parameters: { feed_id: string };
    answer: FeedOut;
  };
  /** The process is alive. */
  get_health: {
    method: "GET";
    path: "/healthz";
    answer: HealthOut;
  };
  /** One hook, with its state and why it is so. */
  get_hook: {
    method: "GET";
    path: "/api/v1/hooks/{hook_id}";
    parameters: { hook_id: string };
    answer: HookOut;
  };
  /** The secret that signs what is sent. */
  get_hook_secret: {
    method: "GET";
    path: "/api/v1/hooks/{hook_id}/secret";
    parameters: { hook_id: string };
    answer: SecretOut;
  };
  /** What the candidate index holds and takes, how far it follows the database, and which caps searches met. */
  get_index: {
    method: "GET";
    path: "/api/v1/index";
    answer: IndexOut;
  };
  /** How far a run is. */
  get_ingest: {
    method: "GET";
    path: "/api/v1/ingests/{ingest_id}";
    parameters: { ingest_id: string };
    answer: IngestOut;
  };
  /** One key. */
  get_key: {
    method: "GET";
    path: "/api/v1/keys/{key_id}";
    parameters: { key_id: string };
    answer: KeyOut;
  };
  /** Every version of every API: which are deprecated, since when, until when, what takes their place. With an admin's key also how much each is used. */
  get_lifecycle: {
    method: "GET";
    path: "/lifecycle";
    answer: LifecycleOut;
  };
  /** One list. */
  get_list: {
    method: "GET";
    path: "/api/v1/lists/{list_id}";
    parameters: { list_id: string };
    answer: ListOut;
  };
  /** One match. */
  get_match: {
    method: "GET";
    path: "/api/v1/matches/{match_id}";
    parameters: { match_id: string };
    answer: MatchOut;
  };
  /** Every check of a match, oldest first. */
  get_match_history: {
    method: "GET";
    path: "/api/v1/matches/{match_id}/history";
    parameters: { match_id: string };
    answer: ItemsHistoryLine;
  };
  /** Whose key this is, what it may do, and what credits are left. */
  get_me: {
    method: "GET";
    path: "/api/v1/me";
    answer: MeOut;
  };
  /** Figures for Prometheus. */
  get_metrics: {
    method: "GET";
    path: "/metrics";
    answer: Blob;
  };
  /** One notification, with when it is due and why it failed last. */
  get_notification: {
    method: "GET";
    path: "/api/v1/notifications/{notification_id}";
    parameters: { notification_id: string };
    answer: NotificationOut;
  };
  /** Copy and image as a JPEG: left half the copy, right half the image aligned to it; or their difference. */
  get_overlay: {
    method: "GET";
    path: "/api/v1/matches/{match_id}/overlay";
    parameters: { match_id: string };
    query: { view?: "pair" | "difference" };
    answer: Blob;
  };
  /** The server can work: the database and the index answer. */
  get_readiness: {
    method: "GET";
    path: "/readyz";
    answer: HealthOut;
  };
  /** To the manual, for browsers (`Accept: text/html`). */
  get_root: {
    method: "GET";
    path: "/";
    answer: void;
  };
  /** The newest events that pass the filter; while there is none, a made-up one (`X-Copyhound-Sample: static`). */
  get_samples: {
    method: "GET";
    path: "/api/v1/triggers/{key}/samples";
    parameters: { key: string };
    query: { list_ids?: Array<string> | null; min_confidence?: number | null; min_score?: number | null; match_types?: Array<MatchType> | null; domains?: Array<string> | null; providers?: Array<string> | null; limit?: number };
    answer: Array<Record<string, unknown>>;
  };
  /** How far a search is: each image at each provider, how it ended and why. */
  get_search: {
    method: "GET";
    path: "/api/v1/searches/{search_id}";
    parameters: { search_id: string };
    answer: ProgressOut;
  };
  /** A small JPEG of the found copy. */
  get_thumbnail: {
    method: "GET";
    path: "/api/v1/matches/{match_id}/thumbnail";
    parameters: { match_id: string };
    answer: Blob;
  };
  /** The descriptor of one trigger. */
  get_trigger: {
    method: "GET";
    path: "/api/v1/triggers/{key}";
    parameters: { key: string };
    query: { dialect?: "2020-12" | "draft-07" };
    answer: Descriptor;
  };
  /** Credits by day and surface: one for each picture of each search. */
  get_usage: {
    method: "GET";
    path: "/api/v1/usage";
    query: { first?: string | null; last?: string | null };
    answer: UsageOut;
  };
  /** Grant a workspace credits; from its first bundle on it is metered. */
  grant_credits: {
    method: "POST";
    path: "/api/v1/workspaces/{workspace_id}/credits";
    parameters: { workspace_id: string };
    body: BundleIn;
    answer: BundleOut;
  };
  /** The descriptors of all actions. */
  list_actions: {
    method: "GET";
    path: "/api/v1/actions";
    query: { dialect?: "2020-12" | "draft-07" };
    answer: ItemsDescriptor;
  };
  /** Every HTTP request of a delivery, and how it was answered. */
  list_attempts: {
    method: "GET";
    path: "/api/v1/deliveries/{delivery_id}/attempts";
    parameters: { delivery_id: string };
    answer: ItemsAttemptOut;
  };
  /** All credits that a workspace was ever granted. */
  list_bundles: {
    method: "GET";
    path: "/api/v1/workspaces/{workspace_id}/credits";
    parameters: { workspace_id: string };
    answer: ItemsBundleOut;
  };
  /** A page of a drop-down: lists, images of `list_id`, searches, matches, providers, triggers or collections. */
  list_choices: {
    method: "GET";
    path: "/api/v1/choices/{kind}";
    parameters: { kind: string };
    query: { q?: string | null; list_id?: string | null; cursor?: string | null; page?: number; limit?: number };
    answer: ItemsChoice;
  };
  /** All collections, with how many entries each holds. */
  list_collections: {
    method: "GET";
    path: "/api/v1/collections";
    answer: ItemsCollectionOut;
  };
  /** The pollers of a trigger that have a name, and how far each is. */
  list_consumers: {
    method: "GET";
    path: "/api/v1/triggers/{key}/consumers";
    parameters: { key: string };
    answer: ItemsConsumerOut;
  };
  /** Deliveries, newest first, each with what came of its last attempt. */
  list_deliveries: {
    method: "GET";
    path: "/api/v1/deliveries";
    query: { hook_id?: string | null; status?: DeliveryStatus | null; cursor?: string | null; limit?: number };
    answer: ItemsDeliveryOut;
  };
  /** Entries, newest first. */
  list_entries: {
    method: "GET";
    path: "/api/v1/collections/{name}/entries";
    parameters: { name: string };
    query: { image_url?: string | null; cursor?: string | null; limit?: number };
    answer: ItemsEntryOut;
  };
  /** Feeds, newest first; of one list, or of all. */
  list_feeds: {
    method: "GET";
    path: "/api/v1/feeds";
    query: { list_id?: string | null };
    answer: ItemsFeedOut;
  };
  /** The tags of a match and of its pages. */
  list_given_tags: {
    method: "GET";
    path: "/api/v1/matches/{match_id}/tags";
    parameters: { match_id: string };
    answer: ItemsGivenTag;
  };
  /** Hooks, newest first. One that has expired is disabled. */
  list_hooks: {
    method: "GET";
    path: "/api/v1/hooks";
    query: { target_url?: string | null; trigger?: string | null; status?: HookStatus | null; cursor?: string | null; limit?: number };
    answer: ItemsHookOut;
  };
  /** The hosts that are ignored in a list, or in all. */
  list_ignored_hosts: {
    method: "GET";
    path: "/api/v1/ignored-hosts";
    query: { list_id?: string | null };
    answer: ItemsIgnoredHostOut;
  };
  /** The images of a list, as they were added. */
  list_images: {
    method: "GET";
    path: "/api/v1/lists/{list_id}/images";
    parameters: { list_id: string };
    query: { cursor?: string | null; limit?: number };
    answer: ItemsImageOut;
  };
  /** Runs, newest first. */
  list_ingests: {
    method: "GET";
    path: "/api/v1/ingests";
    query: { cursor?: string | null; limit?: number };
    answer: ItemsIngestOut;
  };
  /** The keys of the workspace, revoked ones too. */
  list_keys: {
    method: "GET";
    path: "/api/v1/keys";
    answer: ItemsKeyOut;
  };
  /** Lists, newest first. */
  list_lists: {
    method: "GET";
    path: "/api/v1/lists";
    query: { label?: string | null; cursor?: string | null; limit?: number };
    answer: ItemsListOut;
  };
  /** The matches of all lists. */
  list_matches: {
    method: "GET";
    path: "/api/v1/matches";
    query: { image_id?: string | null; search_id?: string | null; status?: MatchStatus | null; decision?: Decision | null; domain?: string | null; host?: string | null; provider?: string | null; match_type?: MatchType | null; min_confidence?: number | null; min_score?: number | null; found_after?: string | null; found_before?: string | null; include_small?: boolean; without_ignored?: boolean; filter?: string | null; sort?: "first_seen" | "-first_seen" | "last_seen" | "-last_seen" | "confidence" | "-confidence" | "score" | "-score"; cursor?: string | null; limit?: number };
    answer: ItemsMatchOut;
  };
  /** The matches of a list, as soon as they are there. */
  list_matches_of_list: {
    method: "GET";
    path: "/api/v1/lists/{list_id}/matches";
    parameters: { list_id: string };
    query: { image_id?: string | null; search_id?: string | null; status?: MatchStatus | null; decision?: Decision | null; domain?: string | null; host?: string | null; provider?: string | null; match_type?: MatchType | null; min_confidence?: number | null; min_score?: number | null; found_after?: string | null; found_before?: string | null; include_small?: boolean; without_ignored?: boolean; filter?: string | null; sort?: "first_seen" | "-first_seen" | "last_seen" | "-last_seen" | "confidence" | "-confidence" | "score" | "-score"; cursor?: string | null; limit?: number };
    answer: ItemsMatchOut;
  };
  /** Notifications, newest first. */
  list_notifications: {
    method: "GET";
    path: "/api/v1/notifications";
    query: { cursor?: string | null; limit?: number };
    answer: ItemsNotificationOut;
  };
  /** What was found, what is not loaded and why, and how each specification fares. */
  list_plugins: {
    method: "GET";
    path: "/api/v1/plugins";
    answer: ItemsPluginOut;
  };
  /** The providers, how they fare, and what they need. */
  list_providers: {
    method: "GET";
    path: "/api/v1/providers";
    answer: ItemsSpecState;
  };
  /** Searches, newest first. */
  list_searches: {
    method: "GET";
    path: "/api/v1/searches";
    query: { list_id?: string | null; cursor?: string | null; limit?: number };
    answer: ItemsSearchOut;
  };
  /** The tags of a list. */
  list_tags: {
    method: "GET";
    path: "/api/v1/lists/{list_id}/tags";
    parameters: { list_id: string };
    answer: ItemsTagOut;
  };
  /** The descriptors of all triggers. */
  list_triggers: {
    method: "GET";
    path: "/api/v1/triggers";
    query: { dialect?: "2020-12" | "draft-07" };
    answer: ItemsDescriptor;
  };
  /** All workspaces. */
  list_workspaces: {
    method: "GET";
    path: "/api/v1/workspaces";
    answer: ItemsWorkspaceOut;
  };
  /** What would be sent now; nothing is sent. */
  preview_notification: {
    method: "GET";
    path: "/api/v1/notifications/{notification_id}/preview";
    parameters: { notification_id: string };
    answer: PreviewOut;
  };
  /** Make a collection; the one that is there where there is one. */
  put_collection: {
    method: "PUT";
    path: "/api/v1/collections/{name}";
    parameters: { name: string };
    answer: CollectionOut;
  };
  /** All that a message told, as a page. Its address comes with the message, needs no key, and expires. */
  read_digest: {
    method: "GET";
    path: "/digests/{notification_id}";
    parameters: { notification_id: string };
    query: { workspace: string; after: number; until: number; expires: number; signature: string };
    answer: Blob;
  };
  /** A feed, as JSON Feed 1.1 (`.json`) or Atom (`.atom`), with an ETag: 304 where the reader has it. */
  read_feed: {
    method: "GET";
    path: "/feeds/{file}";
    parameters: { file: string };
    answer: Blob;
  };
  /** Send again what has failed since a time, now, with all its attempts anew. */
  recover_hook: {
    method: "POST";
    path: "/api/v1/hooks/{hook_id}/recover";
    parameters: { hook_id: string };
    body: SpanIn;
    answer: SpanOut;
  };
  /** Remove the entries whose address begins with `prefix`; with `all=true`, and no prefix, all of them. */
  remove_entries: {
    method: "DELETE";
    path: "/api/v1/collections/{name}/entries";
    parameters: { name: string };
    query: { prefix?: string | null; all?: boolean };
    answer: RemovedOut;
  };
  /** Remove one entry. */
  remove_entry: {
    method: "DELETE";
    path: "/api/v1/collections/{name}/entries/{entry_id}";
    parameters: { name: string; entry_id: string };
    answer: void;
  };
  /** Send the events since a time that this hook was never sent, such as those of when it was disabled. */
  replay_hook: {
    method: "POST";
    path: "/api/v1/hooks/{hook_id}/replay";
    parameters: { hook_id: string };
    body: SpanIn;
    answer: SpanOut;
  };
  /** Send it once more, with the same `webhook-id`; once, however often that is asked before it was made. */
  resend_delivery: {
    method: "POST";
    path: "/api/v1/deliveries/{delivery_id}/resend";
    parameters: { delivery_id: string };
    answer: ResentOut;
  };
  /** Revoke a key, at once and for good. */
  revoke_key: {
    method: "DELETE";
    path: "/api/v1/keys/{key_id}";
    parameters: { key_id: string };
    answer: void;
  };
  /** A new secret; for 24 hours deliveries are signed with the old one, too. */
  rotate_hook_secret: {
    method: "POST";
    path: "/api/v1/hooks/{hook_id}/rotate-secret";
    parameters: { hook_id: string };
    answer: RotatedOut;
  };
  /** Run an action: the body is what its `input_schema` describes, the answer what its `output_schema` does. */
  run_action: {
    method: "POST";
    path: "/api/v1/actions/{key}";
    parameters: { key: string };
    body: Record<string, unknown>;
    answer: Record<string, unknown>;
  };
  /** The entries that show the same picture, surest first. Nothing is kept. */
  search_collection: {
    method: "POST";
    path: "/api/v1/collections/{name}/search";
    parameters: { name: string };
    body: OneImageIn;
    answer: ItemsFoundEntry;
  };
  /** Start a run. A source that reads the server's files needs a key with the scope `operator`. */
  start_ingest: {
    method: "POST";
    path: "/api/v1/collections/{name}/ingests";
    parameters: { name: string };
    body: IngestIn;
    answer: IngestOut;
  };
  /** Start a search: 202 at once. With `wait`, 200 and the result where it is complete in time. */
  start_search: {
    method: "POST";
    path: "/api/v1/searches";
    query: { wait?: number };
    body: SearchIn;
    answer: SearchOut | ResultOut;
  };
  /** Give a match, or one of its pages, a tag in place of those that it has. */
  tag_match: {
    method: "PUT";
    path: "/api/v1/matches/{match_id}/tags";
    parameters: { match_id: string };
    body: TaggingIn;
    answer: ItemsGivenTag;
  };
  /** Send the sample event now, once, and tell how the target answered; 409 if nothing is offered. */
  test_hook: {
    method: "POST";
    path: "/api/v1/hooks/{hook_id}/test";
    parameters: { hook_id: string };
    answer: AttemptOut;
  };
  /** Send a sample now, once; nothing counts as told. */
  test_notification: {
    method: "POST";
    path: "/api/v1/notifications/{notification_id}/test";
    parameters: { notification_id: string };
    answer: TrialOut;
  };
  /** Change where a hook is sent to, what it is told of, and how. */
  update_hook: {
    method: "PATCH";
    path: "/api/v1/hooks/{hook_id}";
    parameters: { hook_id: string };
    body: HookChanges;
    answer: HookOut;
  };
  /** Change a list: its label, whether and when it is searched again, its providers and threshold. */
  update_list: {
    method: "PATCH";
    path: "/api/v1/lists/{list_id}";
    parameters: { list_id: string };
    body: ListChanges;
    answer: ListOut;
  };
  /** Change a notification. A new schedule counts from the last time that it was due. */
  update_notification: {
    method: "PATCH";
    path: "/api/v1/notifications/{notification_id}";
    parameters: { notification_id: string };
    body: NotificationChangesIn;
    answer: NotificationOut;
  };
  /** Change a tag of a list. */
  update_tag: {
    method: "PATCH";
    path: "/api/v1/lists/{list_id}/tags/{key}";
    parameters: { list_id: string; key: string };
    body: TagChangesIn;
    answer: TagOut;
  };
  /** The events of a feed as they happen, for pages: `new EventSource(live_url)` needs no key. */
  watch_feed: {
    method: "GET";
    path: "/feeds/{token}/live";
    parameters: { token: string };
    query: { last_event_id?: string | null };
    answer: Blob;
  };
  /** The events of a list as they happen, as server-sent events: all kinds that name a list. */
  watch_list: {
    method: "GET";
    path: "/api/v1/lists/{list_id}/live";
    parameters: { list_id: string };
    query: { last_event_id?: string | null };
    answer: Blob;
  };
  /** A search as it goes on, as server-sent events: `progress`, what it finds, and `search_complete` as the last. 204, which tells browsers to stop, for who asks on after that. */
  watch_search: {
    method: "GET";
    path: "/api/v1/searches/{search_id}/live";
    parameters: { search_id: string };
    query: { last_event_id?: string | null };
    answer: Blob;
  };
}
