"""What a plan from a lock would break: pins, and what stays and needs what moves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from condadeps.errors import ConflictError
from condadeps.locks.exact import There
from condadeps.locks.lock import Locked
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.plan import Package, Plan
from condadeps.sources.records import all_to_rattler


def check_pins(packages: Sequence[Package], pins: Iterable[str], file: str) -> None:
    """Raises ConflictError when a package of the lock is not what a pin (a MatchSpec) admits."""
    from rattler import MatchSpec

    by_name: dict[str, str] = {}
    for pin in pins:
        spec = MatchSpec(pin)
        if spec.name is not None:
            by_name.setdefault(str(getattr(spec.name, "normalized", spec.name)), pin)
    held = [one for one in packages if str(one.name) in by_name]
    for package, record in zip(held, all_to_rattler(held), strict=True):
        pin = by_name[str(package.name)]
        if not MatchSpec(pin).matches(record):
            raise ConflictError(
                f"{file} has {package.name} {package.version}, and {pin} is pinned here",
                help="change conda-meta/pinned (or pinned_packages in .condarc), or the lock",
                chains=[],
                relax=[],
            )


def check_rest(plan: Plan, there: There, file: str) -> None:
    """Raises ConflictError when what stays in the environment would lose something it needs."""
    broken = [*_conda_broken(plan, there), *_pip_broken(plan, there)]
    if broken:
        raise ConflictError(
            f"{file} does not go with what is installed beside it",
            detail=sorted(dict.fromkeys(broken))[:8],
            help=f"to have what the file says and nothing else: condadeps sync -f {file}",
            chains=[],
            relax=[],
        )


def _conda_broken(plan: Plan, there: There) -> Iterator[str]:
    from rattler import MatchSpec

    moved = {link.package.name: link.package for link in plan.link}
    gone = {one.package.name for one in plan.unlink}
    records = dict(zip(moved, all_to_rattler(list(moved.values())), strict=True))
    for name, package in there.packages.items():
        if name in moved or name in gone:
            continue
        for text in map(str, package.record.get("depends", ())):
            other = _name(text)
            if other in gone:
                yield f"{name} needs {text}"
            elif other in records and not MatchSpec(text).matches(records[PackageName(other)]):
                yield f"{name} needs {text}, not {moved[PackageName(other)].version}"


def _pip_broken(plan: Plan, there: There) -> Iterator[str]:
    new = {one.artifact.project: one.artifact.version for one in plan.install}
    for link in plan.link:
        for project in there.distributions:
            if there.owner(project) == link.package.name:
                new[project] = link.package.version
    leaving = {one.project for one in plan.uninstall}
    gone = {one.package.name for one in plan.unlink}
    for project, distribution in there.by_pip.items():
        if project in new or project in leaving:
            continue
        for requirement in distribution.requires:
            yield from _unmet(project, requirement, there, new, gone, leaving)


def _unmet(
    project: ProjectName,
    requirement: Any,
    there: There,
    new: Mapping[ProjectName, str],
    gone: set[PackageName],
    leaving: set[ProjectName],
) -> Iterator[str]:
    markers = {**there.target.markers, "extra": ""}
    if requirement.marker is not None and not requirement.marker.evaluate(markers):
        return
    other = ProjectName(requirement.name)
    before = there.distributions.get(other)
    if before is None:
        return
    if other in new:
        if not requirement.specifier.contains(new[other], prereleases=True):
            yield f"{project} needs {requirement}, not {new[other]}"
    elif other in leaving or there.owner(other) in gone:
        yield f"{project} needs {requirement}"


def missing(locked: Locked, there: There) -> Iterator[str]:
    """What packages of the lock need and neither it nor the environment has, one line each."""
    known = {str(one.name) for one in locked.packages} | {str(name) for name in there.packages}
    for one in locked.packages:
        for text in map(str, one.record.get("depends", ())):
            name = _name(text)
            if not name.startswith("__") and name not in known:
                yield f"{one.name} needs {text}, which the lock does not have"


def _name(spec: str) -> str:
    import re

    found = re.match(r"(?:\S+::)?([^\s=<>!~\[;]+)", spec)
    return found[1].lower() if found else ""
