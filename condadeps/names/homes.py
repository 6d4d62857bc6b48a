"""A project's home: the conda package that ships it, or the knowledge that none does.

The order (the design's "home lookup"):

1. the user's or the site's override;
2. the curated list shipped with the program, a reason a line;
3. the shipper of the project's own name, exactly, else after PEP 503 normalisation;
4. among shippers of at most three projects: one named ``python-N``, ``N-python``, ``py-N``, ``N-py``
   or ``N.py``, else the one that ships the fewest, has a plain name, a short one, the first of the alphabet;
5. a shipper of more only when it is ``N-core`` or ``N-base``: the rest merely vendor the project;
6. none.

A package that does not ship the project is never its home, whatever its name: only an override,
which is somebody's own word, can say otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from condadeps.errors import RequestError
from condadeps.names import curated
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.table import Table
from condadeps.values import dataclass

Rule = Literal["override", "curated", "same name", "pattern", "fewest", "core", "none"]

FEW = 3
"""A shipper of more projects than this carries them along; it is not their home."""
PATTERNS = ("python-{}", "{}-python", "py-{}", "{}-py", "{}.py")
_PARTS = ("-base", "-core", "-cpu", "-gpu", "-impl")


@dataclass(frozen=True, slots=True)
class Home:
    """Where a project lives among conda packages, and why there."""

    project: ProjectName
    package: PackageName | None
    """None: no conda package is to be used for the project."""
    constraint: str
    """What else of the package is the project, as a MatchSpec's tail: ``""`` (all of it) or ``"=5"``."""
    reason: str
    """For a person, a clause: "conda-forge's package of that name ships it"."""
    rule: Rule = "none"
    same: bool = False
    """Whether PyPI's project is what conda's package of its name is, though that is no home of it."""
    placeholder: bool = False
    """Whether what PyPI has of the name is there to keep it, and is not to be fetched."""

    def __str__(self) -> str:
        if self.package is None:
            return f"{self.project}: no conda package ({self.reason})"
        return f"{self.project}: {self.spec} ({self.reason})"

    @property
    def spec(self) -> str | None:
        """The home as a MatchSpec: ``"pyqt =5"``."""
        if self.package is None:
            return None
        return f"{self.package} {self.constraint}".rstrip()


class Homes:
    """The homes of projects, by the order above.

    ``overrides`` say a project's home as ``"package"`` or ``"package =5"``; None or ``""``: it has none.
    ``ships`` adds what other channels tell of their own packages (see :mod:`condadeps.names.purls`); for a
    package the table knows as well, both hold.

    >>> homes = Homes(overrides={ProjectName("acme-tools"): "acme_tools =2"})
    >>> homes.home(ProjectName("torch")).package
    PackageName('pytorch')
    >>> homes.home(ProjectName("acme-tools")).spec
    'acme_tools =2'
    """

    def __init__(
        self,
        table: Table | None = None,
        overrides: Mapping[ProjectName, str | None] | None = None,
        ships: Mapping[PackageName, Iterable[ProjectName]] | None = None,
    ) -> None:
        """Raises RequestError for an override that names no conda package."""
        self.table = table if table is not None else Table.load()
        self._overrides = {
            ProjectName(project): _overridden(ProjectName(project), text)
            for project, text in (overrides or {}).items()
        }
        self._ships: dict[PackageName, tuple[ProjectName, ...]] = {}
        self._shippers: dict[ProjectName, list[PackageName]] = {}
        self._found: dict[ProjectName, Home] = {}
        self.learn(ships or {})

    def learn(self, ships: Mapping[PackageName, Iterable[ProjectName]]) -> None:
        """Add what other channels tell of their own packages; a package told of before is told of anew."""
        for package, projects in ships.items():
            for project in self._ships.get(package, ()):
                self._shippers[project].remove(package)
            self._ships[package] = tuple(dict.fromkeys(projects))
            for project in self._ships[package]:
                self._shippers.setdefault(project, []).append(package)
        if ships:
            self._found.clear()

    def home(self, project: ProjectName) -> Home:
        """The home of ``project``; its ``package`` is None when it has none."""
        found = self._found.get(project)
        if found is None:
            found = self._found[project] = self._look_up(project)
        return found

    def shippers(self, project: ProjectName) -> tuple[PackageName, ...]:
        """Every package known to ship ``project``, its vendors among them, in alphabetical order."""
        return tuple(sorted({*self.table.shippers(project), *self._shippers.get(project, ())}))

    def ships(self, package: PackageName) -> tuple[ProjectName, ...] | None:
        """The projects ``package`` ships; ``()`` when it is known to ship none, None when nobody knows it."""
        known, told = self.table.ships(package), self._ships.get(package)
        if known is None or told is None:
            return known if told is None else told
        return tuple(sorted({*known, *told}))

    def _look_up(self, project: ProjectName) -> Home:
        override = self._overrides.get(project)
        if override is not None:
            return override
        listed = curated.homes().get(project)
        if listed is not None:
            marks = (listed.same, listed.placeholder)
            return Home(project, listed.package, listed.constraint, listed.reason, "curated", *marks)
        return by_shippers(project, {name: self._shipped(name) for name in self.shippers(project)})

    def _shipped(self, package: PackageName) -> int:
        """How many projects ``package`` ships; some ship hundreds, whose names matter to nobody here."""
        return len(self.ships(package) or ()) if package in self._ships else self.table.shipped(package)


