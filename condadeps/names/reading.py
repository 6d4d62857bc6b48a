"""What a bare name typed by a person means: a project's home, a conda package, or a PyPI project."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from condadeps.errors import NotFoundError, RequestError
from condadeps.names.homes import Home, Homes
from condadeps.names.namespaces import PackageName, ProjectName

Means = Literal["home", "package", "pypi"]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a bare name is read.

    ``means``: ``"home"``: the project, through its conda home ``package`` (or PyPI, should no version of the
    home do); ``"package"``: the conda package, no project; ``"pypi"``: the project, which no configured
    channel has.
    """

    means: Means
    project: ProjectName | None
    package: PackageName | None
    notes: tuple[str, ...] = ()
    """For a person: which other thing has the name too, and what to type for that one."""
    home: Home | None = None


def read(
    name: str, homes: Homes, in_channel: Callable[[PackageName], bool], *, conda: bool = True
) -> Reading:
    """What ``name`` means (the design's "a bare name typed by a person").

    ``in_channel`` tells whether a configured channel has a package. ``conda`` is false for an environment
    that is not conda's: nothing is then looked for in channels, and a name the table knows as a conda
    package without a project of that name raises NotFoundError instead of going to PyPI for a stranger.

    Raises RequestError for what is a name in neither namespace.
    """
    project, package = _project(name), _package(name)
    if project is None and package is None:
        raise RequestError(f"{name!r} is not a name", text=name, position=0, origin=None)
    home = homes.home(project) if project is not None else None
    if not conda:
        return _without_conda(name, homes, project, package, home)
    if home is not None and home.package is not None and in_channel(home.package):
        notes = _stranger(home, homes, in_channel)
        return Reading("home", project, home.package, notes, home)
    if package is not None and in_channel(package):
        return Reading("package", None, package, _other_project(package, project, home, homes), home)
    if project is None:
        raise NotFoundError(
            f"no configured channel has {name}, and no PyPI project can be so named",
            name=name,
            looked_in=["conda"],
            near=[],
        )
    return Reading("pypi", project, None, _absent_from_channels(project, package, home, homes), home)


def _without_conda(
    name: str, homes: Homes, project: ProjectName | None, package: PackageName | None, home: Home | None
) -> Reading:
    has_home = home is not None and home.package is not None
    ships = homes.ships(package) if package is not None else None
    if project is None or (not has_home and ships is not None):
        raise NotFoundError(
            f"{name} is a conda package, and this environment is not conda's",
            detail=_what(package, ships),
            help=_instead(project, ships),
            name=name,
            looked_in=["the table of names"],
            near=list(ships or ()),
        )
    return Reading("pypi", project, None, (), home)


def _what(package: PackageName | None, ships: tuple[ProjectName, ...] | None) -> list[str]:
    if ships:
        return [f"on PyPI, conda's {package} is {' and '.join(ships)}"]
    return [f"conda's {package} ships no Python project"] if ships == () else []


def _instead(project: ProjectName | None, ships: tuple[ProjectName, ...] | None) -> str:
    create = "`condadeps create` makes a conda environment, which can have it"
    if ships:
        return f"type {ships[0]}; or {create}"
    return f"{create}; `pypi:{project}` takes PyPI's project of that name" if project else create


def _stranger(home: Home, homes: Homes, in_channel: Callable[[PackageName], bool]) -> tuple[str, ...]:
    """A note on the package of the project's own name, when that is another thing."""
    namesake = PackageName(home.project)
    if namesake == home.package or not in_channel(namesake):
        return ()
    if home.project in (homes.ships(namesake) or ()) and home.rule != "curated":
        return ()
    return (
        f"{home.project} is read as PyPI's project, which conda has as {home.package}; "
        f"conda's own package {namesake} is not that: `conda:{namesake}`",
    )


def _other_project(
    package: PackageName, project: ProjectName | None, home: Home | None, homes: Homes
) -> tuple[str, ...]:
    """A note on PyPI's project of the package's name, when that is known to be another thing."""
    if project is None or home is None:
        return ()
    if home.rule == "override" or (project in (homes.ships(package) or ()) and home.rule != "curated"):
        return ()
    if home.rule == "curated":
        return (f"{package} is read as the conda package; {home.reason}: `pypi:{project}`",)
    if home.package is not None:
        return (
            f"{package} is read as the conda package; PyPI's {project} is {home.package}, "
            f"which no configured channel has: `pypi:{project}`",
        )
    ships = homes.ships(package)
    if ships:
        return (
            f"{package} is read as the conda package, PyPI's {' and '.join(ships)}; "
            f"a project named {project} on PyPI is another thing: `pypi:{project}`",
        )
    return ()


def _absent_from_channels(
    project: ProjectName, package: PackageName | None, home: Home | None, homes: Homes
) -> tuple[str, ...]:
    if home is not None and home.package is not None:
        return ()
    if package is not None and homes.ships(package) == ():
        return (
            f"{project} is read as PyPI's project; conda-forge's package {package} is another thing, "
            "which no configured channel has",
        )
    return ()


def _project(name: str) -> ProjectName | None:
    try:
        return ProjectName(name)
    except ValueError:
        return None


def _package(name: str) -> PackageName | None:
    try:
        return PackageName(name)
    except ValueError:
        return None
