"""What a verb leaves in the environment file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from condadeps.asked.job import Job
from condadeps.config import Settings
from condadeps.engine.planned import Planned
from condadeps.errors import RecordError
from condadeps.prefix.target import Target
from condadeps.record import withdrawal
from condadeps.record.environment import Recorded
from condadeps.record.place import env_file, environment_name, write_down
from condadeps.transaction.outcome import Outcome


def file_of(planned: Planned, job: Job) -> Path:
    """The environment file that ``job`` writes: what is undone is undone where it was recorded."""
    undone = planned.undo.change.recording if planned.undo else None
    return Path(undone.path) if undone else env_file(job)


def recorded(outcome: Outcome, planned: Planned, job: Job, target: Target, settings: Settings) -> Outcome:
    """``outcome`` with the file that now tells what is asked for, and what is to be said of it."""
    if job.verb == "restore":  # what was recorded already is what is restored
        return outcome
    if job.verb not in ("remove", "undo"):
        path, warnings = write_down(job, target, outcome.plan, settings)
    else:
        path, warnings = _taken_back(planned, job, target)
    return replace(outcome, recorded=path, warnings=(*outcome.warnings, *warnings))


def _taken_back(planned: Planned, job: Job, target: Target) -> tuple[str | None, tuple[str, ...]]:
    path = file_of(planned, job)
    if not job.options.record:
        return None, ()
    try:
        done = _restored(planned, path) if planned.undo else _withdrawn(planned, path, target)
    except RecordError as error:
        return None, (f"not recorded: {error}",)
    return (str(path) if done.changed and path.exists() else None), done.warnings


def _restored(planned: Planned, path: Path) -> Recorded:
    assert planned.undo
    undone = planned.undo.change.recording
    return withdrawal.restore(path, undone.before, undone.after) if undone else Recorded(path, False)


def _withdrawn(planned: Planned, path: Path, target: Target) -> Recorded:
    plan = planned.plan
    projects = {one.project for one in plan.uninstall}
    for brought in planned.projects.values():
        projects |= brought
    packages = {one.package.name for one in plan.unlink}
    name = environment_name(target.prefix)
    return withdrawal.withdraw(path, environment=name, packages=packages, projects=projects)
