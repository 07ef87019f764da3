"""What a plugin may implement. Each hook is called once, at start, and returns specifications: data, no effects.

Name an entry point in the group `copyhound` and mark the functions of its module:

    [project.entry-points.copyhound]
    my_plugin = "my_plugin"
"""

from __future__ import annotations

from collections.abc import Sequence

import pluggy

from copyhound.plugin_api.types import (
    ActionSpec,
    NotifierSpec,
    ProviderSpec,
    SourceSpec,
    SurfaceSpec,
    TriggerSpec,
    UseCases,
)

PROJECT = "copyhound"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class CopyhoundSpecs:
    """The hooks. All are synchronous and must return at once."""

    @hookspec
    def copyhound_providers(self) -> Sequence[ProviderSpec]:
        """Where candidates for an image come from.

        Example:
            @hookimpl
            def copyhound_providers():
                return [ProviderSpec(name="acme", title="Acme Images", description="...", search=search)]
        """
        return ()

    @hookspec
    def copyhound_notifiers(self) -> Sequence[NotifierSpec]:
        """How a person or a system is told.

        Example:
            @hookimpl
            def copyhound_notifiers():
                return [NotifierSpec(name="acme_chat", title="Acme Chat", description="...", notify=notify)]
        """
        return ()

    @hookspec
    def copyhound_surfaces(self, use_cases: UseCases) -> Sequence[SurfaceSpec]:
        """Another API in front of the same use cases: an ASGI application and where it is mounted.

        Example:
            @hookimpl
            def copyhound_surfaces(use_cases):
                return [SurfaceSpec(name="acme", title="Acme API", description="...",
                                    prefixes=("/acme",), make_app=lambda: make_app(use_cases))]
        """
        return ()

    @hookspec
    def copyhound_sources(self) -> Sequence[SourceSpec]:
        """What feeds pictures into a collection.

        Example:
            @hookimpl
            def copyhound_sources():
                return [SourceSpec(name="acme_feed", title="Acme feed", description="...",
                                   settings=FeedSettings, run=run)]
        """
        return ()

    @hookspec
    def copyhound_triggers(self) -> Sequence[TriggerSpec]:
        """Further kinds of events that automations can wait for.

        Example:
            @hookimpl
            def copyhound_triggers():
                return [TriggerSpec(key="acme_found", title="...", noun="Find", description="Triggers when ...",
                                    payload=AcmeFound, sample={...})]
        """
        return ()

    @hookspec
    def copyhound_actions(self, use_cases: UseCases) -> Sequence[ActionSpec]:
        """Further things that automations can do.

        Example:
            @hookimpl
            def copyhound_actions(use_cases):
                return [ActionSpec(key="acme_report", title="...", noun="Report", description="...",
                                   input=ReportIn, output=ReportOut, sample={...}, run=run)]
        """
        return ()
