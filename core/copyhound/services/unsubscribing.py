"""Telling a target by one DELETE that we have dropped its hook, where its owner asked for that."""

from __future__ import annotations

from typing import Final

from copyhound.domain.deliveries import Sender
from copyhound.domain.hooks import Hook
from copyhound.domain.ids import new_id
from copyhound.domain.repositories import UnitOfWork

UNSUBSCRIBE: Final = "unsubscribe"


async def queue_unsubscribe(uow: UnitOfWork, hook: Hook) -> None:
    """In the transaction that drops or disables the hook; nothing where its owner did not ask for it."""
    if hook.reverse_unsubscribe:
        await uow.jobs.enqueue(UNSUBSCRIBE, hook.target_url, id=new_id("unsubscribe"), queue="deliveries")


class UnsubscribingService:
    """Sends the DELETE."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    async def run(self, target_url: str) -> None:
        """Once; failures are of no matter."""
        await self._sender.unsubscribe(target_url)
