"""What a call came to: the same object from every door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import Enum
from typing import Any

from condadeps.solve.plan import Plan
from condadeps.values import dataclass


class Status(Enum):
    """How a call ended when it did not raise."""

    UNCHANGED = "unchanged"
    """Everything asked for was there already."""
    PLANNED = "planned"
    """A dry run: the plan was made and not applied."""
    CHANGED = "changed"
    """The plan was applied and verified."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The plan, what became of it and where it was written down."""

    status: Status
    plan: Plan
    recorded: str | None = None
    """The environment file that was written or already held it."""
    warnings: tuple[str, ...] = ()
    """The plan's warnings and what came up on the way."""
    restart: tuple[str, ...] = ()
    """For a kernel: one line per imported distribution that changed ("numpy 1.26.4 → 2.1.0")."""
    kernel: Mapping[str, str] | None = None
    """The kernel that was registered with Jupyter as well, or would be: ``name``, ``display_name``,
    ``directory`` (its kernelspec), ``remove`` (the command that takes it away)."""
    replaced: tuple[Mapping[str, Any], ...] = field(default=(), repr=False)
    """What was moved or removed, with its files of before (prefix/restart.py), for a kernel to compare."""
    seconds: float = field(default=0.0, compare=False)

    @property
    def changed(self) -> bool:
        """Whether the environment was changed."""
        return self.status is Status.CHANGED

    @property
    def restart_needed(self) -> bool:
        """Whether something already imported in this process was replaced."""
        return bool(self.restart)

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the engine's pipe."""
        return {
            "status": self.status.value,
            "plan": self.plan.to_json(),
            "recorded": self.recorded,
            "warnings": list(self.warnings),
            "restart": list(self.restart),
            "kernel": dict(self.kernel) if self.kernel else None,
            "replaced": [dict(item) for item in self.replaced],
            "seconds": self.seconds,
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Outcome:
        """The outcome :meth:`to_json` described."""
        return Outcome(
            status=Status(document["status"]),
            plan=Plan.from_json(document["plan"]),
            recorded=document["recorded"],
            warnings=tuple(document["warnings"]),
            restart=tuple(document["restart"]),
            kernel=document["kernel"],
            replaced=tuple(document["replaced"]),
            seconds=document["seconds"],
        )

    def __str__(self) -> str:
        from condadeps.show import text

        return text.outcome(self)

    def _repr_html_(self) -> str:
        from condadeps.show import notebook

        return notebook.outcome(self)

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))
