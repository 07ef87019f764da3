"""What this process may not do any more, once the walls are up: they are never taken down.

Python tells of each connection and of each file that is opened, to whoever listens; what is refused here is not done.
"""

from __future__ import annotations

import ipaddress
import os
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_GLOBAL_V6: Final = ipaddress.ip_network("2000::/3")
_SPECIAL: Final = tuple(
    ipaddress.ip_network(text)
    # a cloud's metadata; relays; tunnels and translations, that end who knows where
    for text in ("168.63.129.16/32", "192.88.99.0/24", "2001::/23", "2002::/16", "3fff::/20")
)
_SENDING: Final = {"socket.connect": 1, "socket.sendto": 1, "socket.sendmsg": 1}
"""What connects or sends -> where its address stands."""
_NEVER: Final = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.startfile", "sqlite3.connect")
_CHANGING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_SHARED: Final = ("/etc/ssl", "/etc/pki", "/usr/share", "/usr/lib/ssl", "/etc/mime.types", "/dev/null", "/dev/urandom")
"""Certificates, time zones, kinds of files: nothing that is a secret."""


class WallError(PermissionError):
    """What was tried may not be done."""


class Walls:
    """Refuses connections to addresses that are not public, other programs, and files that are not the library's."""

    def __init__(self, allow: Sequence[str], home: Path | None = None) -> None:
        """`home`: a folder that may be written; the one where the process began."""
        self.refused: list[str] = []
        """Addresses that were not reached."""
        self._allow = [ipaddress.ip_network(one, strict=False) for one in allow]
        library = [*sysconfig.get_paths().values(), sys.prefix, sys.base_prefix, *sys.path, *_SHARED]
        self._readable = {Path(one).resolve() for one in library if one}
        self._home = (home or Path.cwd()).resolve()

    def raise_(self) -> None:
        """From now on, until the process ends."""
        sys.addaudithook(self._listen)

    def _listen(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _SENDING:
            self._check_address(arguments[_SENDING[event]])
        elif event == "open":
            self._check_file(*arguments[:3])
        elif event in _NEVER:
            raise WallError(event)

    def _check_address(self, where: Any) -> None:
        if where is None:  # a socket that is connected: it was checked then
            return
        host = where[0] if isinstance(where, tuple) and where else None
        if not (isinstance(host, str) and self.reaches(host)):
            self.refused.append(str(host) if host else "A socket of this machine")
            raise WallError("This address may not be reached.")

    def reaches(self, host: str) -> bool:
        """Whether an address may be reached. A name may not: who knows what it will be."""
        try:
            address: Address = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            return False
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
            address = address.ipv4_mapped
        return any(address in one for one in self._allow) or _public(address)

    def _check_file(self, path: Any, mode: Any, flags: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        file = Path(os.fsdecode(path)).resolve()
        if file.is_relative_to(self._home):
            return
        if isinstance(flags, int) and flags & _CHANGING:
            raise WallError("This file may not be written.")
        if not any(file.is_relative_to(one) for one in self._readable):
            raise WallError("This file may not be read.")


def _public(address: Address) -> bool:
    if any(address in one for one in _SPECIAL) or address.is_multicast or not address.is_global:
        return False
    return address.version == 4 or address in _GLOBAL_V6
