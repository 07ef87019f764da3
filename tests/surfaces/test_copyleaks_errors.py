"""Every error of the Copyleaks surface, provoked, its body compared byte for byte; limits at their edges."""

from __future__ import annotations

import io
import json
import struct
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio
import sqlalchemy as sa
from PIL import Image

from copyhound.domain.errors import ERRORS, CopyhoundError
from copyhound.domain.workspaces import ALL_SCOPES, KeyLimits, Scope
from copyhound.plugin_api import Answer, Outcome
from copyhound_copyleaks.errors import refusal_of

from ..fixtures.photos import animation, flat, opened, photo
from .copyleaks_kit import EMAIL, REQUEST_ID, Acme, Desk, desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
CHECK = "/v1/image-plagiarism-detector/my-scan-1/check"
BAD = "Bad request. One or several required parameters are missing or incorrect."


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with desk(tmp_path_factory.mktemp("copyleaks")) as made:
        yield made


def body(kind: str, name: str, code: int, message: str, *details: tuple[str, str]) -> bytes:
    """An error's body, as the documents write it."""
    error: dict[str, Any] = {"type": kind, "id": name, "code": code, "message": message}
    if details:
        error["details"] = [{"param": param, "message": told} for param, told in details]
    return json.dumps({"error": error}, separators=(",", ":"), ensure_ascii=False).encode()


def missing(param: str, message: str) -> bytes:
    return body("invalid_request_error", "missing_parameter", 1, BAD, (param, message))


CREDENTIALS = body("authentication_error", "invalid_credentials", 2, "Invalid login credentials.")
LARGE = "Cannot complete the scan request because the file is too large."
TOO_LARGE = body(
    "invalid_request_error", "file_too_large", 6, LARGE, ("image", "The file must be smaller than 20971520 bytes.")
)
TOO_MANY = body("invalid_request_error", "too_many_requests", 429, "Too many requests. Please try again later.")
NOT_OFFERED = body("api_error", "not_implemented", 501, "Copyhound compares pictures; it does not offer this product.")
NOT_FOUND = body("invalid_request_error", "not_found", 404, "There is no such thing here.")
METHOD = body("invalid_request_error", "method_not_allowed", 405, "The method is not allowed here.")


def picture_error(name: str, code: int, message: str, detail: str) -> bytes:
    return body("invalid_request_error", name, code, message, ("image", detail))


def invalid_file(detail: str) -> bytes:
    return picture_error("invalid_file", 14, "The submitted file is invalid.", detail)


def file_type(detail: str) -> bytes:
    return picture_error("unsupported_file_type", 10, "The file type is not supported.", detail)


def tiff() -> bytes:
    out = io.BytesIO()
    opened(3).save(out, "TIFF")
    return out.getvalue()


