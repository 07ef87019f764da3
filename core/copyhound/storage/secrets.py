"""Secrets under a key file that is made at the first start."""

from __future__ import annotations

import base64
import hmac
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from copyhound.domain.errors import CopyhoundError
from copyhound.files import sync

_SIGNATURE_BYTES = 16


class KeyFileBox:
    """Encrypts and signs with the keys of a file, one a line. The first one is used for what is new, so that a new
    key is put on top, and the old one is taken away when nothing is sealed with it any more."""

    def __init__(self, path: Path) -> None:
        self.made = not path.exists() and _make(path)
        """Whether this opening made the key file: what was sealed before, if anything, does not open any more."""
        keys = _read(path)
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError:
            raise CopyhoundError("settings_invalid", f"{path} holds a line that is not a key.") from None
        self._signing = [_signing_key(key) for key in keys]

    def seal(self, secret: bytes) -> bytes:
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """CopyhoundError unavailable where no key of the file opens it."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken:
            raise CopyhoundError(
                "unavailable", "A stored secret does not open: is the key file the right one?"
            ) from None

    def sign(self, text: str) -> str:
        """A short URL-safe signature of `text`, by the newest key."""
        return _signature(self._signing[0], text)

    def signed(self, text: str, signature: str) -> bool:
        """Whether `signature` is one of ours, by any key."""
        given = signature.encode("utf-8", "replace")
        return any(hmac.compare_digest(_signature(key, text).encode(), given) for key in self._signing)


def _signature(key: bytes, text: str) -> str:
    digest = hmac.digest(key, text.encode(), "sha256")[:_SIGNATURE_BYTES]
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _signing_key(key: bytes) -> bytes:
    derivation = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"copyhound capability URLs")
    return derivation.derive(base64.urlsafe_b64decode(key))


def _read(path: Path) -> list[bytes]:
    keys = [line.strip() for line in path.read_bytes().splitlines() if line.strip()]
    if not keys:
        raise CopyhoundError("settings_invalid", f"{path} holds no key.")
    return keys


def _make(path: Path) -> bool:
    """Whether the key is ours."""
    # linking fails where another process was quicker: then its key is the one
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(Fernet.generate_key() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        return False
    finally:
        Path(name).unlink()
    sync(path.parent)
    return True
