"""Stopping on request: a flag that the listening thread sets and the road looks at."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from condadeps.errors import CancelledError

_T = TypeVar("_T")
_LOOK_SECONDS = 0.1


class Cancel:
    """Whether somebody asked to stop. Honoured until the first change, ignored after it."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Ask to stop; from any thread, any number of times."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()

    def check(self) -> None:
        """Raises CancelledError when somebody asked; call it only while nothing is changed."""
        if self.requested:
            raise CancelledError("interrupted; nothing was changed")

    async def heeded(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What ``work`` comes to, which changes nothing; ended as soon as somebody asks.

        Raises CancelledError then, when the work has let go of what it had begun.
        """
        task = asyncio.ensure_future(work)
        while not task.done():
            await asyncio.wait({task}, timeout=_LOOK_SECONDS)
            if self.requested and not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
                self.check()
        return task.result()