def headed_png(width: int, height: int) -> bytes:
    """A PNG of which there is hardly more than its header."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = b"IHDR" + head
    return (
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", 13)
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"\x00\x00\x00\x28IDAT"
        + bytes(20)
    )


ALLOWED = "Only a-z, 0-9, blanks and !@$^&-+%=_(){}<>';:/.\",~`| are allowed."
LENGTH = "It must have 3 to 36 characters."
ENDINGS = "It must end in one of .jpg .jpeg .png .gif .bmp .webp .ico."
Ask = Callable[[Desk], Awaitable[httpx.Response]]
REFUSED: dict[str, tuple[Ask, bytes]] = {
    "no picture": (lambda d: d.check(None), missing("image", "It is required, as a file.")),
    "an empty picture": (lambda d: d.check(b""), missing("image", "The file is empty.")),
    "no name": (lambda d: d.check(photo(3), filename=None), missing("filename", "It is required.")),
    "a name without ending": (lambda d: d.check(photo(3), filename="photo"), missing("filename", ENDINGS)),
    "a raw name": (lambda d: d.check(photo(3), filename="photo.raw"), missing("filename", ENDINGS)),
    "a tiff name": (lambda d: d.check(photo(3), filename="photo.tiff"), missing("filename", ENDINGS)),
    "a long name": (
        lambda d: d.check(photo(3), filename="x" * 252 + ".jpg"),
        missing("filename", "It may have at most 255 characters."),
    ),
    "a name with a line break": (
        lambda d: d.check(photo(3), filename="a\nb.jpg"),
        missing("filename", "Control characters are not allowed."),
    ),
    "a sandbox of yes": (lambda d: d.check(photo(3), sandbox="yes"), missing("sandbox", "It must be true or false.")),
    "a sandbox of True": (lambda d: d.check(photo(3), sandbox="True"), missing("sandbox", "It must be true or false.")),
    "a huge payload": (
        lambda d: d.check(photo(3), developerPayload="x" * 100_001),
        missing("developerPayload", "It may have at most 100000 characters."),
    ),
    "a short scan id": (lambda d: d.check(photo(3), "ab"), missing("scanId", LENGTH)),
    "an empty scan id": (lambda d: d.check(photo(3), ""), missing("scanId", LENGTH)),
    "a long scan id": (lambda d: d.check(photo(3), "a" * 37), missing("scanId", LENGTH)),
    "a scan id in capitals": (lambda d: d.check(photo(3), "My-Scan"), missing("scanId", ALLOWED)),
    "a scan id with a hash": (lambda d: d.check(photo(3), "my%23scan"), missing("scanId", ALLOWED)),
    "a scan id of no text": (lambda d: d.check(photo(3), "my%FFscan"), missing("scanId", ALLOWED)),
    "a JSON body": (
        lambda d: d.http.post(CHECK, json={"image": "aGk=", "filename": "a.jpg"}, headers=d.auth),
        missing("Content-Type", "It must be multipart/form-data."),
    ),
    "a plain form": (
        lambda d: d.http.post(CHECK, data={"filename": "a.jpg"}, headers=d.auth),
        missing("Content-Type", "It must be multipart/form-data."),
    ),
    "a form that breaks off": (
        lambda d: d.http.post(
            CHECK, content=b"--x\r\nnonsense", headers={**d.auth, "Content-Type": "multipart/form-data; boundary=x"}
        ),
        missing("Content-Type", "Invalid multipart/form-data"),
    ),
    "no boundary": (
        lambda d: d.http.post(CHECK, content=b"abc", headers={**d.auth, "Content-Type": "multipart/form-data"}),
        missing("Content-Type", "multipart boundary missing in Content-Type"),
    ),
    "a cut picture": (
        lambda d: d.check(photo(3)[:800], "cut-picture"),
        invalid_file("The picture is damaged or cut short."),
    ),
    "a cut picture in the sandbox": (
        lambda d: d.check(photo(3)[: len(photo(3)) // 3], "cut-in-sand", sandbox="true"),
        invalid_file("The picture is damaged or cut short."),
    ),
    "too many pixels": (
        lambda d: d.check(headed_png(10_000, 7501), filename="a.png"),
        invalid_file("10000 x 7501 pixels are more than the allowed 75000000 pixels."),
    ),
    "a text": (lambda d: d.check(b"just some words " * 9), file_type("This is not a picture.")),
    "an animation": (
        lambda d: d.check(animation(), filename="a.gif"),
        file_type("Animations are not supported."),
    ),
    "a TIFF": (
        lambda d: d.check(tiff()),
        file_type("TIFF pictures are not supported: send JPG, PNG, GIF, BMP, WebP, RAW or ICO."),
    ),
    "a PDF": (lambda d: d.check(b"%PDF-1.7 " + bytes(99)), file_type("This picture format is not supported.")),
    "a plain picture": (
        lambda d: d.check(flat()),
        picture_error(
            "low_image_quality", 8, "The quality of the image is too low to scan.",
            "The picture is too simple or too small to be recognised.",
        ),
    ),
    "a file of 20 MB": (lambda d: d.check(photo(3).ljust(20_971_520, b"\0")), TOO_LARGE),
    "a login that is no JSON": (
        lambda d: d.http.post("/v3/account/login/api", content=b"email=a", headers=d.auth),
        body("invalid_request_error", "missing_parameter", 1, BAD),
    ),
    "a login that is nested deeply": (
        lambda d: d.http.post("/v3/account/login/api", content=b'{"a":' * 5000 + b"1" + b"}" * 5000, headers=d.auth),
        body("invalid_request_error", "missing_parameter", 1, BAD),
    ),
    "a login without a key": (
        lambda d: d.http.post("/v3/account/login/api", json={"email": EMAIL}),
        body("invalid_request_error", "missing_parameter", 1, BAD),
    ),
    "a login with an empty key": (lambda d: d.login(""), missing("key", "It is required.")),
    "a login without an address": (
        lambda d: d.login(d.plain, "nobody"), missing("email", "It must be an e-mail address."),
    ),
    "usage of no time": (
        lambda d: d.get("/v3/scans/usages/history"), missing("start", "It must be a date as dd-MM-yyyy."),
    ),
    "usage of a wrong day": (
        lambda d: d.get("/v3/scans/usages/history?start=01-02-2026&end=2026-03-01"),
        missing("end", "It must be a date as dd-MM-yyyy."),
    ),
    "usage backwards": (
        lambda d: d.get("/v3/scans/usages/history?start=02-02-2026&end=01-02-2026"),
        missing("end", "It is before start."),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
async def test_bad_requests(here: Desk, case: str) -> None:
    """What is wrong with a request is a 400 that names it, and nothing is searched."""
    ask, told = REFUSED[case]
    count = len(await here.searches())
    answer = await ask(here)
    assert (answer.status_code, answer.content) == (400, told)
    assert answer.headers["content-type"] == "application/json"
    assert len(await here.searches()) == count


BEARERS: dict[str, str | None] = {
    "nothing": None,
    "another scheme": "Basic eW91OmtleQ==",
    "no token": "Bearer",
    "nonsense": "Bearer abc",
    "a forged token": "Bearer cht.key_x.9999999999.aaaa",
}
GUARDED = [
    ("POST", CHECK),
    ("GET", "/v1/image-plagiarism-detector/my-scan-1"),
    ("GET", "/v3/scans/credits"),
    ("GET", "/v3/scans/usages/history?start=01-01-2026&end=02-01-2026"),
    ("POST", "/v1/ai-image-detector/my-scan-1/check"),
    ("PUT", "/v3/scans/submit/file/my-scan-1"),
    ("PATCH", "/v3.1/scans/delete"),
    ("POST", "/v2/writer-detector/my-scan-1/check"),
]


@pytest.mark.parametrize("bearer", BEARERS)
@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_nothing_without_a_token(here: Desk, method: str, path: str, bearer: str | None) -> None:
    """Every endpoint but login and the public lists answers 401, with the same body, whatever is wrong."""
    text = BEARERS[str(bearer)]
    headers = {} if text is None else {"Authorization": text}
    answer = await here.http.request(method, path, headers=headers)
    assert (answer.status_code, answer.content) == (401, CREDENTIALS)
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_key_itself_is_no_token(here: Desk) -> None:
    """Copyleaks' clients log in: an API key in place of a token is refused, and a token in place of a key too."""
    answer = await here.check(photo(3), headers={"Authorization": f"Bearer {here.plain}"})
    assert (answer.status_code, answer.content) == (401, CREDENTIALS)
    assert (await here.login(here.token)).status_code == 401
    assert (await here.http.get("/api/v1/lists", headers={"X-API-Key": here.token})).status_code == 401


