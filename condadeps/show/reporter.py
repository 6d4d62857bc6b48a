"""Progress is a reporter passed in, never a print.

The engine turns these calls into events on its pipe; a door's reporter turns the events
into a notebook output or a terminal bar. Every method has a default that does nothing.
"""

from __future__ import annotations

from typing import Literal, Protocol

Phase = Literal[
    "lock",
    "run",
    "index",
    "metadata",
    "solve",
    "build",
    "fetch",
    "uninstall",
    "link",
    "pip",
    "verify",
    "record",
]
"""The steps of the road, in their order. A phase may be absent when there is nothing to do in it."""


class Reporter(Protocol):
    """Told what happens while it happens; called from one thread at a time."""

    def phase(self, phase: Phase, message: str = "") -> None:
        """A phase begins (and the one before it has ended). ``message`` is for a person."""
        return

    def progress(
        self, item: str, done: int, total: int | None, unit: Literal["bytes", "items"] = "items"
    ) -> None:
        """``item`` (a file, a package) stands at ``done`` of ``total`` units; ``done == total`` ends it."""
        return

    def notice(self, message: str) -> None:
        """Something a person should read now, such as whose lock is waited for."""
        return


class Silent(Reporter):
    """Says nothing."""
