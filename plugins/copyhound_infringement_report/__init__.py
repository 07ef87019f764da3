"""Infringement.Report in both directions: its API in front of Copyhound, and the service as a provider."""

from __future__ import annotations

from collections.abc import Sequence

from copyhound.plugin_api import ProviderSpec, hookimpl
from copyhound_infringement_report.provider import INFRINGEMENT_REPORT


@hookimpl
def copyhound_providers() -> Sequence[ProviderSpec]:
    """`infringement_report`."""
    return (INFRINGEMENT_REPORT,)
