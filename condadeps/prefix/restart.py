"""After a change: does this kernel need a restart, and can it import what is new?

A restart is needed only when something already imported, or a shared library already
loaded, was replaced; then it is named, with both versions. Otherwise nothing is said.
"""

from __future__ import annotations

import importlib
import os
import site
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from condadeps.errors import PrefixError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import installed
from condadeps.prefix.target import Target, is_running, running
from condadeps.solve.plan import Package, Plan

_CODE = (".py", ".so", ".pyd", ".dll", ".dylib")


@dataclass(frozen=True, slots=True)
class Replaced:
    """A package or distribution that a change moves or removes, and the code it has or had."""

    name: str
    old: str
    new: str | None
    """None: removed."""
    files: tuple[str, ...]
    """Absolute paths of Python and machine code."""

    def __str__(self) -> str:
        return f"{self.name} {self.old} → {self.new}" if self.new else f"{self.name} {self.old} was removed"

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``Replaced(**data)`` with ``files`` as a tuple gives an equal one."""
        return asdict(self)


def needed(plan: Plan, before: Sequence[Replaced] = ()) -> tuple[str, ...]:
    """The lines for :attr:`Outcome.restart`: what this process imported and its changes replaced.

    ``plan`` is the change that was just made; those before it are remembered. What has come
    back as it was imported needs no restart any more.
    ``before`` is what :func:`replaced` said before the change. Without it the records of
    what is there now are read, which miss only what was removed for good.
    """
    if not is_running(Path(plan.prefix)):
        return ()
    found = {**{one.name: one for one in replaced(plan, running())}, **{one.name: one for one in before}}
    _imported.learn(found.values(), _arriving(plan), imported_files(sys.modules) | loaded_libraries())
    return _imported.lines()


def still_needed(prefix: str) -> tuple[str, ...]:
    """The lines for :attr:`Outcome.restart` that stand from this process' earlier changes of ``prefix``."""
    return _imported.lines() if is_running(Path(prefix)) else ()


@dataclass(frozen=True, slots=True)
class _Stale:
    imported: str
    """The version that this process runs."""
    there: str | None
    """The version that is installed; None: none."""
    loaded: frozenset[str]
    """Its files that were loaded when it was first replaced."""


class Imported:
    """What a process runs that is not what is installed, over all its changes."""

    def __init__(self) -> None:
        self._stale: dict[str, _Stale] = {}

    def learn(
        self, candidates: Iterable[Replaced], arriving: Mapping[str, str], loaded: Collection[str]
    ) -> None:
        """Take in a change: what it replaced, what came with it, and the files ``loaded`` by now."""
        moved = changed(candidates, loaded)
        for one in moved:
            files = frozenset(path for path in one.files if path in loaded)
            known = self._stale.get(one.name)
            if known is None or files - known.loaded:  # what was loaded since is of the version in between
                self._stale[one.name] = _Stale(one.old, one.new, files)
            else:
                self._now(one.name, one.new)
        for name in self._stale.keys() & arriving.keys() - {one.name for one in moved}:
            self._now(name, arriving[name])

    def _now(self, name: str, version: str | None) -> None:
        known = self._stale.pop(name)
        if version != known.imported:  # else memory and disk are the same again
            self._stale[name] = replace(known, there=version)

    def lines(self) -> tuple[str, ...]:
        """What is stale, in words."""
        return tuple(
            str(Replaced(name, one.imported, one.there, ())) for name, one in sorted(self._stale.items())
        )


def changed(candidates: Iterable[Replaced], loaded: Collection[str]) -> tuple[Replaced, ...]:
    """Those whose code is among the ``loaded`` files. A pure rule: paths are compared as they are."""
    return tuple(one for one in candidates if any(path in loaded for path in one.files))


def replaced(plan: Plan, target: Target, altered: Collection[str] = ()) -> tuple[Replaced, ...]:
    """What ``plan`` moves or removes, with the code files that the environment's records list now.

    Best called before the change. A project that only changes hands, from pip to conda or
    back at the same version, is not replaced: what runs is the same. Nor is what is laid out anew as it
    was, ``altered`` files apart (relative to the environment): somebody wrote to those, and may run them.
    """
    arriving = _arriving(plan)
    found: dict[str, Replaced] = {}
    for link in plan.link:
        name = link.package.name
        if link.previous is not None:
            old, moved = _versions(link.previous, link.package)
            found[name] = Replaced(name, old, moved, _package_files(name, target))
    for gone in plan.unlink:
        name = gone.package.name
        new = next((arriving[one] for one in (name, *_ships(name)) if one in arriving), None)
        found[name] = Replaced(name, gone.package.version, new, _package_files(name, target))
    leaving = [(item.project, item.version) for item in plan.uninstall]
    leaving += [(item.artifact.project, item.previous) for item in plan.install if item.previous]
    for project, version in leaving:
        other = found.get(project)
        if other is None or other.old == other.new:  # pip's copy over conda's is what runs
            files = _distribution_files(project, target)
            found[project] = Replaced(project, version, arriving.get(project), files)
    root = os.path.realpath(target.prefix)
    written = frozenset(f"{root}/{path}" for path in altered)
    return tuple(
        one if one.old != one.new else replace(one, old=f"{one.old} (altered)", files=edited)
        for _, one in sorted(found.items())
        if one.old != one.new or (edited := tuple(path for path in one.files if path in written))
    )


