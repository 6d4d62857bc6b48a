"""What a job comes to in an environment: the plan of its verb, before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from condadeps.asked.job import Job
from condadeps.asked.parse import parse
from condadeps.asked.request import Request
from condadeps.config import Configuration
from condadeps.errors import NotFoundError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.overrides.steered import Steered
from condadeps.prefix import guards, installed
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Command, Plan
from condadeps.solve.policy import Policy
from condadeps.solve.solve import solve
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.pypi import PypiSource
from condadeps.transaction import asked_earlier

if TYPE_CHECKING:
    from condadeps.transaction.undo import Undo


@dataclass(frozen=True)
class Planned:
    """A plan, and what carrying it out and recording it takes beside."""

    plan: Plan
    undo: Undo | None = None
    projects: Mapping[PackageName, frozenset[ProjectName]] = field(default_factory=dict)
    """What the packages that are removed brought."""
    keep: tuple[str, ...] = ()
    """Files to keep aside when they are displaced, relative to the environment."""


async def plan(
    job: Job,
    wanted: Steered,
    target: Target,
    config: CondaConfig,
    configuration: Configuration,
    *,
    conda: CondaSource | None,
    pypi: PypiSource,
    homes: Homes,
    policy: Policy,
    reporter: Reporter,
) -> Planned:
    """The plan of ``job``: of what ``wanted`` has of it, when the site's overrides have had their say.

    Raises UnsatisfiableError, SourceError, RequestError or PrefixError.
    """
    requests = wanted.requests
    path = job.lock
    if path is not None:
        from condadeps.engine import locked

        exact = await locked.plan(
            job,
            path,
            requests,
            target,
            config,
            configuration,
            conda=conda,
            pypi=pypi,
            homes=homes,
            policy=policy,
            reporter=reporter,
        )
        return Planned(exact)
    match job.verb:
        case "remove" | "undo":
            from condadeps.engine import taken_away

            if job.verb == "undo":
                return taken_away.undo(job, target, homes, _pinned(target, config, homes))
            return taken_away.removal(job, requests, target, homes)
        case "restore":
            from condadeps.engine import restoring

            made, altered = await restoring.plan(job, target, conda, pypi, reporter)
            return Planned(made, keep=altered)
        case "install" | "update" if job.asked and not requests:  # all of it is provided
            return Planned(with_remarks(Plan(str(target.prefix), target.subdir), job, wanted))
        case _:
            packages = installed.packages(target.prefix)
            found = await solve(
                requests,
                target,
                conda=conda,
                pypi=pypi,
                homes=homes,
                packages=packages,
                distributions=installed.distributions(target),
                options=job.options,
                verb=job.verb,
                pinned=_pinned(target, config, homes),
                policy=policy,
                constraints=(*constraints(job), *wanted.constraints),
                asked_earlier=asked_earlier.versions(target.prefix),
                reporter=reporter,
            )
            return Planned(with_remarks(found, job, wanted))


async def with_commands(job: Job, wanted: Steered, *where: Any, **sources: Any) -> Planned:
    """As :func:`plan`, less the names that nobody has and that the overrides' commands are there for."""
    while True:
        try:
            found = await plan(job, wanted, *where, **sources)
            shown = tuple(one.discreet() for one in command_lines(wanted))
            return replace(found, plan=replace(found.plan, commands=shown)) if shown else found
        except NotFoundError as error:
            name = str(error.data.get("name", ""))
            if not any(_is(one.request, name) and one.request in wanted.requests for one in wanted.commands):
                raise
            told = f"{name} is nothing to install: the overrides' commands are all there is of it"
            left = tuple(one for one in wanted.requests if not _is(one, name))
            wanted = replace(wanted, requests=left, notes=(*wanted.notes, told))


def command_lines(wanted: Steered) -> tuple[Command, ...]:
    """Every command once, in order."""
    return tuple(dict.fromkeys(Command(one.name, line) for one in wanted.commands for line in one.lines))


def _is(request: Request, name: str) -> bool:
    try:
        return request.name is not None and ProjectName(request.name) == ProjectName(name)
    except ValueError:
        return request.name == name


def with_remarks(plan: Plan, job: Job, wanted: Steered) -> Plan:
    """``plan`` with what the files and the overrides left to say."""
    notes = (*wanted.notes, *plan.notes, *job.notes)
    return replace(plan, notes=notes, warnings=(*wanted.warnings, *plan.warnings))


def constraints(job: Job) -> list[Request]:
    """What holds for whatever is installed: pip's constraints files. Raises RequestError."""
    return [parse(asked, job.directory) for asked in job.constraints]


def _pinned(target: Target, config: CondaConfig, homes: Homes) -> tuple[str, ...]:
    """What holds whatever is asked, as MatchSpecs: its own pins, the configured ones, conda in its base."""
    return (*guards.pinned(target.prefix), *config.pinned_packages, *_held(target, homes))


def _held(target: Target, homes: Homes) -> tuple[str, ...]:
    """In conda's base environment: conda and what it needs, each exactly as it is, as MatchSpecs."""
    if not guards.is_base(target):
        return ()
    from condadeps.solve.dependents import Node, graph

    packages = installed.packages(target.prefix)
    there = graph(packages, {}, target, homes)
    kept = there.needed_by([Node("conda", "conda")])
    found = [packages[PackageName(node.name)] for node in sorted(kept)]
    return tuple(f"{one.name} =={one.version} {one.build}" for one in found)
