"""What is installed: conda's packages by ``conda-meta`` (CEP 32), Python's distributions by their metadata.

Names and versions come from file names, so that knowing 150 of each costs two directory
listings; what is inside a file is read when it is asked for. Listings are kept while the
directory's time stamp says nothing has changed.
"""

from __future__ import annotations

import contextlib
import functools
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any, TypeVar

from condadeps.errors import PrefixError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.metadata import Core, read_core
from condadeps.prefix.target import Target
from condadeps.values import dataclass

T = TypeVar("T")

_STEM = re.compile(r"(.+?)-(\d.*?)(?:-py\d.*)?")
"""``name-version`` or ``name-version-py3.11``; a name may hold dashes where old tools wrote it."""

_RACY_NANOSECONDS = 200_000_000
"""A directory changed this shortly before it was read may change again under the same time stamp."""


@dataclass(frozen=True)
class InstalledPackage:
    """One conda package of a prefix. ``name``, ``version`` and ``build`` come from the file's name alone."""

    name: PackageName
    version: str
    build: str
    path: Path
    """Its record, ``conda-meta/name-version-build.json``."""
    others: tuple[InstalledPackage, ...] = field(default=(), repr=False)
    """Further records of the same name: what an interrupted change leaves."""

    @functools.cached_property
    def record(self) -> dict[str, Any]:
        """The whole record (CEP 34). Raises PrefixError, naming the file, when it cannot be read."""
        try:
            record = json.loads(self.path.read_bytes())
        except (OSError, ValueError) as error:
            raise unreadable(self.path, error) from error
        if not isinstance(record, dict) or not isinstance(record.get("name"), str):
            raise unreadable(self.path, ValueError("it is not a package's record"))
        return record

    @functools.cached_property
    def subdir(self) -> str:
        """``linux-64`` or ``noarch``; read without parsing the file list."""
        found = re.search(rb'"subdir"\s*:\s*"([^"]+)"', self.text)
        return found.group(1).decode() if found else str(self.record.get("subdir", ""))

    @functools.cached_property
    def channel(self) -> str:
        """The channel as the record has it: a URL, sometimes a bare name."""
        found = re.search(rb'"channel"\s*:\s*"([^"]*)"', self.text)
        return found.group(1).decode() if found else str(self.record.get("channel", ""))

    @property
    def build_number(self) -> int:
        """The build number of the record."""
        return int(self.record.get("build_number", 0))

    @property
    def url(self) -> str | None:
        """Where the package file came from."""
        url = self.record.get("url")
        return str(url) if url else None

    @property
    def files(self) -> tuple[str, ...]:
        """Its files, relative to the prefix, with forward slashes."""
        return tuple(map(str, self.record.get("files", ())))

    @property
    def requested_specs(self) -> tuple[str, ...]:
        """What somebody asked for to get it, by its record or conda's history; empty when nobody did."""
        several, single = (self.record.get(key) for key in ("requested_specs", "requested_spec"))
        return requested_specs(self, several, single)

    @property
    def text(self) -> bytes:
        """The record as it stands on disk, megabytes for some. Raises PrefixError when it cannot be read."""
        try:
            return self.path.read_bytes()
        except OSError as error:
            raise unreadable(self.path, error) from error

    def __hash__(self) -> int:
        return hash(self.path)


