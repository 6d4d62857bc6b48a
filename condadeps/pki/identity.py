"""A certificate with its key, and the authorities it goes with: what a door hands to the engine.

It crosses the pipe apart from the job, because a job is told, journalled and kept, and this never is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from condadeps.errors import EngineError


@dataclass(frozen=True, slots=True)
class Identity:
    """Who we are to a server that wants to know. Nothing of it is shown by ``repr``."""

    pem: str = field(repr=False)
    """The private key, not encrypted, then its certificate."""
    authorities: str = field(repr=False)
    """The certificates of the authorities to trust, in PEM."""

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the engine's pipe and for nothing else."""
        return {"pem": self.pem, "authorities": self.authorities}


@dataclass(frozen=True, slots=True)
class Missing:
    """There is none, and why: for a person."""

    why: str

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the engine's pipe."""
        return {"why": self.why}


def from_json(document: Mapping[str, Any]) -> Identity | Missing:
    """What :meth:`Identity.to_json` or :meth:`Missing.to_json` described.

    Raises EngineError for another thing; it repeats nothing of it.
    """
    match document:
        case {"pem": str(pem), "authorities": str(authorities)}:
            return Identity(pem, authorities)
        case {"why": str(why)}:
            return Missing(why)
    raise EngineError("the engine was handed no certificate, though one was announced")
