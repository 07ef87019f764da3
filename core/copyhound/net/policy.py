"""Which addresses may be visited: the operator's policy, and the checks that need no network."""

from __future__ import annotations

import functools
import ipaddress
import re
from collections.abc import Iterable
from typing import Final

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.net.addresses import Address, ascii_host, is_public, parse_address, unmapped

__all__ = ["NetPolicy", "SplitUrl", "check_addresses", "check_url", "is_public"]

MAX_URL_LENGTH: Final = 8192
_URL: Final = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<authority>[^/?#\\]*)(?P<rest>(?:[/?#].*)?)", re.I | re.S)
_AUTHORITY: Final = re.compile(r"(?:\[(?P<v6>[0-9a-f:.]+)\]|(?P<host>[^\s:\[\]@%]+))(?::(?P<port>[0-9]{0,5}))?", re.I)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_PORTS: Final = {"http": 80, "https": 443}
_LOOPBACK: Final = ipaddress.IPv4Address("127.0.0.1")
_INTERNAL_SUFFIXES: Final = (".internal", ".local", ".home.arpa")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class NetPolicy(msgspec.Struct, frozen=True):
    """What may be visited beside public addresses. Raises `settings_invalid` for a range or proxy that is none."""

    allow_hosts: tuple[str, ...] = ()
    """Host names, addresses or CIDR ranges allowed though internal, on any port: "n8n.lan", "127.0.0.0/8"."""
    allow_ports: tuple[int, ...] = (80, 443)
    """Ports of public hosts that may be visited."""
    proxy: str | None = None
    """Proxy for all but the hosts allowed above, as http(s)://host:port; never taken from the environment."""

    def __post_init__(self) -> None:
        _allowed(self.allow_hosts)
        if self.proxy is not None and not self.proxy.startswith(("http://", "https://")):
            raise CopyhoundError("settings_invalid", "The proxy must be an http or https URL.")

    def allows_name(self, host: str) -> bool:
        """Whether the operator allows this host name, or literal address, by name or range."""
        names, _ = _allowed(self.allow_hosts)
        name = host.lower().removesuffix(".")
        if name == "localhost" or name.endswith(".localhost"):
            return name in names or self.allows_address(_LOOPBACK)
        return name in names

    def allows_address(self, address: Address) -> bool:
        """Whether the operator allows this address by a range."""
        return any(unmapped(address) in network for network in _allowed(self.allow_hosts)[1])

    @property
    def has_ranges(self) -> bool:
        """Whether a name might turn out to be allowed once it is resolved."""
        return bool(_allowed(self.allow_hosts)[1])


class SplitUrl(msgspec.Struct, frozen=True):
    """A checked address: `url` is the same address, its host written the plain way."""

    url: str
    scheme: str
    host: str
    port: int
    address: Address | None = None
    """The address, where the host is one and not a name."""


@functools.lru_cache(maxsize=64)
def _allowed(hosts: tuple[str, ...]) -> tuple[frozenset[str], tuple[Network, ...]]:
    names, networks = set(), []
    for host in hosts:
        try:
            if "/" in host or parse_address(host.strip("[]")) is not None:
                networks.append(ipaddress.ip_network(host.strip("[]"), strict=False))
            else:
                names.add(ascii_host(host))
        except ValueError:
            raise CopyhoundError(
                "settings_invalid", f"{host!r} in allow_hosts is neither a host name nor an address range."
            ) from None
    return frozenset(names), tuple(networks)


def check_url(url: str, policy: NetPolicy) -> SplitUrl:
    """Refuses, without asking DNS, an address that cannot or may not be visited: `url_invalid`, `url_forbidden`."""
    split = _split(url)
    if split.address is not None:
        check_addresses(split.host, split.port, [split.address], policy)
    elif not policy.allows_name(split.host):
        _check_name(split, policy)
    return split


def _check_name(split: SplitUrl, policy: NetPolicy) -> None:
    if split.host == "localhost" or split.host.endswith(".localhost"):
        raise _forbidden(split.host)
    # a name may still lie in an allowed range: then the check of its addresses decides
    if policy.has_ranges:
        return
    if split.host.endswith(_INTERNAL_SUFFIXES):
        raise _forbidden(split.host)
    if split.port not in policy.allow_ports:
        raise _forbidden_port(split.port)


def check_addresses(host: str, port: int, addresses: Iterable[Address], policy: NetPolicy) -> None:
    """Refuses a host (`url_forbidden`) if only one of its addresses may not be visited on this port."""
    if policy.allows_name(host):
        return
    for address in addresses:
        if policy.allows_address(address):
            continue
        if not is_public(address):
            raise _forbidden(host)
        if port not in policy.allow_ports:
            raise _forbidden_port(port)


def _forbidden(host: str) -> CopyhoundError:
    return CopyhoundError("url_forbidden", f"{host} is not a public address.")


def _forbidden_port(port: int) -> CopyhoundError:
    return CopyhoundError("url_forbidden", f"Port {port} may not be visited.")


def _split(url: str) -> SplitUrl:
    found = _URL.fullmatch(url)
    if found is None or len(url) > MAX_URL_LENGTH or _CONTROL.search(url):
        raise CopyhoundError("url_invalid", "The address must be an absolute http or https URL.")
    scheme = found["scheme"].lower()
    if scheme not in _PORTS:
        raise CopyhoundError("url_invalid", "The address must begin with http:// or https://.")
    if "@" in found["authority"]:
        raise CopyhoundError("url_invalid", "The address must hold no user name or password.")
    host, address, port = _host_and_port(found["authority"], _PORTS[scheme])
    written = f"[{host}]" if ":" in host else host
    place = "" if port == _PORTS[scheme] else f":{port}"
    return SplitUrl(f"{scheme}://{written}{place}{found['rest']}", scheme, host, port, address)


def _host_and_port(authority: str, default_port: int) -> tuple[str, Address | None, int]:
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise CopyhoundError("url_invalid", "The host in the address is not valid.")
    try:
        host = found["v6"] or ascii_host(found["host"])
        address = parse_address(host)
    except ValueError:
        raise CopyhoundError("url_invalid", "The host in the address is not valid.") from None
    port = int(found["port"] or default_port)
    if not 0 < port < 65536:
        raise CopyhoundError("url_invalid", "The port in the address is not valid.")
    return host if address is None else str(address), address, port
