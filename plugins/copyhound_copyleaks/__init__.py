"""Copyleaks' Image Plagiarism Detection: as a provider that is asked, and as a surface that answers."""

from __future__ import annotations

from collections.abc import Sequence

from copyhound.plugin_api import ProviderSpec, SurfaceSpec, UseCases, hookimpl
from copyhound_copyleaks.provider import COPYLEAKS

__all__ = ["COPYLEAKS"]


@hookimpl
def copyhound_providers() -> Sequence[ProviderSpec]:
    """`copyleaks`."""
    return [COPYLEAKS]


@hookimpl
def copyhound_surfaces(use_cases: UseCases) -> Sequence[SurfaceSpec]:
    """`copyleaks`, under /v1, and what belongs to it, under /v3."""
    from copyhound_copyleaks.surface import make_surfaces

    return make_surfaces(use_cases)
