"""From a lock, or from what is to be locked, to a bundle: what ``condadeps bundle`` does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from condadeps import config as settings
from condadeps.asked.job import Job
from condadeps.config.trust import trusted
from condadeps.engine import locking
from condadeps.engine.sources import conda_source, pypi_source
from condadeps.errors import UsageError
from condadeps.locks import bundle as bundles
from condadeps.locks import files, located
from condadeps.locks.bundled import Bundle
from condadeps.locks.lock import Lock, Locked
from condadeps.prefix.target import planned
from condadeps.show.reporter import Reporter
from condadeps.sources.condarc import CondaConfig
from condadeps.transaction.cancel import Cancel

OUTPUT = "output"
"""The setting that names the bundle's directory, absolute."""


async def bundle(job: Job, reporter: Reporter, cancel: Cancel) -> Bundle:
    """Make the bundle that ``job`` asks for. Raises CondadepsError; what was fetched stays."""
    path = job.lock
    config = CondaConfig.read(None)
    configuration = settings.read(job.prefix, job.directory)
    target = planned(Path(job.prefix), "")
    conda = conda_source(job, target, config, (), reporter, configuration)
    pypi = pypi_source(job, target, config, reporter, configuration)
    assert conda is not None
    try:
        lock = await (locking.lock(job, reporter, cancel) if path is None else _located(job, path, reporter))
        cancel.check()
        return await bundles.make(
            lock,
            Path(job.settings[OUTPUT]),
            locking.text(lock, "conda-lock"),
            client=conda.client,
            pypi=pypi,
            reporter=reporter,
            cancel=cancel,
        )
    finally:
        await pypi.close()
        conda.close()


async def _located(job: Job, path: Path, reporter: Reporter) -> Lock:
    """The lock at ``path``, for the platforms asked for, at places that somebody here stands for."""
    config = CondaConfig.read(None)
    configuration = settings.read(job.prefix, job.directory)
    trust = configuration.settings.trust
    places = located.Places(path.name, lambda url: job.options.trust or trusted(trust, url))
    if files.kind_of(path) == "pylock":
        raise UsageError(
            f"{path.name} has no conda packages to make a channel of",
            help="lock it with them: condadeps lock -f …, or condadeps export --format conda-lock",
        )
    lock = bundles.only(files.load(path, planned(Path(job.prefix), "")), job.settings.get("only", ()))
    if not lock.platforms:
        raise UsageError(f"{path.name} is for none of the platforms asked for")
    found: list[Locked] = []
    for one in lock.platforms:
        target = planned(Path(job.prefix), "", one.subdir)
        conda = conda_source(job, target, config, (), reporter, configuration)
        pypi = pypi_source(job, target, config, reporter, configuration, builds=False)
        assert conda is not None
        try:
            packages = await located.packages(one.packages, conda, places, whole=False)
            pips = await located.files(one.files, pypi, places)
            found.append(replace(one, packages=packages, files=pips))
        finally:
            await pypi.close()
            conda.close()
    return replace(lock, platforms=tuple(found))
