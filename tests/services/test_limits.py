"""Rate limits, requests at once, nonces, tokens: exact, and changed without a restart."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.workspaces import Caller, KeyLimits

from ..fixtures.houses import Home, home, until


async def counted(at_home: Home, subject: Caller | str, times: int, *, most: int = 3) -> int:
    """How many of so many requests at once are within the limit."""

    async def one() -> bool:
        try:
            await at_home.services.limits.count(subject, "test", most=most, seconds=900)
        except CopyhoundError as error:
            if error.code != "too_many_requests" or not 0 < error.extra["retry_after"] <= 900:
                raise
            return False
        return True

    return sum(await asyncio.gather(*(one() for _ in range(times))))


async def test_a_window_holds_so_many_requests_and_then_begins_anew(at_both_homes: Home) -> None:
    """Of 12 requests at once 3 are within the limit; others have windows of their own; after it ends, 3 more are."""
    assert await counted(at_both_homes, at_both_homes.caller, 12) == 3
    assert await counted(at_both_homes, "somebody@example.com", 2) == 2
    at_both_homes.clock.turn(seconds=899)
    assert await counted(at_both_homes, at_both_homes.caller, 1) == 0
    at_both_homes.clock.turn(seconds=1)
    assert await counted(at_both_homes, at_both_homes.caller, 5) == 3


async def test_a_keys_own_limit_holds_at_every_door(at_home: Home) -> None:
    """Of a key with 5 requests in a window, the sixth is refused, whatever it asks and however it shows the key."""
    keys = at_home.services.keys
    key, plain = await keys.create(at_home.caller.workspace_id, "five", limits=KeyLimits(requests=5, seconds=60))
    caller = await keys.check(plain)
    token, _ = keys.issue_token(caller, "copyleaks", timedelta(hours=1))
    await keys.check_token(token, "copyleaks")
    assert await keys.use_nonce(key.id, "12345678", at_home.clock() + timedelta(minutes=15))
    assert await counted(at_home, caller, 8, most=1) == 8, "the usual limit of a door does not hold for it"
    await keys.check(plain)
    await keys.check(plain)
    for refused in (keys.check(plain), keys.check_token(token, "copyleaks")):
        with pytest.raises(CopyhoundError, match="At most 5 requests in 60 seconds"):
            await refused
    at_home.clock.turn(seconds=60)
    await keys.check(plain)


async def test_a_keys_own_places_are_those_of_all_doors(at_home: Home) -> None:
    """A key with one request at once has one, at all APIs together."""
    one = msgspec.structs.replace(at_home.caller, limits=KeyLimits(concurrent=1))
    async with at_home.services.limits.place(one, "tineye", most=4):
        with pytest.raises(CopyhoundError, match="too_many_requests"):
            await at_home.services.limits.place(one, "native", most=0).__aenter__()


async def test_a_key_with_nothing_as_its_limit_has_none(at_home: Home) -> None:
    """0 stands for no limit."""
    free = msgspec.structs.replace(at_home.caller, key_id="key_free", limits=KeyLimits(requests=0, concurrent=0))
    assert await counted(at_home, free, 8) == 8
    async with AsyncExitStack() as stack:
        for _ in range(9):
            await stack.enter_async_context(at_home.services.limits.place(free, "test", most=1))


async def test_places_are_counted_over_all_processes(tmp_path: Path, database_url: str) -> None:
    """Of two houses' requests at once on one database, exactly four hold places; one that leaves makes room."""
    async with home(tmp_path / "one", database_url, work=False) as one, AsyncExitStack() as houses:
        two = one
        if database_url.startswith("postgresql"):
            two = await houses.enter_async_context(home(tmp_path / "two", database_url, work=False))
        stack = AsyncExitStack()

        async def hold(at: Home) -> bool:
            try:
                await stack.enter_async_context(at.services.limits.place(one.caller, "test", most=4))
            except CopyhoundError as error:
                if error.code != "too_many_requests":
                    raise
                return False
            return True

        assert sum(await asyncio.gather(*(hold(at) for at in [one, two] * 5))) == 4
        await stack.aclose()
        async with two.services.limits.place(one.caller, "test", most=4):
            pass


