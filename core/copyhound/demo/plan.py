"""Which pictures are the photographer's own, which are other people's, and what is planted on the site.

Only the demo knows this: the crawler and the search never see it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from PIL import Image

from copyhound.demo import edits
from copyhound.demo.edits import EditFunction, Picture

OWN: Final = (
    "clothing_0001", "clothing_0008", "clothing_0012", "clothing_0030", "clothing_0057",
    "kodak_0001", "kodak_0002", "kodak_0003", "kodak_0005", "kodak_0006",
    "kodak_0008", "kodak_0011", "kodak_0013", "kodak_0016",
)  # fmt: skip
"""The photographer's own."""

OTHERS: Final = (
    "clothing_0003", "clothing_0010", "clothing_0024", "clothing_0028", "clothing_0033",
    "clothing_0040", "clothing_0061", "kodak_0009", "kodak_0015",
)  # fmt: skip
"""Other people's. `clothing_0010` lies on the same cloth as `clothing_0008`: alike, but no copy."""

_PLANTED: Final[tuple[tuple[str, str, EditFunction], ...]] = (
    ("kodak_0001", "untouched", edits.untouched),
    ("kodak_0001", "cropped", edits.cropped),
    ("kodak_0002", "mirrored", edits.mirrored),
    ("kodak_0002", "captioned", edits.captioned),
    ("kodak_0002", "in a collage", edits.collage),
    ("kodak_0003", "grey", edits.grey),
    ("kodak_0003", "close crop", edits.close_crop),
    ("kodak_0003", "mirrored, cropped", edits.in_turn(edits.mirrored, edits.cropped)),
    ("kodak_0005", "thumbnail", edits.thumbnail),
    ("kodak_0005", "recompressed", edits.recompressed),
    ("kodak_0005", "captioned", edits.captioned),
    ("kodak_0006", "rotated", edits.rotated),
    ("kodak_0006", "recoloured", edits.recoloured),
    ("kodak_0006", "screenshot", edits.screenshot),
    ("kodak_0008", "bordered", edits.bordered),
    ("kodak_0008", "quarter turn", edits.quarter_turn),
    ("kodak_0011", "logo", edits.logo),
    ("kodak_0011", "slanted", edits.slanted),
    ("kodak_0013", "cropped", edits.cropped),
    ("kodak_0013", "inverted", edits.inverted),
    ("kodak_0013", "mirrored, captioned, recompressed",
     edits.in_turn(edits.mirrored, edits.captioned, edits.recompressed)),
    ("kodak_0016", "sepia", edits.sepia),
    ("kodak_0016", "screenshot", edits.screenshot),
    ("clothing_0001", "untouched", edits.untouched),
    ("clothing_0001", "cropped", edits.cropped),
    ("clothing_0008", "recompressed", edits.recompressed),
    ("clothing_0012", "mirrored", edits.mirrored),
    ("clothing_0012", "logo", edits.logo),
    ("clothing_0030", "grey, cropped", edits.in_turn(edits.grey, edits.cropped)),
    ("clothing_0030", "in a collage", edits.collage),
    ("clothing_0057", "captioned", edits.captioned),
    ("clothing_0057", "bordered, rotated", edits.in_turn(edits.bordered, edits.rotated)),
)  # fmt: skip


@dataclass(frozen=True)
class Copy:
    """A picture on the site. `of` names the own picture that it was made from; None: somebody else's."""

    path: str
    data: bytes
    of: str | None
    edit: str


@dataclass(frozen=True)
class Plan:
    """What the site is made of."""

    own: Mapping[str, bytes]
    """Name -> the file, as the photographer has it."""
    copies: tuple[Copy, ...]
    """Pictures on allowed pages, own ones' copies and other people's."""
    forbidden: Copy
    """Lies in the folder that robots.txt forbids: must not be found."""

    @property
    def planted(self) -> dict[tuple[str, str], str]:
        """(own picture, path on the site) -> how it was edited."""
        return {(copy.of, copy.path): copy.edit for copy in self.copies if copy.of is not None}


def read_picture(name: str) -> bytes:
    """A shipped picture's file."""
    return (files("copyhound.demo") / "pictures" / f"{name}.jpg").read_bytes()


def make_plan(limit: int | None = None) -> Plan:
    """All copies, drawn. `limit` keeps only the first so many (for tests)."""
    drawn = {name: _open(name) for name in (*OWN, *OTHERS)}
    copies = [_copy(name, title, edit, drawn, number) for number, (name, title, edit) in enumerate(_PLANTED[:limit])]
    copies += [_plain(name) for name in OTHERS]
    hidden = edits.save(edits.cropped(drawn["kodak_0002"], ()))
    own = {name: read_picture(name) for name in OWN}
    return Plan(own, _mixed(copies), Copy(f"/private/{_hash(hidden)}.jpg", hidden, "kodak_0002", "cropped"))


def _copy(name: str, title: str, edit: EditFunction, drawn: Mapping[str, Picture], number: int) -> Copy:
    others = [drawn[OTHERS[(number + step) % len(OTHERS)]] for step in range(3)]
    data = read_picture(name) if edit is edits.untouched else edits.save(edit(drawn[name], others))
    return Copy(f"/media/{_hash(data)}.jpg", data, name, title)


def _plain(name: str) -> Copy:
    data = read_picture(name)
    return Copy(f"/media/{_hash(data)}.jpg", data, None, "somebody else's")


def _open(name: str) -> Picture:
    with Image.open(files("copyhound.demo") / "pictures" / f"{name}.jpg") as picture:  # type: ignore[arg-type]
        return picture.convert("RGB")


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _mixed(copies: list[Copy]) -> tuple[Copy, ...]:
    # by file name, which is a hash: so that no order tells what belongs together
    return tuple(sorted(copies, key=lambda copy: copy.path))
