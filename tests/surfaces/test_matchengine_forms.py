"""Whatever MatchEngine's surface is sent, it answers in an envelope, and never with a 500."""

from __future__ import annotations

import json
import string
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.datastructures import UploadFile

from copyhound_matchengine.forms import MOST_LISTED, Asked, RefusedError
from copyhound_matchengine.queues import Queues
from copyhound_matchengine.wire import PLAIN, Envelope, Style, fail, rendered

from ..fixtures.photos import photo
from .matchengine_kit import Engine

METHODS = ("add", "search", "compare", "delete", "count", "list", "ping", "overlay", "nothing")
NAMES = (
    *("image", "images[0]", "images[1]", "images[]", "image1", "image2", "url", "urls[0]", "url1", "filepath"),
    *("filepaths[0]", "filepaths[999999]", "filepath1", "filepath2", "min_score", "offset", "limit", "timeout"),
    *("format", "callback", "check_horizontal_flip", "generate_overlay", "enhanced_score", "filepath[[", "m11", ""),
    *("signature", "expires", "q", "t", "workspace", "view"),
)
VALUES = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["0", "-1", "1e9", "999999999", "9" * 400, "nan", "True", "xml", "json", "f", "\x00", "http://[", "1"]
    ),
)
FIELDS = st.lists(st.tuples(st.sampled_from(NAMES), VALUES), max_size=6)
LOOSE = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def asked(*texts: tuple[str, str], files: tuple[tuple[str, UploadFile], ...] = ()) -> Asked:
    return Asked([*texts], [*files])


def file(name: str) -> UploadFile:
    return UploadFile("image/jpeg", name, b"x")


def check(answer: Any) -> None:
    """An envelope of JSON, a script around one, or XML; and no 500."""
    assert answer.status_code < 500, answer.text
    kind, text = answer.headers["content-type"], answer.text
    if kind.startswith("application/xml"):
        root = ElementTree.fromstring(answer.content)
        assert [child.tag for child in root] == ["status", "error", "method", "result"]
        return
    if kind.startswith("application/javascript"):
        text = text[text.index("(") + 1 : text.rindex(")")]
    assert sorted(json.loads(text)) == ["error", "method", "result", "status"]


@pytest.mark.asyncio(loop_scope="module")
@LOOSE
@given(st.sampled_from(METHODS), st.sampled_from(["GET", "POST", "DELETE"]), FIELDS, FIELDS)
async def test_any_fields_are_answered(
    shop: Engine, method: str, verb: str, query: list[tuple[str, str]], form: list[tuple[str, str]]
) -> None:
    """Any fields in query and form, with any values."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    body = urlencode(form).encode()
    check(await shop.send(verb, f"{method}/?{urlencode(query)}", content=body, headers=headers))


@pytest.mark.asyncio(loop_scope="module")
@LOOSE
@given(
    st.sampled_from(METHODS),
    st.lists(st.tuples(st.sampled_from(NAMES), st.text(max_size=20), st.binary(max_size=60)), max_size=4),
    st.binary(max_size=20),
    st.integers(0, 10),
)
async def test_any_form_is_answered(
    shop: Engine, method: str, files: list[tuple[str, str, bytes]], waste: bytes, cut: int
) -> None:
    """Any multipart body: any names, any bytes, damaged, cut short."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n\r\n'.encode() + data + b"\r\n"
        for name, filename, data in files
    ]
    body = b"".join(parts) + waste + b"--b--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    check(await shop.send("POST", method, content=body[: len(body) - cut], headers=headers))


@pytest.mark.asyncio(loop_scope="module")
@LOOSE
@given(st.sampled_from(METHODS), st.binary(max_size=80), st.text(string.printable, max_size=60), st.binary(max_size=40))
async def test_any_bytes_are_answered(shop: Engine, method: str, body: bytes, kind: str, query: bytes) -> None:
    """Any bytes as a body, any content type, any bytes in the query."""
    kind = kind.replace("\r", "").replace("\n", "").replace("\x0b", "").replace("\x0c", "").strip()
    raw = "".join(f"%{byte:02x}" for byte in query)
    headers = {"content-type": kind} if kind else {}
    check(await shop.send("POST", f"{method}/?{raw}&filepath={raw}", content=body, headers=headers))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"no form at all"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="image"\r\n\r\n\xff\xd8\r\n--b--',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="url"\r\n'
            b"Content-Type: text/plain; charset=klingon\r\n\r\nx\r\n--b--",
        ),
        ("application/json", b'{"image": 1}'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n\r\n' * 3000 + b"--b--",
        ),
    ],
)
async def test_a_broken_form_fails(shop: Engine, kind: str, body: bytes) -> None:
    """A form that cannot be read, or holds no picture, is told as a failure of the call."""
    answer = await shop.send("POST", "add", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["status"]) == (200, "fail")