async def test_a_long_request_keeps_its_place(at_home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A place is held for as long as its request runs, also beyond the life that a dead process's place has."""
    monkeypatch.setattr("copyhound.services.limits._PLACE_LIFE", timedelta(seconds=0.2))
    async with at_home.services.limits.place(at_home.caller, "test", most=1):
        async with at_home.services.kit.units.read() as uow:
            before = await uow.limits.places(at_home.caller.key_id, "test")

        async def renewed() -> bool:
            at_home.clock.turn(seconds=0.1)
            async with at_home.services.kit.units.read() as uow:
                return await uow.limits.places(at_home.caller.key_id, "test") > before

        await until(renewed)


async def test_a_dead_processes_places_come_free(at_home: Home) -> None:
    """A place that nobody leaves is free again after some minutes."""
    await at_home.services.limits.place(at_home.caller, "test", most=1).__aenter__()
    with pytest.raises(CopyhoundError, match="too_many_requests"):
        await at_home.services.limits.place(at_home.caller, "test", most=1).__aenter__()
    at_home.clock.turn(minutes=3)
    async with at_home.services.limits.place(at_home.caller, "test", most=1):
        pass


async def test_limits_of_a_key_change_at_its_next_request(at_home: Home) -> None:
    """What is set on a key is in force when it is used again, without a restart."""
    keys = at_home.services.keys
    key, plain = await keys.create(at_home.caller.workspace_id, "a client", limits=KeyLimits(concurrent=2))
    assert (await keys.check(plain)).limits == KeyLimits(concurrent=2)
    await keys.set_limits(at_home.caller, key.id, KeyLimits(concurrent=7, requests=100))
    assert (await keys.check(plain)).limits == KeyLimits(concurrent=7, requests=100)


async def test_a_nonce_is_used_once(at_both_homes: Home) -> None:
    """The same nonce is refused for the same key, and is another key's to use; what has ended is forgotten."""
    keys, until = at_both_homes.services.keys, at_both_homes.clock() + timedelta(minutes=15)
    used = await asyncio.gather(*(keys.use_nonce("key_a", "12345678", until) for _ in range(5)))
    assert sum(used) == 1
    assert await keys.use_nonce("key_b", "12345678", until)
    at_both_homes.clock.turn(minutes=16)
    await at_both_homes.services.limits.forget()
    assert await keys.use_nonce("key_a", "12345678", at_both_homes.clock() + timedelta(minutes=15))


async def test_a_key_made_for_signatures_can_be_read_again(at_home: Home) -> None:
    """Only a key made with `signs` gives its plain text back, encrypted in the database, and not once it is revoked."""
    keys = at_home.services.keys
    key, plain = await keys.create(at_home.caller.workspace_id, "signs", signs=True)
    usual, _ = await keys.create(at_home.caller.workspace_id, "usual")
    found = await keys.signing_secret(key.id)
    assert found is not None
    assert (found[0].key_id, found[1]) == (key.id, plain)
    assert key.sealed_secret is not None
    assert plain.encode() not in key.sealed_secret
    assert await keys.signing_secret(usual.id) is None
    await keys.revoke(at_home.caller, key.id)
    assert await keys.signing_secret(key.id) is None


async def test_a_token_stands_for_its_key_until_it_ends(at_home: Home) -> None:
    """A token works for its audience and its time, and dies with its key."""
    keys = at_home.services.keys
    key, plain = await keys.create(at_home.caller.workspace_id, "logs in")
    caller = await keys.check(plain)
    token, ends = keys.issue_token(caller, "copyleaks", timedelta(hours=48))
    assert ends - at_home.clock() == timedelta(hours=48)
    assert await keys.check_token(token, "copyleaks") == caller
    for wrong, audience in ((token, "tineye"), (token[:-2] + "xx", "copyleaks"), ("cht.x.1.y", "copyleaks"), ("", "")):
        with pytest.raises(CopyhoundError, match="unauthorized"):
            await keys.check_token(wrong, audience)
    at_home.clock.turn(hours=48)
    with pytest.raises(CopyhoundError, match="unauthorized"):
        await keys.check_token(token, "copyleaks")
    fresh, _ = keys.issue_token(caller, "copyleaks", timedelta(hours=48))
    await keys.revoke(at_home.caller, key.id)
    with pytest.raises(CopyhoundError, match="unauthorized"):
        await keys.check_token(fresh, "copyleaks")
