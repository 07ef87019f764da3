"""Candidate indexes over local features: the embedded engine, and brute force as its yardstick.

The adapter for Qdrant is in `qdrant_server`, and not imported here: it needs an extra.
"""

from copyhound.indexes.brute import BruteForceIndex
from copyhound.indexes.embedded import EmbeddedIndex

__all__ = ["BruteForceIndex", "EmbeddedIndex"]
