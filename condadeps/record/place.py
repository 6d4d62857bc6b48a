"""Where the environment file is, whose it is, and writing a plan's answers into it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condadeps.asked.job import Job
from condadeps.config import Settings
from condadeps.prefix.target import Target
from condadeps.solve.plan import Answer, Plan

if TYPE_CHECKING:
    from condadeps.names.homes import Homes

NODEFAULTS = "nodefaults"
"""Among a file's channels: the configured ones are not asked beside them."""
_FILE = "environment.yml"
_ANONYMOUS = {"env", ".env", "venv", ".venv"}


def env_file(job: Job) -> Path:
    """The environment file of a job that is settled (:mod:`condadeps.config`).

    Where nobody names one: beside the notebook when its front end tells where that is, else in the
    working directory.
    """
    if job.options.env_file or job.notebook is None:
        return Path(job.directory, job.options.env_file or _FILE)
    return Path(job.notebook).parent / _FILE


def environment_name(prefix: Path) -> str:
    """The name a file of this environment carries: the directory's, or its parent's for a ``.venv``.

    What conda does not take in a name is a dash.
    """
    if (prefix / "condabin").is_dir():
        return "base"
    name = prefix.parent.name if prefix.name in _ANONYMOUS and prefix.parent.name else prefix.name
    return re.sub(r"[ /:#]+", "-", name)


def check(job: Job) -> None:
    """Raises RecordError when what stands in the file's place is none, before anything changes."""
    if not job.options.record or job.options.dry_run:
        return
    from condadeps.errors import RecordError
    from condadeps.record import glance
    from condadeps.record.environment import MAX_BYTES

    try:
        glance.sheet(env_file(job), MAX_BYTES)
    except RecordError as error:
        ways = "to record elsewhere: --env-file FILE; not at all: --no-record"
        error.help = f"{error.help}; {ways}" if error.help else ways
        raise


def write_down(
    job: Job, target: Target, plan: Plan, settings: Settings
) -> tuple[str | None, tuple[str, ...]]:
    """Record what was asked for: the file's path (None when nothing was written) and warnings.

    A file that belongs to another environment, or cannot be read, declines the recording and
    loses nothing; the change itself stands, so that is a warning.
    """
    if not job.options.record:
        return None, ()
    from condadeps.errors import RecordError
    from condadeps.names.homes import Homes
    from condadeps.record import environment

    # A lock is itself the record of what it brings, and of what was asked for of it.
    asked = plan.answers if job.lock is None else ()
    path, name = env_file(job), environment_name(target.prefix)
    homes = Homes(overrides=settings.homes)
    moved = _moved(replace(plan, answers=asked), path, target, homes)
    if not asked and not moved:
        return None, ()
    try:
        if not moved and environment.holds(path, asked, environment=name):
            return str(path), ()
        from condadeps.prefix.needed import needed

        answers = (*moved, *asked)
        written = environment.write(
            path,
            environment=name,
            python=".".join(target.python_version.split(".")[:2]),
            channels=(*(plan.channels or _configured(job, target)), *_kept_out(job, target)),
            answers=answers,
            needed=needed((*answers, *_standing(path, target, answers)), target, homes),
            pin=settings.record.pin,
        )
    except RecordError as error:
        return None, (f"not recorded: {error}",)
    if written.declined:
        return None, (*written.warnings, written.declined)
    return str(path), written.warnings


def _configured(job: Job, target: Target) -> tuple[str, ...]:
    """The channels that would be asked, when nobody was: everything was there already."""
    if not target.is_conda:
        return ()
    from condadeps.sources.channels import name_of, selected
    from condadeps.sources.condarc import CondaConfig

    options = job.options
    config = CondaConfig.read(target.prefix)
    channels = selected(config, options.channels, options.override_channels)
    return tuple(dict.fromkeys(map(name_of, channels)))


def _kept_out(job: Job, target: Target) -> tuple[str, ...]:
    """``nodefaults``, when this call or the configuration kept other channels out.

    conda asks its configured channels after those of an environment file, unless the file says that.
    """
    if not target.is_conda:
        return ()
    from condadeps.sources.condarc import CondaConfig

    named = any(NODEFAULTS in one.channels for one in job.named)
    kept = job.options.override_channels or named or NODEFAULTS in CondaConfig.read(target.prefix).channels
    return (NODEFAULTS,) if kept else ()


def _moved(plan: Plan, path: Path, target: Target, homes: Homes) -> tuple[Answer, ...]:
    if not plan:
        return ()
    from condadeps.record.listed import listed
    from condadeps.record.moved import moved

    return moved(plan, listed(path, target.prefix), homes)


def _standing(path: Path, target: Target, answers: Sequence[Answer]) -> tuple[Answer, ...]:
    from condadeps.record.listed import listed
    from condadeps.record.moved import standing

    return standing(listed(path, target.prefix), answers)
