"""What a display knows of a change at work: the phase, what is under way, how much of it is done."""

from __future__ import annotations

from dataclasses import field

from condadeps.show.reporter import Phase
from condadeps.show.units import size
from condadeps.values import dataclass

WORDS: dict[Phase, str] = {
    "lock": "waiting for the environment",
    "run": "running the site's command",
    "index": "reading channels",
    "metadata": "reading metadata",
    "solve": "solving",
    "build": "building",
    "fetch": "fetching",
    "uninstall": "removing what is replaced",
    "link": "linking",
    "pip": "installing from PyPI",
    "verify": "verifying",
    "record": "writing it down",
}
"""A phase for a person."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing under way."""

    done: int
    total: int | None
    unit: str

    @property
    def share(self) -> float | None:
        """From 0 to 1; None when the total is unknown."""
        return None if not self.total else min(1.0, self.done / self.total)

    def __str__(self) -> str:
        shown = size if self.unit == "bytes" else str
        return f"{shown(self.done)} of {shown(self.total)}" if self.total else shown(self.done)


@dataclass
class Progress:
    """Told the same as a Reporter; holds what there is to show now."""

    phase: Phase | None = None
    message: str = ""
    items: dict[str, Item] = field(default_factory=dict)
    """What is under way, oldest first."""
    finished: int = 0
    """Items of this phase that are done."""
    notices: list[str] = field(default_factory=list)

    def begin(self, phase: Phase, message: str = "") -> None:
        """A phase begins; what was under way is over."""
        self.phase, self.message, self.finished = phase, message, 0
        self.items.clear()

    def advance(self, item: str, done: int, total: int | None, unit: str) -> None:
        """An item stands at ``done`` of ``total``."""
        if total is not None and done >= total:
            self.items.pop(item, None)
            self.finished += 1
        else:
            self.items[item] = Item(done, total, unit)

    @property
    def title(self) -> str:
        """The phase, for a person."""
        words = WORDS.get(self.phase, str(self.phase)) if self.phase else "starting"
        return f"{words}: {self.message}" if self.message else words
