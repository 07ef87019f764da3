"""What a job is: one or two idempotent steps, and what happens when they cannot succeed."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from dbos import DBOS
from structlog.contextvars import bound_contextvars

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ports import Job

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lane:
    """A queue: how many of its jobs one process runs at a time, and how often it looks for new ones."""

    places: int
    poll_seconds: float = 0.1
    each: int | None = None
    """Most of the places that one partition may hold, where the queue has partitions."""


QUEUES: Final = {
    "work": Lane(4),
    "pictures": Lane(24, each=4),  # partition: the search; slow addresses hold up their own search alone
    "lookups": Lane(24, each=2),  # partition: search and provider; a provider that hangs holds up only what asks it
    "deliveries": Lane(300),
    "slow_deliveries": Lane(300, 0.5, each=10),  # partition: the hook, while it fails or lets too many requests wait
    "rechecks": Lane(4, 1.0),
    "notifications": Lane(8, 0.5),
    "ingests": Lane(2, 0.5),
}


@dataclass(frozen=True)
class Retry:
    """How often a step is tried, within the place in the queue that its job holds: so the waits are short."""

    attempts: int = 4
    first_wait: float = 0.5
    """Seconds; doubles from try to try."""
    longest_wait: float = math.inf
    """Seconds; for jobs that are not recorded."""


_LAST_WORD: Final = Retry(attempts=10)
"""For `failed`: it must get through, also when the disk is full for some minutes."""


@dataclass(frozen=True)
class JobDefinition:
    """`run(*args)` is step one. Its JSON-ready answer is kept at once, so that what was paid for is never paid twice;
    `settle(*args, answer)` is step two. `failed(*args, reason)` is called once when neither helps any more."""

    run: Job
    settle: Job | None = None
    failed: Job | None = None
    retry: Retry = Retry()
    settle_retry: Retry | None = None
    """For `settle`, where it differs: what `run` has done must not be done again, because the disk is full."""
    recorded: bool = True
    """False, where nothing is lost when all of it is done again: each step that is recorded costs two transactions."""


class BrokenStepError(Exception):
    """Something unexpected in a step, as it is kept: the error itself may not survive being stored."""


def register(name: str, definition: JobDefinition) -> None:
    """Make a job known to DBOS under its stable name. Before launch."""
    retry, step = definition.retry, _step if definition.recorded else _tried
    run = step(f"{name}.run", definition.run, retry)
    settle_retry = definition.settle_retry or retry
    settle = step(f"{name}.settle", definition.settle, settle_retry) if definition.settle else None
    failed = step(f"{name}.failed", definition.failed, _LAST_WORD) if definition.failed else None

    async def workflow(*args: Any) -> None:
        with bound_contextvars(job=name, job_id=DBOS.workflow_id):
            try:
                answer = await run(*args)
                if settle is not None:
                    await settle(*args, answer)
            except Exception as error:
                cause = _cause(error)
                _log.error("job %s failed: %s", DBOS.workflow_id, cause)
                if failed is not None:
                    await failed(*args, _reason(cause))
                raise cause from None

    DBOS.workflow(name=name)(workflow)


def _tried(name: str, function: Job, retry: Retry) -> Callable[..., Awaitable[Any]]:
    """The same as a step, without a record of it."""
    once = _logged(name, function)

    async def tried(*args: Any) -> Any:
        for number in range(retry.attempts - 1):
            try:
                return await once(*args)
            except Exception as error:
                if not _worth_retrying(error):
                    raise
            await asyncio.sleep(min(retry.first_wait * 2**number, retry.longest_wait))
        return await once(*args)

    return tried


def _step(name: str, function: Job, retry: Retry) -> Callable[..., Awaitable[Any]]:
    return DBOS.step(
        name=name,
        retries_allowed=retry.attempts > 1,
        max_attempts=retry.attempts,
        interval_seconds=retry.first_wait,
        should_retry=_worth_retrying,
    )(_logged(name, function))


def _logged(name: str, function: Job) -> Callable[..., Awaitable[Any]]:
    async def step(*args: Any) -> Any:
        try:
            return await function(*args)
        except CopyhoundError as error:
            _log.warning("%s of job %s: %s", name, DBOS.workflow_id, error)
            raise
        except Exception as error:
            _log.exception("%s of job %s broke", name, DBOS.workflow_id)
            raise BrokenStepError(f"{type(error).__name__}: {error}") from None

    return step


def _worth_retrying(error: BaseException) -> bool:
    return error.retryable if isinstance(error, CopyhoundError) else isinstance(error, BrokenStepError)


def _cause(error: Exception) -> Exception:
    """What the job itself raised last, not what DBOS wraps around it when the tries are used up."""
    tries = getattr(error, "errors", None)
    return tries[-1] if isinstance(tries, list) and tries and isinstance(tries[-1], Exception) else error


def _reason(error: Exception) -> str:
    return f"{error.code}: {error.detail}" if isinstance(error, CopyhoundError) else "internal_error: The job broke."