async def test_a_wrong_key_cannot_log_in(here: Desk) -> None:
    """A key that does not exist is a 401 with error code 2."""
    for key in ("00000000-0000-0000-0000-000000000000", here.plain[:-1] + "?"):
        answer = await here.login(key)
        assert (answer.status_code, answer.content) == (401, CREDENTIALS)


async def test_a_key_that_may_only_read_checks_nothing(here: Desk) -> None:
    """It logs in and sees its credits; a check needs the scope `write`."""
    _, plain = await here.new_key(Scope.read)
    headers = {"Authorization": f"Bearer {await here.token_of(plain)}"}
    assert (await here.http.get("/v3/scans/credits", headers=headers)).status_code == 200
    answer = await here.check(photo(3), headers=headers)
    told = "Invalid login credentials."
    lacks = body("authentication_error", "invalid_credentials", 2, told, ("key", "It lacks the scope write."))
    assert (answer.status_code, answer.content) == (401, lacks)


async def test_a_revoked_key_takes_its_tokens_along(here: Desk) -> None:
    """A token is worth nothing once its key is revoked."""
    key, plain = await here.new_key()
    headers = {"Authorization": f"Bearer {await here.token_of(plain)}"}
    assert (await here.http.get("/v3/scans/credits", headers=headers)).status_code == 200
    await here.home.services.keys.revoke(here.home.caller, key.id)
    assert (await here.http.get("/v3/scans/credits", headers=headers)).status_code == 401


