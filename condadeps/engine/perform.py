"""The road inside the engine: read the environment, solve, apply, record."""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from condadeps import config
from condadeps.asked.job import Job
from condadeps.asked.parse import parse
from condadeps.asked.request import Request
from condadeps.config import Configuration
from condadeps.engine import steering
from condadeps.engine.sources import conda_source, pypi_source
from condadeps.names.homes import Homes
from condadeps.overrides.steered import Steered
from condadeps.prefix import guards
from condadeps.prefix.target import Target, read
from condadeps.prefix.target import planned as planned_target
from condadeps.show.reporter import Reporter
from condadeps.solve.policy import Policy
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.outcome import Outcome, Status

if TYPE_CHECKING:
    from condadeps.config.settings import Installer
    from condadeps.sources.pypi import PypiSource
    from condadeps.transaction.commands import Begun
    from condadeps.transaction.executable import Executable


def perform(job: Job, reporter: Reporter, cancel: Cancel) -> Outcome:
    """Do ``job`` and return what came of it. Raises CondadepsError; the environment is then as it was."""
    prefix = Path(job.prefix)
    if job.options.pip_config:  # this process has one job: its environment is the job's
        os.environ["PIP_CONFIG_FILE"] = job.options.pip_config
    # The door has settled the options; the rest is read here, from the same files and variables.
    configuration = config.read(prefix, job.directory)
    requests = [parse(asked, job.directory) for asked in job.asked]
    with _hold(job, prefix, configuration.settings.lock_timeout, reporter, cancel):
        if job.options.dry_run:
            _tell_of_half(prefix, reporter)
        else:
            from condadeps.transaction import apply as transaction

            asyncio.run(transaction.recover(prefix, reporter=reporter))
        return asyncio.run(_perform(job, prefix, configuration, requests, reporter, cancel))


def _hold(
    job: Job, prefix: Path, timeout: float, reporter: Reporter, cancel: Cancel
) -> AbstractContextManager[object]:
    # Held from before the environment is read until the change is recorded: a plan is only
    # true of the environment it was made for.
    if job.options.dry_run:
        return nullcontext()
    if job.verb == "create":
        from condadeps.transaction import fresh

        return fresh.making(prefix, timeout, reporter, cancelled=lambda: cancel.requested)
    from condadeps.prefix import lock

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
    condarc = CondaConfig.read(prefix)
    offline = options.offline or condarc.offline
    hands = _hands(settings.installer, prefix, condarc, pki=options.pki, offline=offline)
    uv = _uv(prefix) if (options.pip_installer or settings.pip_installer) == "uv" else None
    homes = Homes(overrides=settings.homes)
    overrides = await steering.overrides(job, configuration, offline=offline)
    wanted = overrides.steer(requests, target, homes)
    begun = None
    if wanted.commands:
        from condadeps.engine import commanded

        wanted, begun = await commanded.run(job, wanted, target, homes, reporter, cancel)
    work = _Work(job, configuration, condarc, homes, overrides, requests, hands, uv, reporter, cancel)
    if begun is None:
        return await work.rest(wanted, target)
    with commanded.whole(begun):
        return await work.rest(wanted, read(prefix), begun)


@dataclass(frozen=True)
class _Work:
    """One job, with what is known before it is known what is wanted of which environment."""

    job: Job
    configuration: Configuration
    condarc: CondaConfig
    homes: Homes
    overrides: steering.Overrides
    requests: Sequence[Request]
    hands: Executable | None
    uv: Path | None
    reporter: Reporter
    cancel: Cancel

    async def rest(self, wanted: Steered, target: Target, begun: Begun | None = None) -> Outcome:
        """The sources, the plan, its application."""
        job, homes, reporter = self.job, self.homes, self.reporter
        target = replace(target, overrides=self.condarc.override_virtual_packages)
        conda = self._channels(wanted, target)
        if conda and job.verb not in ("remove", "undo", "restore") and job.lock is None:
            reporter.phase("index")
            conda.begin()
        # The solver is imported while the channels answer.
        await asyncio.to_thread(importlib.import_module, "condadeps.engine.planned")
        if conda and not target.has_python and job.verb in ("create", "install", "update", "sync"):
            target = target.with_python(await _python(job, wanted, target, conda, homes))
            before = wanted
            wanted = self.overrides.steer(self.requests, target, homes)  # some rules are for one Python
            if wanted.requests != before.requests:
                conda.close()
                conda = self._channels(wanted, target)
        pypi = pypi_source(job, target, self.condarc, reporter, self.configuration)
        try:
            return await self._carried_out(wanted, target, conda, pypi, begun)
        finally:
            await pypi.close()
            if conda:
                conda.close()

    def _channels(self, wanted: Steered, target: Target) -> CondaSource | None:
        return conda_source(
            self.job, target, self.condarc, wanted.requests, self.reporter, self.configuration
        )

    async def _carried_out(
        self,
        wanted: Steered,
        target: Target,
        conda: CondaSource | None,
        pypi: PypiSource,
        begun: Begun | None,
    ) -> Outcome:
        from condadeps.engine import planned

        found = await self.cancel.heeded(
            planned.with_commands(
                self.job,
                wanted,
                target,
                self.condarc,
                self.configuration,
                conda=conda,
                pypi=pypi,
                homes=self.homes,
                policy=Policy.of(self.configuration),
                reporter=self.reporter,
            )
        )
        plan = found.plan
        self.cancel.check()
        status = Status.PLANNED if plan else Status.UNCHANGED
        outcome = Outcome(status, plan, warnings=plan.warnings)
        if self.job.options.dry_run:
            return outcome
        # To import what changes things takes as long as a small plan does.
        from condadeps.engine.applied import apply
        from condadeps.engine.recorded import recorded

        settings = self.configuration.settings
        if not plan:
            return recorded(outcome, found, self.job, target, settings)
        return await apply(
            self.job,
            found,
            target,
            self.condarc,
            conda=conda,
            pypi=pypi,
            settings=settings,
            reporter=self.reporter,
            cancel=self.cancel,
            executable=self.hands,
            uv=self.uv,
            begun=begun,
        )


async def _python(job: Job, wanted: Steered, target: Target, conda: CondaSource, homes: Homes) -> str:
    """The Python that an environment gets which has none."""
    path = job.lock
    if path is not None:
        from condadeps.engine import locked

        return await locked.python_of(path, wanted.requests, target, conda, homes)
    from condadeps.engine.planned import constraints
    from condadeps.solve.python import choose_python

    limits = (*constraints(job), *wanted.constraints)
    return await choose_python(wanted.requests, conda, homes, target.subdir, constraints=limits)


def _tell_of_half(prefix: Path, reporter: Reporter) -> None:
    """Say so when a change is half in place there: a plan tells of the environment as it is."""
    from condadeps.transaction.room import Room

    if Room.of(prefix).journal.exists():
        from condadeps.transaction.journal import unfinished

        if half := unfinished(prefix):
            reporter.notice(str(half))


def _hands(
    installer: Installer, prefix: Path, condarc: CondaConfig, *, pki: bool, offline: bool
) -> Executable | None:
    """The program that is to make the change, where it is not the engine itself. Raises ConfigError."""
    if installer == "rattler":
        return None
    from condadeps.transaction.executable import find

    found = replace(find(installer, prefix), offline=offline)
    if not pki:
        return found
    from condadeps.pki import held

    return replace(found, variables=held.for_conda(found.kind, condarc.ssl_verify))


def _uv(prefix: Path) -> Path:
    """uv itself. Raises ConfigError."""
    from condadeps.transaction.uv import find

    return find(prefix)
