"""What a server costs that has nothing to do."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event

from copyhound.jobs.definitions import QUEUES, JobDefinition
from copyhound.jobs.runtime import JobRuntime

from .jobs_kit import House, until


async def test_queues_without_work_are_not_looked_into(house: House) -> None:
    """One statement says of all queues that nothing waits in them; their settings are not read again and again."""

    async def nothing(key: str) -> None:
        """Nothing to do."""

    await house.start(queues=dict(QUEUES), search=JobDefinition(nothing))
    assert JobRuntime._dbos is not None
    system = JobRuntime._dbos._sys_db
    said: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        said.append(statement)

    await until(lambda: all(system.get_queue(queue) for queue in QUEUES))  # each has been looked into
    event.listen(system.engine, "before_cursor_execute", note)
    await until(lambda: len([one for one in said if "UNION ALL" in one]) >= 10)
    event.remove(system.engine, "before_cursor_execute", note)
    assert not any("queues.name =" in one for one in said)
    assert [system.dequeue_scopes(queue) for queue in QUEUES] == [[]] * len(QUEUES)
    assert system.dequeue_scopes("another's") == [None]
