"""Stopping on request: a flag that the listening thread sets and the road looks at."""

from __future__ import annotations

import threading

from condadeps.errors import CancelledError


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
