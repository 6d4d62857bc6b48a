"""Where a fault test may strike: called at every step of the journal and between files."""

from __future__ import annotations

from typing import Protocol


class Checkpoints(Protocol):
    """Told each point a transaction passes. The default does nothing; tests kill the process here."""

    def reached(self, point: str) -> None:
        """``point`` is about to be done: ``"place bin/foo"``, ``"journal changing"``."""


class Unchecked:
    """Does nothing at any point."""

    def reached(self, point: str) -> None:
        """Nothing."""