def code(target: Target) -> dict[str, Replaced]:
    """All that is there, as it would be if it were removed: to be compared with by :func:`since`."""
    found = {
        str(project): Replaced(str(project), one.version, None, _distribution_files(project, target))
        for project, one in (installed.distributions(target) if target.has_python else {}).items()
    }
    for name, package in (installed.packages(target.prefix) if target.is_conda else {}).items():
        found.setdefault(str(name), Replaced(str(name), package.version, None, _package_files(name, target)))
    return found


def since(before: Mapping[str, Replaced], target: Target) -> tuple[Replaced, ...]:
    """What is not there any more, or at another version, since ``before`` (:func:`code`)."""
    projects = installed.distributions(target) if target.has_python else {}
    packages = installed.packages(target.prefix) if target.is_conda else {}
    now = {str(name): one.version for name, one in packages.items()}
    now |= {str(project): one.version for project, one in projects.items()}
    moved = (replace(one, new=now.get(name)) for name, one in sorted(before.items()))
    return tuple(one for one in moved if one.old != one.new)


def joined(earlier: Iterable[Replaced], later: Iterable[Replaced]) -> tuple[Replaced, ...]:
    """What two changes, one after the other, replaced."""
    found = {one.name: one for one in earlier}
    for one in later:
        first = found.get(one.name)
        files = tuple(dict.fromkeys((*first.files, *one.files))) if first else one.files
        found[one.name] = Replaced(one.name, first.old if first else one.old, one.new, files)
    return tuple(one for _, one in sorted(found.items()) if one.old != one.new)


def _arriving(plan: Plan) -> dict[str, str]:
    """The version that comes for each name, a project that a conda package ships among them."""
    found: dict[str, str] = {str(item.artifact.project): item.artifact.version for item in plan.install}
    for link in plan.link:
        for name in (str(link.package.name), *_ships(link.package.name)):
            found.setdefault(name, link.package.version)
    return found


def _ships(package: PackageName) -> tuple[str, ...]:
    """The one project a package is known to be, if it is one."""
    from condadeps.names.table import Table

    projects = Table.load().ships(package) or ()
    return tuple(map(str, projects)) if len(projects) == 1 else ()


def imported_files(modules: Mapping[str, Any]) -> set[str]:
    """The files that ``modules`` (``sys.modules``) were loaded from, as given and with links resolved."""
    found: set[str] = set()
    for module in list(modules.values()):
        path = getattr(getattr(module, "__spec__", None), "origin", None) or getattr(module, "__file__", None)
        if isinstance(path, str) and path.endswith(_CODE):
            found.update((path, os.path.realpath(path)))
    return found


def loaded_libraries(maps: Path = Path("/proc/self/maps")) -> set[str]:
    """The shared libraries this process has mapped; nothing where the system does not tell (not Linux)."""
    try:
        lines = maps.read_text("utf-8", "replace").splitlines()
    except OSError:
        return set()
    paths = (line[line.index("/") :].removesuffix(" (deleted)") for line in lines if "/" in line)
    return {path for path in paths if ".so" in path}


def path_files(target: Target | None = None) -> dict[str, int]:
    """The environment's ``.pth`` files with their time stamps: what :func:`refresh_imports` compares with."""
    directory = (target or running()).site_packages
    try:
        return {
            entry.path: entry.stat().st_mtime_ns
            for entry in os.scandir(directory)
            if entry.name.endswith(".pth")
        }
    except OSError:
        return {}


def refresh_imports(before: Mapping[str, int] | None = None) -> None:
    """Let this process import, and ``importlib.metadata`` find, what was just installed.

    ``.pth`` files that are not in ``before`` (:func:`path_files`, before the change) are
    processed; without ``before``, those that came since this module was imported.
    """
    importlib.invalidate_caches()
    if "importlib_metadata" in sys.modules:  # the backport keeps its own
        sys.modules["importlib_metadata"].MetadataPathFinder.invalidate_caches()
    known = _processed if before is None else before
    now = path_files()
    for path, stamp in sorted(now.items()):
        if known.get(path) != stamp:
            _process(Path(path))
    _processed.clear()
    _processed.update(now)


def _process(path: Path) -> None:
    """Run one ``.pth`` file as Python does at its start; a bad one is not our error."""
    # typeshed leaves addpackage out; it is documented by use in site.addsitedir since Python 1.5.
    add = getattr(site, "addpackage", None)
    if add is not None:
        add(str(path.parent), path.name, set(map(os.path.normcase, sys.path)))


def _versions(previous: Package, package: Package) -> tuple[str, str]:
    if previous.version != package.version or previous.build == package.build:
        return previous.version, package.version
    return f"{previous.version} ({previous.build})", f"{package.version} ({package.build})"


def _package_files(name: PackageName, target: Target) -> tuple[str, ...]:
    package = installed.packages(target.prefix).get(name)
    prefix = os.path.realpath(target.prefix)
    try:
        files = package.files if package else ()
    except PrefixError:  # its record is torn, and about to be replaced
        files = ()
    return tuple(f"{prefix}/{path}" for path in files if _is_code(path))


def _distribution_files(project: ProjectName, target: Target) -> tuple[str, ...]:
    found = installed.distribution(target, project)
    if found is None:
        return ()
    parent = os.path.realpath(found.location.parent)
    return tuple(os.path.normpath(f"{parent}/{path}") for path in found.files if _is_code(path))


def _is_code(path: str) -> bool:
    return path.endswith(_CODE) or ".so." in path


_imported = Imported()
_processed: dict[str, int] = path_files()