async def test_a_token_ends_after_48_hours(tmp_path_factory: pytest.TempPathFactory) -> None:
    """It holds until then, and not longer."""
    async with desk(tmp_path_factory.mktemp("old")) as old:
        old.home.clock.turn(hours=48, seconds=-2)
        assert (await old.get("/v3/scans/credits")).status_code == 200
        assert (await old.get("/v3/scans/credits")).status_code == 401


async def test_logins_are_limited(here: Desk) -> None:
    """Twelve in a quarter of an hour for a key, whatever the address; another key is not concerned; the time passes."""
    _, plain = await here.new_key()
    _, other = await here.new_key()
    answers = [await here.login(plain, f"often{number}@example.com") for number in range(13)]
    assert [one.status_code for one in answers] == [200] * 12 + [429]
    assert answers[-1].content == TOO_MANY
    assert 0 < int(answers[-1].headers["retry-after"]) <= 900
    assert (await here.login(other)).status_code == 200
    here.home.clock.turn(seconds=int(answers[-1].headers["retry-after"]))
    assert (await here.login(plain)).status_code == 200


async def test_wrong_logins_are_limited_too(here: Desk) -> None:
    """Guessing is no way around, and leaves one row; whoever has the right key still gets in."""
    here.home.clock.turn(seconds=900)
    answers = [await here.login(f"guess{number}", f"guess{number}@example.com") for number in range(13)]
    assert [one.status_code for one in answers] == [401] * 12 + [429]
    assert (await here.login((await here.new_key())[1], "guess1@example.com")).status_code == 200
    async with here.home.house.database.engine().begin() as connection:
        rows = sa.text("SELECT count(*) FROM windows WHERE subject LIKE 'copyleaks.guess:%'")
        assert (await connection.execute(rows)).scalar() == 1


async def test_1800_checks_in_a_quarter_of_an_hour(here: Desk) -> None:
    """Request 1,800 of a workspace is answered, 1,801 is not, by whichever key; another user is not concerned."""
    _, plain = await here.new_key()
    mine = {"Authorization": f"Bearer {await here.token_of(plain)}"}
    assert (await here.check(photo(3), "first-of-many", sandbox="true", headers=mine)).status_code == 200
    async with here.home.house.database.engine().begin() as connection:
        counted = sa.text("UPDATE windows SET requests = 1799 WHERE subject = :who")
        changed = await connection.execute(counted, {"who": f"copyleaks.check:{here.home.caller.workspace_id}:900"})
    assert changed.rowcount == 1
    assert (await here.check(photo(3), "number-1800", sandbox="true", headers=mine)).status_code == 200
    refused = await here.check(photo(3), "number-1801", sandbox="true")
    assert (refused.status_code, refused.content) == (429, TOO_MANY)
    wait = int(refused.headers["retry-after"])
    assert 0 < wait <= 900
    workspace = await here.home.services.workspaces.create("another user")
    _, other = await here.home.services.keys.create(workspace.id, "theirs", ALL_SCOPES)
    theirs = {"Authorization": f"Bearer {await here.token_of(other)}"}
    assert (await here.check(photo(3), "another-user", sandbox="true", headers=theirs)).status_code == 200
    here.home.clock.turn(seconds=wait)
    assert (await here.check(photo(3), "number-1801", sandbox="true", headers=mine)).status_code == 200


