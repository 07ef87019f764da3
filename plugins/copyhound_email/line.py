"""A connection to an SMTP server that ends in time, whatever the server does."""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Self, TypeVar

T = TypeVar("T")


class Deadline:
    """Cuts what it watches when `seconds` have passed since `with` was entered.

    smtplib's own time limit begins anew with each byte: a server that drips holds a thread for hours.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._lock = threading.Lock()
        self._watched: socket.socket | None = None
        self._timer = threading.Timer(seconds, self.cut)
        self._timer.daemon = True

    def watch(self, connection: socket.socket) -> None:
        """The connection to cut, from before it speaks TLS."""
        with self._lock:
            # a second handle on the same connection: TLS takes the first one over
            self._watched = connection.dup()
            if self.passed:
                _shut(self._watched)

    def cut(self) -> None:
        """The time has passed, or nobody waits any more."""
        with self._lock:
            self.passed = True
            if self._watched is not None:
                _shut(self._watched)

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._watched is not None:
                self._watched.close()
                self._watched = None


class Plain(smtplib.SMTP):
    """A connection within a deadline."""

    def __init__(self, host: str, port: int, deadline: Deadline) -> None:
        self._deadline = deadline
        smtplib.SMTP.__init__(self, host, port, timeout=deadline.seconds)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        made: socket.socket = super()._get_socket(host, port, timeout)  # type: ignore[misc]
        self._deadline.watch(made)
        return made


class Secure(smtplib.SMTP_SSL, Plain):
    """The same, with TLS from the start; its handshake counts too."""

    def __init__(self, host: str, port: int, deadline: Deadline, context: ssl.SSLContext) -> None:
        self._deadline = deadline
        smtplib.SMTP_SSL.__init__(self, host, port, timeout=deadline.seconds, context=context)


async def apart(call: Callable[[], T], deadline: Deadline) -> T:
    """`call` in a thread of its own, which keeps no process from ending; the connection is cut when cancelled."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, name="email", daemon=True).start()
    try:
        return await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        deadline.cut()
        raise


def _shut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