def by_shippers(project: ProjectName, shippers: Mapping[PackageName, int]) -> Home:
    """Rules 3 to 6: the home of ``project`` among its shippers and the number of projects each ships.

    >>> by_shippers(ProjectName("fiat"), {PackageName("fenics"): 11}).reason
    'only vendored, by fenics'
    """
    if not shippers:
        return Home(project, None, "", "no conda package is known to ship it")
    namesakes = sorted(name for name in shippers if _normal(name) == project)
    if namesakes:
        package = PackageName(project) if PackageName(project) in namesakes else namesakes[0]
        return Home(project, package, "", f"conda's package {package} ships it", "same name")
    few = {name: count for name, count in shippers.items() if count <= FEW}
    for pattern in PATTERNS:
        named = sorted(name for name in few if _normal(name) == _normal(pattern.format(project)))
        if named:
            return Home(project, named[0], "", f"conda's package {named[0]} ships it", "pattern")
    if few:
        package = min(few, key=lambda name: (few[name], *_plainness(name)))
        others = sorted(name for name in few if name != package)
        return Home(project, package, "", f"conda's package {package} ships it{_so_do(others)}", "fewest")
    for part in ("-core", "-base"):
        named = sorted(name for name in shippers if _normal(name) == project + part)
        if named:
            return Home(project, named[0], "", f"conda's package {named[0]} is its main part", "core")
    return Home(project, None, "", f"only vendored, by {', '.join(sorted(shippers)[:FEW])}")


def _plainness(name: PackageName) -> tuple[bool, bool, int, str]:
    return name.startswith(("_", "lib")), name.endswith(_PARTS), len(name), name


def _so_do(others: list[PackageName]) -> str:
    if not others:
        return ""
    return f" ({others[0]} does too)" if len(others) == 1 else f" ({len(others)} others do too)"


def _normal(name: str) -> str | None:
    """PEP 503's form of a package's name; None for one no project can have (``_x86_64``)."""
    try:
        return ProjectName(name)
    except ValueError:
        return None


def _overridden(project: ProjectName, text: str | None) -> Home:
    name, _, constraint = (text or "").strip().partition(" ")
    if not name:
        return Home(project, None, "", "configured to have no conda package", "override")
    try:
        return Home(project, PackageName(name), constraint.strip(), "configured so", "override")
    except ValueError as error:
        raise RequestError(
            f"the configured home of {project} is not a conda package: {error}",
            help='write "package", "package =5", or "" for none',
            text=text,
            position=None,
            origin="configuration",
        ) from None
