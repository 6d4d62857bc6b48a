"""What was found wrong with an environment, and how a person is told."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from condadeps.prefix.target import is_running
from condadeps.show.units import counted

Kind = Literal[
    "unfinished",
    "history",
    "record",
    "twice",
    "files",
    "requirement",
    "pin",
    "python",
    "leftover",
    "shadowed",
    "lock",
]
"""What a finding is about; stable, for programs."""

SHOWN = 4
"""How many lines of detail a finding has for a person; JSON has them all."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or worth knowing."""

    kind: Kind
    message: str
    detail: tuple[str, ...] = ()
    help: str | None = None
    """What to type about it."""
    problem: bool = True
    """False: worth knowing, and nothing to be done."""
    name: str | None = None
    """The package or project it is about."""

    def lines(self) -> list[str]:
        """For a person: the message, some detail, what to type."""
        shown = [f"  {line}" for line in self.detail[:SHOWN]]
        more = len(self.detail) - SHOWN
        shown += [f"  and {more} more"] if more > 0 else []
        return [self.message, *shown, *([f"  help: {self.help}"] if self.help else [])]


@dataclass(frozen=True, slots=True)
class Health:
    """How an environment is. Prints and shows as a list of what is wrong with it."""

    prefix: str
    findings: tuple[Finding, ...]
    packages: int
    """conda's packages, as many as were looked at."""
    projects: int
    """pip's."""
    files: int
    """The files that were held against what was installed."""

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What something should be done about."""
        return tuple(one for one in self.findings if one.problem)

    @property
    def exit_code(self) -> int:
        """1 when something is wrong."""
        return 1 if self.problems else 0

    @property
    def headline(self) -> str:
        """The first line."""
        looked = (
            f"{counted(self.packages, 'conda package')}, {counted(self.projects, 'project')} from PyPI, "
            f"{counted(self.files, 'file')}"
        )
        if self.problems:
            return f"{counted(len(self.problems), 'problem')} in {self.prefix} ({looked}):"
        return f"{self.prefix} is as it was installed: {looked}"

    def to_json(self) -> dict[str, Any]:
        """Plain data, for ``--json``."""
        return {"success": not self.problems, **asdict(self)}

    def __str__(self) -> str:
        lines = [self.headline]
        for one in self.findings:
            first, *rest = one.lines()
            lines += [f"  {'✗' if one.problem else 'note:'} {first}", *(f"    {line}" for line in rest)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li>{'' if one.problem else 'note: '}{'<br>'.join(map(html.escape, one.lines()))}</li>"
            for one in self.findings
        )
        return f"<div>{html.escape(self.headline)}</div>{f'<ul>{items}</ul>' if items else ''}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def command(prefix: Path, *words: str) -> str:
    """What to type for ``prefix``: with its path, when it is not the environment of this Python."""
    verb, *rest = words
    where = [] if is_running(prefix) else ["-p", str(prefix)]
    return " ".join(["condadeps", verb, *where, *rest])


def several(names: Sequence[str]) -> str:
    """``a, b and 3 more``."""
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
