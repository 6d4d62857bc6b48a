"""What a job comes to in an environment: the plan of its verb, before anything is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from condadeps.asked.job import Job
from condadeps.asked.parse import parse
from condadeps.asked.request import Request
from condadeps.config import Configuration
from condadeps.engine import locked
from condadeps.errors import PrefixError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.overrides.steered import Steered
from condadeps.prefix import guards, installed
from condadeps.prefix.installed import InstalledPackage
from condadeps.prefix.target import Target
from condadeps.record import listed
from condadeps.record.place import env_file
from condadeps.show.reporter import Reporter
from condadeps.solve.dependents import Graph, Node, graph
from condadeps.solve.plan import Package, Plan, Uninstall, Unlink
from condadeps.solve.policy import Policy
from condadeps.solve.removal import named, removal, told
from condadeps.solve.solve import solve
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.pypi import PypiSource
from condadeps.transaction import undo
from condadeps.transaction.undo import Undo


@dataclass(frozen=True)
class Planned:
    """A plan, and what carrying it out and recording it takes beside."""

    plan: Plan
    undo: Undo | None = None
    projects: Mapping[PackageName, frozenset[ProjectName]] = field(default_factory=dict)
    """What the packages that are removed brought."""


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
    path = locked.lock_of(job)
    if path is not None:
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
        case "remove":
            return _removal(job, requests, target, homes)
        case "undo":
            return _undo(job, target, homes, _pinned(target, config, homes))
        case "install" | "update" if job.asked and not requests:  # all of it is provided
            return Planned(_told(Plan(str(target.prefix), target.subdir), job, wanted))
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
                reporter=reporter,
            )
            return Planned(_told(found, job, wanted))


def _told(plan: Plan, job: Job, wanted: Steered) -> Plan:
    """``plan`` with what the files and the overrides left to say."""
    notes = (*wanted.notes, *plan.notes, *job.notes)
    return replace(plan, notes=notes, warnings=(*wanted.warnings, *plan.warnings))


def constraints(job: Job) -> list[Request]:
    """What holds for whatever is installed: pip's constraints files. Raises RequestError."""
    return [parse(asked, job.directory) for asked in job.constraints]


def _removal(job: Job, requests: Sequence[Request], target: Target, homes: Homes) -> Planned:
    packages = installed.packages(target.prefix)
    there = _graph(job, target, homes)
    going = named(requests, there, packages.keys(), homes)
    _check_survives(job, going)
    _check_stands(job, going, there)
    found = removal(there, going, keep_dependencies=job.options.keep_dependencies)
    unlink = [
        Unlink(_package(packages, node.name), why) for node, why in found.gone if node.manager == "conda"
    ]
    uninstall = [
        Uninstall(project, distribution.version, why)
        for node, why in found.gone
        for project, distribution in installed.distributions(target).items()
        if node == Node("pip", project)
    ]
    brought: dict[PackageName, frozenset[ProjectName]] = {
        one.package.name: frozenset(
            p for p, n in there.providers.items() if n == Node("conda", one.package.name)
        )
        for one in unlink
    }
    plan = Plan(
        prefix=str(target.prefix), subdir=target.subdir, unlink=tuple(unlink), uninstall=tuple(uninstall)
    )
    return Planned(plan, projects=brought)


def _undo(job: Job, target: Target, homes: Homes, pinned: Sequence[str]) -> Planned:
    packages, distributions = installed.packages(target.prefix), installed.distributions(target)
    found = undo.undo(job.number, target, packages, distributions)
    file = found.change.recording
    undone = listed.extras_added(file.before, file.after, Path(file.path)) if file else {}
    there = _graph(job, target, homes, undone)
    undo.check_needs(found, there, packages, distributions)
    undo.check_pins(found, pinned)
    lost = {one.package.name for one in found.plan.unlink} | {one.project for one in found.plan.uninstall}
    kept = {one.package.name for one in found.plan.link} | {
        one.artifact.project for one in found.plan.install
    }
    _check_survives(job, [Node("conda", name) for name in sorted(lost - kept)])
    return Planned(found.plan, undo=found)


def _check_survives(job: Job, going: Sequence[Node]) -> None:
    """Raises PrefixError when what the caller itself runs on would go (rule 7)."""
    vital = [node.name for node in going if node.name in _VITAL]
    if vital and job.inside:
        raise PrefixError(
            f"{' and '.join(vital)} cannot go: this Python runs on it",
            help=_elsewhere(job),
            prefix=job.prefix,
        )


def _check_stands(job: Job, going: Sequence[Node], there: Graph) -> None:
    """Raises PrefixError when what the caller itself runs on needs what would go (rule 7)."""
    needing = there.needing(going) if job.inside else set()
    chains = [there.chain(node, going) for node in sorted(needing) if node.name in _VITAL]
    if chains:
        lost = sorted({chain[-1].name for chain in chains})
        who = " and ".join(chain[0].name for chain in chains)
        need = "needs" if len(chains) == 1 else "need"
        raise PrefixError(
            f"{' and '.join(lost)} cannot go: {who} {need} {'it' if len(lost) == 1 else 'them'}, and "
            "this Python runs on that",
            detail=[told(chain) for chain in chains],
            help=_elsewhere(job),
            prefix=job.prefix,
        )


def _elsewhere(job: Job) -> str:
    return f"from another environment's condadeps: condadeps {job.verb} -p {job.prefix} …"


_VITAL = frozenset({"python", "pip", "ipykernel", "condadeps"})


def _graph(
    job: Job, target: Target, homes: Homes, undone: Mapping[ProjectName, frozenset[str]] | None = None
) -> Graph:
    """What needs what, by what was asked for: with the file's extras less those that are ``undone``."""
    asked = listed.listed(env_file(job), target.prefix)
    packages, distributions = installed.packages(target.prefix), installed.distributions(target)
    gone = undone or {}
    extras = {project: several - gone.get(project, frozenset()) for project, several in asked.extras.items()}
    found = graph(packages, distributions, target, homes, extras=extras)
    more = {Node("conda", name) for name in asked.packages}
    more |= {node for project in asked.projects if (node := found.known_as(project)) is not None}
    return replace(found, asked=found.asked | (more & found.needs.keys()))


def _pinned(target: Target, config: CondaConfig, homes: Homes) -> tuple[str, ...]:
    """What holds whatever is asked, as MatchSpecs: its own pins, the configured ones, conda in its base."""
    return (*guards.pinned(target.prefix), *config.pinned_packages, *_held(target, homes))


def _held(target: Target, homes: Homes) -> tuple[str, ...]:
    """In conda's base environment: conda and what it needs, each exactly as it is, as MatchSpecs."""
    if not guards.is_base(target):
        return ()
    packages = installed.packages(target.prefix)
    there = graph(packages, {}, target, homes)
    kept = there.needed_by([Node("conda", "conda")])
    found = [packages[PackageName(node.name)] for node in sorted(kept)]
    return tuple(f"{one.name} =={one.version} {one.build}" for one in found)


def _package(packages: Mapping[PackageName, InstalledPackage], name: str) -> Package:
    from rattler import PrefixRecord

    from condadeps.sources.records import package

    path = packages[PackageName(name)].path
    try:
        return package(PrefixRecord.from_path(path))
    except Exception as error:
        raise installed.unreadable(path, error) from error