async def test_a_key_may_be_held_to_one_check_at_once(here: Desk) -> None:
    """What its own limits say of requests at once holds here, too."""
    key, plain = await here.new_key()
    mine = {"Authorization": f"Bearer {await here.token_of(plain)}"}
    await here.home.services.keys.set_limits(here.home.caller, key.id, KeyLimits(concurrent=1))
    caller = await here.home.services.keys.check(plain)
    async with here.home.services.limits.place(caller, "copyleaks", most=0):
        refused = await here.check(photo(3), "one-at-once", sandbox="true", headers=mine)
    assert (refused.status_code, refused.content) == (429, TOO_MANY)
    assert (await here.check(photo(3), "one-at-once", sandbox="true", headers=mine)).status_code == 200


async def test_a_keys_own_limit_goes_first(here: Desk) -> None:
    """The operator may give a key fewer checks than the documents do."""
    key, plain = await here.new_key()
    mine = {"Authorization": f"Bearer {await here.token_of(plain)}"}
    await here.home.services.keys.set_limits(here.home.caller, key.id, KeyLimits(requests=2, seconds=60))
    answers = [await here.check(photo(3), "own-limit", sandbox="true", headers=mine) for _ in range(3)]
    assert [one.status_code for one in answers] == [200, 200, 429]


async def test_everything_else_is_limited_to_ten_in_a_second(here: Desk) -> None:
    """Credits may be asked for ten times a second."""
    _, plain = await here.new_key()
    mine = {"Authorization": f"Bearer {await here.token_of(plain)}"}
    answers = [await here.http.get("/v3/scans/credits", headers=mine) for _ in range(11)]
    assert [one.status_code for one in answers] == [200] * 10 + [429]
    assert answers[-1].content == TOO_MANY


async def test_out_of_credits(tmp_path_factory: pytest.TempPathFactory) -> None:
    """402 says how many would be needed, and nothing is searched."""
    acme = Acme(Answer(Outcome.no_match))
    async with desk(tmp_path_factory.mktemp("poor"), [("acme", acme)], providers=["acme"]) as poor:
        await poor.grant(1)
        assert (await poor.check(photo(3), "the-last-one")).status_code == 200
        answer = await poor.check(photo(4), "one-too-many")
        told = "You don't have enough credits to complete the request (required 1 credits)!"
        assert (answer.status_code, answer.content) == (402, body("payment_error", "insufficient_credits", 13, told))
        assert acme.asked == 1
        assert (await poor.check(photo(4), "sandbox-is-free", sandbox="true")).status_code == 200


