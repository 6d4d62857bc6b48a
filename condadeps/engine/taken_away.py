"""What taking away comes to: the plans of ``remove`` and ``undo``, made of the environment alone."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, replace
from pathlib import Path

from condadeps.asked.job import Job
from condadeps.asked.request import Request
from condadeps.engine.planned import Planned
from condadeps.errors import ConflictError, PrefixError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import installed
from condadeps.prefix.installed import InstalledPackage
from condadeps.prefix.target import Target
from condadeps.record import listed
from condadeps.record.place import env_file
from condadeps.solve.dependents import Graph, Node, graph
from condadeps.solve.plan import Package, Plan, Uninstall, Unlink
from condadeps.solve.removal import named, told, typed
from condadeps.solve.removal import removal as taken_with
from condadeps.transaction import asked_earlier, commands
from condadeps.transaction import undo as past


def removal(job: Job, requests: Sequence[Request], target: Target, homes: Homes) -> Planned:
    """The plan that removes what was named, and what only that needed. Raises ConflictError, PrefixError."""
    packages = installed.packages(target.prefix)
    there = _graph(job, target, homes)
    going = named(requests, there, packages.keys(), homes)
    _check_survives(job, going)
    _check_stands(job, going, there)
    untold = asked_earlier.untold(target.prefix)
    brought_by = {node: untold[node.manager, node.name] for node in there.needs if astuple(node) in untold}
    found = taken_with(
        there, going, keep_dependencies=job.options.keep_dependencies, untold=brought_by.keys() - there.asked
    )
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
        prefix=str(target.prefix),
        subdir=target.subdir,
        unlink=tuple(unlink),
        uninstall=tuple(uninstall),
        notes=tuple(_left(found.left, brought_by)),
    )
    return Planned(plan, projects=brought)


def _left(nodes: Sequence[Node], brought_by: Mapping[Node, str]) -> Iterator[str]:
    """Notes on what nothing that is known of needs any more, and that stays."""
    for lock in sorted({brought_by[one] for one in nodes if one in brought_by}):
        names = [one for one in nodes if brought_by.get(one) == lock]
        words = shlex.join(typed(one) for one in names)
        yield (
            f"{', '.join(map(str, names))} {'stays' if len(names) == 1 else 'stay'}: {lock} does not tell "
            f"whether anybody asked for that; to remove it too: condadeps remove {words}"
        )


def undo(job: Job, target: Target, homes: Homes, pinned: Sequence[str]) -> Planned:
    """The plan that takes an earlier change back, as ``pinned`` allows. Raises ConflictError, PrefixError."""
    packages, distributions = installed.packages(target.prefix), installed.distributions(target)
    found = past.undo(job.number, target, packages, distributions)
    file = found.change.recording
    undone = listed.extras_added(file.before, file.after, Path(file.path)) if file else {}
    there = _graph(job, target, homes, undone)
    past.check_needs(found, there, packages, distributions)
    past.check_pins(found, pinned)
    lost = {one.package.name for one in found.plan.unlink} | {one.project for one in found.plan.uninstall}
    kept = {one.package.name for one in found.plan.link} | {
        one.artifact.project for one in found.plan.install
    }
    _check_survives(job, [Node("conda", name) for name in sorted(lost - kept)])
    ran = found.change.journal.commands
    if ran and not found.plan:
        raise ConflictError(
            f"change {found.change.number} only ran commands, which cannot be undone",
            detail=[commands.told(ran)],
            help="condadeps history tells what there is",
            chains=[],
            relax=[],
        )
    stays = (f"what the overrides' commands did is not undone: {commands.told(ran)}",) if ran else ()
    return Planned(replace(found.plan, warnings=(*found.plan.warnings, *stays)), undo=found)


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


def _package(packages: Mapping[PackageName, InstalledPackage], name: str) -> Package:
    from rattler import PrefixRecord

    from condadeps.sources.records import package

    path = packages[PackageName(name)].path
    try:
        return package(PrefixRecord.from_path(path))
    except Exception as error:
        raise installed.unreadable(path, error) from error
