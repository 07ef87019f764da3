"""Optimises a closed shard, in a process of its own: `python -m copyhound.indexes.tidy FOLDER`.

The engine holds Python's global lock while it optimises (seconds), and keeps the memory that it took; both
would hurt a server.
"""

from __future__ import annotations

import sys

import qdrant_edge


def main(folder: str) -> None:
    """Build compact segments from what was written since, and drop what was removed."""
    shard = qdrant_edge.EdgeShard.load(folder)
    shard.optimize()
    shard.flush()
    shard.close()


if __name__ == "__main__":
    main(sys.argv[1])
