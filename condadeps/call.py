"""What a person's words say, whichever door heard them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from condadeps.asked.gather import Files
from condadeps.asked.job import Options


@dataclass(frozen=True, slots=True)
class Call:
    """A verb, its requests, and how."""

    verb: str
    requests: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    prefix: str | None = None
    json: bool = False
    quiet: bool = False
    files: Files = field(default_factory=Files)
    help: str | None = None
    """The text to show instead of doing anything."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What only one verb knows: ``kernel``, ``format``, ``all`` …"""
