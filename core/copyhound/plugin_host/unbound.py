"""Stands for the use cases where descriptors and surfaces are only described, not run."""

from __future__ import annotations

from typing import Any, TypeVar

T = TypeVar("T")


class Unbound:
    """Holds anything, and does nothing."""

    public_url = ""

    def settings(self, name: str, struct: type[T]) -> T:
        """The defaults."""
        return struct()

    def __getattr__(self, name: str) -> Any:
        return Unbound()

    def __call__(self, *_: Any, **__: Any) -> Any:
        return Unbound()
