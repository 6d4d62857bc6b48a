"""What a person's words say, whichever door heard them."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from condadeps.asked.job import Options
from condadeps.values import dataclass

FORMATS = ("environment-yaml", "explicit", "conda-lock", "pixi-lock", "requirements", "pylock")
"""What an environment can be written down as."""

LOCKS = ("conda-lock", "pixi-lock", "explicit")
"""What can be locked without an environment."""


@dataclass(frozen=True, slots=True)
class Files:
    """What a call says of files."""

    requirements: tuple[str, ...] = ()
    """``-r``: pip's requirements files."""
    constraints: tuple[str, ...] = ()
    """``--constraint``: pip's constraints files."""
    files: tuple[str, ...] = ()
    """``-f``: a file of any kind, told by its name."""
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.requirements or self.constraints or self.files)


@dataclass(frozen=True, slots=True)
class Call:
    """A verb, its requests, and how."""

    verb: str
    requests: tuple[str, ...] = ()
    options: Options = field(default_factory=Options)
    prefix: str | None = None
    json: bool = False
    quiet: bool = False
    yes: bool = False
    """Do not ask, though a person is there to answer."""
    restart: bool = False
    """Restart the kernel when the change asks for it."""
    files: Files = field(default_factory=Files)
    help: str | None = None
    """The text to show instead of doing anything."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What only one verb knows: ``kernel``, ``format``, ``all`` …"""
