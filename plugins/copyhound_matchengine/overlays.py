"""Overlays: addresses that show, without a key and for a limited time, how two pictures lie upon each other."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlencode

from copyhound.plugin_api import Caller, Comparison, CopyhoundError, Kept, UseCases

SCOPE: Final = "matchengine:overlays"
_UNSIGNED: Final = frozenset({"signature", "view"})
_FORGOTTEN_AT_ONCE: Final = 200
_ENTRY: Final = "entry_"
_THREE: Final = (1, 2, 3)


class Overlays:
    """Makes and opens the addresses."""

    def __init__(self, use_cases: UseCases, life: timedelta) -> None:
        self._use_cases, self._life = use_cases, life

    async def keep(self, caller: Caller, picture: Kept) -> str:
        """Keep a small copy of a picture that was sent; what it is known by in addresses."""
        state, now = self._use_cases.state(caller.workspace_id, SCOPE), self._use_cases.now()
        # keys begin with when they end, so that what has ended comes first
        oldest = await state.scan(limit=_FORGOTTEN_AT_ONCE)
        if ended := [key for key in oldest if int(key[:10]) < now.timestamp()]:
            await state.delete(ended)
        key = f"{int((now + self._life).timestamp()):010d}_{secrets.token_hex(12)}"
        await state.put({key: [base64.b64encode(picture.reduced).decode(), picture.width, picture.height]})
        return key

    def address(
        self, caller: Caller, collection: str, names: tuple[str, str], keys: tuple[str, str], seen: Comparison
    ) -> str:
        """Relative to /rest/: the last parts of both names, how they lie, and a signature.

        `keys`: for each an entry's id, or what `keep` answered.
        """
        places = {f"m{row}{column}": f"{seen.matrix[row - 1][column - 1]:.9g}" for row in _THREE for column in _THREE}
        expires = str(int((self._use_cases.now() + self._life).timestamp()))
        query, target = (name.rsplit("/", 1)[-1].rsplit("\\", 1)[-1] for name in names)
        fields = {"query": query, "target": target, **places, "q": keys[0], "t": keys[1]}
        fields |= {"workspace": caller.workspace_id, "expires": expires}
        signature = self._use_cases.links.sign(_signed_text(collection, fields))
        return f"overlay/?{urlencode(fields | {'signature': signature})}"

    async def open(self, collection: str, fields: Mapping[str, str]) -> bytes:
        """The JPEG behind an address: target on the left, query on the right, laid upon it; or their `difference`.

        CopyhoundError not_found, also where the address is not ours or has ended; invalid_request for another view.
        """
        signed = {name: text for name, text in fields.items() if name not in _UNSIGNED}
        if not self._use_cases.links.holds(_signed_text(collection, signed), fields.get("signature", "")):
            raise CopyhoundError("not_found", "There is no such overlay.")
        if int(signed["expires"]) < self._use_cases.now().timestamp():
            raise _ended()
        matrix: Any = tuple(tuple(float(signed[f"m{row}{column}"]) for column in _THREE) for row in _THREE)
        query, match = [await self._picture(signed["workspace"], signed[side]) for side in ("q", "t")]
        return await self._use_cases.collections.lay(query, match, matrix, fields.get("view", "pair"))

    async def _picture(self, workspace_id: str, key: str) -> Kept:
        if key.startswith(_ENTRY):
            return await self._use_cases.collections.kept(workspace_id, key)
        found: Any = await self._use_cases.state(workspace_id, SCOPE).get(key)
        if found is None:
            raise _ended()
        return Kept(base64.b64decode(found[0]), found[1], found[2])


def _ended() -> CopyhoundError:
    return CopyhoundError("not_found", "This overlay has ended: search again.")


def _signed_text(collection: str, fields: Mapping[str, str]) -> str:
    return f"matchengine:{collection}:{urlencode(sorted(fields.items()))}"
