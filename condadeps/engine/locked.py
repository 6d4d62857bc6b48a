"""The road from a lock: no solve, since every file is known. Whose word counts is asked all the same."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from condadeps.asked.job import Job
from condadeps.asked.request import Request
from condadeps.config import Configuration
from condadeps.config.trust import trusted
from condadeps.errors import ConfigError, UsageError
from condadeps.locks import clashes, exact, files, located, machine, present
from condadeps.locks.asked import with_answers
from condadeps.locks.exact import There
from condadeps.locks.lock import Locked, LockedFile, artifact
from condadeps.names.homes import Homes
from condadeps.prefix import guards, installed
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter
from condadeps.solve.dependents import graph
from condadeps.solve.plan import Install, Plan
from condadeps.solve.policy import Policy
from condadeps.solve.python import choose_python
from condadeps.solve.solve import solve
from condadeps.sources.channels import check_allowed, resolve
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.metadata import in_wheel, parse
from condadeps.sources.pypi import PypiSource

OWN = "own"
"""The setting that names a wheel of the running condadeps, for a new environment's kernel."""
KERNEL = "kernel"
"""The setting that says a kernel is to be registered."""


async def python_of(
    path: Path, requests: Sequence[Request], target: Target, conda: CondaSource, homes: Homes
) -> str:
    """The version of Python that a new environment of the lock gets; empty without one."""
    if files.kind_of(path) == "pylock":
        return await choose_python(requests, conda, homes, target.subdir)
    locked = files.read(path, target).on(target.subdir)
    assert locked is not None
    return next((one.version for one in locked.packages if one.name == "python"), "")


async def plan(
    job: Job,
    path: Path,
    requests: Sequence[Request],
    target: Target,
    config: CondaConfig,
    configuration: Configuration,
    *,
    conda: CondaSource | None,
    pypi: PypiSource,
    homes: Homes,
    policy: Policy,
    reporter: Reporter,
) -> Plan:
    """The plan that makes the environment what the lock at ``path`` says.

    Raises RequestError, ConfigError, ConflictError, SourceError, HashError or PrefixError.
    """
    reporter.phase("index")
    lock = files.read(path, target)
    found = lock.on(target.subdir)
    assert found is not None
    locked = await _placed(found, job, path, config, configuration, conda, pypi, policy, homes)
    there = _there(target, homes)
    pins = (*guards.pinned(target.prefix), *config.pinned_packages)
    clashes.check_pins(locked.packages, pins, path.name)
    base = Plan(str(target.prefix), target.subdir)
    if lock.python_only and job.verb == "create":
        base = await solve(
            requests, target, conda=conda, pypi=None, homes=homes, packages={}, distributions={},
            options=job.options, verb="create", pinned=pins, policy=policy, reporter=reporter,
        )  # fmt: skip
        locked, notes = _beside(locked, base, homes)
        base = replace(base, answers=(), notes=(*base.notes, *notes))
    made = exact.plan(locked, there, homes, file=str(path), sync=job.verb == "sync", inside=job.inside)
    clashes.check_rest(made, there, path.name)
    if conda is not None:
        machine.check([one.package for one in made.link], conda.virtual_packages(), path.name)
    machine.check_wheels(replace(made, link=(*base.link, *made.link)), target, path.name)
    warnings = (*made.warnings, *(clashes.missing(locked, there) if not lock.python_only else ()))
    made = replace(
        made, link=(*base.link, *made.link), warnings=warnings, channels=conda.written if conda else (),
        notes=(*base.notes, *made.notes, *job.notes, *_unrecorded(made, job, path)),
    )  # fmt: skip
    return _with_kernel(with_answers(made, locked, path.name), locked, there, job, path, homes)


