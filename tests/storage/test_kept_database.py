"""The one database of many tests: whatever a test leaves, the next finds it as the template is."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from ..fixtures.kept_postgres import KeptDatabase
from ..fixtures.postgres import Cluster

ROW = "insert into workspaces (id, name, created_at) values ('ws_left', 'left', now())"


@pytest.fixture
def kept(postgres_cluster: Cluster, postgres_template: str) -> Iterator[KeptDatabase]:
    """One of its own, as others are in use."""
    made = KeptDatabase(postgres_cluster, postgres_template, "own")
    yield made
    made.drop()


def run(url: str, *statements: str) -> list[tuple[object, ...]]:
    """What the last statement answers."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in statements[:-1]:
            connection.execute(statement)
        return connection.execute(statements[-1]).fetchall()


def test_rows_and_numbers_are_as_before(kept: KeptDatabase) -> None:
    """Rows are gone, those of the template are back, and numbers begin anew, in the same database."""
    url = kept.url()
    version = run(url, "select version_num from copyhound_version")
    run(url, ROW, "delete from copyhound_version", "select nextval('events_sequence_seq')")
    kept.restore()
    assert kept.url() == url
    assert run(url, "select id from workspaces") == []
    assert run(url, "select version_num from copyhound_version") == version
    assert run(url, "select nextval('events_sequence_seq')") == [(1,)]


@pytest.mark.parametrize(
    "change", ["create table more (id int)", "create index more on workspaces (name)", "analyze workspaces"]
)
def test_what_was_changed_otherwise_is_thrown_away(kept: KeptDatabase, change: str) -> None:
    """Other tables, indexes or statistics lead to another database."""
    url = kept.url()
    run(url, ROW, change, "select 1")
    kept.restore()
    assert kept.url() != url
    assert run(kept.url(), "select id from workspaces") == []


def test_who_is_still_connected_is_cut_off(kept: KeptDatabase) -> None:
    """A transaction that was left open neither holds the next test up nor writes into it."""
    with psycopg.connect(kept.url()) as left:
        left.execute("insert into workspaces (id, name, created_at) values ('ws_late', 'late', now())")
        kept.restore()
        with pytest.raises(psycopg.OperationalError):
            left.execute("select 1")
    assert run(kept.url(), "select id from workspaces") == []
