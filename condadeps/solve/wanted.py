"""Requests, read: which project or which conda package each one wants, or that it is not for this target."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from packaging.requirements import Requirement

from condadeps.asked.job import IMPLIED
from condadeps.asked.matchspec import MatchSpec
from condadeps.asked.request import Bare, Direct, Project, Request, Spec
from condadeps.errors import NotFoundError
from condadeps.names.homes import Homes
from condadeps.names.imports import advice
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.reading import looked_for, read
from condadeps.prefix.conda_match import conda_grammar
from condadeps.prefix.requirements import holds
from condadeps.prefix.target import Target
from condadeps.solve.encode import PROXY
from condadeps.solve.needs import Need
from condadeps.solve.needs import need as read_need


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one request wants: a project (``need``) or a conda package (``package`` and ``spec``)."""

    request: Request
    need: Need | None = None
    package: PackageName | None = None
    spec: str = ""
    """A MatchSpec, the package's name included."""
    forced: bool = False
    """``pypi:``: conda is not to be asked."""
    marker: str | None = None
    applies: bool = True
    """False: its marker does not hold for the target."""
    notes: tuple[str, ...] = ()
    earlier: tuple[str, ...] = ()
    """What was asked for earlier with a version, and still counts (:func:`asked_earlier.keeping`)."""
    keeps: MatchSpec | None = None
    """The same of the project's conda package, where it says what PEP 440 cannot."""

    @property
    def direct(self) -> Direct | None:
        """The request, when it names a place rather than a version."""
        return self.request if isinstance(self.request, Direct) else None

    @property
    def implied(self) -> bool:
        """Whether a kernel needs it and nobody asked for it."""
        return self.request.origin.place == IMPLIED

    @property
    def solver_name(self) -> str:
        """What the solver calls it."""
        return f"{PROXY}{self.need.project}" if self.need else str(self.package)

    @property
    def shown(self) -> str:
        """As it was asked, for a person; by its name what nobody asked for."""
        if self.implied and (self.need or self.package):
            return str(self.need.project if self.need else self.package)
        return self.request.text


def wanted(
    requests: Sequence[Request], target: Target, homes: Homes, in_channel: Callable[[PackageName], bool]
) -> list[Wanted]:
    """What each request wants. Raises NotFoundError for a conda package outside a conda environment."""
    return [_one(request, target, homes, in_channel) for request in requests]


def packages_to_know(requests: Iterable[Request], homes: Homes) -> frozenset[PackageName]:
    """The packages that :func:`wanted` asks about, and those asked for: all are looked at sooner or later."""
    found: set[PackageName] = set()
    for request in requests:
        if isinstance(request, Spec):
            found.add(request.name)
        elif isinstance(request, Bare):
            found.update(looked_for(request.name, homes))
    return frozenset(found)


def _one(request: Request, target: Target, homes: Homes, in_channel: Callable[[PackageName], bool]) -> Wanted:
    match request:
        case Bare():
            return _bare(request, target, homes, in_channel)
        case Project():
            return _project(request, target)
        case Spec():
            if not target.is_conda:
                raise not_conda(request)
            # The source keeps a package whose channel was named to that channel, under any of its names.
            return Wanted(request, package=request.name, spec=request.spec.rpartition("::")[2])
        case Direct():
            marker = str(request.marker) if request.marker else None
            applies = request.marker is None or request.marker.evaluate({**target.markers, "extra": ""})
            need = Need(request.name, extras=request.extras) if request.name else None
            return Wanted(request, need=need, forced=True, marker=marker, applies=applies)


def _bare(request: Bare, target: Target, homes: Homes, in_channel: Callable[[PackageName], bool]) -> Wanted:
    reading = read(request.name, homes, in_channel, conda=target.is_conda)
    told = advice(request.name)
    notes = (*reading.notes, told) if told else reading.notes
    if reading.means == "package" and reading.package is not None:
        spec = f"{reading.package} {conda_grammar(request.specifier)}".rstrip()
        return Wanted(request, package=reading.package, spec=spec, notes=notes)
    project = reading.project or ProjectName(request.name)
    return Wanted(request, need=Need(project, request.specifier), notes=notes)


def _project(request: Project, target: Target) -> Wanted:
    requirement: Requirement = request.requirement
    marker = str(requirement.marker) if requirement.marker else None
    return Wanted(
        request,
        need=read_need(requirement),
        forced=request.forced,
        marker=marker,
        applies=holds(requirement, target.markers),
    )


def not_conda(request: Spec) -> NotFoundError:
    """The error for a conda package asked of an environment that is not conda's."""
    return NotFoundError(
        f"{request.text} is a conda package, and this environment is not conda's",
        help="`condadeps create -p DIR` makes a conda environment, which can have it",
        name=str(request.name),
        looked_in=[],
        near=[],
    )
