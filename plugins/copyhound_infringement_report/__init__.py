"""Infringement.Report in both directions: its API in front of Copyhound, and the service as a provider."""

from __future__ import annotations

from collections.abc import Sequence

from copyhound.plugin_api import ProviderSpec, SurfaceSpec, UseCases, hookimpl
from copyhound_infringement_report.provider import INFRINGEMENT_REPORT
from copyhound_infringement_report.surface import surfaces


@hookimpl
def copyhound_providers() -> Sequence[ProviderSpec]:
    """`infringement_report`."""
    return (INFRINGEMENT_REPORT,)


@hookimpl
def copyhound_surfaces(use_cases: UseCases) -> Sequence[SurfaceSpec]:
    """Versions 3.0 and 2.0 of its API."""
    return surfaces(use_cases)
