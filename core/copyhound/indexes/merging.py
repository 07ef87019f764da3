"""The child process that merges segments: `python -m copyhound.indexes.merging NEW SEGMENT...`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from copyhound.indexes.segments import load, merge


def main() -> None:
    """Merge, at low priority: searches go before."""
    os.nice(10)
    new, *sources = (Path(one) for one in sys.argv[1:])
    merge([load(one) for one in sources], new)


if __name__ == "__main__":
    main()
