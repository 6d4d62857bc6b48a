"""What became of requests when the overrides had had their say."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from condadeps.asked.credentials import masked
from condadeps.asked.request import Request


@dataclass(frozen=True, slots=True)
class Commands:
    """What the old form would run for one request."""

    name: str
    lines: tuple[tuple[str, ...], ...]
    """Argument lists, never a shell's line."""
    request: Request
    """What was asked for."""

    def __str__(self) -> str:
        return "; ".join(shlex.join(map(masked, line)) for line in self.lines)


@dataclass(frozen=True, slots=True)
class Steered:
    """The requests as the overrides would have them."""

    requests: tuple[Request, ...]
    constraints: tuple[Request, ...] = ()
    """Bounds on whatever is installed, asked for or not."""
    commands: tuple[Commands, ...] = ()
    """Those a site allows, to be run before the rest, in the transaction's journal."""
    notes: tuple[str, ...] = ()
    """What was made of what, for a person."""
    warnings: tuple[str, ...] = ()
