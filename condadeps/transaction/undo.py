"""Taking back a past change: the plan that restores what it replaced and removed, and why that may not go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from condadeps.errors import ConflictError, NotFoundError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.target import Target
from condadeps.solve.dependents import Graph, Node, depends
from condadeps.solve.plan import Artifact, Install, Link, Package, Plan, Uninstall, Unlink
from condadeps.transaction import keeping, past, pip
from condadeps.transaction.keeping import Kept
from condadeps.transaction.past import Past
from condadeps.transaction.room import Room

_REASON = "as it was before"


@dataclass(frozen=True, slots=True)
class Undo:
    """How to take a change back."""

    change: Past
    plan: Plan
    kept: Kept | None


def undo(
    number: int | None,
    target: Target,
    packages: Mapping[PackageName, InstalledPackage],
    distributions: Mapping[ProjectName, Distribution],
) -> Undo:
    """The taking back of change ``number`` of the history; of the last that still stands when None.

    Raises NotFoundError when there is no such change, ConflictError when what is installed has
    moved on so that it cannot be taken back.
    """
    changes = past.read(target.prefix)
    change = _chosen(number, changes, target.prefix)
    _Present(packages, distributions, changes, change).check()
    kept = _kept(change, changes, target)
    return Undo(change, _inverse(change, target), kept)


def _chosen(number: int | None, changes: Sequence[Past], prefix: Path) -> Past:
    standing = [
        one for one in changes if one.undone_by is None and one.undoes is None and not _repaired(one.plan)
    ]
    if number is None:
        found = standing[-1] if standing else None
    else:
        found = next((one for one in changes if one.number == number), None)
    if found is None:
        raise NotFoundError(
            f"there is no change {number} of {prefix}" if number else f"there is nothing to undo in {prefix}",
            help="condadeps history tells what there is",
            name=str(number or ""),
            looked_in=[],
            near=[str(one.number) for one in standing[-3:]],
        )
    if found.undone_by is not None:
        raise ConflictError(
            f"change {found.number} was undone already, by change {found.undone_by}",
            help=f"to have it again: condadeps undo {found.undone_by}",
            chains=[],
            relax=[],
        )
    if found.journal.let_go:
        raise ConflictError(
            f"change {found.number} is too old to be undone: what that takes is not kept any more",
            help="ask for what you want instead; undo.keep and undo.megabytes (condadeps config) bound it",
            chains=[],
            relax=[],
        )
    if found.journal.fresh:
        raise ConflictError(
            f"change {found.number} made the environment; it is not undone",
            help=f"to be rid of it, remove the folder {prefix}",
            chains=[],
            relax=[],
        )
    return found


def _repaired(plan: Plan) -> bool:
    """Whether the change only laid out anew what was there: there is nothing to take back."""
    if plan.unlink or plan.uninstall or plan.commands:
        return False
    same = all(one.previous and one.previous.dist_name == one.package.dist_name for one in plan.link)
    return same and all(one.previous == one.artifact.version for one in plan.install)


def _inverse(change: Past, target: Target) -> Plan:
    done = change.plan
    back: dict[ProjectName, str | None] = {one.project: None for one in done.uninstall}
    back |= {one.artifact.project: one.artifact.version for one in done.install if one.previous}
    versions = {one.project: one.version for one in done.uninstall}
    versions |= {one.artifact.project: one.previous for one in done.install if one.previous}
    return Plan(
        prefix=str(target.prefix),
        subdir=target.subdir,
        link=tuple(
            [Link(one.previous, _REASON, one.package) for one in done.link if one.previous]
            + [Link(one.package, _REASON) for one in done.unlink]
        ),
        unlink=tuple(Unlink(one.package, _REASON) for one in done.link if not one.previous),
        install=tuple(
            replace(_installed(project, versions[project], change), previous=previous)
            for project, previous in back.items()
            if str(project) in change.journal.leaving
        ),
        uninstall=tuple(
            Uninstall(one.artifact.project, one.artifact.version, _REASON)
            for one in done.install
            if str(one.artifact.project) not in change.journal.leaving
        ),
        channels=done.channels,
    )


def _installed(project: ProjectName, version: str, change: Past) -> Install:
    """How ``project`` was installed before: a file to fetch, or what was kept."""
    known: Mapping[str, Any] | None = change.journal.leaving[str(project)]
    if known is None:
        artifact = Artifact(project, version, f"{project} {version}", pip.KEPT, None, None)
        return Install(artifact, _REASON)
    artifact = Artifact(**{**known["artifact"], "project": project})
    return Install(artifact, _REASON, requested=known["requested"])


def _kept(change: Past, changes: Sequence[Past], target: Target) -> Kept | None:
    folder = keeping.files(Room.of(target.prefix), change.stamp)
    if not folder.is_dir():
        return None
    linked = {f"{keeping.RECORDS}{one.dist_name}.json" for one in _restored(change.plan)}
    later = {path for one in changes[change.number :] for path in _kept_records(one, target)}
    records = {
        path
        for path in keeping.records(folder)
        # A record that only told another request is given back unless that was changed since.
        if path in linked or (path not in later and (target.prefix / path).exists())
    }
    projects = frozenset(ProjectName(name) for name, how in change.journal.leaving.items() if how is None)
    return Kept(folder, frozenset(records), projects)


def _kept_records(change: Past, target: Target) -> Iterator[str]:
    return keeping.records(keeping.files(Room.of(target.prefix), change.stamp))


def _restored(done: Plan) -> list[Package]:
    return [one.previous for one in done.link if one.previous] + [one.package for one in done.unlink]


@dataclass(frozen=True)
class _Present:
    """What is installed now, held against what a change left."""

    packages: Mapping[PackageName, InstalledPackage]
    distributions: Mapping[ProjectName, Distribution]
    changes: Sequence[Past]
    change: Past

    def check(self) -> None:
        """Raises ConflictError when something the change touched is not as it left it."""
        moved = list(self._moved())
        if not moved:
            return
        since = sorted({one.number for name, _ in moved for one in self._touching(name)})
        standing = [one for one in since if self.changes[one - 1].undone_by is None]
        first = " && ".join(f"condadeps undo {one}" for one in reversed(standing))
        raise ConflictError(
            f"change {self.change.number} cannot be undone: the environment has moved on",
            detail=[f"{what}{self._by(name)}" for name, what in moved[:8]],
            help=f"undo what came after it first: {first}" if standing else "ask for what you want instead",
            chains=[[what] for _, what in moved],
            relax=[str(one) for one in standing],
        )

    def _moved(self) -> Iterator[tuple[str, str]]:
        done = self.change.plan
        for link in done.link:
            package = link.package
            now = self.packages.get(package.name)
            if now is None or (now.version, now.build) != (package.version, package.build):
                yield package.name, self._told(package.name, package.version, now.version if now else None)
        for unlink in done.unlink:
            again = self.packages.get(unlink.package.name)
            if again is not None:
                yield again.name, f"{again.name} was removed and is there again, {again.version}"
        for install in done.install:
            artifact = install.artifact
            there = self.distributions.get(artifact.project)
            if there is None or not _same(there.version, artifact.version):
                now_is = there.version if there else None
                yield artifact.project, self._told(artifact.project, artifact.version, now_is)
        for gone in done.uninstall:
            there = self.distributions.get(gone.project)
            if there is not None and there.installer == "pip":
                yield gone.project, f"{gone.project} was removed and is there again, {there.version}"

    def _told(self, name: str, left: str, now: str | None) -> str:
        return f"{name} {left} is {now} now" if now else f"{name} {left} is not there any more"

    def _by(self, name: str) -> str:
        numbers = [str(one.number) for one in self._touching(name)]
        return f" (change {', '.join(numbers)})" if numbers else " (not condadeps' doing)"

    def _touching(self, name: str) -> list[Past]:
        return [one for one in self.changes[self.change.number :] if name in _names(one.plan)]


def check_needs(
    found: Undo,
    graph: Graph,
    packages: Mapping[PackageName, InstalledPackage],
    distributions: Mapping[ProjectName, Distribution],
) -> None:
    """Raises ConflictError when something that came since needs what undoing takes away or sets back."""
    unmet = [*_left_without(found.plan, graph), *_left_unfit(found.plan, packages, distributions)]
    if unmet:
        raise ConflictError(
            f"change {found.change.number} cannot be undone: what is there now needs what it brought",
            detail=unmet[:8],
            help="undo or remove what needs it first (condadeps history, condadeps remove)",
            chains=[[line] for line in unmet],
            relax=[],
        )


def check_pins(found: Undo, pinned: Sequence[str]) -> None:
    """Raises ConflictError when a package would come back as the pins (MatchSpecs) do not have it."""
    against = list(_against(found.plan, pinned))
    if against:
        raise ConflictError(
            f"change {found.change.number} cannot be undone: what was before is not what is pinned",
            detail=against[:8],
            help="change the pin first (conda-meta/pinned, or pinned_packages), or ask for what you want",
            chains=[[line] for line in against],
            relax=[],
        )


def _against(plan: Plan, pinned: Sequence[str]) -> Iterator[str]:
    if not pinned or not plan.link:
        return
    from rattler import MatchSpec

    from condadeps.sources.records import all_to_rattler

    packages = [one.package for one in plan.link]
    records = {record.name.normalized: record for record in all_to_rattler(packages)}
    for text in pinned:
        spec = MatchSpec(text)
        record = records.get(spec.name.normalized) if spec.name else None
        if record is not None and not spec.matches(record):
            yield f"{spec.name.normalized} was {record.version}; {text} is pinned"


def _left_without(plan: Plan, graph: Graph) -> Iterator[str]:
    coming = {Node("conda", one.package.name) for one in plan.link}
    coming |= {Node("pip", one.artifact.project) for one in plan.install}
    gone = {Node("conda", one.package.name) for one in plan.unlink}
    gone |= {Node("pip", one.project) for one in plan.uninstall}
    replaced = {one.name for one in coming}
    for node, needs in sorted(graph.needs.items()):
        if node not in gone | coming:
            for lost in sorted(needs & (gone - coming)):
                if lost.name not in replaced:
                    yield f"{node} needs {lost}"


def _left_unfit(
    plan: Plan,
    packages: Mapping[PackageName, InstalledPackage],
    distributions: Mapping[ProjectName, Distribution],
) -> Iterator[str]:
    from rattler import MatchSpec

    from condadeps.sources.records import all_to_rattler

    moved = [one for one in plan.link if one.previous]
    records = all_to_rattler([one.package for one in moved])
    back = {str(one.package.name): record for one, record in zip(moved, records, strict=True)}
    for name, package in sorted(packages.items()):
        for text in depends(package) if name not in back else ():
            record = back.get(text.split(" ", 1)[0])
            if record is not None and not MatchSpec(text).matches(record):
                yield f"{name} {package.version} needs {text}; it was {record.version} before"
    versions = {one.artifact.project: one.artifact.version for one in plan.install if one.previous}
    for project, found in sorted(distributions.items()):
        for requirement in found.requires if project not in versions else ():
            version = versions.get(ProjectName(requirement.name))
            if version and not requirement.specifier.contains(version, prereleases=True):
                yield f"{project} {found.version} needs {requirement}; it was {version} before"


def _names(plan: Plan) -> set[str]:
    found: set[str] = {one.package.name for one in plan.link}
    found |= {one.package.name for one in plan.unlink}
    found |= {one.artifact.project for one in plan.install}
    return found | {one.project for one in plan.uninstall}


def _same(one: str, other: str) -> bool:
    try:
        return one == other or Version(one) == Version(other)
    except InvalidVersion:
        return False
