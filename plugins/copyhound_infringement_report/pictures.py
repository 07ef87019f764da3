"""Pictures behind addresses that need no key: what cannot be guessed may be looked at."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from litestar import Controller, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery

from copyhound.plugin_api import CopyhoundError
from copyhound_infringement_report.auth import OPEN
from copyhound_infringement_report.reading import Office

Kind = Literal["image", "match"]
# a page of another origin may show it
_HEADERS: Final = {"Cache-Control": "private, max-age=86400", "Cross-Origin-Resource-Policy": "cross-origin"}


def picture_url(office: Office, kind: Kind, workspace_id: str, thing_id: str) -> str:
    """The address of a JPEG of an image, or of the picture of a match. It works for `link_days` at least."""
    # rounded to a day: the same address all day, which browsers keep
    today = office.uses.now().replace(hour=0, minute=0, second=0, microsecond=0)
    expires = int((today + timedelta(days=office.settings.link_days + 1)).timestamp())
    signature = office.uses.links.sign(_text(kind, workspace_id, thing_id, expires))
    return f"{office.base}/picture/{kind}/{workspace_id}/{thing_id}?expires={expires}&signature={signature}"


def _text(kind: str, workspace_id: str, thing_id: str, expires: int) -> str:
    return f"infringement_report:{kind}:{workspace_id}:{thing_id}:{expires}"


class PictureController(Controller):
    """Thumbnails."""

    path = "/picture"

    @get("/{kind:str}/{workspace_id:str}/{thing_id:str}", opt=OPEN, media_type="image/jpeg")
    async def get_picture(
        self,
        office: NamedDependency[Office],
        kind: FromPath[str],
        workspace_id: FromPath[str],
        thing_id: FromPath[str],
        signature: FromQuery[str] = "",
        expires: FromQuery[int] = 0,
    ) -> Response[bytes]:
        """A JPEG of one of your images, or of a found picture."""
        in_time = expires > office.uses.now().timestamp()
        if not in_time or not office.uses.links.holds(_text(kind, workspace_id, thing_id, expires), signature):
            raise CopyhoundError("not_found", "There is nothing at this address.")
        source = office.uses.lists if kind == "image" else office.uses.matches
        return Response(await source.picture(workspace_id, thing_id), media_type="image/jpeg", headers=_HEADERS)
