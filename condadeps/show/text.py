"""A plan, an outcome: as plain text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from condadeps.asked.credentials import masked
from condadeps.show.changes import MARKS, Change, changes
from condadeps.show.units import counted, seconds, size
from condadeps.solve.plan import Answer, Plan
from condadeps.transaction.outcome import Outcome, Status


def plan(plan: Plan) -> str:
    """What would change in which environment, and why."""
    rows = changes(plan)
    if not rows:
        return "\n".join(["Nothing would change.", *_remarks(plan.warnings, plan.notes)])
    fetch = f", {size(plan.download_size)} to fetch" if plan.download_size else ""
    head = f"{counted(len(rows), 'change')} in {plan.prefix}{fetch}:"
    return "\n".join([head, *table(rows), *_remarks(plan.warnings, plan.notes)])


def outcome(outcome: Outcome) -> str:
    """What came of a call: what changed or was there, warnings, where it is recorded, whether to restart."""
    lines = [headline(outcome)]
    if outcome.status is not Status.UNCHANGED:
        lines += table(changes(outcome.plan))
    lines += _remarks(outcome.warnings, outcome.plan.notes)
    lines += tail(outcome)
    return "\n".join(lines)


def headline(outcome: Outcome) -> str:
    """The first line: what happened, where, in what time."""
    plan = outcome.plan
    count = counted(len(changes(plan)), "change")
    match outcome.status:
        case Status.UNCHANGED:
            return f"Already there: {there(plan.answers)}" if plan.answers else "Nothing to do"
        case Status.PLANNED:
            fetch = f", {size(plan.download_size)} to fetch" if plan.download_size else ""
            return f"Would make {count} in {plan.prefix}{fetch}:"
        case Status.CHANGED:
            took = f" in {seconds(outcome.seconds)}" if outcome.seconds else ""
            return f"Made {count} to {plan.prefix}{took}:"


def tail(outcome: Outcome) -> list[str]:
    """The last lines: the record, a kernel that was registered, and a restart if one is needed."""
    lines = [f"recorded in {shortened(outcome.recorded)}"] if outcome.recorded else []
    lines += registered(outcome)
    if outcome.restart:
        lines.append(f"restart the kernel: {'; '.join(outcome.restart)} (already imported here)")
    return lines


def registered(outcome: Outcome) -> list[str]:
    """Which kernel was registered with Jupyter, where, and how to take it away; nothing where none was."""
    if outcome.kernel is None:
        return []
    did = "would register" if outcome.status is Status.PLANNED else "registered"
    told = outcome.kernel
    called = f"{told['name']} ({told['display_name']})"
    return [
        f"{did} the kernel {called} in {Path(told['directory']).parent}",
        f"  {told['remove']} takes it away",
    ]


def there(answers: Iterable[Answer]) -> str:
    """``pandas 3.1.1, seaborn 0.13.2 (pip)``; what was asked twice is told once."""
    return ", ".join(dict.fromkeys(one(answer) for answer in answers))


def answers(plan: Plan) -> list[str]:
    """One line a request: what was asked, where, and what it came to."""
    return [f"{masked(answer.text)} ({answer.origin}): {one(answer)}" for answer in plan.answers]


def one(answer: Answer) -> str:
    """One answer: name, extras, version, and who manages it when that is not conda."""
    extras = f"[{','.join(answer.extras)}]" if answer.extras else ""
    if not answer.version:
        return f"{answer.name} (not wanted here: {answer.marker})"
    return f"{answer.name}{extras} {answer.version}{' (pip)' if answer.manager == 'pip' else ''}"


def table(rows: Sequence[Change]) -> list[str]:
    """One line a change, in columns."""
    cells = [(f"  {MARKS[row.kind]} {row.name}", row.versions, row.source) for row in rows]
    widths = [max((len(cell[column]) for cell in cells), default=0) for column in range(3)]
    return [
        "  ".join(
            [*(text.ljust(width) for text, width in zip(cell, widths, strict=True)), row.reason]
        ).rstrip()
        for cell, row in zip(cells, rows, strict=True)
    ]


def shortened(path: str) -> str:
    """A path, relative to the working directory when it lies below."""
    try:
        below = Path(path).relative_to(Path.cwd())
    except (ValueError, OSError):
        return path
    return str(below) if str(below) != os.curdir else path


def _remarks(warnings: Iterable[str], notes: Iterable[str]) -> list[str]:
    return [f"warning: {line}" for line in warnings] + [f"note: {line}" for line in notes]
