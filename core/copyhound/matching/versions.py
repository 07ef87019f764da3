"""Fingerprints from what is kept of a picture: of another version, or to search for what is indexed."""

from __future__ import annotations

import msgspec

from copyhound.domain.pictures import PictureFacts

from .fingerprint import Fingerprint, Prepared
from .header import Limits
from .prepare import prepare_entry, prepare_query

_VERSION_AT = 2


def version_of(fingerprint: bytes) -> int:
    """The version that a fingerprint was written in, whatever it is; 0 where it is none.

    >>> version_of(b"CH\\x01...")
    1
    """
    return fingerprint[_VERSION_AT] if fingerprint[:_VERSION_AT] == b"CH" and len(fingerprint) > _VERSION_AT else 0


def refingerprint(reduced: bytes, width: int, height: int, limits: Limits) -> bytes:
    """A fingerprint of this version from the reduced copy of a picture that was `width` x `height`.

    Raises as `prepare_entry`. An entry's fingerprint is made at about that size anyway: only the copy's compression
    is between the two.
    """
    prepared = prepare_entry(reduced, limits)
    fingerprint = Fingerprint.from_bytes(prepared.fingerprint)
    return msgspec.structs.replace(fingerprint, width=width, height=height).entry_bytes()


def requery(reduced: bytes, facts: PictureFacts, limits: Limits) -> Prepared:
    """A picture made ready for searching from its reduced copy; `facts` are those of the whole picture.

    Raises as `prepare_query`. Its features are those of the copy: fewer than the whole picture would give.
    """
    prepared = prepare_query(reduced, limits)
    fingerprint = Fingerprint.from_bytes(prepared.fingerprint)
    whole = msgspec.structs.replace(fingerprint, width=facts.width, height=facts.height)
    return Prepared(facts, whole.query_bytes(), prepared.reduced)
