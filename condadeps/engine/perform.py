"""The road inside the engine: read the environment, solve, apply, record."""

from __future__ import annotations

import asyncio
import getpass
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path

from condadeps import config
from condadeps.asked.credentials import masked
from condadeps.asked.job import IMPLIED, Job
from condadeps.asked.parse import parse
from condadeps.asked.request import Request
from condadeps.config import Configuration
from condadeps.engine import locked, planned, steering
from condadeps.engine.recorded import file_of, recorded
from condadeps.engine.sources import conda_source, policy_of, pypi_source
from condadeps.names.homes import Homes
from condadeps.overrides.steer import Steered
from condadeps.pki import held
from condadeps.prefix import catalog, guards, installed, lock, restart, shadow
from condadeps.prefix.target import Target, read
from condadeps.prefix.target import planned as planned_target
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Plan
from condadeps.solve.python import choose_python
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.transaction import apply as transaction
from condadeps.transaction import fresh, past, pruning
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.executable import find
from condadeps.transaction.journal import Occasion, unfinished
from condadeps.transaction.outcome import Outcome, Status
from condadeps.transaction.uv import find as find_uv


def perform(job: Job, reporter: Reporter, cancel: Cancel) -> Outcome:
    """Do ``job`` and return what came of it. Raises CondadepsError; the environment is then as it was."""
    prefix = Path(job.prefix)
    if job.options.pip_config:  # this process has one job: its environment is the job's
        os.environ["PIP_CONFIG_FILE"] = job.options.pip_config
    # The door has settled the options; the rest is read here, from the same files and variables.
    configuration = config.read(prefix, job.directory)
    requests = [parse(asked, job.directory) for asked in job.asked]
    with _hold(job, prefix, configuration.settings.lock_timeout, reporter, cancel):
        if not job.options.dry_run:
            asyncio.run(transaction.recover(prefix, reporter=reporter))
        elif half := unfinished(prefix):
            reporter.notice(str(half))
        return asyncio.run(_perform(job, prefix, configuration, requests, reporter, cancel))


def _hold(
    job: Job, prefix: Path, timeout: float, reporter: Reporter, cancel: Cancel
) -> AbstractContextManager[object]:
    # Held from before the environment is read until the change is recorded: a plan is only
    # true of the environment it was made for.
    if job.options.dry_run:
        return nullcontext()
    if job.verb == "create":
        return fresh.making(prefix, timeout, reporter, cancelled=lambda: cancel.requested)
    read(prefix)  # what is no environment gets no lock either
    return lock.hold(prefix, timeout, reporter, cancelled=lambda: cancel.requested)


async def _perform(
    job: Job,
    prefix: Path,
    configuration: Configuration,
    requests: Sequence[Request],
    reporter: Reporter,
    cancel: Cancel,
) -> Outcome:
    settings = configuration.settings
    target = planned_target(prefix, "") if job.verb == "create" else read(prefix)
    options = job.options
    if not options.dry_run:
        inside = job.verb == "create" or job.inside or options.allow_base
        pip = options.pip != "never"
        guards.check(target, override_frozen=options.override_frozen, pip=pip, inside=inside)
    hands = find(settings.installer, prefix) if settings.installer != "rattler" else None
    uv = find_uv(prefix) if (options.pip_installer or settings.pip_installer) == "uv" else None
    condarc = CondaConfig.read(prefix)
    if hands and options.pki:
        hands = replace(hands, variables=held.for_conda(hands.kind, condarc.ssl_verify))
    homes = Homes(overrides=settings.homes)
    offline = options.offline or condarc.offline
    overrides = await steering.overrides(job, configuration, offline=offline)
    wanted = overrides.steer(requests, target, homes)
    conda = conda_source(job, target, condarc, wanted.requests, reporter, configuration)
    if job.verb == "create" and conda:
        reporter.phase("index")
        target = planned_target(prefix, await _python(job, wanted, target, conda, homes))
        before, wanted = wanted, overrides.steer(requests, target, homes)  # some rules are for one Python
        if wanted.requests != before.requests:
            conda.close()
            conda = conda_source(job, target, condarc, wanted.requests, reporter, configuration)
    pypi = pypi_source(job, target, condarc, reporter, configuration)
    try:
        found = await cancel.heeded(
            planned.plan(
                job,
                wanted,
                target,
                condarc,
                configuration,
                conda=conda,
                pypi=pypi,
                homes=homes,
                policy=policy_of(configuration),
                reporter=reporter,
            )
        )
        plan = found.plan
        cancel.check()
        if job.options.dry_run or not plan:
            status = Status.PLANNED if plan else Status.UNCHANGED
            return recorded(Outcome(status, plan, warnings=plan.warnings), found, job, target, settings)
        replaced = [item.to_json() for item in restart.replaced(plan, target)]
        applied = await transaction.apply(
            plan,
            target,
            conda=conda,
            pypi=pypi,
            reporter=reporter,
            cancel=cancel,
            occasion=_occasion(job, found),
            kept=found.undo.kept if found.undo else None,
            executable=hands,
            uv=uv,
            link_scripts=settings.link_scripts,
        )
        reporter.phase("record")
        told = _catalogued(prefix, condarc, new=job.verb == "create")
        warnings = (*plan.warnings, *applied.warnings, *_shadowed(read(prefix), plan), *told)
        outcome = Outcome(Status.CHANGED, plan, warnings=warnings, replaced=tuple(replaced))
        with past.recording(prefix, applied.stamp, file_of(found, job)):
            outcome = recorded(outcome, found, job, read(prefix), settings)
        with suppress(OSError):  # it is tried again after the next change
            pruning.prune(prefix, settings.undo.keep, settings.undo.megabytes << 20)
        return outcome
    finally:
        await pypi.close()
        if conda:
            conda.close()


async def _python(job: Job, wanted: Steered, target: Target, conda: CondaSource, homes: Homes) -> str:
    """The Python that a new environment gets."""
    path = locked.lock_of(job)
    if path is not None:
        return await locked.python_of(path, wanted.requests, target, conda, homes)
    limits = (*planned.constraints(job), *wanted.constraints)
    return await choose_python(wanted.requests, conda, homes, target.subdir, constraints=limits)


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


def _occasion(job: Job, found: planned.Planned) -> Occasion:
    """What the histories of conda and of condadeps tell of this change."""
    words = (
        [asked.text for asked in job.asked if asked.place != IMPLIED]
        if found.undo is None
        else [str(found.undo.change.number)]
    )
    path = locked.lock_of(job)
    words += ["-f", path.name] if path is not None else []
    places = dict.fromkeys(asked.place for asked in job.asked if asked.place != IMPLIED)
    return Occasion(
        command=masked(" ".join(["condadeps", job.verb, *words])),
        verb=job.verb,
        who=_user(),
        where=f"{', '.join(places) or 'call'} in {job.directory}",
        undoes=found.undo.change.stamp if found.undo else None,
    )


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return ""  # a container's number without a name
