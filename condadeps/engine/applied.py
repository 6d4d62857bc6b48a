"""Carrying a plan out, and writing down what came of it."""

from __future__ import annotations

import getpass
import shlex
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from condadeps.asked.credentials import masked
from condadeps.asked.job import IMPLIED, Job
from condadeps.config import Settings
from condadeps.engine import restoring
from condadeps.engine.planned import Planned
from condadeps.engine.recorded import file_of, recorded
from condadeps.errors import SourceError
from condadeps.prefix import catalog, installed, restart, shadow
from condadeps.prefix.target import Target, read
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Plan
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.pypi import PypiSource
from condadeps.transaction import apply as transaction
from condadeps.transaction import keeping, past, pruning
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.commands import Begun
from condadeps.transaction.executable import Executable
from condadeps.transaction.journal import Occasion
from condadeps.transaction.outcome import Outcome, Status
from condadeps.transaction.room import Room
from condadeps.transaction.undo import Undo


async def apply(
    job: Job,
    found: Planned,
    target: Target,
    condarc: CondaConfig,
    *,
    conda: CondaSource | None,
    pypi: PypiSource,
    settings: Settings,
    reporter: Reporter,
    cancel: Cancel,
    executable: Executable | None,
    uv: Path | None,
    begun: Begun | None = None,
) -> Outcome:
    """Make the change that was planned, the rest of ``begun`` if there is one.

    Raises CondadepsError; the environment is then as it was.
    """
    plan, prefix = found.plan, Path(job.prefix)
    earlier = begun.replaced if begun else ()
    moved = restart.joined(earlier, restart.replaced(plan, target, found.keep))
    replaced = [item.to_json() for item in moved]
    try:
        applied = await transaction.apply(
            plan,
            target,
            conda=conda,
            pypi=pypi,
            reporter=reporter,
            cancel=cancel,
            occasion=occasion(job, found.undo),
            kept=found.undo.kept if found.undo else None,
            executable=executable,
            uv=uv,
            keep=found.keep,
            link_scripts=settings.link_scripts,
            begun=begun,
        )
    except SourceError as error:
        if job.verb == "restore":
            restoring.advise(error, plan)
        raise
    reporter.phase("record")
    told = _catalogued(prefix, condarc, new=job.verb == "create")
    warnings = (*plan.warnings, *applied.warnings, *_shadowed(read(prefix), plan), *told)
    if found.keep:
        aside = keeping.files(Room.of(prefix), applied.stamp)
        plan = replace(plan, notes=(*plan.notes, f"what was altered is kept in {aside}"))
    outcome = Outcome(Status.CHANGED, plan, warnings=warnings, replaced=tuple(replaced))
    with past.recording(prefix, applied.stamp, file_of(found, job)):
        outcome = recorded(outcome, found, job, read(prefix), settings)
    with suppress(OSError):  # it is tried again after the next change
        pruning.prune(prefix, settings.undo.keep, settings.undo.megabytes << 20)
    return outcome


def _catalogued(prefix: Path, condarc: CondaConfig, *, new: bool) -> Sequence[str]:
    """Let conda know where the environment is, as it does itself; warnings where that cannot be."""
    if not condarc.register_envs or not (prefix / "conda-meta").is_dir():
        return ()
    try:
        if installed.packages(prefix):
            catalog.register(prefix)
        else:
            catalog.unregister(prefix)
    except (OSError, UnicodeDecodeError) as error:
        why = f"`conda env list` will not show it: {catalog.place()} cannot be written ({error})"
        return (why,) if new else ()
    return ()


def _shadowed(target: Target, plan: Plan) -> Sequence[str]:
    """Warnings about copies in the user's site that hide what was just installed."""
    projects = {answer.project for answer in plan.answers if answer.project is not None}
    projects |= {install.artifact.project for install in plan.install}
    return [shadow.warning(found) for found in shadow.shadowing(target, projects).values()]


def occasion(job: Job, undo: Undo | None = None) -> Occasion:
    """What the histories of conda and of condadeps tell of this change."""
    words = (
        [asked.text for asked in job.asked if asked.place != IMPLIED]
        if undo is None
        else [str(undo.change.number)]
    )
    path = job.lock
    words += ["-f", path.name] if path is not None else []
    places = dict.fromkeys(asked.place for asked in job.asked if asked.place != IMPLIED)
    return Occasion(
        command=masked(shlex.join(["condadeps", job.verb, *words])),
        verb=job.verb,
        who=_user(),
        where=f"{', '.join(places) or 'call'} in {job.notebook or job.directory}",
        undoes=undo.change.stamp if undo else None,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""  # a container's number without a name
