from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import ApiKey, Scope, Workspace
from copyhound.storage import Units

from .makers import AT, W1, W2, at

KEY = ApiKey("key_1", W1, "laptop", "hash", (Scope.read, Scope.admin), AT, expires_at=at(99))


async def test_workspaces_are_kept(units: Units) -> None:
    """The first one is the oldest."""
    async with units() as unit:
        assert await unit.workspaces.first() is None
        await unit.workspaces.add(Workspace(W2, "late", at(5)))
        await unit.workspaces.add(Workspace(W1, "early", AT))
        assert await unit.workspaces.first() == Workspace(W1, "early", AT)
        assert await unit.workspaces.get(W2) == Workspace(W2, "late", at(5))
        assert await unit.workspaces.get("none") is None


async def test_a_key_is_revoked_once(units: Units) -> None:
    """By its own workspace only; its use is remembered."""
    async with units() as unit:
        assert not await unit.keys.any()
        await unit.keys.add(KEY)
        assert await unit.keys.any()
        assert await unit.keys.by_id("key_1") == KEY
        await unit.keys.used("key_1", at(1))
        assert not await unit.keys.revoke(W2, "key_1", at(2))
        assert await unit.keys.revoke(W1, "key_1", at(2))
        assert not await unit.keys.revoke(W1, "key_1", at(3))
        expected = msgspec.structs.replace(KEY, last_used_at=at(1), revoked_at=at(2))
        assert await unit.keys.all(W1) == [expected]
        assert await unit.keys.all(W2) == []


async def test_state_is_put_read_and_deleted(units: Units) -> None:
    """Any JSON value, None included; scopes and workspaces are apart."""
    async with units() as unit:
        await unit.state.put(W1, "crawl", {"a": {"etag": "x"}, "b": None, "c": [1, 2.5, "ü"]})
        await unit.state.put(W1, "crawl", {"a": 1, "d": True})
        await unit.state.put(W1, "other", {"a": 2})
        await unit.state.put(W2, "crawl", {"a": 3})
        await unit.state.put(W1, "crawl", {})
        assert await unit.state.scan(W1, "crawl") == {"a": 1, "b": None, "c": [1, 2.5, "ü"], "d": True}
        assert await unit.state.get(W1, "crawl", "c") == [1, 2.5, "ü"]
        assert await unit.state.get(W1, "crawl", "none") is None
        await unit.state.delete(W1, "crawl", ["a", "none"])
        assert list(await unit.state.scan(W1, "crawl", limit=2)) == ["b", "c"]
        await unit.state.delete(W1, "crawl")
        assert await unit.state.scan(W1, "crawl") == {}
        assert await unit.state.get(W1, "other", "a") == 2
        assert await unit.state.get(W2, "crawl", "a") == 3


@given(
    keys=st.sets(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=5), max_size=12),
    prefix=st.text(st.sampled_from("aA%_é"), max_size=2),
)
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_state_is_scanned_by_a_literal_prefix(units: Units, keys: set[str], prefix: str) -> None:
    """Exactly the keys that begin so, in the order of their bytes, on both databases."""
    keys |= {"a", "A", "a%", "a_b", "é", "é1", "ab"}
    async with units() as unit:
        await unit.state.delete(W1, "scan")
        await unit.state.put(W1, "scan", dict.fromkeys(keys, 1))
        found = list(await unit.state.scan(W1, "scan", prefix))
    assert found == sorted((key for key in keys if key.startswith(prefix)), key=str.encode)


async def _begin(units: Units, request_hash: str = "hash", now: datetime = AT, workspace: str = W1) -> str:
    async with units() as unit:
        return (await unit.idempotency.begin(workspace, "key", request_hash, now))[0]


async def test_a_request_is_begun_once(units: Units) -> None:
    """Of several with the same key at once one goes on; the others are told that it is in flight."""
    results = await asyncio.gather(*[_begin(units) for _ in range(5)], return_exceptions=True)
    assert results.count("new") == 1
    refused = [result for result in results if isinstance(result, CopyhoundError)]
    assert [error.code for error in refused] == ["idempotency_in_flight"] * 4


async def test_a_finished_request_is_answered_again(units: Units) -> None:
    """With the same status and body, for 24 hours, to the same request only."""
    await _begin(units)
    async with units() as unit:
        await unit.idempotency.finish(W1, "key", 202, b'{"id": "\xc3\xbc"}')
    async with units() as unit:
        again = await unit.idempotency.begin(W1, "key", "hash", at(3600))
    assert again == ("done", 202, b'{"id": "\xc3\xbc"}')
    with pytest.raises(CopyhoundError, match="idempotency_mismatch"):
        await _begin(units, "other")
    assert await _begin(units, "other", workspace=W2) == "new"
    assert await _begin(units, "other", AT + timedelta(hours=24, seconds=1)) == "new"


async def test_an_unfinished_request_is_in_flight_for_a_while(units: Units) -> None:
    """After that the same request may be tried anew, by one; another one may not use the key."""
    await _begin(units)
    with pytest.raises(CopyhoundError, match="idempotency_in_flight"):
        await _begin(units, now=at(179))
    with pytest.raises(CopyhoundError, match="idempotency_mismatch"):
        await _begin(units, "other", at(181))
    results = await asyncio.gather(*[_begin(units, now=at(181)) for _ in range(4)], return_exceptions=True)
    assert sorted(map(str, results))[-1] == "new"
    assert [error.code for error in results if isinstance(error, CopyhoundError)] == ["idempotency_in_flight"] * 3


async def test_a_stale_request_is_taken_over_by_one(units: Units) -> None:
    """Who comes while another one is taking it over waits, and is told that it is in flight."""
    await _begin(units)
    async with units() as unit:
        assert (await unit.idempotency.begin(W1, "key", "hash", at(181)))[0] == "new"
        late = asyncio.create_task(_begin(units, now=at(181)))
        await asyncio.wait({late}, timeout=0.3)
    with pytest.raises(CopyhoundError, match="idempotency_in_flight"):
        await late


async def test_a_forgotten_request_can_be_begun_again(units: Units) -> None:
    """As after an error that stored nothing."""
    await _begin(units)
    async with units() as unit:
        await unit.idempotency.forget(W1, "key")
    assert await _begin(units, "other") == "new"


async def test_old_answers_are_dropped(units: Units) -> None:
    """A new request clears away what is older than a day."""
    await _begin(units)
    async with units() as unit:
        await unit.idempotency.begin(W2, "fresh", "hash", AT + timedelta(hours=25))
        # a clock that is set back would find the old answer, were it still there
        assert await unit.idempotency.begin(W1, "key", "other", at(1)) == ("new", 0, b"")


async def test_executors_that_fell_silent_are_dead(units: Units) -> None:
    """Each beat counts from when it was last heard."""
    async with units() as unit:
        await unit.executors.beat("one", AT)
        await unit.executors.beat("two", AT)
        await unit.executors.beat("two", at(50))
        assert await unit.executors.dead(at(10)) == ["one"]
        await unit.executors.forget("one")
        assert await unit.executors.dead(at(99)) == ["two"]
