"""Hash bands of 20 bits in place of 16, made anew from the hashes; a collection says which fingerprints it holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SIDE, _LEFT_OUT = 16, 1
_AT_ONCE = 1000
_BANDS = sa.table("hash_bands", sa.column("collection"), sa.column("token"), sa.column("number"))
_READ = sa.text(
    "SELECT entries.number, collections.number AS collection, entries.hash256 FROM entries "
    "JOIN collections ON collections.id = entries.collection_id "
    "WHERE entries.number > :after ORDER BY entries.number LIMIT :most"
)


def upgrade() -> None:
    """Make the bands anew, and add what says the version."""
    version = sa.Column("fingerprint_version", sa.Integer(), nullable=False, server_default="1")
    with op.batch_alter_table("collections") as table:
        table.add_column(version)
    _make_anew(_frequency_order(), 12, 20)


def downgrade() -> None:
    """Make the bands anew as they were."""
    _make_anew(list(range(256)), 16, 16)
    with op.batch_alter_table("collections") as table:
        table.drop_column("fingerprint_version")


def _frequency_order() -> list[int]:
    cells = sorted((row + column, max(row, column), row, column) for row in range(_SIDE) for column in range(_SIDE))
    return [row * _SIDE + column for _, _, row, column in cells[_LEFT_OUT:]]


def _make_anew(order: list[int], bands: int, width: int) -> None:
    connection = op.get_bind()
    connection.execute(sa.delete(_BANDS))
    after = 0
    while entries := connection.execute(_READ, {"after": after, "most": _AT_ONCE}).all():
        after = entries[-1].number
        rows = [
            {"collection": entry.collection, "token": token, "number": entry.number}
            for entry in entries
            for token in _tokens(entry.hash256, order, bands, width)
        ]
        connection.execute(sa.insert(_BANDS), rows)


def _tokens(hash256: bytes, order: list[int], bands: int, width: int) -> list[int]:
    bits = f"{int.from_bytes(hash256, 'big'):0256b}"
    sorted_bits = "".join(bits[at] for at in order[: bands * width])
    return [band << width | int(sorted_bits[band * width : (band + 1) * width], 2) for band in range(bands)]
