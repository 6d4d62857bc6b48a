"""What a bare name typed by a person means: a project's home, a conda package, or a PyPI project."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from condadeps.errors import NotFoundError, RequestError
from condadeps.names.homes import Home, Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.values import dataclass

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
    package without a project of that name raises NotFoundError instead of going to PyPI for a stranger
    (unless PyPI's is known to be the same thing).

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
    return Reading("pypi", project, None, _absent_from_channels(package, home, homes), home)


def looked_for(name: str, homes: Homes) -> tuple[PackageName, ...]:
    """The packages of which :func:`read` asks whether a channel has them, and no others."""
    project, package = _project(name), _package(name)
    home = homes.home(project).package if project is not None else None
    namesake = PackageName(project) if project is not None else None
    return tuple(dict.fromkeys(one for one in (home, package, namesake) if one is not None))


def _without_conda(
    name: str, homes: Homes, project: ProjectName | None, package: PackageName | None, home: Home | None
) -> Reading:
    ships = homes.ships(package) if package is not None else None
    is_it = home is not None and (home.package is not None or home.same)
    if project is None or (not is_it and ships is not None):
        raise NotFoundError(
            f"{name} is a conda package, and this environment is not conda's",
            detail=_what(package, ships, home),
            help=_instead(name, project, ships),
            name=name,
            looked_in=["the table of names"],
            near=list(ships or ()),
        )
    return Reading("pypi", project, None, _warned(home), home)


def _what(
    package: PackageName | None, ships: tuple[ProjectName, ...] | None, home: Home | None
) -> tuple[str, ...]:
    if home is not None and home.rule == "curated":
        return (home.reason,)
    if ships:
        return (f"conda's {package} is PyPI's {' and '.join(ships)}",)
    return (f"conda's {package} ships no Python project",) if ships == () else ()


def _instead(name: str, project: ProjectName | None, ships: tuple[ProjectName, ...] | None) -> str:
    from condadeps.names.imports import advice  # of use to nobody whose name is found

    create = "`condadeps create -p DIR` makes a conda environment, which can have it"
    others = [other for other in ships or () if other != project]
    if others:
        return f"ask for {others[0]}; or {create}"
    asks = f"`pypi:{project}` asks for PyPI's project of that name" if project else ""
    return "; ".join(one for one in (advice(name), create, asks) if one)


def _stranger(home: Home, homes: Homes, in_channel: Callable[[PackageName], bool]) -> tuple[str, ...]:
    """A note on the package of the project's own name, when that is not its home.

    Two spellings of one name (``typing-extensions``, a metapackage, and ``typing_extensions``) need none.
    """
    namesake = PackageName(home.project)
    if namesake == home.package or not in_channel(namesake):
        return ()
    asks = f"for conda's own package {namesake}, type `conda:{namesake}`"
    if home.rule == "curated":
        return (f"{home.project} is read as conda's {home.package}; {asks} ({home.reason})",)
    if home.rule == "same name" or home.project in (homes.ships(namesake) or ()):
        return ()
    return (f"{home.project} is read as PyPI's project, which is conda's {home.package}; {asks}",)


def _other_project(
    package: PackageName, project: ProjectName | None, home: Home | None, homes: Homes
) -> tuple[str, ...]:
    """A note on PyPI's project of the package's name, when that is known to be another thing."""
    if project is None or home is None or home.rule == "override":
        return ()
    read_as = f"{package} is read as conda's package"
    asks = f"for PyPI's project of that name, type `pypi:{project}`"
    if home.rule == "curated":
        return (f"{read_as}; {asks} ({home.reason})",)
    ships = homes.ships(package) or ()
    if project in ships:
        return ()
    if home.package is not None:
        return (f"{read_as}; PyPI's {project} is conda's {home.package}, which no channel here has; {asks}",)
    return (f"{read_as}, which is PyPI's {' and '.join(ships)}; {asks}",) if ships else ()


def _absent_from_channels(package: PackageName | None, home: Home | None, homes: Homes) -> tuple[str, ...]:
    """A note on conda-forge's package of the name, when that is another thing and no channel here has it."""
    if home is None or home.package is not None or home.rule in ("override", "curated"):
        return _warned(home)
    if package is None or homes.ships(package) is None:
        return ()
    return (
        f"{home.project} is read as PyPI's project; conda-forge's package {package} is another thing, "
        "and no channel here has it",
    )


def _warned(home: Home | None) -> tuple[str, ...]:
    """The curated reason why a project that goes to PyPI has no home."""
    if home is None or home.rule != "curated" or home.package is not None or home.same:
        return ()
    if home.placeholder:
        return (f"{home.reason}; only `pypi:{home.project}` fetches it",)
    return (f"{home.project} is read as PyPI's project: {home.reason}",)


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
