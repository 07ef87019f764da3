"""Which addresses may be visited, told without any network."""

from __future__ import annotations

import ipaddress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from copyhound.domain.errors import CopyhoundError
from copyhound.net.policy import NetPolicy, check_url, is_public

FORBIDDEN = {
    "loopback": "http://127.0.0.1/",
    "loopback elsewhere": "http://127.99.1.2/",
    "short": "http://127.1/",
    "two parts": "http://10.1/",
    "zero": "http://0/",
    "unspecified": "http://0.0.0.0/",
    "decimal": "http://2130706433/",
    "hexadecimal": "http://0x7f000001/",
    "hexadecimal parts": "http://0x7F.0.0.0x1/",
    "octal": "http://0177.0.0.1/",
    "octal, padded": "http://00000177.0.0.01/",
    "octal number": "http://017700000001/",
    "mixed": "http://0x7f.1/",
    "trailing dot": "http://127.0.0.1./",
    "circled digits": "http://①②⑦.⓪.⓪.①/",
    "full-width digits": "http://\uff11\uff12\uff17.\uff10.\uff10.\uff11/",
    "ideographic stops": "http://127\u30020\u30020\u30021/",
    "private 10": "http://10.0.0.1/",
    "private 172": "http://172.31.255.255/",
    "private 192": "http://192.168.1.1/",
    "link-local": "http://169.254.1.1/",
    "metadata": "http://169.254.169.254/latest/meta-data/",
    "metadata, decimal": "http://2852039166/",
    "metadata, Azure": "http://168.63.129.16/",
    "metadata, Oracle": "http://192.0.0.192/",
    "metadata, Alibaba (CGNAT)": "http://100.100.100.200/",
    "CGNAT": "http://100.64.0.1/",
    "benchmark": "http://198.18.0.1/",
    "documentation": "http://203.0.113.7/",
    "6to4 relay": "http://192.88.99.1/",
    "multicast": "http://224.0.0.1/",
    "reserved": "http://240.0.0.1/",
    "broadcast": "http://255.255.255.255/",
    "v6 loopback": "http://[::1]/",
    "v6 loopback in full": "http://[0:0:0:0:0:0:0:1]/",
    "v6 unspecified": "http://[::]/",
    "v6 mapped": "http://[::ffff:127.0.0.1]/",
    "v6 mapped, hexadecimal": "http://[::ffff:7f00:1]/",
    "v6 compatible": "http://[::127.0.0.1]/",
    "v6 translated": "http://[::ffff:0:127.0.0.1]/",
    "NAT64": "http://[64:ff9b::7f00:1]/",
    "NAT64, local": "http://[64:ff9b:1::7f00:1]/",
    "6to4": "http://[2002:7f00:1::]/",
    "Teredo": "http://[2001:0:7f00:1::]/",
    "v6 unique local": "http://[fd12:3456::1]/",
    "v6 metadata": "http://[fd00:ec2::254]/",
    "v6 link-local": "http://[fe80::1]/",
    "v6 site-local": "http://[fec0::1]/",
    "v6 multicast": "http://[ff02::1]/",
    "v6 documentation": "http://[2001:db8::1]/",
    "localhost": "http://localhost/",
    "localhost with a dot": "http://LocalHost./",
    "under localhost": "http://a.localhost/",
    "metadata by name": "http://metadata.google.internal/",
    "mDNS": "http://printer.local/",
    "port": "http://pictures.example:22/",
    "port of a public address": "http://93.184.215.14:6379/",
}
INVALID = {
    "no scheme": "pictures.example/a.jpg",
    "relative": "/a.jpg",
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:6379/_x",
    "ftp": "ftp://pictures.example/a.jpg",
    "data": "data:image/png;base64,AAAA",
    "javascript": "javascript:alert(1)",
    "userinfo": "http://user:password@pictures.example/",
    "userinfo trick": "http://pictures.example@127.0.0.1/",
    "backslash trick": "http://127.0.0.1\\@pictures.example/",
    "backslash": "http:\\\\127.0.0.1\\",
    "percent in host": "http://%31%32%37.0.0.1/",
    "zone": "http://[fe80::1%25eth0]/",
    "five parts": "http://1.2.3.4.5/",
    "part too large": "http://256.1.1.1/",
    "number too large": "http://4294967296/",
    "bad octal": "http://08.1.1.1/",
    "port too large": "http://pictures.example:65536/",
    "port zero": "http://pictures.example:0/",
    "port no number": "http://pictures.example:http/",
    "no host": "http:///a.jpg",
    "empty": "",
    "empty label": "http://pictures..example/",
    "space in host": "http://pictures example/",
    "newline": "http://pictures.example/\r\nHost: 127.0.0.1",
    "nul": "http://pictures.example\x00.evil/",
    "open bracket": "http://[::1/",
    "too long": "http://pictures.example/" + "a" * 8192,
}
ALLOWED = {
    "name": ("http://pictures.example/a.jpg", "http://pictures.example/a.jpg"),
    "TLS": ("https://Pictures.Example:443/a?b=c#d", "https://pictures.example/a?b=c#d"),
    "IDN": ("http://b\u00fccher.example/\u00e4", "http://xn--bcher-kva.example/\u00e4"),
    "public address": ("http://93.184.215.14/", "http://93.184.215.14/"),
    "public address, decimal": ("http://134744072/", "http://8.8.8.8/"),
    "public v6 address": ("http://[2606:4700::1111]/", "http://[2606:4700::1111]/"),
    "upper-case scheme, no path": ("HTTP://pictures.example", "http://pictures.example"),
    "under score": ("http://my_pictures.example/", "http://my_pictures.example/"),
}
_PRIVATE = [ipaddress.IPv4Network(text) for text in ("10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16")]


