"""Which IP addresses belong to the public internet, and how hosts are read in every notation."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from typing import Final

import idna

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# IANA's special-purpose registry, multicast, old 6to4 relays, and the one metadata address outside of them (Azure)
_NOT_PUBLIC_V4: Final = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# everything outside 2000::/3 is special: loopback, local, mapped, NAT64, multicast, fd00:ec2::254
_GLOBAL_V6: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC_V6: Final = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_LABEL: Final = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER: Final = re.compile(r"0x[0-9a-f]*|[0-9]+", re.ASCII)
_V4_PARTS: Final = 4


def unmapped(address: Address) -> Address:
    """The IPv4 address inside an IPv4-mapped IPv6 address, else the address itself."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def is_public(address: Address) -> bool:
    """Whether an address is an ordinary public unicast address; tunnels and translations are not."""
    address = unmapped(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _NOT_PUBLIC_V6)


def parse_address(host: str) -> Address | None:
    """The address that a host text means, in any notation that some resolver understands; None for a name.

    Raises ValueError for what looks like an address and is none.

    >>> str(parse_address("0x7f.1"))
    '127.0.0.1'
    """
    if ":" in host:
        return unmapped(ipaddress.IPv6Address(host))
    parts = host.removesuffix(".").lower().split(".")
    if not _NUMBER.fullmatch(parts[-1]):
        return None
    if len(parts) > _V4_PARTS or not all(_NUMBER.fullmatch(part) for part in parts):
        raise ValueError(host)
    *heads, tail = [_number(part) for part in parts]
    if any(head > 0xFF for head in heads) or tail >= 256 ** (_V4_PARTS + 1 - len(parts)):
        raise ValueError(host)
    return ipaddress.IPv4Address(tail + sum(head << (24 - 8 * place) for place, head in enumerate(heads)))


def _number(text: str) -> int:
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if len(text) > 1 and text.startswith("0") else int(text)


def ascii_host(host: str) -> str:
    """A host name as DNS sees it: lower case, ASCII, without the final dot. Raises ValueError for an impossible one."""
    folded = unicodedata.normalize("NFKC", host).lower().replace("\u3002", ".")
    if not folded.isascii():
        folded = idna.encode(folded, uts46=True).decode("ascii")
    name = folded.removesuffix(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in name.split(".")):
        raise ValueError(host)
    return name
