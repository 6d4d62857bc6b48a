"""Is it there already? Decided from metadata on disk alone: no engine, no network, no subprocess.

A project is judged by its distribution's metadata (PEP 440, the extras' requirements too),
a conda spec by ``conda-meta``. Whatever is not certain is not met: the engine then decides.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion

from condadeps.asked import matchspec
from condadeps.asked.credentials import without
from condadeps.asked.request import Bare, Direct, Project, Request, Spec
from condadeps.errors import CondadepsError, ConfigError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.reading import Reading, read
from condadeps.prefix import installed, owner
from condadeps.prefix.conda_match import conda_grammar, matches
from condadeps.prefix.conda_version import satisfies
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.requirements import holds, spelled
from condadeps.prefix.requirements import requirement as parsed
from condadeps.prefix.target import Target
from condadeps.solve.plan import Answer
from condadeps.values import dataclass

PINNED = "conda-meta/pinned"


def answers(requests: Sequence[Request], target: Target, homes: Homes) -> list[Answer | None]:
    """What each request comes to in ``target`` as it is; None for one that is not (certainly) met.

    A request whose marker does not hold for ``target`` is met by nothing: its answer's
    ``version`` is empty. Raises nothing: what cannot be read is not met.
    """
    there = _There(target, homes)
    return [_answer(request, there) for request in requests]


@dataclass(frozen=True)
class _There:
    """What is asked about, read once a call."""

    target: Target
    homes: Homes
    packages: Mapping[PackageName, InstalledPackage] = field(init=False)

    def __post_init__(self) -> None:
        found = installed.packages(self.target.prefix) if self.target.is_conda else {}
        object.__setattr__(self, "packages", found)

    def distribution(self, project: ProjectName) -> Distribution | None:
        """The one distribution of ``project``; None too when there are several, which is for the engine."""
        found = installed.distribution(self.target, project)
        if found is None or any(other.exists for other in found.others):
            return None
        return found

    def package(self, name: PackageName) -> InstalledPackage | None:
        """The one record of that name; None for what a pin does not leave as it is."""
        found = self.packages.get(name)
        return None if found is None or found.others or self.is_barred(found) else found

    def is_barred(self, package: InstalledPackage) -> bool:
        """Whether a pin may want another version or build of ``package``: the engine tells."""
        pins = (*self.pins.get(package.name, ()), *self._configured_pins(package.name))
        return any(pin is None or not matches(pin, package) for pin in pins)

    @functools.cached_property
    def pins(self) -> Mapping[PackageName, tuple[matchspec.MatchSpec | None, ...]]:
        """What ``conda-meta/pinned`` pins, by name; None is for what cannot be read here."""
        if not (self.target.prefix / PINNED).exists():
            return {}
        from condadeps.prefix.guards import pinned

        return self._read(pinned(self.target.prefix))

    def _configured_pins(self, name: PackageName) -> tuple[matchspec.MatchSpec | None, ...]:
        """What conda's ``pinned_packages`` says of a package; YAML is read only where the name is there."""
        if name not in self._configuration:
            return ()
        from condadeps.sources.condarc import CondaConfig

        return self._read(CondaConfig.read(self.target.prefix).pinned_packages).get(name, ())

    @functools.cached_property
    def _configuration(self) -> str:
        """The text of all conda configuration that pins anything, in lower case."""
        from condadeps.prefix.condarc_places import search

        try:
            texts = [path.read_text("utf-8", "replace") for path in search(self.target.prefix, os.environ)]
        except OSError as error:
            raise ConfigError(f"conda's configuration cannot be read: {error}", place="") from error
        pinning = [text for text in texts if "pinned_packages" in text]
        return "\n".join((*pinning, os.environ.get("CONDA_PINNED_PACKAGES", ""))).lower()

    def _read(self, texts: Iterable[str]) -> Mapping[PackageName, tuple[matchspec.MatchSpec | None, ...]]:
        found: dict[PackageName, tuple[matchspec.MatchSpec | None, ...]] = {}
        for text in texts:
            try:
                pin = matchspec.read(text)
            except matchspec.InvalidMatchSpec:
                return dict.fromkeys(self.packages, (None,))
            found[pin.name] = (*found.get(pin.name, ()), pin)
        return found

    def in_channel(self, package: PackageName) -> bool:
        """What stands in for asking the channels: the table's packages, and what came from one."""
        return package in self.packages or self.homes.ships(package) is not None

    def holds(self, requirement: object, extra: str = "") -> bool:
        """Whether a requirement's marker is true here."""
        return holds(requirement, self.target.markers, extra)  # type: ignore[arg-type]


@dataclass(frozen=True)
class _Wish:
    """A request for a project, whatever kind of request it was."""

    request: Request
    project: ProjectName
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    extras: tuple[str, ...] = ()
    forced: bool = False
    marker: str | None = None


def _answer(request: Request, there: _There) -> Answer | None:
    try:
        match request:
            case Bare():
                return _bare(request, there)
            case Project():
                return _project(request, there)
            case Spec():
                return _spec(request, request.spec, there)
            case Direct():
                return _direct(request, there)
    except CondadepsError:  # refused or unreadable: the engine says so
        return None


def _bare(request: Bare, there: _There) -> Answer | None:
    reading: Reading = read(request.name, there.homes, there.in_channel, conda=there.target.is_conda)
    if reading.means == "package" and reading.package is not None:
        return _spec(request, f"{reading.package} {conda_grammar(request.specifier)}".rstrip(), there)
    if reading.project is None:
        return None
    return _wish(_Wish(request, reading.project, request.specifier), there)


