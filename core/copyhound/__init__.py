"""Copyhound: find where pictures are used, verify every copy, tell automations."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("copyhound")
except PackageNotFoundError:  # run from a tree that was never installed
    __version__ = "0"
