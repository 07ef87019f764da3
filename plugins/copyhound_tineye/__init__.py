"""TinEye's API in both directions: a provider that asks it, and a surface that answers as it does."""

from __future__ import annotations

from collections.abc import Sequence

from copyhound.plugin_api import ProviderSpec, SurfaceSpec, UseCases, hookimpl
from copyhound_tineye.provider import TINEYE
from copyhound_tineye.scaling import scale_upload, scaled_size
from copyhound_tineye.surface import tineye_surface

__all__ = ["copyhound_providers", "copyhound_surfaces", "scale_upload", "scaled_size"]


@hookimpl
def copyhound_providers() -> Sequence[ProviderSpec]:
    """`tineye`."""
    return [TINEYE]


@hookimpl
def copyhound_surfaces(use_cases: UseCases) -> Sequence[SurfaceSpec]:
    """`tineye`, below /rest."""
    return [tineye_surface(use_cases)]
