"""API keys: shown once, kept as hashes."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime, timedelta

import msgspec

from copyhound.domain.errors import CopyhoundError
from copyhound.domain.ids import new_id
from copyhound.domain.ports import SecretBox
from copyhound.domain.workspaces import ALL_SCOPES, ApiKey, Caller, KeyLimits, Scope, Workspace
from copyhound.services.kit import Kit
from copyhound.services.limits import count_of_key

_FORM = re.compile(r"ch_(key_[0-9a-z]+)_([0-9A-Za-z_-]{43})")
_LOCAL = re.compile(r"ch_local_(ws_[0-9a-z]+)_([0-9]{10})_([0-9A-Za-z_-]+)")
_TOKEN = re.compile(r"cht\.(key_[0-9a-z]+)\.([0-9]{10})\.([0-9A-Za-z_-]+)")
_USED_EVERY = timedelta(minutes=1)
LOCAL_KEY_ID = "key_local"
NO_LIMITS = KeyLimits()


class KeyService:
    """A key reads `ch_<id>_<secret>`: the id finds the row, the secret is compared as a hash."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit

    async def bootstrap(self) -> str | None:
        """At first start: the first workspace and its key, in plain, this once. None ever after."""
        async with self._kit.units() as uow:
            if await uow.keys.any():
                return None
            workspace = await uow.workspaces.first()
            if workspace is None:
                workspace = Workspace(new_id("ws"), "default", self._kit.now())
                await uow.workspaces.add(workspace)
            key, plain = self._made(workspace.id, "first key", ALL_SCOPES, None)
            await uow.keys.add(key)
        return plain

    async def create(
        self,
        workspace_id: str,
        name: str,
        scopes: tuple[Scope, ...] = ALL_SCOPES,
        expires_at: datetime | None = None,
        *,
        limits: KeyLimits = NO_LIMITS,
        signs: bool = False,
    ) -> tuple[ApiKey, str]:
        """(the key, its plain text: shown now and never again).

        With `signs` it is also kept encrypted, so that requests that its holder signed with it can be checked.
        CopyhoundError not_found where there is no such workspace.
        """
        key, plain = self._made(workspace_id, name, scopes, expires_at)
        sealed = self._kit.secrets.seal(plain.encode()) if signs else None
        key = msgspec.structs.replace(key, limits=limits, sealed_secret=sealed)
        async with self._kit.units() as uow:
            if await uow.workspaces.get(workspace_id) is None:
                raise CopyhoundError("not_found", f"There is no workspace {workspace_id}.")
            await uow.keys.add(key)
        return key, plain

    async def set_limits(self, caller: Caller, key_id: str, limits: KeyLimits) -> ApiKey:
        """Hold a key to other limits, from its next request on. CopyhoundError not_found."""
        async with self._kit.units() as uow:
            key = await uow.keys.by_id(key_id)
            if key is None or key.workspace_id != caller.workspace_id:
                raise CopyhoundError("not_found", f"There is no key {key_id}.")
            await uow.keys.set_limits(caller.workspace_id, key_id, limits)
        return msgspec.structs.replace(key, limits=limits)

    async def signing_secret(self, key_id: str) -> tuple[Caller, str] | None:
        """Whose key it is and its plain text, for checking a signature; None unless it works and was made for it."""
        async with self._kit.units.read() as uow:
            key = await uow.keys.by_id(key_id)
        if key is None or key.sealed_secret is None or not self._works(key):
            return None
        return _caller(key), self._kit.secrets.open(key.sealed_secret).decode()

    async def use_nonce(self, key_id: str, nonce: str, until: datetime) -> bool:
        """False where the key has used it before; remembered until then. A signed request is counted here: its
        signature was right. CopyhoundError too_many_requests where the key's own window is full."""
        async with self._kit.units() as uow:
            key = await uow.keys.by_id(key_id)
            fresh = await uow.limits.use_nonce(key_id, nonce, until)
        if fresh and key is not None:
            await self._let_in(key)
        return fresh

    def issue_token(self, caller: Caller, audience: str, life: timedelta) -> tuple[str, datetime]:
        """(a token that stands for the caller's key until then, when). It dies with the key."""
        ends = (self._kit.now() + life).replace(microsecond=0)
        expires = str(int(ends.timestamp()))
        return f"cht.{caller.key_id}.{expires}.{self._kit.secrets.sign(_token(audience, caller.key_id, expires))}", ends

    async def check_token(self, token: str, audience: str) -> Caller:
        """Whose token it is. The same CopyhoundError unauthorized whatever is wrong with it."""
        parts = _TOKEN.fullmatch(token)
        if parts is None:
            raise CopyhoundError("unauthorized")
        key_id, expires, signature = parts.groups()
        right = self._kit.secrets.signed(_token(audience, key_id, expires), signature)
        if not right or int(expires) <= self._kit.now().timestamp():
            raise CopyhoundError("unauthorized")
        if key_id == LOCAL_KEY_ID:
            raise CopyhoundError("unauthorized", "The command line's key gets no tokens.")
        async with self._kit.units.read() as uow:
            key = await uow.keys.by_id(key_id)
        if key is None or not self._works(key):
            raise CopyhoundError("unauthorized")
        return await self._let_in(key)

    async def _let_in(self, key: ApiKey) -> Caller:
        """The caller of a key that works. CopyhoundError too_many_requests where its own window is full."""
        caller = _caller(key)
        await count_of_key(self._kit, caller)
        return caller

    def _works(self, key: ApiKey) -> bool:
        return not key.revoked_at and not (key.expires_at and key.expires_at <= self._kit.now())

    def _made(
        self, workspace_id: str, name: str, scopes: tuple[Scope, ...], expires_at: datetime | None
    ) -> tuple[ApiKey, str]:
        secret = secrets.token_urlsafe(32)
        key = ApiKey(new_id("key"), workspace_id, name, _hash(secret), scopes, self._kit.now(), expires_at)
        return key, f"ch_{key.id}_{secret}"

    async def check(self, plain: str) -> Caller:
        """Whose key it is. The same CopyhoundError unauthorized whatever is wrong with it."""
        if local := _LOCAL.fullmatch(plain):
            return self._check_local(*local.groups())
        parts = _FORM.fullmatch(plain)
        key_id, secret = parts.groups() if parts else ("", "")
        async with self._kit.units.read() as uow:
            key = await uow.keys.by_id(key_id)
        # compared in any case, so that an unknown id takes as long as a wrong secret
        right = hmac.compare_digest(_hash(secret), key.secret_hash if key else _hash("-"))
        now = self._kit.now()
        if key is None or not right or not self._works(key):
            raise CopyhoundError("unauthorized")
        if key.last_used_at is None or now - key.last_used_at > _USED_EVERY:
            async with self._kit.units() as uow:
                await uow.keys.used(key.id, now)
        return await self._let_in(key)

    def _check_local(self, workspace_id: str, expires: str, signature: str) -> Caller:
        right = self._kit.secrets.signed(_local_text(workspace_id, expires), signature)
        if not right or int(expires) < self._kit.now().timestamp():
            raise CopyhoundError("unauthorized")
        return Caller(workspace_id, LOCAL_KEY_ID, ALL_SCOPES)

    async def all(self, caller: Caller) -> list[ApiKey]:
        async with self._kit.units.read() as uow:
            return await uow.keys.all(caller.workspace_id)

    async def revoke(self, caller: Caller, key_id: str) -> None:
        async with self._kit.units() as uow:
            key = await uow.keys.by_id(key_id)
            if key is None or key.workspace_id != caller.workspace_id:
                raise CopyhoundError("not_found", f"There is no key {key_id}.")
            await uow.keys.revoke(caller.workspace_id, key_id, self._kit.now())

    async def describe(self, caller: Caller) -> tuple[Workspace, ApiKey]:
        """The workspace and the key of a caller, for `GET /me`."""
        async with self._kit.units.read() as uow:
            workspace = await uow.workspaces.get(caller.workspace_id)
            key = await uow.keys.by_id(caller.key_id)
        if workspace is not None and caller.key_id == LOCAL_KEY_ID:
            key = ApiKey(LOCAL_KEY_ID, workspace.id, "command line", "", caller.scopes, self._kit.now())
        if workspace is None or key is None:
            raise CopyhoundError("unauthorized")
        return workspace, key


def _caller(key: ApiKey) -> Caller:
    return Caller(key.workspace_id, key.id, key.scopes, key.limits)


def _token(audience: str, key_id: str, expires: str) -> str:
    return f"token:{audience}:{key_id}:{expires}"


def local_key(secrets: SecretBox, workspace_id: str, expires_at: datetime) -> str:
    """A key that nothing is kept of: signed with the data folder's own key file, for this machine's command line."""
    expires = str(int(expires_at.timestamp()))
    return f"ch_local_{workspace_id}_{expires}_{secrets.sign(_local_text(workspace_id, expires))}"


def _local_text(workspace_id: str, expires: str) -> str:
    return f"local:{workspace_id}:{expires}"


def _hash(secret: str) -> str:
    # 256 random bits need no slow hash
    return hashlib.sha256(secret.encode()).hexdigest()
