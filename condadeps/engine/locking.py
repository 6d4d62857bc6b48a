"""Solving for platforms, this machine's or others, without any environment: what ``condadeps lock`` does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from condadeps import config as settings
from condadeps.asked.credentials import without
from condadeps.asked.job import Job
from condadeps.asked.parse import parse
from condadeps.engine import steering
from condadeps.engine.planned import constraints, with_remarks
from condadeps.engine.sources import conda_source, pypi_source
from condadeps.errors import CondadepsError, UsageError
from condadeps.locks import conda_lock, explicit, pixi_lock
from condadeps.locks.asked import of_plan
from condadeps.locks.lock import Lock, Locked, LockedFile, public
from condadeps.names.homes import Homes
from condadeps.prefix.target import Target, machine_subdir, planned
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Artifact, Plan
from condadeps.solve.policy import Policy
from condadeps.solve.python import choose_python
from condadeps.solve.solve import solve
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.files import name_in_url
from condadeps.sources.pypi import MetadataError, PypiSource
from condadeps.transaction.cancel import Cancel

PLATFORMS = "platforms"
"""The setting of a job: per platform the job that asks for it."""


async def lock(job: Job, reporter: Reporter, cancel: Cancel) -> Lock:
    """What the jobs of ``job``'s platforms come to, each solved for its own platform.

    Raises as :func:`condadeps.solve.solve.solve`, the platform named in the message.
    """
    found: list[Locked] = []
    channels: dict[str, None] = {}
    notes: dict[str, None] = {}
    for subdir, document in job.settings[PLATFORMS].items():
        cancel.check()
        one = Job.from_json(document)
        reporter.phase("solve", subdir)
        plan, locked, used = await _platform(one, subdir, reporter)
        found.append(locked)
        channels |= dict.fromkeys(used)
        notes |= dict.fromkeys(f"{subdir}: {text}" for text in (*plan.warnings, *plan.notes))
    return Lock(
        tuple(found), tuple(channels), sources=tuple(job.settings.get("sources", ())), notes=tuple(notes)
    )


def text(lock: Lock, format: str) -> str:
    """``lock`` in one of the formats that hold conda's packages."""
    lock = public(lock)
    match format:
        case "explicit":
            return explicit.write(lock)
        case "pixi-lock":
            return pixi_lock.write(lock)
    targets = {one.subdir: _target(one) for one in lock.platforms}
    return conda_lock.write(lock, targets)


def _target(locked: Locked) -> Target:
    """The environment a platform's part of a lock would make."""
    version = next((one.version for one in locked.packages if one.name == "python"), "")
    return planned(_NOWHERE, version, locked.subdir)


_NOWHERE = Path("condadeps-lock")


async def _platform(job: Job, subdir: str, reporter: Reporter) -> tuple[Plan, Locked, Sequence[str]]:
    config = CondaConfig.read(None)
    configuration = settings.read(job.prefix, job.directory)
    requests = [parse(asked, job.directory) for asked in job.asked]
    homes = Homes(overrides=configuration.settings.homes)
    target = replace(planned(_NOWHERE, "", subdir), overrides=config.override_virtual_packages)
    overrides = await steering.overrides(job, configuration, offline=job.options.offline or config.offline)
    wanted = overrides.steer(requests, target, homes)
    conda = conda_source(job, target, config, wanted.requests, reporter, configuration)
    assert conda is not None
    try:
        limits = (*constraints(job), *wanted.constraints)
        version = await choose_python(wanted.requests, conda, homes, subdir, constraints=limits)
        target = target.with_python(version)
        before, wanted = wanted, overrides.steer(requests, target, homes)  # some rules are for one Python
        if wanted.requests != before.requests:
            conda.close()
            conda = conda_source(job, target, config, wanted.requests, reporter, configuration)
            assert conda is not None
        # Another platform's build code cannot run here.
        builds = subdir == machine_subdir()
        pypi = pypi_source(job, target, config, reporter, configuration, builds=builds)
        try:
            plan = await solve(
                wanted.requests,
                target,
                conda=conda,
                pypi=pypi,
                homes=homes,
                packages={},
                distributions={},
                options=job.options,
                verb="create",
                pinned=config.pinned_packages,
                policy=Policy.of(configuration),
                constraints=(*constraints(job), *wanted.constraints),
                reporter=reporter,
            )
            plan = with_remarks(plan, job, wanted)
            files = [await _file(one.artifact, pypi) for one in plan.install]
        finally:
            await pypi.close()
    except CondadepsError as error:
        error.message = f"{subdir}: {error.message}"
        raise
    finally:
        if conda is not None:
            conda.close()
    locked = Locked(subdir, tuple(one.package for one in plan.link), tuple(files), of_plan(plan))
    return plan, locked, [channel.base_url for channel in conda.channels]


async def _file(artifact: Artifact, pypi: PypiSource) -> LockedFile:
    """A planned file with what it says of itself, which was read for the solve."""
    if artifact.direct:
        return LockedFile(_at_its_url(artifact))
    page = await pypi.page(artifact.project)
    try:
        files = page.at(Version(artifact.version)) if page else ()
        told: Any = next((one for one in files if one.filename == artifact.filename), None)
        metadata = await pypi.metadata(told, build=False) if told else None
    except (InvalidVersion, MetadataError):
        metadata = None
    if metadata is None:
        return LockedFile(artifact)
    return LockedFile(artifact, tuple(map(str, metadata.requires)), metadata.requires_python)


def _at_its_url(artifact: Artifact) -> Artifact:
    """What was asked for by URL, where everybody can fetch it: here it is a file of the cache."""
    told = artifact.direct_url or {}
    if "archive_info" not in told:
        raise UsageError(
            f"{artifact.project} is built from {without(str(told.get('url', artifact.url)))},"
            " which a lock does not fix",
            help="a wheel or an sdist, by its URL",
        )
    url, promised = str(told["url"]), told["archive_info"].get("hashes", {})
    filename = name_in_url(url)
    sha256, build = str(promised.get("sha256") or artifact.sha256), not filename.endswith(".whl")
    return replace(artifact, url=url, filename=filename, sha256=sha256, build=build)
