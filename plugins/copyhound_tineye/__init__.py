"""TinEye's API in both directions: a provider that asks it, and a surface that answers as it does."""

from __future__ import annotations

from collections.abc import Sequence

from copyhound.plugin_api import ProviderSpec, hookimpl
from copyhound_tineye.provider import TINEYE
from copyhound_tineye.scaling import scale_upload, scaled_size

__all__ = ["copyhound_providers", "scale_upload", "scaled_size"]


@hookimpl
def copyhound_providers() -> Sequence[ProviderSpec]:
    """`tineye`."""
    return [TINEYE]