async def test_a_fault_of_ours(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """What breaks inside is a 500 in the same shape, with a ticket and no words of the fault; it costs nothing."""
    async with desk(tmp_path_factory.mktemp("broken")) as broken:
        await broken.grant(1)

        async def fails(*_: Any, **__: Any) -> None:
            raise RuntimeError("secret words")

        with monkeypatch.context() as patch:
            patch.setattr(broken.home.services.kit.compute, "run", fails)
            answer = await broken.check(photo(3))
        told = f"Internal server error. Ticket id: {REQUEST_ID}."
        assert (answer.status_code, answer.content) == (500, body("api_error", "internal_error", 16, told))
        assert await broken.left() == 1
        assert (await broken.check(photo(3))).status_code == 200


async def test_while_pictures_cannot_be_read(here: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trouble that passes is a 503 that says when to come back."""

    async def busy(*_: Any, **__: Any) -> None:
        raise CopyhoundError("compute_unavailable")

    monkeypatch.setattr(here.home.services.kit.compute, "run", busy)
    answer = await here.check(photo(3))
    told = "The service is temporarily unavailable. Please try again later."
    assert (answer.status_code, answer.content) == (503, body("api_error", "temporarily_unavailable", 9, told))
    assert answer.headers["retry-after"] == "5"


@pytest.mark.parametrize(
    ("method", "path", "status", "told"),
    [
        ("GET", "/v1/nothing", 404, NOT_FOUND),
        ("GET", "/v3/nothing/here", 404, NOT_FOUND),
        ("GET", "/v1/image-plagiarism-detector/my-scan-1/check", 405, METHOD),
        ("DELETE", "/v3/scans/credits", 405, METHOD),
        ("GET", "/v3/account/login/api", 405, METHOD),
        ("POST", "/v1/ai-image-detector/my-scan-1/check", 501, NOT_OFFERED),
        ("PUT", "/v3/scans/submit/file/my-scan-1", 501, NOT_OFFERED),
        ("PUT", "/v3/scans/submit/url/my-scan-1", 501, NOT_OFFERED),
        ("PATCH", "/v3/scans/start", 501, NOT_OFFERED),
        ("POST", "/v3/scans/my-scan-1/webhooks/resend", 501, NOT_OFFERED),
        ("POST", "/v3/downloads/my-scan-1/export/mine", 501, NOT_OFFERED),
        ("PATCH", "/v3.1/scans/delete", 501, NOT_OFFERED),
        ("POST", "/v2/writer-detector/my-scan-1/check", 501, NOT_OFFERED),
        ("POST", "/v1/text-moderation/my-scan-1/check", 501, NOT_OFFERED),
        ("GET", "/v1/writing-feedback/correction-types/en", 501, NOT_OFFERED),
    ],
)
async def test_what_is_not_here(here: Desk, method: str, path: str, status: int, told: bytes) -> None:
    """Wrong paths, wrong methods and other products wear the same shape of error."""
    here.home.clock.turn(seconds=1)
    answer = await here.http.request(method, path, headers=here.auth)
    assert (answer.status_code, answer.content) == (status, told)


async def test_a_file_just_below_20_mb_is_taken(here: Desk) -> None:
    """20,971,519 bytes are fewer than 20 MB in either way of counting; one more is refused (see above)."""
    answer = await here.check(photo(3).ljust(20_971_519, b"\0"), "just-below", sandbox="true")
    assert answer.status_code == 200, answer.text


async def test_an_upload_without_end_is_cut(here: Desk) -> None:
    """The body is read as a stream: it is given up on soon after the limit, whatever was announced."""
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        head = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n'
        yield head
        while sent < 500 * 2**20:
            sent += 2**20
            yield bytes(2**20)

    headers = {**here.auth, "Content-Type": "multipart/form-data; boundary=x"}
    answer = await here.http.post(CHECK, content=endless(), headers=headers)
    assert (answer.status_code, answer.content) == (400, TOO_LARGE)
    assert sent < 120 * 2**20


async def test_75_megapixels_are_taken(here: Desk) -> None:
    """Exactly 75,000,000 pixels are allowed; a row more is refused by the header alone (see above)."""
    out = io.BytesIO()
    opened(3).resize((10_000, 7500), Image.Resampling.NEAREST).save(out, "JPEG", quality=30)
    answer = await here.check(out.getvalue(), "many-pixels", sandbox="true")
    assert answer.status_code == 200, answer.text
    image = answer.json()["scannedImage"]
    assert (image["width"], image["height"]) == (10_000, 7500)


async def test_messages_are_english_whatever_is_asked_for(here: Desk) -> None:
    """The documents promise other languages; there is one."""
    answer = await here.check(None, headers={**here.auth, "Accept-Language": "de"})
    assert answer.content == missing("image", "It is required, as a file.")


async def test_every_error_of_ours_has_its_place(here: Desk) -> None:
    """Each code of Copyhound's table becomes one of Copyleaks' errors; what has no place is a fault of ours."""
    for code in ERRORS:
        fault = refusal_of(CopyhoundError(code)).fault
        assert fault.status in (400, 401, 402, 404, 405, 429, 500, 503), code