@dataclass(frozen=True)
class Distribution:
    """One Python distribution of an environment; everything but name and place is read when asked for."""

    project: ProjectName
    version: str
    """As its directory's name has it (``1.0`` of ``pkg-1.0.dist-info``); else from its metadata."""
    location: Path
    """Its ``.dist-info`` or ``.egg-info``."""
    linked: bool = False
    """It is a source tree that an ``.egg-link`` points to."""
    others: tuple[Distribution, ...] = field(default=(), repr=False)
    """Further ones of the same project: something installed over it without removing it first."""

    @property
    def exists(self) -> bool:
        """Whether there is metadata: an interrupted removal leaves directories without."""
        return self.core is not None

    @functools.cached_property
    def core(self) -> Core | None:
        """Its core metadata, as far as anybody here needs it; None when there is none."""
        return read_core(self.location)

    @property
    def lines(self) -> tuple[str, ...]:
        """Its ``Requires-Dist``, as written."""
        return self.core.lines if self.core else ()

    @property
    def requires(self) -> tuple[Any, ...]:
        """Its requirements, as ``packaging`` Requirements; unreadable ones are left out."""
        return self.core.requires if self.core else ()

    @property
    def extras(self) -> frozenset[str]:
        """The extras it declares, normalised (PEP 685)."""
        return self.core.extras if self.core else frozenset()

    @functools.cached_property
    def installer(self) -> str:
        """Who put it there (PEP 376 ``INSTALLER``): ``pip``, ``conda``, ``uv``; empty when unsaid."""
        return self._read("INSTALLER").strip().lower()

    @functools.cached_property
    def requested(self) -> bool:
        """Whether somebody asked for it by name (PEP 376 ``REQUESTED``)."""
        return (self.location / "REQUESTED").exists()

    @functools.cached_property
    def direct_url(self) -> dict[str, Any] | None:
        """Where it was directly taken from (PEP 610), when it was."""
        text = self._read("direct_url.json")
        try:
            document = json.loads(text) if text else None
        except ValueError:
            return None
        return document if isinstance(document, dict) and isinstance(document.get("url"), str) else None

    @functools.cached_property
    def editable(self) -> bool:
        """Whether it runs from its sources."""
        directory = (self.direct_url or {}).get("dir_info") or {}
        return self.linked or bool(isinstance(directory, dict) and directory.get("editable"))

    @functools.cached_property
    def files(self) -> tuple[str, ...]:
        """Its files as ``RECORD`` lists them, relative to the directory that holds ``location``."""
        import csv

        rows = csv.reader(self._read("RECORD").splitlines())
        return tuple(row[0].replace("\\", "/") for row in rows if row)

    def _read(self, name: str) -> str:
        try:
            return (self.location / name).read_text("utf-8", "replace")
        except OSError:
            return ""

    def __hash__(self) -> int:
        return hash(self.location)


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A record in ``conda-meta`` that cannot be used, and why."""

    path: Path
    why: str


def requested_specs(
    package: InstalledPackage, several: Iterable[object] | None, single: object
) -> tuple[str, ...]:
    """What was asked for to get ``package``, by the two fields of its record, or else by conda's history."""
    from condadeps.prefix import asked_earlier

    recorded = tuple(map(str, several or ())) or ((str(single),) if single and single != "None" else ())
    if recorded:
        return recorded
    earlier = asked_earlier.specs(package.path.parent.parent).get(package.name)
    return (earlier,) if earlier else ()


def packages(prefix: Path) -> Mapping[PackageName, InstalledPackage]:
    """The conda packages of ``prefix``, by the names of their records; none without ``conda-meta``."""
    return _kept(prefix / "conda-meta", _list_packages, _packages)


def damaged(prefix: Path) -> tuple[Unreadable, ...]:
    """The records that cannot be used: truncated, no JSON, not what their name says. Reads them all."""
    found = []
    for package in packages(prefix).values():
        try:
            name = package.record["name"]
            if name != package.name:
                found.append(Unreadable(package.path, f"it is the record of {name}"))
        except PrefixError as error:
            found.append(Unreadable(package.path, error.detail[0] if error.detail else error.message))
    return tuple(found)


def distributions(target: Target) -> dict[ProjectName, Distribution]:
    """Every distribution of ``target``; in several directories, the first in import order, as Python does."""
    found = {project: _existing(one) for project, one in index(target).items()}
    return {project: one for project, one in found.items() if one is not None}


def distribution(target: Target, project: ProjectName) -> Distribution | None:
    """One distribution of ``target``; reads nothing about the others."""
    found = index(target).get(project)
    return None if found is None else _existing(found)


def index(target: Target) -> dict[ProjectName, Distribution]:
    """As :func:`distributions`, by directory names alone: leftovers without metadata are among them."""
    found: dict[ProjectName, Distribution] = {}
    for directory in reversed(target.paths):
        found.update(distributions_in(directory))
    return found


