"""What an environment has seen: when, who, where it was asked, what changed, conda's and pip's."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps.show.changes import MARKS, Change, changes
from condadeps.show.units import counted, size

if TYPE_CHECKING:
    from condadeps.transaction.past import Past

SHOWN = 6
"""How many changed names a line of text has room for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One past change."""

    number: int
    """What ``condadeps undo`` knows it by."""
    when: float
    """Seconds since the epoch."""
    who: str
    where: str
    command: str
    changes: tuple[Change, ...]
    undone_by: int | None = None
    undoes: int | None = None
    made_the_environment: bool = False
    let_go: bool = False
    """It is too old to be undone."""

    @property
    def moment(self) -> str:
        """In local time."""
        return time.strftime("%Y-%m-%d %H:%M", time.localtime(self.when))

    @property
    def state(self) -> str:
        """What else is to be known: ``undone by 3``."""
        if self.undone_by is not None:
            return f"undone by {self.undone_by}"
        if self.undoes is not None:
            return f"undoes {self.undoes}"
        if self.made_the_environment:
            return "made the environment"
        return "too old to be undone" if self.let_go else ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, for ``--json``."""
        return {
            "number": self.number,
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.when)),
            "who": self.who,
            "where": self.where,
            "command": self.command,
            "undone_by": self.undone_by,
            "undoes": self.undoes,
            "made_the_environment": self.made_the_environment,
            "let_go": self.let_go,
            "changes": [
                {
                    "kind": one.kind,
                    "name": str(one.name),
                    "old": one.old,
                    "new": one.new,
                    "source": one.source,
                }
                for one in self.changes
            ],
        }


@dataclass(frozen=True, slots=True)
class History:
    """The changes of one environment, the oldest first. Prints and shows as a table."""

    prefix: str
    entries: tuple[Entry, ...]
    size: int = 0
    """Bytes that are kept in the environment, so that the changes can be undone."""

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def to_json(self) -> dict[str, Any]:
        """Plain data, for ``--json``."""
        return {
            "success": True,
            "prefix": self.prefix,
            "size": self.size,
            "changes": [one.to_json() for one in self.entries],
        }

    def __str__(self) -> str:
        if not self.entries:
            return f"condadeps has not changed {self.prefix}"
        lines = [f"{counted(len(self.entries), 'change')} to {self.prefix}:"]
        width = len(str(self.entries[-1].number))
        for one in self.entries:
            state = f"  [{one.state}]" if one.state else ""
            lines.append(f"{one.number:{width + 2}}  {one.moment}  {one.command}{state}")
            by = f"by {one.who}, " if one.who else ""
            lines.append(f"{'':{width + 4}}{by}{one.where}".rstrip())
            lines += (f"{'':{width + 4}}{line}" for line in _rows(one.changes))
        return "\n".join([*lines, f"what undoing takes is kept in the environment: {size(self.size)}"])

    def _repr_html_(self) -> str:
        from condadeps.show.notebook import TABLE, cell, heading

        head = "".join(heading(name) for name in ("", "when", "asked", "by", "what changed"))
        body = "".join(
            "<tr>"
            + cell(str(one.number))
            + cell(one.moment)
            + cell(f"{one.command} [{one.state}]" if one.state else one.command)
            + cell(f"{one.who}, {one.where}".strip(", "))
            + cell("; ".join(row.strip() for row in _rows(one.changes)))
            + "</tr>"
            for one in reversed(self.entries)
        )
        title = html.escape(f"{counted(len(self.entries), 'change')} to {self.prefix}")
        return f"<div>{title}</div><table {TABLE}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def history(prefix: Path) -> History:
    """What condadeps did to the environment at ``prefix``. Raises PrefixError for none, or a torn history."""
    from condadeps.prefix.target import read
    from condadeps.transaction import past, pruning

    target = read(prefix)
    entries = tuple(_entry(one) for one in past.read(target.prefix))
    return History(str(target.prefix), entries, pruning.taken(target.prefix))


def _entry(one: Past) -> Entry:
    occasion = one.journal.occasion
    return Entry(
        number=one.number,
        when=one.journal.started,
        who=occasion.who,
        where=occasion.where,
        command=occasion.command,
        changes=tuple(changes(one.plan)),
        undone_by=one.undone_by,
        undoes=one.undoes,
        made_the_environment=one.journal.fresh,
        let_go=one.journal.let_go,
    )


def _rows(found: Sequence[Change]) -> list[str]:
    """One line a change; what is more than fits is counted."""
    rows = [f"{MARKS[one.kind]} {one.name} {one.versions} ({one.source})" for one in found[:SHOWN]]
    more = len(found) - SHOWN
    return [*rows, f"and {more} more"] if more > 0 else rows
