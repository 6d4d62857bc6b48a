"""The road inside the engine: read the environment, solve, apply, record."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from condadeps.asked.job import Job
from condadeps.asked.parse import parse
from condadeps.asked.request import Request
from condadeps.engine.sources import conda_source, pypi_source
from condadeps.names.homes import Homes
from condadeps.prefix import guards, installed, lock, restart, shadow
from condadeps.prefix.target import Target, planned, read
from condadeps.record.place import write_down
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Plan
from condadeps.solve.python import choose_python
from condadeps.solve.solve import solve
from condadeps.sources.condarc import CondaConfig
from condadeps.transaction import apply as transaction
from condadeps.transaction import fresh
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.outcome import Outcome, Status

LOCK_TIMEOUT = 600.0
"""Seconds to wait for another process's change to the same environment."""


def perform(job: Job, reporter: Reporter, cancel: Cancel) -> Outcome:
    """Do ``job`` and return what came of it. Raises CondadepsError; the environment is then as it was."""
    prefix = Path(job.prefix)
    if job.options.pip_config:  # this process has one job: its environment is the job's
        os.environ["PIP_CONFIG_FILE"] = job.options.pip_config
    requests = [parse(asked, job.directory) for asked in job.asked]
    with _hold(job, prefix, reporter, cancel):
        if not job.options.dry_run:
            asyncio.run(transaction.recover(prefix, reporter=reporter))
        return asyncio.run(_perform(job, prefix, requests, reporter, cancel))


def _hold(job: Job, prefix: Path, reporter: Reporter, cancel: Cancel) -> AbstractContextManager[object]:
    # Held from before the environment is read until the change is recorded: a plan is only
    # true of the environment it was made for.
    if job.options.dry_run:
        return nullcontext()
    timeout = float(os.environ.get("CONDADEPS_LOCK_TIMEOUT", LOCK_TIMEOUT))
    if job.verb == "create":
        return fresh.making(prefix, timeout, reporter, cancelled=lambda: cancel.requested)
    read(prefix)  # what is no environment gets no lock either
    return lock.hold(prefix, timeout, reporter, cancelled=lambda: cancel.requested)


async def _perform(
    job: Job, prefix: Path, requests: Sequence[Request], reporter: Reporter, cancel: Cancel
) -> Outcome:
    target = planned(prefix, "") if job.verb == "create" else read(prefix)
    if not job.options.dry_run:
        guards.check(target, pip=job.options.pip != "never")
    config = CondaConfig.read(prefix)
    conda = conda_source(job, target, config, requests, reporter)
    homes = Homes()
    if job.verb == "create" and conda:
        reporter.phase("index")
        target = planned(prefix, await choose_python(requests, conda, homes, target.subdir))
    pypi = pypi_source(job, target, config, reporter)
    try:
        plan = await solve(
            requests,
            target,
            conda=conda,
            pypi=pypi,
            homes=homes,
            packages=installed.packages(prefix),
            distributions=installed.distributions(target),
            options=job.options,
            verb=job.verb,
            pinned=(*guards.pinned(prefix), *config.pinned_packages),
            reporter=reporter,
        )
        plan = replace(plan, notes=(*plan.notes, *job.notes))
        cancel.check()
        if job.options.dry_run or not plan:
            status = Status.PLANNED if plan else Status.UNCHANGED
            return _written(Outcome(status, plan, warnings=plan.warnings), job, target)
        replaced = [item.to_json() for item in restart.replaced(plan, target)]
        applied = await transaction.apply(
            plan, target, conda=conda, pypi=pypi, reporter=reporter, cancel=cancel, command=_typed(job)
        )
        reporter.phase("record")
        warnings = (*plan.warnings, *applied.warnings, *_shadowed(read(prefix), plan))
        outcome = Outcome(Status.CHANGED, plan, warnings=warnings, replaced=tuple(replaced))
        return _written(outcome, job, read(prefix))
    finally:
        await pypi.close()
        if conda:
            conda.close()


def _shadowed(target: Target, plan: Plan) -> Sequence[str]:
    """Warnings about copies in the user's site that hide what was just installed."""
    projects = {answer.project for answer in plan.answers if answer.project is not None}
    projects |= {install.artifact.project for install in plan.install}
    return [shadow.warning(found) for found in shadow.shadowing(target, projects).values()]


def _written(outcome: Outcome, job: Job, target: Target) -> Outcome:
    if job.options.dry_run:
        return outcome
    recorded, warnings = write_down(job, target, outcome.plan)
    return replace(outcome, recorded=recorded, warnings=(*outcome.warnings, *warnings))


def _typed(job: Job) -> str:
    """What the person typed, for the histories of conda and of condadeps."""
    return " ".join(["condadeps", job.verb, *(asked.text for asked in job.asked)])