def distributions_in(directory: Path) -> Mapping[ProjectName, Distribution]:
    """The distributions of one directory, by their names alone."""
    listed: Mapping[ProjectName, Distribution] = _kept(directory, _list_distributions, _distributions)
    return listed


def unreadable(path: Path, error: Exception) -> PrefixError:
    """The error for a record that cannot be read."""
    return PrefixError(
        f"a package's record cannot be read: {path}",
        detail=[str(error)],
        help=f"condadeps restore -p {path.parent.parent} {path.name.rsplit('-', 2)[0]}",
        prefix=str(path.parent.parent),
        path=str(path),
    )


def _existing(found: Distribution) -> Distribution | None:
    """The first of them that has metadata; leftovers without are forgotten."""
    if found.exists:
        return found
    several = [other for other in found.others if other.exists]
    return replace(several[0], others=tuple(several[1:])) if several else None


_packages: dict[Path, tuple[int, Mapping[PackageName, InstalledPackage]]] = {}
_distributions: dict[Path, tuple[int, Mapping[ProjectName, Distribution]]] = {}


def _kept(directory: Path, listing: Callable[[Path], T], kept: dict[Path, tuple[int, T]]) -> T:
    """What ``listing`` says of ``directory``, kept for as long as the directory is certainly unchanged."""
    try:
        stamp = directory.stat().st_mtime_ns
    except OSError:
        stamp = 0
    held = kept.get(directory)
    if held is not None and held[0] == stamp:
        return held[1]
    fresh = listing(directory)
    if time.time_ns() - stamp > _RACY_NANOSECONDS:
        kept[directory] = (stamp, fresh)
    else:
        kept.pop(directory, None)
    return fresh


def _list_packages(directory: Path) -> Mapping[PackageName, InstalledPackage]:
    found: dict[PackageName, InstalledPackage] = {}
    for entry in sorted(_entries(directory)):
        if not entry.endswith(".json") or entry.count("-") < 2:
            continue
        name, version, build = entry[:-5].rsplit("-", 2)
        with contextlib.suppress(ValueError):
            package = InstalledPackage(PackageName(name), version, build, directory / entry)
            before = found.get(package.name)
            found[package.name] = (
                package if before is None else replace(before, others=(*before.others, package))
            )
    return found


def _list_distributions(directory: Path) -> Mapping[ProjectName, Distribution]:
    found: dict[ProjectName, Distribution] = {}
    for entry in sorted(_entries(directory)):
        for one in _distributions_of(directory, entry):
            before = found.get(one.project)
            found[one.project] = one if before is None else replace(before, others=(*before.others, one))
    return found


def _distributions_of(directory: Path, entry: str) -> Iterator[Distribution]:
    stem, dot, kind = entry.rpartition(".")
    if not dot:
        return
    if kind == "egg-link":
        yield from _linked(directory / entry)
    elif kind == "egg":
        yield from _named(stem, directory / entry / "EGG-INFO")
    elif kind in ("dist-info", "egg-info"):
        yield from _named(stem, directory / entry)


def _named(stem: str, location: Path, linked: bool = False) -> Iterator[Distribution]:
    match = _STEM.fullmatch(stem)
    name, version = match.groups() if match else (stem, "")
    if not version:
        core = read_core(location)
        version = core.version if core else ""
    try:
        yield Distribution(ProjectName(name), version, location, linked)
    except ValueError:
        return  # "~andas-3.0.dist-info": what pip sets aside while it works


def _linked(link: Path) -> Iterator[Distribution]:
    """The source tree that ``setup.py develop`` linked."""
    try:
        tree = Path(link.read_text("utf-8", "replace").splitlines()[0].strip())
    except (OSError, IndexError):
        return
    for entry in _entries(tree):
        if entry.endswith(".egg-info"):
            yield from _named(entry[: -len(".egg-info")], tree / entry, linked=True)


def _entries(directory: Path) -> list[str]:
    import os

    try:
        return os.listdir(directory)  # noqa: PTH208 (names, not paths: half the time)
    except OSError:
        return []
