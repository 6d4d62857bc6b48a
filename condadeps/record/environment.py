"""Writing down what was asked for, as an environment file (CEP 24) that rebuilds it.

``docs/environment-file.md`` says what is written and when. In short: every request under
the name its manager knows it by, ``python=X.Y``, and conda packages that pip's projects
need; what a person wrote stays as written while it holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from condadeps.asked.credentials import without
from condadeps.errors import RecordError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.record.constraints import Pin, admits, implies
from condadeps.record.revision import Revision, settled_conda
from condadeps.record.sheet import Sheet, conda_entry, pip_entry
from condadeps.solve.plan import Answer, Needed
from condadeps.values import dataclass

MAX_BYTES = 2**19
"""The largest file that is read, in bytes."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one recording."""

    path: Path
    changed: bool
    declined: str | None = None
    """Why nothing was written though it should have been: the file is another environment's."""
    warnings: tuple[str, ...] = ()


def write(
    path: Path,
    *,
    environment: str,
    python: str | None,
    channels: Sequence[str],
    answers: Sequence[Answer],
    needed: Sequence[Needed],
    pin: Pin = "exact",
) -> Recorded:
    """Record ``answers`` in the environment file ``path``, which is made when it is not there.

    ``environment`` is the name this environment's file carries; a file of another name is
    left alone (``Recorded.declined`` says so). ``python`` is ``"3.11"``, None when Python is
    not to be written. ``channels`` were used, first come first; those the file has not are added
    after its own. ``needed`` are conda packages that pip's projects need: it need only be
    complete for projects newly answered. ``pin`` says how the version of a bare request is written.

    The file is replaced in one step, under a lock that other processes of this user heed.
    Raises RecordError, the file untouched, when it is no environment file or cannot be written.
    """
    from condadeps.record import file

    path = file.real(path)
    with file.hold(path):
        for _ in range(8):
            before = file.read(path, MAX_BYTES)
            declined = _declined(path, before.text, environment)
            if declined:
                return Recorded(path, False, declined)
            text, warnings = _text(path, before.text, environment, python, channels, answers, needed, pin)
            if text == before.text:
                return Recorded(path, False, warnings=warnings)
            if file.replace(path, before, text):
                return Recorded(path, True, warnings=warnings)
    raise RecordError(f"{path} keeps changing while it is written", path=str(path))


def holds(path: Path, answers: Sequence[Answer], *, environment: str | None = None) -> bool:
    """Whether the file says all of ``answers`` already, so that :func:`write` would change nothing.

    With ``environment``, False for another environment's file too. Never raises for the file:
    what cannot be read does not hold. Costs a ``stat`` when the file is as it was last time.
    """
    from condadeps.record import glance

    try:
        sheet = glance.sheet(path, MAX_BYTES)
    except (RecordError, OSError):
        return False
    if sheet is None or (environment is not None and sheet.name not in (None, environment)):
        return False
    return all(_is_held(sheet, answer) for answer in answers)


def _declined(path: Path, text: str | None, environment: str) -> str | None:
    from condadeps.record import glance

    name = glance.name(text, path) if text is not None else None
    if name is None or name == environment:
        return None
    return (
        f"not recorded: {path} is the file of the environment '{name}', and this one is '{environment}'"
        f" (to record elsewhere: --env-file FILE)"
    )


def _text(
    path: Path,
    text: str | None,
    environment: str,
    python: str | None,
    channels: Sequence[str],
    answers: Sequence[Answer],
    needed: Sequence[Needed],
    pin: Pin,
) -> tuple[str, tuple[str, ...]]:
    """The file's text with all of it recorded, and what to tell the person."""
    from condadeps.record.document import Document

    document = Document(_blank(environment, channels) if text is None else text, path)
    sheet = document.sheet
    revision = Revision(sheet, answers, needed, pin)
    revision.channels(channels)
    revision.answers()
    if python is not None:
        revision.python(python)
    revision.pip()
    return document.rewritten(sheet), tuple(revision.warnings)


def _blank(environment: str, channels: Sequence[str]) -> str:
    from condadeps.record.document import scalar

    return f"name: {scalar(environment)}\n" + ("channels:\n" if channels else "") + "dependencies:\n"


def _is_held(sheet: Sheet, answer: Answer) -> bool:
    """Whether recording ``answer`` would leave ``sheet`` as it is."""
    if answer.manager == "conda":
        line = sheet.conda_line(PackageName(answer.name))
        if line is None or line.needed_by:
            return False
        entry = conda_entry(line.text)
        if entry is None or (answer.channel and without(answer.channel) != entry.channel):
            return False
        if answer.project is not None and not _extras_are_held(sheet, answer.project, answer):
            return False
        return entry.constraint == settled_conda(line, answer, "exact")
    line = sheet.pip_line(ProjectName(answer.name))
    known = pip_entry(line.text) if line is not None else None
    if known is None or not known.extras.issuperset(answer.extras):
        return False
    if answer.marker and answer.marker != known.marker:
        return False
    asked = answer.constraint
    if asked.lstrip().startswith("@"):
        return known.constraint == f" @ {without(asked.lstrip()[1:].strip())}"
    if known.constraint.startswith(" @"):
        return not asked
    return admits(known.constraint, answer.version, "pip") is not False and implies(
        known.constraint, asked, "pip"
    )


def _extras_are_held(sheet: Sheet, project: ProjectName, answer: Answer) -> bool:
    """Whether the ``pip:`` list has of a project that conda ships its extras, and nothing else."""
    line = sheet.pip_line(project)
    known = pip_entry(line.text) if line is not None else None
    if known is None:
        return line is None and not answer.extras
    return not known.constraint and bool(known.extras) and known.extras.issuperset(answer.extras)
