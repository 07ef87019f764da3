"""A check as it is sent: a multipart form, and a scan id in the path."""

from __future__ import annotations

import os
import re
from typing import Any, Final

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.exceptions import HTTPException

from copyhound_copyleaks.errors import TOO_LARGE, RefusalError, wrong
from copyhound_copyleaks.wire import EXTENSIONS, MAX_FILENAME, MAX_SCAN_ID, MIN_SCAN_ID, Detail

FILE_BYTES: Final = 20 * 2**20
"""A file has to have fewer: of the two readings of 20 MB, the one that refuses nobody who kept to either."""
BODY_BYTES: Final = FILE_BYTES + 2**20
_PAYLOAD_CHARACTERS: Final = 100_000
_SCAN_ID: Final = re.compile(r"[a-z0-9 !@$^&\-+%=_(){}<>';:/.\",~`|]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_TOO_LARGE: Final = Detail("image", f"The file must be smaller than {FILE_BYTES} bytes.")


class CheckForm(msgspec.Struct, frozen=True):
    """What was sent, checked as far as can be told without looking at the picture."""

    data: bytes
    filename: str
    sandbox: bool = False
    payload: str | None = None


def check_scan_id(text: str | None) -> str:
    """The scan id. Raises RefusalError."""
    scan_id = text or ""
    if not MIN_SCAN_ID <= len(scan_id) <= MAX_SCAN_ID:
        raise wrong("scanId", f"It must have {MIN_SCAN_ID} to {MAX_SCAN_ID} characters.")
    if not _SCAN_ID.fullmatch(scan_id):
        raise wrong("scanId", "Only a-z, 0-9, blanks and !@$^&-+%=_(){}<>';:/.\",~`| are allowed.")
    return scan_id


async def read_form(request: Request[Any, Any, Any]) -> CheckForm:
    """The form of a check. Raises RefusalError. The body is streamed; a file of more than 1 MB waits on disk."""
    if request.content_type[0] != "multipart/form-data":
        raise wrong("Content-Type", "It must be multipart/form-data.")
    form = await _parsed(request)
    try:
        sandbox = _truth(_text(form, "sandbox"))
        payload = _text(form, "developerPayload")
        if payload is not None and len(payload) > _PAYLOAD_CHARACTERS:
            raise wrong("developerPayload", f"It may have at most {_PAYLOAD_CHARACTERS} characters.")
        filename = _filename(_text(form, "filename"))
        return CheckForm(await _file(form), filename, sandbox, payload)
    finally:
        for _, value in form.multi_items():
            if isinstance(value, UploadFile):
                await value.close()


async def _parsed(request: Request[Any, Any, Any]) -> FormMultiDict:
    try:
        return await request.form()
    except HTTPException as error:
        if error.status_code == 413:
            raise RefusalError(TOO_LARGE, _TOO_LARGE) from None
        raise wrong("Content-Type", error.detail or "The form cannot be read.") from None
    except (ValueError, LookupError):  # of bytes that are no text, or a charset that nobody knows
        raise wrong("Content-Type", "The form's texts must be UTF-8.") from None


def _text(form: FormMultiDict, name: str) -> str | None:
    found = [value for value in form.getall(name, []) if isinstance(value, str)]
    return found[-1] if found else None


def _truth(text: str | None) -> bool:
    if text in (None, ""):
        return False
    if text not in ("true", "false"):
        raise wrong("sandbox", "It must be true or false.")
    return text == "true"


def _filename(text: str | None) -> str:
    """The file's name without folders."""
    if not text:
        raise wrong("filename", "It is required.")
    if len(text) > MAX_FILENAME:
        raise wrong("filename", f"It may have at most {MAX_FILENAME} characters.")
    name = re.split(r"[/\\]", text)[-1]
    if _CONTROL.search(name):
        raise wrong("filename", "Control characters are not allowed.")
    if not name.lower().endswith(EXTENSIONS):
        raise wrong("filename", f"It must end in one of {' '.join(EXTENSIONS)}.")
    return name


async def _file(form: FormMultiDict) -> bytes:
    found = [value for value in form.getall("image", []) if isinstance(value, UploadFile)]
    if not found:
        raise wrong("image", "It is required, as a file.")
    size = found[-1].file.seek(0, os.SEEK_END)
    if size >= FILE_BYTES:
        raise RefusalError(TOO_LARGE, _TOO_LARGE)
    await found[-1].seek(0)
    data = await found[-1].read()
    if not data:
        raise wrong("image", "The file is empty.")
    return data
