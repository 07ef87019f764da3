"""The child process that merges segments: `python -m copyhound.indexes.merging NEW SEGMENT...`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

from copyhound.indexes.sealed import DamagedError
from copyhound.indexes.segments import load, merge

DAMAGED: Final = os.EX_DATAERR
"""The exit code that says: one of the segments is damaged."""


def main() -> None:
    """Merge, at low priority: searches go before."""
    os.nice(10)
    new, *sources = (Path(one) for one in sys.argv[1:])
    try:
        segments = [load(one) for one in sources]
    except (DamagedError, FileNotFoundError):
        sys.exit(DAMAGED)
    try:
        merge(segments, new)
    except DamagedError:
        sys.exit(DAMAGED)


if __name__ == "__main__":
    main()