def code_of(url: str, policy: NetPolicy) -> str | None:
    """The code of the error with which an address is refused."""
    try:
        check_url(url, policy)
    except CopyhoundError as error:
        return error.code
    return None


@pytest.mark.parametrize("url", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_internal_addresses_are_forbidden_in_every_notation(url: str) -> None:
    """An address that is not public is refused before anything is asked or dialled."""
    assert code_of(url, NetPolicy()) == "url_forbidden"


@pytest.mark.parametrize("url", INVALID.values(), ids=INVALID.keys())
def test_unusable_addresses_are_invalid(url: str) -> None:
    """What is no plain http or https URL is refused as such."""
    assert code_of(url, NetPolicy()) == "url_invalid"


@pytest.mark.parametrize(("url", "plain"), ALLOWED.values(), ids=ALLOWED.keys())
def test_public_addresses_pass_and_are_written_plainly(url: str, plain: str) -> None:
    """A public address passes, and its host comes out in the one plain notation."""
    assert check_url(url, NetPolicy()).url == plain


@given(
    st.sampled_from(_PRIVATE).flatmap(lambda n: st.integers(int(n.network_address), int(n.broadcast_address))),
    st.lists(st.sampled_from(["{}", "0x{:x}", "0{:o}"]), min_size=4, max_size=4),
    st.integers(1, 4),
)
def test_no_notation_of_a_private_address_passes(number: int, styles: list[str], parts: int) -> None:
    """However many parts, and in whichever base each: a private IPv4 address stays private."""
    heads = [(number >> shift) & 0xFF for shift in (24, 16, 8)][: parts - 1]
    values = [*heads, number & (256 ** (5 - parts) - 1)]
    host = ".".join(style.format(value) for style, value in zip(styles, values, strict=False))
    assert code_of(f"http://{host}/", NetPolicy()) == "url_forbidden"


@given(st.integers(0, 2**32 - 1))
def test_public_v4_addresses_are_global_ones(number: int) -> None:
    """Nothing counts as public that Python's own registry calls private."""
    address = ipaddress.IPv4Address(number)
    assert address.is_global or not is_public(address)


@given(st.integers(0, 2**128 - 1) | st.integers(0x2000 << 112, (0x4000 << 112) - 1))
def test_public_v6_addresses_are_global_ones(number: int) -> None:
    """Nothing counts as public in IPv6 that Python's own registry calls private."""
    address = ipaddress.IPv6Address(number)
    assert address.is_global or not is_public(address)


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        (["127.0.0.0/8"], "http://127.0.0.1:8123/"),
        (["127.0.0.0/8"], "http://localhost:8123/"),
        (["127.0.0.0/8"], "http://0x7f.1:8123/"),
        (["127.0.0.0/8"], "http://[::ffff:127.0.0.1]/"),
        (["127.0.0.1"], "http://127.0.0.1/"),
        (["127.0.0.1/8"], "http://127.0.0.9/"),
        (["::1"], "http://[::1]:5678/"),
        (["[::1]"], "http://[::1]/"),
        (["n8n.lan"], "http://N8N.lan.:5678/"),
        (["printer.local"], "http://printer.local/"),
        (["192.168.0.0/16"], "http://n8n.lan:5678/hook"),
        (["fd00::/8"], "http://[fd12::1]/"),
    ],
)
def test_operator_allows_internal_hosts_on_any_port(allow: list[str], url: str) -> None:
    """What the operator allows by name or range passes; a name that may lie in a range waits for its addresses."""
    assert code_of(url, NetPolicy(allow_hosts=tuple(allow))) is None


@pytest.mark.parametrize(
    ("allow", "url"),
    [
        (["127.0.0.0/8"], "http://10.0.0.1/"),
        (["127.0.0.0/8"], "http://[::1]/"),
        (["10.0.0.0/8"], "http://localhost/"),
        (["n8n.lan"], "http://evil.n8n.lan:5678/"),
        (["n8n.lan"], "http://n8n.lan.evil.example:5678/"),
        (["n8n.lan"], "http://127.0.0.1/"),
    ],
)
def test_allowing_one_host_allows_no_other(allow: list[str], url: str) -> None:
    """An allowed host or range opens nothing beside itself."""
    assert code_of(url, NetPolicy(allow_hosts=tuple(allow))) == "url_forbidden"


@pytest.mark.parametrize(
    "wrong", [{"allow_hosts": ("10.0.0.0/33",)}, {"allow_hosts": ("a b",)}, {"proxy": "socks5://x"}]
)
def test_a_wrong_policy_is_refused_at_once(wrong: dict[str, Any]) -> None:
    """A range, host or proxy that is none is told when the policy is made."""
    with pytest.raises(CopyhoundError) as caught:
        NetPolicy(**wrong)
    assert caught.value.code == "settings_invalid"
