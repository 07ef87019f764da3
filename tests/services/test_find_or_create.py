"""Find or create: many at once who ask for a list by its label get one and the same."""

from __future__ import annotations

import asyncio

from copyhound.services.action_shapes import CreateList, FindList

from ..fixtures.houses import Home

MANY = 40


async def test_many_at_once_make_one_list(at_both_homes: Home) -> None:
    """Forty calls at once, in upper and lower case, make one list, and all are told the same; other labels go on."""
    actions, caller = at_both_homes.services.actions, at_both_homes.caller
    wanted = [CreateList("Sommer Straße" if n % 2 else "SOMMER STRASSE", if_absent=True) for n in range(MANY)]
    others = [CreateList(f"other {n}", if_absent=True) for n in range(5)]
    told = await asyncio.gather(*(actions.create_list(caller, one) for one in [*wanted, *others]))
    assert len({one.id for one in told[:MANY]}) == 1
    assert len({one.id for one in told[MANY:]}) == 5
    found = await actions.find_list(caller, FindList("sommer strasse"))
    assert [one.id for one in found.items] == [told[0].id]


async def test_a_list_that_is_there_is_answered_as_it_is(at_both_homes: Home) -> None:
    """The newest of the label is answered with its own settings; without `if_absent` another one is made."""
    actions, caller = at_both_homes.services.actions, at_both_homes.caller
    first = await actions.create_list(caller, CreateList("Summer"))
    second = await actions.create_list(caller, CreateList("Summer"))
    at_both_homes.clock.turn(seconds=1)
    third = await actions.create_list(caller, CreateList("summer"))
    again = await actions.create_list(caller, CreateList("SUMMER", monitored=True, if_absent=True))
    assert len({first.id, second.id, third.id}) == 3
    assert again == third


async def test_lists_of_other_workspaces_are_not_found(at_both_homes: Home) -> None:
    """A label is looked for in the caller's own workspace."""
    actions, caller = at_both_homes.services.actions, at_both_homes.caller
    made = await at_both_homes.services.workspaces.create("other")
    mine = await actions.create_list(caller, CreateList("Summer", if_absent=True))
    theirs = type(caller)(made.id, "key_other", caller.scopes)
    assert (await actions.create_list(theirs, CreateList("Summer", if_absent=True))).id != mine.id
