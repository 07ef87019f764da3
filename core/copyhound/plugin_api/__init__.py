"""What plugins may use: hook specifications, types, context, errors, test kit. Public, semantic versions."""

from copyhound.domain.collections import Entry, EntryMatch, Kept, Looked, Weighed
from copyhound.domain.credits import Balance, Bundle, UsageDay
from copyhound.domain.errors import CopyhoundError
from copyhound.domain.lifecycle import ApiVersion
from copyhound.domain.lists import Image, ImageList
from copyhound.domain.matches import Decision, Match, MatchFilter, MatchStatus, Verification, VerificationState
from copyhound.domain.pictures import Comparison, Edit, EditKind, MatchType
from copyhound.domain.searches import ImageInput, Lookup, Search, SearchProgress, SearchRequest
from copyhound.domain.tags import IgnoredHost, Tag, TagChanges, TagState
from copyhound.domain.workspaces import Caller, Scope
from copyhound.plugin_api.hookspecs import hookimpl
from copyhound.plugin_api.limits import AnswerTooLargeError, limit_answers
from copyhound.plugin_api.replies import ProviderError, read_json, refuse_failures, retry_after
from copyhound.plugin_api.types import (
    API_VERSION,
    ActionSpec,
    Answer,
    Candidate,
    Context,
    Lead,
    NoSettings,
    Notice,
    NotifierSpec,
    Outcome,
    OwnIndex,
    Page,
    Progress,
    ProviderLimits,
    ProviderSpec,
    Query,
    SourceItem,
    SourceSpec,
    StateStore,
    SurfaceSpec,
    TriggerSpec,
    UseCases,
)

__all__ = [
    "API_VERSION",
    "ActionSpec",
    "Answer",
    "AnswerTooLargeError",
    "ApiVersion",
    "Balance",
    "Bundle",
    "Caller",
    "Candidate",
    "Comparison",
    "Context",
    "CopyhoundError",
    "Decision",
    "Edit",
    "EditKind",
    "Entry",
    "EntryMatch",
    "IgnoredHost",
    "Image",
    "ImageInput",
    "ImageList",
    "Kept",
    "Lead",
    "Looked",
    "Lookup",
    "Match",
    "MatchFilter",
    "MatchStatus",
    "MatchType",
    "NoSettings",
    "Notice",
    "NotifierSpec",
    "Outcome",
    "OwnIndex",
    "Page",
    "Progress",
    "ProviderError",
    "ProviderLimits",
    "ProviderSpec",
    "Query",
    "Scope",
    "Search",
    "SearchProgress",
    "SearchRequest",
    "SourceItem",
    "SourceSpec",
    "StateStore",
    "SurfaceSpec",
    "Tag",
    "TagChanges",
    "TagState",
    "TriggerSpec",
    "UsageDay",
    "UseCases",
    "Verification",
    "VerificationState",
    "Weighed",
    "hookimpl",
    "limit_answers",
    "read_json",
    "refuse_failures",
    "retry_after",
]
