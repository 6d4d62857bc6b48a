"""Constraints: what must hold for whatever is in the environment, and installs nothing (pip's ``-c``).

A constraint on a project holds on both sides of the border: for the project's versions, whoever brings
them, and for the conda packages that are the project and nothing else, also where only another conda
package needs them. One that names a place (``name @ URL``) leaves no other source at all.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from condadeps.asked.request import Direct, Project, Request
from condadeps.errors import NotFoundError, RequestError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.conda_match import conda_grammar
from condadeps.prefix.target import Target
from condadeps.solve.constraint import exactly
from condadeps.solve.encode import NEVER, PROXY
from condadeps.solve.seams import CondaCandidates
from condadeps.solve.versions import parsed
from condadeps.solve.wanted import Wanted, packages_to_know, wanted


@dataclass(frozen=True, slots=True)
class Limit:
    """One constraint that holds for the target."""

    item: Wanted
    specs: tuple[tuple[PackageName, str], ...] = ()
    """What it comes to for conda packages: MatchSpecs by name."""

    @property
    def project(self) -> ProjectName | None:
        """The project it is about; None when it is about a conda package only."""
        return self.item.need.project if self.item.need else None

    @property
    def specifier(self) -> SpecifierSet:
        """The versions of the project that it leaves."""
        return self.item.need.specifier if self.item.need else SpecifierSet()

    @property
    def names(self) -> tuple[str, ...]:
        """What the solver calls the things it is about: packages, and a project's proxy."""
        proxy = (f"{PROXY}{self.project}",) if self.project else ()
        return (*proxy, *(package for package, _ in self.specs))

    def __str__(self) -> str:
        return f"{self.item.shown} ({self.item.request.origin})"


@dataclass(frozen=True)
class Limits:
    """Every constraint that holds for the target."""

    all: tuple[Limit, ...] = ()

    @functools.cached_property
    def _by_project(self) -> Mapping[ProjectName, SpecifierSet]:
        found: dict[ProjectName, SpecifierSet] = {}
        for limit in self.all:
            if limit.project is not None:
                found[limit.project] = found.get(limit.project, SpecifierSet()) & limit.specifier
        return found

    def specifier(self, project: ProjectName) -> SpecifierSet:
        """The versions of a project that all constraints together leave."""
        return self._by_project.get(project, SpecifierSet())

    @functools.cached_property
    def places(self) -> Mapping[ProjectName, Direct]:
        """The projects that may come from one place only."""
        return {
            limit.project: limit.item.direct
            for limit in self.all
            if limit.project is not None and limit.item.direct is not None
        }

    @functools.cached_property
    def hashes(self) -> Mapping[ProjectName, frozenset[str]]:
        """The digests any one of which PyPI's file of a project must have, where constraints say them."""
        found: dict[ProjectName, frozenset[str]] = {}
        for limit in self.all:
            request = limit.item.request
            if isinstance(request, Project) and request.hashes and limit.project is not None:
                told = frozenset(request.hashes)
                found[limit.project] = found.get(limit.project, told) & told
        return found


async def limits(
    constraints: Sequence[Request],
    target: Target,
    homes: Homes,
    conda: CondaCandidates | None,
    installed: Mapping[PackageName, str],
) -> Limits:
    """What the constraints come to; those whose marker does not hold for the target come to nothing.

    ``installed`` are conda packages and their versions. Raises RequestError for one that cannot be a
    constraint, SourceError when a channel does not answer.
    """
    known = packages_to_know(constraints, homes)
    names = await conda.having(known) if conda and constraints else frozenset[PackageName]()
    items = [item for one in constraints for item in _items(one, target, homes, names.__contains__)]
    projects = {item.need.project for item in items if item.need}
    shipping = {package for project in projects for package in embodiments(project, homes)}
    there = {*(await conda.having(shipping) if conda and shipping else ()), *installed}
    packages = {p: [name for name in embodiments(p, homes) if name in there] for p in projects}
    every = sorted({package for found in packages.values() for package in found})
    records = await conda.records(every) if conda and every else {}
    versions = {package: {str(record.version) for record in records.get(package, ())} for package in every}
    for package in versions:
        versions[package] |= {installed[package]} if package in installed else set()
    found = []
    for item in items:
        specs: tuple[tuple[PackageName, str], ...] = ()
        if item.package is not None:
            specs = ((item.package, item.spec),)
        elif item.need is not None:
            specs = tuple(
                (package, _spec(item, package, versions[package], homes))
                for package in packages[item.need.project]
            )
        found.append(Limit(item, specs))
    return Limits(tuple(found))


def _items(
    request: Request, target: Target, homes: Homes, in_channel: Callable[[PackageName], bool]
) -> list[Wanted]:
    if isinstance(request, Direct) and (request.name is None or request.editable):
        raise _refused(request, "a constraint needs a project's name, and cannot be editable")
    extras = request.requirement.extras if isinstance(request, Project) else ()
    if extras or (isinstance(request, Direct) and request.extras):
        raise _refused(request, "a constraint cannot ask for extras: it installs nothing")
    try:
        found = wanted([request], target, homes, in_channel)
    except NotFoundError:  # a conda package, and nothing here is conda's
        return []
    return [item for item in found if item.applies]


def embodiments(project: ProjectName, homes: Homes) -> list[PackageName]:
    """The conda packages that are the project, at its versions: its home, and what ships nothing else."""
    home = homes.home(project).package
    alone = [name for name in homes.shippers(project) if homes.ships(name) == (project,)]
    return list(dict.fromkeys([*([home] if home else []), *alone]))


def _spec(item: Wanted, package: PackageName, texts: set[str], homes: Homes) -> str:
    """What a constraint on a project says of one of its packages, exactly, over the versions there are."""
    from rattler import Version as CondaVersion
    from rattler import VersionSpec

    assert item.need is not None
    if item.direct is not None:
        return f"{package} * {NEVER}"
    home = homes.home(item.need.project)
    own = VersionSpec(home.constraint) if home.package == package and home.constraint else None
    versions: dict[str, Version | None] = {text: parsed(text) for text in texts}
    specifier = item.need.specifier
    # Whether a pre-release may be taken is for all requirements on the project to say, not for this one.
    verdicts = {
        text: (version is not None and specifier.contains(version, prereleases=True))
        or (own is not None and not own.matches(CondaVersion(text)))
        for text, version in versions.items()
    }
    return f"{package} {exactly(conda_grammar(item.need.specifier), verdicts)}".rstrip()


def _refused(request: Request, why: str) -> RequestError:
    return RequestError(
        f"{request.text} cannot be a constraint",
        detail=[why],
        text=request.text,
        position=None,
        origin=str(request.origin),
    )
