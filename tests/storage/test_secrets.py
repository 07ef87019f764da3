from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest
from cryptography.fernet import Fernet

from copyhound.domain.errors import CopyhoundError
from copyhound.storage import KeyFileBox


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "secret.key"


def test_a_key_file_is_made_for_its_owner_alone(path: Path) -> None:
    """Once; nothing else is left in the folder."""
    KeyFileBox(path)
    made = path.read_bytes()
    KeyFileBox(path)
    assert path.read_bytes() == made
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_who_made_the_key_file_knows(path: Path) -> None:
    """The first opening made it, later ones did not; nor did one that another process forestalled."""
    assert KeyFileBox(path).made is True
    assert KeyFileBox(path).made is False


def test_a_forestalled_opening_did_not_make_the_key(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another process's key file comes first, its key is used, and nothing of ours is left."""
    link = os.link

    def late(source: str, target: Path) -> None:
        target.write_bytes(Fernet.generate_key())
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    assert KeyFileBox(path).made is False
    assert list(path.parent.iterdir()) == [path]


def test_a_sealed_secret_opens_again(path: Path) -> None:
    """Also after a restart; it does not show what it holds, nor that two are the same."""
    box = KeyFileBox(path)
    sealed = box.seal(b"whsec_1")
    assert b"whsec_1" not in sealed
    assert sealed != box.seal(b"whsec_1")
    assert KeyFileBox(path).open(sealed) == b"whsec_1"


def test_a_secret_of_another_key_does_not_open(path: Path, tmp_path: Path) -> None:
    """The error says what to look at, and nothing of the secret."""
    sealed = KeyFileBox(tmp_path / "other.key").seal(b"whsec_1")
    for broken in (sealed, b"", b"\xff\xfe", sealed[:-4]):
        with pytest.raises(CopyhoundError, match="key file"):
            KeyFileBox(path).open(broken)


def test_keys_are_rotated_by_a_new_line_on_top(path: Path) -> None:
    """What the old key sealed or signed is still good; new things are the new key's, until the old one goes."""
    old = KeyFileBox(path)
    sealed, signature = old.seal(b"secret"), old.sign("/blob/1")
    path.write_bytes(Fernet.generate_key() + b"\n\n" + path.read_bytes())
    both = KeyFileBox(path)
    assert both.open(sealed) == b"secret"
    assert both.signed("/blob/1", signature)
    assert not old.signed("/blob/1", both.sign("/blob/1"))
    with pytest.raises(CopyhoundError):
        old.open(both.seal(b"secret"))


def test_a_signature_is_short_and_fits_into_urls(path: Path) -> None:
    """And holds for its text alone."""
    box = KeyFileBox(path)
    signature = box.sign("/overlay/match_1")
    assert re.fullmatch(r"[A-Za-z0-9_-]{22}", signature)
    assert box.sign("/overlay/match_1") == signature
    assert box.signed("/overlay/match_1", signature)
    for text, given in [("/overlay/match_2", signature), ("/overlay/match_1", ""), ("/overlay/match_1", "é" * 22)]:
        assert not box.signed(text, given)


@pytest.mark.parametrize("content", [b"", b"\n", b"not a key\n", b"A" * 43 + b"=\nshort\n"])
def test_a_file_without_good_keys_is_refused(path: Path, content: bytes) -> None:
    """Better no start than a secret under no key."""
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(CopyhoundError, match="settings_invalid"):
        KeyFileBox(path)


FIRST_START = """
import sys
from pathlib import Path
from copyhound.storage import KeyFileBox
print("ready", flush=True)
sys.stdin.readline()
print(KeyFileBox(Path(sys.argv[1])).seal(b"secret").decode())
"""


def test_first_starts_at_once_share_one_key(path: Path) -> None:
    """Processes that start together end with the same key file."""
    command = [sys.executable, "-c", FIRST_START, str(path)]
    starts = [subprocess.Popen(command, stdin=PIPE, stdout=PIPE, text=True) for _ in range(3)]
    for process in starts:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in starts:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    sealed = [process.communicate(timeout=30)[0] for process in starts]
    box = KeyFileBox(path)
    assert [box.open(one.strip().encode()) for one in sealed] == [b"secret"] * 3