def _project(request: Project, there: _There) -> Answer | None:
    asked = request.requirement
    marker = str(asked.marker) if asked.marker else None
    if not there.holds(asked):
        return _not_here(request, request.name, marker)
    extras = tuple(sorted(asked.extras))
    return _wish(_Wish(request, request.name, asked.specifier, extras, request.forced, marker), there)


def _wish(wish: _Wish, there: _There) -> Answer | None:
    found = there.distribution(wish.project)
    if found is None:
        return _without_metadata(wish, there)
    if not _fits(found.version, wish.specifier) or not _extras_met(found, wish.extras, there):
        return None
    package = owner.owner(found, there.packages, there.homes)
    if package is not None:
        return None if wish.forced else _by_conda(wish, package, there)
    return None if found.installer == "conda" else _by_pip(wish, found.version)


def _without_metadata(wish: _Wish, there: _There) -> Answer | None:
    """A home whose package never had Python metadata is judged by its conda version.

    One that lists metadata which is not there has lost it (``pip uninstall``): not met.
    """
    home = there.homes.home(wish.project)
    package = there.package(home.package) if home.package else None
    if package is None or wish.forced or wish.extras or wish.project in owner.projects(package):
        return None
    if installed.index(there.target).get(wish.project) is not None:
        return None
    return _by_conda(wish, package, there) if _fits(package.version, wish.specifier) else None


def _by_conda(wish: _Wish, package: InstalledPackage, there: _There) -> Answer | None:
    home = there.homes.home(wish.project)
    if home.package and home.package != package.name:
        # A metapackage stands for the project, though another holds its files (matplotlib).
        package = there.package(home.package) or package
    own = home.constraint if home.package == package.name else ""
    if package.others or there.is_barred(package) or (own and not satisfies(package.version, own)):
        return None
    version = conda_grammar(wish.specifier)
    if version and own:
        version = f"{version},{own.lstrip('=')}{'' if '*' in own else '.*'}"
    return Answer(
        text=wish.request.text,
        origin=str(wish.request.origin),
        manager="conda",
        name=package.name,
        version=package.version,
        constraint=matchspec.MatchSpec(package.name, version=version).constraint,
        extras=wish.extras,
        project=wish.project,
        marker=wish.marker,
        already=True,
    )


def _by_pip(wish: _Wish, version: str, constraint: str | None = None) -> Answer:
    return Answer(
        text=wish.request.text,
        origin=str(wish.request.origin),
        manager="pip",
        name=wish.project,
        version=version,
        constraint=spelled(wish.specifier) if constraint is None else constraint,
        extras=wish.extras,
        project=wish.project,
        marker=wish.marker,
        already=True,
    )


def _not_here(request: Request, project: ProjectName, marker: str | None) -> Answer:
    """The answer to what is asked for on other machines only."""
    return _by_pip(_Wish(request, project, marker=marker), "", "")


def _spec(request: Bare | Spec, spec: str, there: _There) -> Answer | None:
    try:
        asked = matchspec.read(spec)
    except matchspec.InvalidMatchSpec:
        return None
    package = there.package(asked.name)
    if package is None or not matches(asked, package):
        return None
    return Answer(
        text=request.text,
        origin=str(request.origin),
        manager="conda",
        name=package.name,
        version=package.version,
        constraint=asked.constraint,
        already=True,
        channel=request.channel if isinstance(request, Spec) else None,
    )


def _direct(request: Direct, there: _There) -> Answer | None:
    from condadeps.prefix import direct

    marker = str(request.marker) if request.marker else None
    if request.marker is not None and not request.marker.evaluate({**there.target.markers, "extra": ""}):
        return _not_here(request, request.name, marker) if request.name else None
    every = installed.index(there.target)
    candidates = [request.name] if request.name else list(every)
    for project in candidates:
        found = there.distribution(project) if project in every else None
        if found is None or not direct.same(found, request):
            continue
        extras = tuple(sorted(request.extras))
        if not _extras_met(found, extras, there):
            return None
        wish = _Wish(request, found.project, extras=extras, marker=marker)
        return _by_pip(wish, found.version, f" @ {without(request.location)}")
    return None


def _fits(version: str, specifier: SpecifierSet) -> bool:
    """PEP 440's answer; an installed pre-release counts. A version that PEP 440 cannot read fits no bound."""
    if not len(specifier):
        return True
    try:
        return specifier.contains(version, prereleases=True)
    except InvalidVersion:
        return False


def _extras_met(
    found: Distribution, extras: Sequence[str], there: _There, seen: frozenset[tuple[str, str]] = frozenset()
) -> bool:
    """Whether all that ``extras`` of ``found`` ask for is there too, and what those ask for in turn."""
    wanted = {ProjectName(extra) for extra in extras} - {
        extra for project, extra in seen if project == found.project
    }
    if not wanted:
        return True
    if found.core is None or not wanted <= found.extras:
        return False
    seen |= {(found.project, extra) for extra in wanted}
    for line in found.core.lines:
        requirement = parsed(line) if "extra" in line else None
        if requirement is None or there.holds(requirement):
            continue
        if not any(there.holds(requirement, extra) for extra in wanted):
            continue
        needed = there.distribution(ProjectName(requirement.name))
        if needed is None or not _fits(needed.version, requirement.specifier):
            return False
        if not _extras_met(needed, tuple(requirement.extras), there, seen):
            return False
    return True
