"""The road inside the engine: read the environment, solve, apply, record."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from condadeps.asked.job import Job
from condadeps.asked.parse import parse
from condadeps.asked.request import Request
from condadeps.install import transaction
from condadeps.install.cancel import Cancel
from condadeps.install.outcome import Outcome, Status
from condadeps.names.homes import Homes
from condadeps.prefix import guards, installed, lock
from condadeps.record.place import write_down
from condadeps.show.reporter import Reporter
from condadeps.solve.solve import solve

LOCK_TIMEOUT = 600.0
"""Seconds to wait for another process's change to the same environment."""


def perform(job: Job, reporter: Reporter, cancel: Cancel) -> Outcome:
    """Do ``job`` and return what came of it. Raises CondadepsError; the environment is then as it was."""
    prefix = Path(job.prefix)
    requests = [parse(asked, job.directory) for asked in job.asked]
    with _hold(job, prefix, reporter):
        if not job.options.dry_run:
            asyncio.run(transaction.recover(prefix, reporter=reporter))
        return asyncio.run(_perform(job, prefix, requests, reporter, cancel))


def _hold(job: Job, prefix: Path, reporter: Reporter) -> AbstractContextManager[object]:
    # Held from before the environment is read until the change is recorded: a plan is only
    # true of the environment it was made for.
    if job.options.dry_run:
        return nullcontext()
    timeout = float(os.environ.get("CONDADEPS_LOCK_TIMEOUT", LOCK_TIMEOUT))
    return lock.hold(prefix, timeout, reporter)


async def _perform(
    job: Job, prefix: Path, requests: Sequence[Request], reporter: Reporter, cancel: Cancel
) -> Outcome:
    target = _target(job, prefix)
    conda = _conda_source(job, target, reporter)
    pypi = _pypi_source(job, target, reporter)
    plan = await solve(
        requests,
        target,
        conda=conda,
        pypi=pypi,
        homes=Homes(),
        packages=installed.packages(prefix),
        distributions=installed.distributions(target),
        options=job.options,
        verb=job.verb,
        pinned=guards.pinned(prefix),
        reporter=reporter,
    )
    cancel.check()
    if job.options.dry_run:
        return Outcome(Status.PLANNED if plan else Status.UNCHANGED, plan, warnings=plan.warnings)
    status, warnings = Status.UNCHANGED, plan.warnings
    if plan:
        applied = await transaction.apply(
            plan, target, conda=conda, pypi=pypi, reporter=reporter, cancel=cancel
        )
        status, warnings = Status.CHANGED, (*warnings, *applied.warnings)
    reporter.phase("record")
    recorded, remarks = write_down(job, target, plan)
    return Outcome(status, plan, recorded=recorded, warnings=(*warnings, *remarks))
