"""An event loop in a thread of its own, for one plugin: what hangs or blocks there stops nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final, Generic, TypeVar

T = TypeVar("T")
_BEAT: Final = 0.1
_SLOW: Final = 0.25
_JOIN_SECONDS: Final = 2.0
_CLEAN_UP_SECONDS: Final = 0.5


class TimedOutError(Exception):
    """A call did not end in time; `ignored` when it did not even heed its cancellation."""

    def __init__(self, seconds: float, *, ignored: bool) -> None:
        self.ignored = ignored
        tail = ", and goes on though it was cancelled" if ignored else ""
        super().__init__(f"it did not answer within {seconds:g} seconds{tail}")


class WedgedError(Exception):
    """A call blocked its event loop for longer than its time; the loop was replaced."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"it blocked its event loop for more than {seconds:g} seconds")


class Ended(Generic[T]):
    """How a call ended: a value or an error, and for how long it blocked the loop at a stretch."""

    def __init__(self, value: T | None = None, error: BaseException | None = None) -> None:
        self.value = value
        self.error = error
        self.blocked = 0.0

    def result(self) -> T:
        """The value. Raises the error that it ended with."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]


class Lane:
    """Runs the calls of one plugin. Usable from any event loop; the thread starts with the first call."""

    def __init__(self, name: str, *, grace: float = 1.0) -> None:
        """`grace` in seconds: how long a cancelled call may take to clean up."""
        self.name = name
        self._grace = grace
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self.replaced = 0
        """How often a blocked loop was given up."""

    async def run(self, call: Callable[[], Awaitable[T]], timeout: float) -> Ended[T]:
        """Runs `call()` in the lane, for at most `timeout` seconds.

        Errors of the call are in what is returned. Raises TimedOutError and WedgedError.
        """
        loop = self.loop()
        future = asyncio.run_coroutine_threadsafe(_limited(call, timeout, self._grace), loop)
        try:
            # the lane keeps the time itself; this one runs out only when the lane stands still
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout + 2 * self._grace)
        except TimeoutError:
            self.abandon(loop)
            raise WedgedError(timeout) from None
        except asyncio.CancelledError:
            if _cancelled_by_caller():
                raise
            # another call blocked the loop, and it was given up with all that ran in it
            raise WedgedError(timeout) from None

    def loop(self) -> asyncio.AbstractEventLoop:
        """The lane's running loop, started where needed."""
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name=f"plugin-{self.name}", daemon=True
                )
                self._thread.start()
            return self._loop

    def stop(self) -> threading.Thread | None:
        """Tells the thread to end, without waiting; answers the thread, if there is one."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(loop.stop)
        return thread

    async def replace_if_stuck(self) -> None:
        """Gives up the loop if nothing moves in it for the grace time."""
        loop = self.loop()
        beat = asyncio.run_coroutine_threadsafe(asyncio.sleep(0), loop)
        try:
            await asyncio.wait_for(asyncio.wrap_future(beat), self._grace)
        except TimeoutError:
            self.abandon(loop)

    def abandon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Gives up a loop that stands still: the next call gets a new one."""
        with self._lock:
            if self._loop is not loop:
                return
            self._loop = self._thread = None
            self.replaced += 1
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(loop.stop)


def _cancelled_by_caller() -> bool:
    me = asyncio.current_task()
    return me is None or me.cancelling() > 0


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(Exception):
            loop.run_until_complete(asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), _CLEAN_UP_SECONDS))
        with contextlib.suppress(Exception):
            loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()


class _Pulse:
    """Notices how long the running loop stood still."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + _BEAT
        self._handle = self._loop.call_at(self._due, self._beat)
        self._worst = 0.0

    def _beat(self) -> None:
        self._worst = max(self._worst, self._loop.time() - self._due)
        self._due = self._loop.time() + _BEAT
        self._handle = self._loop.call_at(self._due, self._beat)

    def stop(self) -> float:
        """Seconds of the longest stand-still; 0 for what nobody would notice."""
        self._handle.cancel()
        worst = max(self._worst, self._loop.time() - self._due)
        return worst + _BEAT if worst >= _SLOW else 0.0


async def _limited(call: Callable[[], Awaitable[T]], timeout: float, grace: float) -> Ended[T]:
    pulse = _Pulse()
    task = asyncio.ensure_future(_tamed(call))
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout)
        if not done:
            task.cancel()
            heeded, _ = await asyncio.wait({task}, timeout=grace)
            raise TimedOutError(timeout, ignored=not heeded)
        ended = task.result()
        ended.blocked = pulse.stop()
        return ended
    except asyncio.CancelledError:
        task.cancel()
        raise
    finally:
        pulse.stop()


async def _tamed(call: Callable[[], Awaitable[Any]]) -> Ended[Any]:
    """What the call does, without the exceptions that would end the thread or look like our own."""
    try:
        return Ended(await call())
    except asyncio.CancelledError as error:
        if _cancelled_by_caller():
            raise
        return Ended(error=RuntimeError(f"it cancelled itself {error}".strip()))
    except (KeyboardInterrupt, SystemExit) as error:
        return Ended(error=RuntimeError(f"it tried to end the process ({type(error).__name__})"))
    except BaseException as error:
        return Ended(error=error)


def close_lanes(lanes: Iterable[Lane]) -> None:
    """Stops the threads of all lanes, and waits a little for them in all; those that are blocked are left behind."""
    deadline = time.monotonic() + _JOIN_SECONDS
    for thread in [thread for lane in lanes if (thread := lane.stop()) is not None]:
        thread.join(max(0.0, deadline - time.monotonic()))