async def _placed(
    locked: Locked,
    job: Job,
    path: Path,
    config: CondaConfig,
    configuration: Configuration,
    conda: CondaSource | None,
    pypi: PypiSource,
    policy: Policy,
    homes: Homes,
) -> Locked:
    """``locked`` with places to fetch from that somebody here stands for."""
    if locked.packages and conda is None:
        raise UsageError(
            f"{path.name} has conda's packages, and {job.prefix} is not a conda environment",
            help=f"condadeps create -p DIR -f {path.name}",
        )
    _check_policy(locked, job, path, policy, homes)
    for channel in {one.channel for one in locked.packages}:
        for one in resolve(channel, config, job.directory):
            check_allowed(one, config, job.directory)
    trust = configuration.settings.trust
    places = located.Places(path.name, lambda url: job.options.trust or trusted(trust, url))
    packages = await located.packages(locked.packages, conda, places) if conda else ()
    return replace(locked, packages=packages, files=await located.files(locked.files, pypi, places))


def _check_policy(locked: Locked, job: Job, path: Path, policy: Policy, homes: Homes) -> None:
    """Raises ConfigError when the configuration does not let something come from where the lock has it."""
    if locked.files and "never" in (job.options.pip, policy.pip):
        raise ConfigError(
            f"{path.name} has {locked.files[0].project} from PyPI, and nothing may come from there",
            help="the setting pip (or --no-pip) says so",
            place=str(path),
        )
    for one in locked.files:
        why = policy.closed(one.project)
        if why:
            raise ConfigError(f"{path.name} has {one.project} from PyPI, and {why}", place=str(path))
    for package in locked.packages:
        barred = policy.only_pypi.intersection(homes.ships(package.name) or ())
        if barred:
            why = f"{policy.setting('only_pypi')} names it"
            raise ConfigError(f"{path.name} has {min(barred)} from conda, and {why}", place=str(path))


def _there(target: Target, homes: Homes) -> There:
    packages = installed.packages(target.prefix)
    distributions = installed.distributions(target) if target.prefix.is_dir() and target.has_python else {}
    return There(
        target,
        exact.installed_packages(packages),
        distributions,
        graph(packages, distributions, target, homes),
        present.laid(target, distributions.values()),
    )


def _unrecorded(made: Plan, job: Job, path: Path) -> list[str]:
    """Why a living environment's file does not list what came from a lock."""
    if not made or job.verb != "install" or not job.options.record:
        return []
    return [
        f"what {path.name} brought is not listed in the environment file: the lock is itself the record of it"
    ]


def _beside(locked: Locked, base: Plan, homes: Homes) -> tuple[Locked, list[str]]:
    """The lock's files that conda does not bring with Python (its own pip, on some channels)."""
    brought = {
        str(project): link.package.version
        for link in base.link
        for project in (homes.ships(link.package.name) or (link.package.name,))
    }
    left = [one for one in locked.files if str(one.project) in brought]
    notes = [
        f"{one.project} is conda's {brought[str(one.project)]}, not the lock's {one.artifact.version}"
        for one in left
        if brought[str(one.project)] != one.artifact.version
    ]
    return replace(locked, files=tuple(one for one in locked.files if one not in left)), notes


def _with_kernel(made: Plan, locked: Locked, there: There, job: Job, path: Path, homes: Homes) -> Plan:
    """With the running condadeps in a new environment, where all it needs is in the lock."""
    projects = {str(one.project) for one in locked.files} | {str(one.package.name) for one in made.link}
    if job.settings.get(KERNEL) and "ipykernel" not in projects:
        raise UsageError(
            f"{path.name} has no ipykernel, so there can be no kernel of it",
            help="leave out --kernel, or lock an environment that has ipykernel",
        )
    wheel = job.settings.get(OWN)
    if not wheel or str(present.OWN) in projects:
        return made
    all_packages = replace(locked, packages=tuple(one.package for one in made.link))
    own = _own_wheel(Path(wheel))
    why = exact.own_wheel(all_packages, there, homes, Path(wheel), own.requires)
    if why is not None:
        return replace(made, notes=(*made.notes, f"condadeps is not put into it, since {why}"))
    return replace(made, install=(*made.install, Install(own.artifact, "for %condadeps in its kernel")))


def _own_wheel(path: Path) -> LockedFile:
    metadata = parse(in_wheel(path, present.OWN))
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    made = artifact("condadeps", str(metadata.version), path.as_uri(), digest, len(content))
    return LockedFile(made, tuple(map(str, metadata.requires)))