@pytest.mark.asyncio(loop_scope="module")
async def test_files_are_read_whole_in_any_pieces(shop: Engine) -> None:
    """A chunked body in odd pieces holds the same picture."""
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    body = head + photo(0) + b"\r\n--b--\r\n"

    async def pieces() -> Any:
        for start in range(0, len(body), 997):
            yield body[start : start + 997]

    headers = {"content-type": "multipart/form-data; boundary=b"}
    added = await shop.send("POST", "add", content=pieces(), headers=headers)
    assert added.json()["status"] == "ok"
    assert [one["score"] for one in await shop.search(photo(0))] == [100.0]


def test_pictures_and_paths_belong_together_by_number() -> None:
    """Indexed names pair by index in any order; plain and repeated names by their order; the part's name stands in."""
    mixed = asked(
        ("filepaths[1]", "b"), ("filepaths[0]", "a"), files=(("images[1]", file("2")), ("images[0]", file("1")))
    )
    assert [(path, given.file and given.file.filename) for path, given in mixed.pictures()] == [("a", "1"), ("b", "2")]
    repeated = asked(("filepath", "a"), ("filepath", "b"), files=(("image", file("1")), ("image", file("2"))))
    assert [path for path, _ in repeated.pictures()] == ["a", "b"]
    named = asked(("filepaths[1]", "b"), files=(("images[0]", file("1")), ("images[1]", file("2"))))
    assert [path for path, _ in named.pictures()] == ["1", "b"]
    addresses = asked(("urls[0]", "http://a/"), ("urls[1]", "http://b/"), ("filepaths[0]", "a"), ("filepaths[1]", "b"))
    assert [(path, given.url) for path, given in addresses.pictures()] == [("a", "http://a/"), ("b", "http://b/")]


def test_images_and_addresses_do_not_mix() -> None:
    """One call adds files or addresses, since the same numbers would mean both."""
    both = asked(("url", "http://a/"), ("filepath", "a"), files=(("image", file("1")),))
    with pytest.raises(RefusedError, match="Send images or urls, not both"):
        both.pictures()


def test_options_have_defaults_and_limits() -> None:
    """Defaults are those of the documents; of a name sent twice the last counts; a limit has an end."""
    plain = asked().options(10)
    assert (plain.offset, plain.limit, plain.min_score, plain.check_horizontal_flip) == (0, 10, 0.0, False)
    assert not plain.generate_overlay
    given = asked(("limit", "5"), ("limit", "99999"), ("offset", ""), ("min_score", "12.5"), ("enhanced_score", "TRUE"))
    told = given.options(10)
    assert (told.limit, told.offset, told.min_score, told.enhanced_score) == (MOST_LISTED, 0, 12.5, True)
    assert asked(("timeout", "0")).timeout() is None
    assert asked(("timeout", "1e300")).timeout() == 3600


@given(st.lists(st.text(), max_size=3), st.text())
def test_any_envelope_can_be_written(errors: list[str], method: str) -> None:
    """JSON tells all texts as they are; XML tells them too, with a mark for what XML cannot hold."""
    envelope = fail(method, *errors)
    assert json.loads(rendered(envelope, PLAIN)[0]) == {
        "status": "fail",
        "error": errors,
        "method": method,
        "result": [],
    }
    root = ElementTree.fromstring(rendered(envelope, Style(xml=True))[0])
    told = [item.text or "" for item in root.iterfind("error/item")]
    for text, said in zip(errors, told, strict=True):
        assert len(said) == len(text)
        assert all(a in (b, "\ufffd") for a, b in zip(said, text, strict=True))


def test_a_script_has_no_line_ends_of_its_own() -> None:
    """U+2028 and U+2029 end a line in old JavaScript: they are escaped."""
    body, _ = rendered(Envelope("fail", ["a\u2028b\u2029"], "add", []), Style(callback="f"))
    assert body == b'f({"status":"fail","error":["a\\u2028b\\u2029"],"method":"add","result":[]});'


async def test_a_queue_that_nobody_waits_in_is_forgotten() -> None:
    """No subject is remembered after its last call."""
    queues = Queues()
    async with queues.place("key", 2), queues.place("key", 2), queues.place("other", 0):
        assert queues._places
    assert not queues._places
    assert not queues._users
