"""The core's own index as a provider, and what feeds it: folders and websites."""

from __future__ import annotations

from collections.abc import Sequence

from copyhound.plugin_api import ProviderSpec, SourceSpec, hookimpl
from copyhound_index.folder import FOLDER
from copyhound_index.provider import OWN_INDEX
from copyhound_index.site import SITE


@hookimpl
def copyhound_providers() -> Sequence[ProviderSpec]:
    """`own_index`."""
    return [OWN_INDEX]


@hookimpl
def copyhound_sources() -> Sequence[SourceSpec]:
    """`folder` and `site`."""
    return [FOLDER, SITE]
