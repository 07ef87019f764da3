"""Open files: a large segment of the embedded index keeps one, and many systems allow 1,024 unless asked for more."""

from __future__ import annotations

import resource
from typing import Final

_WANTED: Final = 65_536
"""About as many maps as Linux gives a process."""


def allow_many() -> int:
    """Raise this process's own limit of open files as far as it may; how many it may open then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _WANTED
    wanted = _WANTED if hard == resource.RLIM_INFINITY else min(_WANTED, hard)
    if wanted > soft:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        except (OSError, ValueError):  # some systems refuse what they call the hard limit
            return soft
    return max(soft, wanted)
