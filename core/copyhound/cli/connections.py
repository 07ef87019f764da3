"""Connections to the server: who takes them and says nothing keeps no others out.

uvicorn waits for the rest of a request as long as the client likes, and Python takes connections until it is out of
descriptors, and then says so thousands of times a second.
"""

from __future__ import annotations

import asyncio
import logging
import math
import resource
from typing import TYPE_CHECKING, Any, Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from copyhound.http.settings import HttpSettings

TAKEN_AT_ONCE: Final = 8
"""Connections that Python takes in one round: what is taken is looked at two rounds later, so they need descriptors."""
_RESERVE: Final = 256
"""Descriptors that are left to files, pictures' processes and what goes out; of few, a quarter."""
_WARNED_SECONDS: Final = 60.0
_log: Final = logging.getLogger(__name__)


class Door:
    """Who may come in, and who has to leave for it. One for each server."""

    def __init__(self, settings: HttpSettings) -> None:
        self.head_seconds = settings.head_seconds
        self.stall_seconds = settings.stall_seconds
        self._most = settings.max_connections
        allowed = _descriptors()
        reserve = min(_RESERVE, allowed / 4)
        self._reserved_from = allowed - reserve
        # connections that come when all others are taken: so there is always room for one that does ask
        self._most_lent = reserve / 2
        self._idle: dict[Connection, None] = {}
        self._lent: dict[Connection, None] = {}
        self._warned = -math.inf

    def enter(self, connection: Connection) -> None:
        """Let it in; where there is no room, whoever has been silent for longest leaves, or else the one who comes."""
        # a new descriptor is the lowest that is free: at the time, all lower ones are taken
        if connection.transport.get_extra_info("socket").fileno() >= self._reserved_from:
            self._lent[connection] = None
        if len(self._lent) > self._most_lent:
            crowd = self._lent
        elif len(connection.connections) > self._most:
            crowd = self._idle
        else:
            return
        leaves = next((one for one in crowd if one in self._idle), connection)
        self.left(leaves)
        leaves.transport.abort()
        self._warn(len(connection.connections), connection.loop.time())

    def idles(self, connection: Connection, idle: bool) -> None:
        """Note whether a connection has nothing to do until its client sends a head."""
        if idle:
            self._idle.setdefault(connection)
        else:
            self._idle.pop(connection, None)

    def left(self, connection: Connection) -> None:
        """It is closed."""
        self._idle.pop(connection, None)
        self._lent.pop(connection, None)

    def _warn(self, count: int, now: float) -> None:
        if now - self._warned >= _WARNED_SECONDS:
            self._warned = now
            _log.warning(
                "%s connections are open: as new ones come, those are closed that have waited longest for a request. "
                "More need a higher http.max_connections, and a higher limit of open files.",
                count,
            )


def _descriptors() -> float:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if soft == resource.RLIM_INFINITY else soft


class Connection(H11Protocol):
    """uvicorn's, which hangs up where a request's head is not there in time, or its body stops coming.

    Time is not counted while a request is answered, however long that takes, nor while the application does not read.
    """

    def __init__(self, door: Door, **given: Any) -> None:
        """`given`: what uvicorn gives its own."""
        super().__init__(**given)
        self._door = door
        self._awaited: Any = None  # a state of h11
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._door.enter(self)
        self._await(head=True)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        # where it is answered already, time goes on: all the rest of its body has to come within it
        if self.conn.our_state is not h11.DONE and self._awaited is h11.SEND_BODY:
            self._since = self.loop.time()
        self._await(head=True)

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # until the next request begins, uvicorn's own time for kept connections counts
        self._await(head=False)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._await(head=False)
        self._door.left(self)

    def _await(self, *, head: bool) -> None:
        """Give the client time for what it has to send now; a next request's `head` may have begun, or not."""
        state = self.conn.their_state
        # not where it is over, or has become a WebSocket
        if self.transport.is_closing() or self.transport.get_protocol() is not self:
            state = h11.CLOSED
        self._door.idles(self, state is h11.IDLE)
        awaited = state if state is h11.SEND_BODY or (head and state is h11.IDLE) else None
        if awaited is self._awaited:
            return
        self._awaited = awaited
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if awaited is not None:
            self._since = self.loop.time()
            self._timer = self.loop.call_later(self._seconds, self._look)

    @property
    def _seconds(self) -> float:
        return self._door.stall_seconds if self._awaited is h11.SEND_BODY else self._door.head_seconds

    def _look(self) -> None:
        now = self.loop.time()
        if self.flow.read_paused or self.conn.they_are_waiting_for_100_continue:
            self._since = now
        left = self._since + self._seconds - now
        if left > 0:
            self._timer = self.loop.call_later(left, self._look)
        else:
            # close() would wait for answers that are not fetched
            self.transport.abort()
