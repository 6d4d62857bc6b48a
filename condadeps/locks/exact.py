"""From a lock to a plan: no solve, just what differs from it. What clashes with the rest is refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from condadeps.errors import ConflictError, PrefixError
from condadeps.locks.lock import Locked, LockedFile
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.target import Target
from condadeps.solve.dependents import Graph, Node
from condadeps.solve.plan import Install, Link, Package, Plan, Uninstall, Unlink

VITAL = ("python", "pip", "ipykernel", "condadeps")
"""What a running kernel stands on (rule 7)."""


@dataclass(frozen=True)
class There:
    """The environment as it is before."""

    target: Target
    packages: Mapping[PackageName, Package]
    distributions: Mapping[ProjectName, Distribution]
    graph: Graph
    laid: Mapping[ProjectName, str] = field(default_factory=dict)
    """The SHA-256 of the file each project was laid out from, where that is known."""

    def owner(self, project: ProjectName) -> PackageName | None:
        """The conda package that brought an installed project; None when pip did."""
        node = self.graph.providers.get(project)
        return PackageName(node.name) if node is not None and node.manager == "conda" else None

    @property
    def by_pip(self) -> Mapping[ProjectName, Distribution]:
        """What no conda package brought."""
        return {name: one for name, one in self.distributions.items() if self.owner(name) is None}


def plan(locked: Locked, there: There, homes: Homes, *, file: str, sync: bool, inside: bool) -> Plan:
    """What makes the environment have what ``locked`` says; with ``sync`` nothing else stays.

    A lock without conda packages says nothing about those. ``inside``: a kernel runs in it, so what
    that stands on stays. Raises ConflictError when a project would be there twice, or something
    that stays would lose what it needs; PrefixError when Python's minor version would change
    under a running kernel.
    """
    return _Exact(locked, there, homes, Path(file).name, sync, inside).plan()


@dataclass(frozen=True)
class _Exact:
    locked: Locked
    there: There
    homes: Homes
    file: str
    sync: bool
    inside: bool

    def plan(self) -> Plan:
        links = tuple(self._links())
        self._check_python(links)
        kept = self._kept(links)
        unlink = tuple(self._unlinks(kept)) if self.sync and self.locked.packages else ()
        going = {one.package.name for one in unlink}
        install = tuple(self._installs(going | {one.package.name for one in links}))
        uninstall = tuple(self._uninstalls(links, kept))
        runs = "this kernel runs on it" if self.inside else "a kernel here may run on it"
        notes = [f"{node} stays, though {self.file} has it not: {runs}" for node in kept]
        return Plan(
            prefix=str(self.there.target.prefix),
            subdir=self.there.target.subdir,
            link=links,
            unlink=unlink,
            install=install,
            uninstall=uninstall,
            notes=tuple(notes),
            warnings=tuple(self._warnings()),
        )

    @property
    def _reason(self) -> str:
        return f"in {self.file}"

    def _links(self) -> Iterator[Link]:
        for package in sorted(self.locked.packages, key=lambda one: one.name):
            before = self.there.packages.get(package.name)
            if before is None or not _same(before, package):
                yield Link(package, self._reason, before)

    def _unlinks(self, kept: Collection[Node]) -> Iterator[Unlink]:
        listed = {one.name for one in self.locked.packages}
        for name, package in sorted(self.there.packages.items()):
            if name not in listed and Node("conda", name) not in kept:
                yield Unlink(package, f"not in {self.file}")

    def _installs(self, moving: Collection[PackageName]) -> Iterator[Install]:
        for one in sorted(self.locked.files, key=lambda one: one.project):
            before = self.there.distributions.get(one.project)
            owner = self.there.owner(one.project)
            if before is not None and owner is not None and owner not in moving:
                self._check_condas(one, before, owner)
                continue
            mine = before if owner is None else None
            if mine is None or not self._is_laid(mine, one):
                yield Install(one.artifact, self._reason, mine.version if mine else None)

    def _check_condas(self, one: LockedFile, before: Distribution, owner: PackageName) -> None:
        """What conda has at the locked version stays conda's, where the lock knows only Python's projects."""
        if not self.locked.packages and before.version == one.artifact.version:
            return
        raise ConflictError(
            f"{self.file} wants {one.project} {one.artifact.version} from PyPI; "
            f"here conda's {owner} has {before.version}",
            detail=["a project is installed once, by conda or by pip"],
            help=f"in an environment of its own: condadeps create -p DIR -f {self.file}",
            chains=[],
            relax=[],
        )

    def _is_laid(self, before: Distribution, one: LockedFile) -> bool:
        known = self.there.laid.get(one.project)
        return before.version == one.artifact.version and known in (None, one.artifact.sha256)

    def _uninstalls(self, links: Sequence[Link], kept: Collection[Node]) -> Iterator[Uninstall]:
        listed = {one.project for one in self.locked.files}
        brought = {
            project: one.package.name
            for one in links
            for project in (self.homes.ships(one.package.name) or _namesake(one.package.name))
        }
        for project, before in sorted(self.there.by_pip.items()):
            if project in listed:
                continue
            if project in brought:
                yield Uninstall(project, before.version, f"superseded by conda's {brought[project]}")
            elif self.sync and Node("pip", project) not in kept:
                yield Uninstall(project, before.version, f"not in {self.file}")

    def _kept(self, links: Sequence[Link]) -> list[Node]:
        """What a kernel stands on and the lock does not name; from outside, the condadeps of one.

        No lock of ours names that: what makes an environment brings its own.
        """
        if not self.sync or (not self.inside and _other_python(links)):
            return []
        graph, names = self.there.graph, VITAL if self.inside else VITAL[-1:]
        vital = [graph.providers.get(ProjectName(name), Node("conda", name)) for name in names]
        needed = graph.needed_by([node for node in vital if node in graph.needs])
        listed = {Node("conda", one.name) for one in self.locked.packages}
        listed |= {Node("pip", one.project) for one in self.locked.files}
        if not self.locked.packages:
            needed = {node for node in needed if node.manager == "pip"}
        return sorted(needed - listed)

    def _check_python(self, links: Sequence[Link]) -> None:
        moved = _other_python(links) if self.inside else None
        if moved:
            raise PrefixError(
                f"{self.file} has Python {moved[1]}; a kernel with {moved[0]} runs here, and stays with it",
                help=f"in an environment of its own: condadeps create -p DIR -f {self.file}",
                prefix=str(self.there.target.prefix),
            )

    def _warnings(self) -> Iterator[str]:
        bare = [one.filename for one in self.locked.packages if not one.sha256 and not one.record.get("md5")]
        if bare:
            yield f"{self.file} has no hash of {', '.join(bare)}: taken as it comes"
        for one in self.locked.files:
            if one.artifact.build:
                yield f"{one.project} {one.artifact.version} is no wheel: its build code will run"


def own_wheel(locked: Locked, there: There, homes: Homes, wheel: Path, requires: Sequence[str]) -> str | None:
    """Why the running condadeps cannot go into an environment of this lock; None when it can."""
    from packaging.requirements import Requirement

    shipped: dict[ProjectName, str] = {}
    for package in locked.packages:
        for project in homes.ships(package.name) or _namesake(package.name):
            shipped[project] = package.version
    shipped |= {one.project: one.artifact.version for one in locked.files}
    for text in requires:
        one = Requirement(text)
        if one.marker is not None and not one.marker.evaluate({**there.target.markers, "extra": ""}):
            continue
        version = shipped.get(ProjectName(one.name))
        if version is None or not one.specifier.contains(version, prereleases=True):
            return f"it has no {one}" if version is None else f"it has {one.name} {version}, not {one}"
    return None


def _same(before: Package, package: Package) -> bool:
    if before.sha256 and package.sha256:
        return before.sha256 == package.sha256
    return (before.version, before.build, before.subdir) == (package.version, package.build, package.subdir)


def _namesake(name: PackageName) -> tuple[ProjectName, ...]:
    try:
        return (ProjectName(name),)
    except ValueError:
        return ()


def _other_python(links: Sequence[Link]) -> tuple[str, str] | None:
    """Python's minor version before and after, where it changes."""
    for link in links:
        if link.package.name == "python" and link.previous is not None:
            old, new = _minor(link.previous.version), _minor(link.package.version)
            return (old, new) if old != new else None
    return None


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def installed_packages(packages: Mapping[PackageName, InstalledPackage]) -> dict[PackageName, Package]:
    """The installed packages as a plan has them. Raises PrefixError for a record that cannot be read."""
    from condadeps.locks.present import package_of

    return {name: package_of(one) for name, one in packages.items()}
