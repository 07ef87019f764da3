"""TinEye's MatchEngine API over our own collections: its clients need another address and another password alone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from copyhound.plugin_api import SurfaceSpec, UseCases, hookimpl
from copyhound_matchengine.app import Surface, make_app
from copyhound_matchengine.described import OPERATIONS
from copyhound_matchengine.settings import MatchEngineSettings


@hookimpl
def copyhound_surfaces(use_cases: UseCases) -> Sequence[SurfaceSpec]:
    """`matchengine`, at /matchengine/<collection>/rest/."""
    settings = use_cases.settings("matchengine", MatchEngineSettings)
    return [
        SurfaceSpec(
            name="matchengine",
            title="MatchEngine",
            description="TinEye's MatchEngine API: a known set of pictures, added to, searched, compared.",
            prefixes=("/matchengine",),
            make_app=partial(make_app, Surface(use_cases, settings), settings),
            openapi=OPERATIONS,
            security=("basic",),
        )
    ]
