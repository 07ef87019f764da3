"""One check: a search of one picture that is waited for, remembered by its scan id."""

from __future__ import annotations

import asyncio
import hashlib
import time
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET

from copyhound.plugin_api import (
    Caller,
    CopyhoundError,
    ImageInput,
    Match,
    MatchFilter,
    Search,
    SearchProgress,
    SearchRequest,
    UseCases,
)
from copyhound_copyleaks.errors import BUSY, FILE_TYPE, INVALID_FILE, RefusalError, refusal_of, wrong
from copyhound_copyleaks.form import CheckForm
from copyhound_copyleaks.projecting import SANDBOX, instant, project, warned
from copyhound_copyleaks.settings import CopyleaksSettings
from copyhound_copyleaks.wire import CheckAnswer, Detail, Matches, ScannedImage, Warned

SURFACE: Final = "copyleaks"
FORMATS: Final = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "ICO", "RAW")
MAX_PIXELS: Final = 75_000_000
_TWIN_SECONDS: Final = 0.05
_PAGE: Final = 200
_MOST: Final = 5000


class Scan(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of a scan id."""

    sha256: str
    filename: str
    width: int
    height: int
    created_at: datetime
    payload: str | None = None
    search_id: str | None = None
    """None: a sandbox check."""
    attempt: int = 1
    """Counted up when a search ended and nobody had answered: the next request asks anew."""


class Checker:
    """Does checks."""

    def __init__(self, use_cases: UseCases, settings: CopyleaksSettings) -> None:
        self._use, self._settings = use_cases, settings
        self._sandbox = asyncio.Lock()

    async def check(self, caller: Caller, scan_id: str, form: CheckForm) -> CheckAnswer:
        """The answer to a check; for a repeated one that of the first, at no cost.

        Raises RefusalError, and CopyhoundErrors of searches.
        """
        deadline = time.monotonic() + self._settings.deadline_seconds
        digest = hashlib.sha256(form.data).hexdigest()
        kept = await self._kept(caller, scan_id, sandbox=form.sandbox)
        if kept is not None and kept.sha256 != digest:
            raise _reused()
        picture = await self._readable(form)
        scan = kept or Scan(digest, form.filename, picture.width, picture.height, self._use.now(), form.payload)
        if form.sandbox:
            return _mock(scan_id, await self._sandboxed(caller, scan_id, scan), form.payload)
        scan, progress = await self._searched(caller, scan_id, scan, picture.data, deadline)
        if scan != kept:
            await self._keep(caller, scan_id, scan)
        return await self._answer(caller, scan_id, scan, progress, form.payload)

    async def again(self, caller: Caller, scan_id: str) -> CheckAnswer:
        """The answer to a check that was made before. CopyhoundError not_found; RefusalError while nobody answered."""
        if (scan := await self._kept(caller, scan_id)) is not None and scan.search_id is not None:
            progress = await self._use.searches.progress(caller, scan.search_id)
            if not progress.images:
                raise CopyhoundError("not_found")
            return await self._answer(caller, scan_id, scan, progress, scan.payload)
        if (scan := await self._kept(caller, scan_id, sandbox=True)) is not None:
            return _mock(scan_id, scan, scan.payload)
        raise CopyhoundError("not_found")

    async def _sandboxed(self, caller: Caller, scan_id: str, scan: Scan) -> Scan:
        async with self._sandbox:
            kept = await self._kept(caller, scan_id, sandbox=True)
            if kept is None:
                await self._keep(caller, scan_id, scan, sandbox=True)
        if kept is not None and kept.sha256 != scan.sha256:
            raise _reused()
        return kept or scan

    async def _readable(self, form: CheckForm) -> Any:
        picture = await self._use.pictures.readable(form.data, whole=form.sandbox)
        if picture.format not in FORMATS:
            told = f"{picture.format} pictures are not supported: send JPG, PNG, GIF, BMP, WebP, RAW or ICO."
            raise RefusalError(FILE_TYPE, Detail("image", told))
        if picture.width * picture.height > MAX_PIXELS:
            told = f"{picture.width} x {picture.height} pixels are more than {MAX_PIXELS}."
            raise RefusalError(INVALID_FILE, Detail("image", told))
        return picture

    async def _searched(
        self, caller: Caller, scan_id: str, scan: Scan, data: bytes, deadline: float
    ) -> tuple[Scan, SearchProgress]:
        """The scan with its search, begun now or before, and how far that is when the deadline comes."""
        search = await self._started(caller, self._request(scan_id, scan, data), deadline)
        progress = await self._use.searches.wait(caller, search.id, max(0.0, deadline - time.monotonic()))
        if not progress.images:  # its owner has deleted it since: it is a new one
            again = msgspec.structs.replace(scan, attempt=scan.attempt + 1)
            return await self._searched(caller, scan_id, again, data, deadline)
        (image,) = await self._use.lists.images_by_ids(caller, [progress.images[0].image_id])
        if image.sha256 not in (None, hashlib.sha256(data).hexdigest()):
            raise _reused()  # a twin with the same id and other bytes was quicker
        # the name of whoever came first, also where others came meanwhile
        first = {"filename": image.name, "created_at": search.created_at}
        return msgspec.structs.replace(scan, search_id=search.id, **first), progress

    def _request(self, scan_id: str, scan: Scan, data: bytes) -> SearchRequest:
        day = self._use.now().date()
        return SearchRequest(
            (ImageInput(scan.filename, data=data),),
            providers=self._settings.providers,
            key=f"{SURFACE}:{scan_id}:{scan.attempt}",
            keep_key=True,
            list_key=f"{SURFACE}:{day}",
            list_label=f"Copyleaks {day}",
            surface=SURFACE,
        )

    async def _started(self, caller: Caller, request: SearchRequest, deadline: float) -> Search:
        # several providers are asked side by side by their jobs; for one, these would only be a detour
        wait = deadline - time.monotonic() if len(request.providers) == 1 else 0.0
        while True:
            try:
                return await self._use.searches.start(caller, request, wait=max(0.0, wait))
            except CopyhoundError as error:
                if error.code != "idempotency_in_flight" or time.monotonic() >= deadline:
                    raise
            await asyncio.sleep(_TWIN_SECONDS)

    async def _answer(
        self, caller: Caller, scan_id: str, scan: Scan, progress: SearchProgress, payload: str | None
    ) -> CheckAnswer:
        lookups = progress.images[0].lookups
        silent = warned(lookups)
        if len(silent) == len(lookups):
            await self._nobody(caller, scan_id, scan, progress, silent)
        found = project(await self._matches(caller, progress.search.id))
        answer = _told(scan_id, scan, found, payload, credits=1)
        return msgspec.structs.replace(answer, warnings=silent or UNSET)

    async def _nobody(
        self, caller: Caller, scan_id: str, scan: Scan, progress: SearchProgress, silent: tuple[Warned, ...]
    ) -> None:
        """Raises RefusalError: nothing is said of a picture for which nobody has looked."""
        image = progress.images[0]
        if image.error_code is not None:
            raise refusal_of(CopyhoundError(image.error_code, image.error_detail))
        if progress.search.complete:
            again = msgspec.structs.replace(scan, attempt=scan.attempt + 1, search_id=progress.search.id)
            await self._keep(caller, scan_id, again)
        raise RefusalError(BUSY, *(Detail(one.provider, one.message) for one in silent))

    async def _matches(self, caller: Caller, search_id: str) -> list[Match]:
        found: list[Match] = []
        cursor = None
        while len(found) < _MOST:
            page = await self._use.matches.page(
                caller, MatchFilter(search_id=search_id), sort="-score", limit=_PAGE, cursor=cursor
            )
            found += page.items
            if (cursor := page.cursor) is None:
                break
        return found

    async def _kept(self, caller: Caller, scan_id: str, *, sandbox: bool = False) -> Scan | None:
        value = await self._use.state(caller.workspace_id, SURFACE).get(_key(scan_id, sandbox=sandbox))
        return None if value is None else msgspec.convert(value, Scan)

    async def _keep(self, caller: Caller, scan_id: str, scan: Scan, *, sandbox: bool = False) -> None:
        items = {_key(scan_id, sandbox=sandbox): msgspec.to_builtins(scan)}
        await self._use.state(caller.workspace_id, SURFACE).put(items)


def _key(scan_id: str, *, sandbox: bool) -> str:
    return f"{'sandbox' if sandbox else 'scan'}:{scan_id}"


def _reused() -> RefusalError:
    return wrong("scanId", "It was used for another picture.")


def _mock(scan_id: str, scan: Scan, payload: str | None) -> CheckAnswer:
    return _told(scan_id, scan, SANDBOX, payload, credits=0)


def _told(scan_id: str, scan: Scan, found: Matches, payload: str | None, *, credits: int) -> CheckAnswer:
    image = ScannedImage(scan_id, credits, credits, instant(scan.created_at), scan.width, scan.height, scan.filename)
    return CheckAnswer(payload, image, found)
