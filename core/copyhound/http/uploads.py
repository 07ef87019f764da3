"""Pictures as clients send them: multipart files, URLs or base64 in JSON; all become `ImageInput`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, get_origin
from urllib.parse import unquote, urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.di import Provide
from litestar.exceptions import HTTPException

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.searches import ImageInput
from copyhound.http.bodies import decode, require_json
from copyhound.http.problems import refused
from copyhound.http.wire.images import ImageIn
from copyhound.services.images import bytes_of_base64

_TRUE, _FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")


class PicturesBody(Provide):
    """Dependency: a body of JSON (`struct`) or of multipart files (`files`) and text fields, as `Sent`.

    Text fields that are lists may be repeated; those in `split` may also be one text with commas.
    """

    __slots__ = ("files", "struct")

    def __init__(
        self, struct: type[msgspec.Struct], files: tuple[str, ...] = ("images",), split: tuple[str, ...] = ()
    ) -> None:
        async def provide(request: Request[Any, Any, Any]) -> Any:
            if request.content_type[0] == "multipart/form-data":
                return await _multipart(request, struct, files, split)
            require_json(request)
            return Sent(decode(await request.body(), struct), {})

        super().__init__(provide)
        self.struct, self.files = struct, files


class Sent:
    """The fields of a request as its Struct, and its uploaded files by field."""

    def __init__(self, fields: Any, files: dict[str, list[ImageInput]]) -> None:
        self.fields, self.files = fields, files

    def pictures(self, field: str, given: Sequence[ImageIn]) -> tuple[ImageInput, ...]:
        """The uploads of a field, else what its JSON gives."""
        uploads = self.files.get(field)
        return (
            tuple(uploads) if uploads else tuple(read_image(item, f"{field}[{n}]", n) for n, item in enumerate(given))
        )


async def _multipart(
    request: Request[Any, Any, Any], struct: type[msgspec.Struct], files: tuple[str, ...], split: tuple[str, ...]
) -> Sent:
    form = await _form(request)
    repeated = {
        field.encode_name for field in msgspec.structs.fields(struct) if get_origin(field.type) in (list, tuple)
    }
    uploads: dict[str, list[ImageInput]] = {}
    texts: dict[str, Any] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name not in files:
                raise refused([{"field": name, "message": f"Files are expected as {' and '.join(files)}"}])
            picture = ImageInput(name=value.filename or name, data=await value.read())
            uploads.setdefault(name, []).append(picture)
        elif name in repeated:
            parts = str(value).split(",") if name in split else [str(value)]
            texts.setdefault(name, []).extend(part.strip() for part in parts if part.strip())
        elif value != "":
            texts[name] = str(value).strip()
    return Sent(_fields(texts, struct), uploads)


async def _form(request: Request[Any, Any, Any]) -> FormMultiDict:
    try:
        return await request.form()
    except HTTPException:
        raise
    except (ValueError, LookupError):  # of bytes that are no text, or a charset that nobody knows
        raise refused([{"field": "", "message": "The form cannot be read: its texts must be UTF-8"}]) from None


def _fields(texts: dict[str, Any], struct: type[msgspec.Struct]) -> Any:
    """Text fields as the Struct: numbers and booleans come as texts in forms."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(struct)}
    plain = {k: _truth(v) if k in fields and fields[k].type is bool else v for k, v in texts.items()}
    try:
        raw = msgspec.json.encode(plain)
    except UnicodeEncodeError:
        raise refused([{"field": "", "message": "The form's texts must be UTF-8"}]) from None
    return decode(raw, struct)


def _truth(text: Any) -> Any:
    lowered = str(text).lower()
    return True if lowered in _TRUE else False if lowered in _FALSE else text


def read_image(item: ImageIn, field: str, number: int = 0) -> ImageInput:
    """Raises CopyhoundError: `invalid_request` unless it has exactly one of url and base64, `url_invalid`."""
    if (item.url is None) == (item.base64 is None):
        raise refused([{"field": field, "message": "Expected either url or base64"}])
    if item.url is not None:
        name = item.name or _name_in(item.url)
        return ImageInput(name=name or f"image-{number + 1}", url=item.url)
    return ImageInput(name=item.name or f"image-{number + 1}", data=from_base64(item.base64 or "", f"{field}.base64"))


def _name_in(url: str) -> str:
    try:
        parts = urlsplit(url)
        return unquote(parts.path.rsplit("/", 1)[-1]) or parts.netloc
    except ValueError:
        raise CopyhoundError("url_invalid", f"{url[:200]} is not a web address.") from None


def from_base64(text: str, field: str) -> bytes:
    """Bytes of base64 in its usual forms; the error names the field."""
    try:
        return bytes_of_base64(text)
    except CopyhoundError:
        raise refused([{"field": field, "message": "It is not base64"}]) from None


def limit_count(images: Sequence[ImageInput], most: int) -> None:
    """Raises CopyhoundError `no_image` for none, `too_many_images` for more than `most`."""
    if not images:
        raise CopyhoundError("no_image")
    if len(images) > most:
        raise CopyhoundError("too_many_images", f"At most {most} pictures in one request.", limit=most)


def fingerprint(images: Sequence[ImageInput]) -> list[tuple[str, str | None, str | None]]:
    """What tells one set of pictures from another, without their bytes."""
    return [(i.name, i.url, hashlib.sha256(i.data).hexdigest() if i.data is not None else None) for i in images]
