"""Pictures to fingerprints, fingerprints to verdicts. Pure functions; no I/O but bytes and this package's own data.

Importing this package loads neither OpenCV nor NumPy: each name is loaded when it is first used, so that a
process which only reads headers stays small.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .comparing import Other as Other
    from .comparing import compare as compare
    from .comparing import compare_all as compare_all
    from .fingerprint import FINGERPRINT_VERSION as FINGERPRINT_VERSION
    from .fingerprint import Fingerprint as Fingerprint
    from .fingerprint import Prepared as Prepared
    from .fingerprint import is_entry as is_entry
    from .foreign import as_readable as as_readable
    from .hashes import entry_hash as entry_hash
    from .hashes import hamming as hamming
    from .hashes import query_hashes as query_hashes
    from .header import Limits as Limits
    from .header import read_facts as read_facts
    from .overlays import overlay as overlay
    from .overlays import thumbnail as thumbnail
    from .prepare import check_picture as check_picture
    from .prepare import hash_query as hash_query
    from .prepare import prepare_entry as prepare_entry
    from .prepare import prepare_query as prepare_query
    from .versions import refingerprint as refingerprint
    from .versions import requery as requery
    from .versions import version_of as version_of
    from .words import WORD_COUNT as WORD_COUNT

_HOMES = {
    "FINGERPRINT_VERSION": "fingerprint",
    "Fingerprint": "fingerprint",
    "Limits": "header",
    "Prepared": "fingerprint",
    "WORD_COUNT": "words",
    "as_readable": "foreign",
    "check_picture": "prepare",
    "Other": "comparing",
    "compare": "comparing",
    "compare_all": "comparing",
    "entry_hash": "hashes",
    "hamming": "hashes",
    "hash_query": "prepare",
    "is_entry": "fingerprint",
    "overlay": "overlays",
    "prepare_entry": "prepare",
    "prepare_query": "prepare",
    "query_hashes": "hashes",
    "read_facts": "header",
    "refingerprint": "versions",
    "requery": "versions",
    "thumbnail": "overlays",
    "version_of": "versions",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value
