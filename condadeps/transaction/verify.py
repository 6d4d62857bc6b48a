"""What must be true of an environment after a change, and what is only worth a warning."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from condadeps.errors import TransactionError
from condadeps.names.namespaces import ProjectName
from condadeps.prefix import damage, installed
from condadeps.prefix.installed import Distribution
from condadeps.prefix.target import Target, inside
from condadeps.show.reporter import Silent
from condadeps.solve.plan import Package, Plan
from condadeps.transaction.owners import files_of

Problem = tuple[ProjectName, str]
"""A distribution and a requirement of its that is not met, as ``pip check`` sees it."""


def staged(plan: Plan, tree: Path) -> None:
    """Raises TransactionError unless every planned package is in ``tree``, each file by its hash."""
    there = installed.packages(tree)
    for link in plan.link:
        name = link.package.name
        if name not in there:
            raise _not_whole(link.package, ["it has no record"])
        for bad in damage.packages(tree, {name: there[name]}, Silent()).damages:
            raise _not_whole(link.package, bad.detail[:5])


def placed(plan: Plan, target: Target, *, by_another: bool = False) -> list[str]:
    """Look at the changed environment; returns warnings.

    Raises TransactionError when a planned package or project is not there exactly as
    planned, or is there twice. What is in the files was looked at while staging, unless
    ``by_another`` program they were linked: its scripts may have edited them, so that is a warning.
    """
    _packages_are_there(plan)
    warnings = list(_files_are_there(plan, contents=by_another))
    found = installed.index(target)
    for install in plan.install:
        one = found.get(install.artifact.project)
        _is_once(install.artifact.project, one)
        if (
            one is None
            or not one.exists
            or not _same(one.core.version if one.core else "", install.artifact.version)
        ):
            raise _not_as_planned(f"{install.artifact.project} {install.artifact.version}")
    for uninstall in plan.uninstall:
        _is_once(uninstall.project, found.get(uninstall.project))
    return [*warnings, *_homes_that_differ(plan, found)]


def problems(target: Target, known: dict[Path, tuple[Requirement, ...]] | None = None) -> set[Problem]:
    """Every unmet requirement among the distributions of ``target``.

    ``known`` keeps what was read for the next call; take out what has changed in between.
    """
    found = installed.distributions(target)
    versions = {project: _version(one.version) for project, one in found.items()}
    environment: dict[str, str] = {**target.markers, "extra": ""}
    unmet: set[Problem] = set()
    for project, one in found.items():
        requires = known.get(one.location) if known is not None else None
        if requires is None:
            requires = one.requires
            if known is not None:
                known[one.location] = requires
        for requirement in requires:
            if requirement.marker is None or requirement.marker.evaluate(environment):
                version = versions.get(ProjectName(requirement.name))
                if version is None or not requirement.specifier.contains(version, prereleases=True):
                    unmet.add((project, str(requirement)))
    return unmet


def judge(new: set[Problem], target: Target) -> list[str]:
    """Warnings for requirements that the change has left unmet.

    Raises TransactionError when it is a matter of pip's distributions alone, which the
    plan knew exactly. A conda package's Python metadata may ask for more than conda does, and
    may say less: there it is a warning.
    """
    found = installed.distributions(target)
    warnings = []
    for project, text in sorted(new):
        needed = found.get(ProjectName(Requirement(text).name))
        has = f"{needed.project} {needed.version} is installed" if needed else "it is not installed"
        line = f"{project} says it needs {text}; {has}"
        if needed and _is_pips(found[project]) and _is_pips(needed):
            raise TransactionError(
                "the planned projects do not fit together; the environment was put back as it was",
                detail=[line],
                help="please report it, with what you asked for",
                restored=True,
            )
        warnings.append(line)
    return warnings


def _packages_are_there(plan: Plan) -> None:
    prefix = Path(plan.prefix)
    present = installed.packages(prefix)
    for link in plan.link:
        one = present.get(link.package.name)
        if (
            one is None
            or (one.version, one.build) != (link.package.version, link.package.build)
            or one.others
        ):
            raise _not_as_planned(link.package.dist_name)
    for unlink in plan.unlink:
        if unlink.package.name in present:
            raise _not_as_planned(f"the removal of {unlink.package.dist_name}")


def _files_are_there(plan: Plan, *, contents: bool) -> Iterator[str]:
    prefix = Path(plan.prefix)
    present = installed.packages(prefix)
    for link in plan.link:
        one = present[link.package.name]
        missing = [path for path in files_of(one.path) if not os.path.lexists(prefix / path)]
        if any(not path.endswith(".pyc") for path in missing):
            raise _not_as_planned(f"{link.package.dist_name} ({missing[0]} is missing)")
        if contents:
            for bad in damage.packages(prefix, {one.name: one}, Silent()).damages:
                yield f"{link.package.dist_name} is not as its channel has it: {bad.what}"


def _is_once(project: ProjectName, one: Distribution | None) -> None:
    if one is not None and one.others:
        places = [str(each.location) for each in (one, *one.others)]
        raise TransactionError(
            f"{project} would be installed twice; the environment was put back as it was",
            detail=places,
            restored=True,
        )


def _homes_that_differ(plan: Plan, found: Mapping[ProjectName, Distribution]) -> Iterator[str]:
    linked = {link.package.name for link in plan.link}
    for answer in plan.answers:
        if answer.manager == "conda" and answer.project and answer.name in linked:
            one = found.get(answer.project)
            if one is None or not one.exists:
                yield f"conda's {answer.name} has no Python metadata of {answer.project}"
            elif not _same(one.version, answer.version):
                yield f"conda's {answer.name} {answer.version} holds {answer.project} {one.version}"


def _is_pips(distribution: Distribution) -> bool:
    return distribution.installer not in ("conda", "")


def _same(one: str, other: str) -> bool:
    return one == other or (_version(one) is not None and _version(one) == _version(other))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _not_whole(package: Package, detail: Sequence[str]) -> TransactionError:
    return TransactionError(
        f"{package.filename} could not be laid out whole; nothing was changed", detail=detail, restored=True
    )


def _not_as_planned(what: str) -> TransactionError:
    return TransactionError(
        f"{what} is not there as planned; the environment was put back as it was", restored=True
    )


def forget(known: dict[Path, tuple[Requirement, ...]], paths: frozenset[str], prefix: Path) -> None:
    """Take out of ``known`` the metadata that ``paths`` (relative to ``prefix``) replace or remove."""
    for location in list(known):
        where = inside(prefix, location)
        if where is None or where in paths or f"{where}/METADATA" in paths or f"{where}/PKG-INFO" in paths:
            del known[location]
