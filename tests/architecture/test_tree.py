"""What must not stand in the tree."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# put together here, so that this file is not found by itself
HOSTS = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "npmjs" + ".com", "registry" + ".yarnpkg")
MACHINE = re.compile("/" + r"(?:home|root|Users|work)/(?!user)[A-Za-z0-9._-]+/")


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Path -> text of every text file that git knows, or would."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, check=False,
    )  # fmt: skip
    if told.returncode:
        pytest.skip("not a git working copy")
    found = {}
    for name in told.stdout.decode().split("\0"):
        try:
            found[name] = (ROOT / name).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            continue
    assert len(found) > 100
    return found


def test_no_registry_is_named(texts: dict[str, str]) -> None:
    """No file names the host of a package registry: locks hold versions and hashes alone."""
    assert [(name, host) for name, text in texts.items() for host in HOSTS if host in text] == []


def test_no_path_of_a_machine_is_named(texts: dict[str, str]) -> None:
    """No file names a folder of the machine on which it was written."""
    assert [(name, found[0]) for name, text in texts.items() if (found := MACHINE.search(text))] == []


def test_the_lock_holds_hashes(texts: dict[str, str]) -> None:
    """Every line of the lock that names a version is followed by a hash."""
    lock = texts["requirements.lock"]
    pinned = re.findall(r"^([a-z0-9-]+)[^\s=]*==.* \\\n +--hash=sha256:[0-9a-f]{64}", lock, re.MULTILINE)
    named = re.findall(r"^[A-Za-z0-9]\S*", lock, re.MULTILINE)
    assert len(pinned) == len(named) > 50
    assert "hatchling" in pinned
