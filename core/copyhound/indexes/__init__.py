"""Candidate indexes over local features: the embedded engine, and brute force as its yardstick."""

from copyhound.indexes.brute import BruteForceIndex
from copyhound.indexes.embedded import EmbeddedIndex

__all__ = ["BruteForceIndex", "EmbeddedIndex"]
