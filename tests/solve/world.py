"""A small world for the solve: a channel, an index and an environment, in memory but for the prefix.

    world = World(tmp_path)
    world.conda("numpy", "2.1.0")
    world.conda("pandas", "3.0.0", depends=["numpy >=1.26"])
    world.pypi("seaborn", "0.13.2", requires=["pandas>=1.2"])
    plan = world.solve("pandas", "seaborn")

The index serves real pages (:mod:`condadeps.sources.pages`); the channel's records are real ones; the
solver, the table of names and the environment's metadata on disk are the real things.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import difflib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.version import Version
from rattler import ChannelPriority, Gateway, GenericVirtualPackage, PackageName, RepoDataRecord, Subdir

from condadeps.asked.job import Asked, Options, Verb
from condadeps.asked.parse import parse
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName as Package
from condadeps.names.namespaces import ProjectName
from condadeps.prefix import installed
from condadeps.prefix.target import Target, planned
from condadeps.solve.plan import Link as Linked
from condadeps.solve.plan import Plan, Unlink
from condadeps.solve.policy import Policy
from condadeps.solve.solve import solve
from condadeps.sources.direct import Direct
from condadeps.sources.files import File
from condadeps.sources.links import Link
from condadeps.sources.metadata import Metadata, UnbuiltError
from condadeps.sources.pages import Page, part
from condadeps.sources.records import from_documents

CHANNEL = "https://channel.invalid/forge"


class FakeSource:
    """Records in memory, as a source of the solver's."""

    def __init__(self, records: Mapping[str, list[RepoDataRecord]]) -> None:
        self.held = records

    async def fetch_package_records(self, platform: Subdir, name: PackageName) -> list[RepoDataRecord]:
        return [r for r in self.held.get(name.normalized, []) if str(r.subdir) == str(platform)]

    def package_names(self, platform: Subdir) -> list[str]:
        return list(self.held)


class FakeConda:
    """A channel in memory; the real one is tried in test_real.py."""

    written = ("forge",)
    platforms = ("linux-64", "noarch")
    solver_priority = ChannelPriority.Strict

    def __init__(self) -> None:
        self.held: dict[str, list[RepoDataRecord]] = {}
        self.gateway = Gateway()

    async def having(self, names: Iterable[Package]) -> frozenset[Package]:
        return frozenset(name for name in names if name in self.held)

    async def near(self, name: str, count: int = 3) -> tuple[str, ...]:
        return tuple(difflib.get_close_matches(name, sorted(self.held), count, 0.75))

    def answering(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    async def records(self, names: Iterable[Package]) -> Mapping[Package, list[RepoDataRecord]]:
        return {name: self.held[name] for name in names if name in self.held}

    def virtual_packages(self) -> list[GenericVirtualPackage]:
        return []

    def solver_sources(self) -> Sequence[Any]:
        return [FakeSource(self.held)]


class FakePypi:
    """An index in memory, which counts what it is asked."""

    def __init__(self) -> None:
        self.called = "PyPI"
        self.prefer_binary = False
        self.pre = False
        self.links: dict[ProjectName, list[Link]] = {}
        self.about: dict[str, Metadata | Exception] = {}
        self.places: dict[str, Direct] = {}
        self.pages_read: list[str] = []
        self.metadata_read: list[str] = []

    async def page(self, project: ProjectName) -> Page | None:
        self.pages_read.append(project)
        links = self.links.get(project)
        return Page(project, [part(links, project)]) if links else None

    async def metadata(self, file: File, *, build: bool = True) -> Metadata:
        found = self.about[file.filename]
        if not (build or file.is_wheel) and (isinstance(found, Exception) or found.built):
            raise UnbuiltError("it must be built")
        self.metadata_read.append(file.filename)
        if isinstance(found, Exception):
            raise found
        return found

    async def pinned(self, file: File) -> File:
        return dataclasses.replace(file, hashes={"sha256": "1" * 64})

    async def direct(self, location: str, *, editable: bool = False, hashes: Sequence[str] = ()) -> Direct:
        return self.places[location]


@dataclass
class World:
    """Everything a solve looks at."""

    directory: Path
    python: str = "3.11.7"
    is_conda: bool = True
    homes: Homes = field(default_factory=Homes)
    channel: FakeConda = field(default_factory=FakeConda)
    index: FakePypi = field(default_factory=FakePypi)
    pinned: tuple[str, ...] = ()
    asked_earlier: dict[str, str] = field(default_factory=dict)
    """The specifiers that were asked for of pip's projects."""
    policy: Policy = field(default_factory=Policy)

    def __post_init__(self) -> None:
        (self.directory / "conda-meta").mkdir(parents=True, exist_ok=True)
        self.target.site_packages.mkdir(parents=True, exist_ok=True)
        if self.is_conda:
            self.conda("python", self.python)
            self.link("python", self.python, requested=["python"])

    @property
    def target(self) -> Target:
        found = planned(self.directory, self.python, "linux-64")
        return found if self.is_conda else _plain(found)

    # -- what the sources have -----------------------------------------------------------

    def conda(
        self,
        name: str,
        version: str,
        *,
        depends: Sequence[str] = (),
        constrains: Sequence[str] = (),
        build: str = "0",
        number: int = 0,
        purls: Sequence[str] | None = None,
    ) -> None:
        """The channel has this; ``purls`` tell which projects it is."""
        document = _document(name, version, depends, constrains, build, number)
        document |= {"purls": list(purls)} if purls is not None else {}
        self.channel.held.setdefault(name, []).extend(from_documents([document]))

    def pypi(
        self,
        name: str,
        version: str,
        *,
        requires: Sequence[str] = (),
        extras: Sequence[str] = (),
        python: str | None = None,
        tag: str = "py3-none-any",
        sdist: bool = False,
        yanked: bool | str = False,
        sha256: str | None = "0" * 64,
        tells_python: bool = True,
    ) -> None:
        """The index has this; ``sha256`` None: it does not say the file's hash.

        Without ``tells_python`` only the file's own metadata says which Python it is for.
        """
        project = ProjectName(name)
        stem = f"{project.replace('-', '_')}-{version}"
        filename = f"{stem}.tar.gz" if sdist else f"{stem}-{tag}.whl"
        url = f"https://files.invalid/{filename}"
        link = Link(
            filename,
            url,
            {"sha256": sha256} if sha256 else {},
            1000,
            python if tells_python else None,
            yanked=yanked,
        )
        self.index.links.setdefault(project, []).append(link)
        self.index.about[filename] = Metadata(
            name=project,
            version=Version(version),
            lines=tuple(requires),
            extras=frozenset(extras),
            requires_python=python,
        )

    def place(
        self,
        location: str,
        name: str,
        version: str,
        *,
        requires: Sequence[str] = (),
        python: str | None = None,
    ) -> None:
        """``location`` is a wheel of this project."""
        named, numbered = ProjectName(name), Version(version)
        metadata = Metadata(named, numbered, tuple(requires), requires_python=python)
        filename = f"{name}-{version}-py3-none-any.whl"
        self.index.places[location] = Direct(
            metadata, location, filename, location, "0" * 64, 1000, False, False, False, {"url": location}
        )

    # -- what is installed ---------------------------------------------------------------

    def link(
        self,
        name: str,
        version: str,
        *,
        depends: Sequence[str] = (),
        requested: Sequence[str] = (),
        ships: str | None = None,
    ) -> None:
        """Conda has installed this; ``ships`` is the project whose dist-info it brought."""
        files = []
        if ships is not None:
            info = self._info(ships, version, "conda", ())
            files = [str((info / name).relative_to(self.directory)) for name in ("METADATA", "INSTALLER")]
        document = _document(name, version, depends, (), "0", 0)
        document |= {
            "files": files,
            "paths_data": {
                "paths_version": 1,
                "paths": [{"_path": file, "path_type": "hardlink"} for file in files],
            },
            "requested_specs": list(requested),
        }
        path = self.directory / "conda-meta" / f"{name}-{version}-0.json"
        path.write_text(json.dumps(document))

    def ships(self, project: str, version: str) -> None:
        """What conda has installed brought this project too."""
        self._info(project, version, "conda", ())

    def pip(
        self,
        name: str,
        version: str,
        *,
        requires: Sequence[str] = (),
        requested: bool = False,
        place: str | None = None,
    ) -> None:
        """Pip has installed this; by name (``requested``), or from a ``place``."""
        info = self._info(name, version, "pip", requires)
        if requested:
            (info / "REQUESTED").touch()
        if place is not None:
            (info / "direct_url.json").write_text(json.dumps({"url": place, "archive_info": {}}))

    def _info(self, name: str, version: str, installer: str, requires: Sequence[str]) -> Path:
        info = self.target.site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {text}" for text in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n")
        (info / "INSTALLER").write_text(installer)
        return info

    # -- solving -------------------------------------------------------------------------

    def solve(
        self,
        *texts: str | Asked,
        verb: Verb = "install",
        metadata: bool = False,
        constraints: Sequence[str | Asked] = (),
        **options: Any,
    ) -> Plan:
        """The plan for these requests."""
        wanted = [text if isinstance(text, Asked) else Asked(text, metadata=metadata) for text in texts]
        limits = [
            text if isinstance(text, Asked) else Asked(text, "constraints.txt", line, metadata=True)
            for line, text in enumerate(constraints, 1)
        ]
        return asyncio.run(
            solve(
                [parse(asked, self.directory) for asked in wanted],
                self.target,
                conda=self.channel,
                pypi=self.index,
                homes=self.homes,
                packages=installed.packages(self.directory),
                distributions=installed.distributions(self.target),
                options=Options(**options),
                verb=verb,
                pinned=self.pinned,
                asked_earlier={ProjectName(name): text for name, text in self.asked_earlier.items()},
                policy=self.policy,
                constraints=[parse(asked, self.directory) for asked in limits],
            )
        )


def linked(plan: Plan) -> dict[str, str]:
    """What conda is to link: version by name."""
    return {str(link.package.name): link.package.version for link in plan.link}


def installs(plan: Plan) -> dict[str, str]:
    """What pip is to install: version by project."""
    return {str(install.artifact.project): install.artifact.version for install in plan.install}


def why(plan: Plan) -> dict[str, str]:
    """The reason for each item."""
    conda: tuple[Linked | Unlink, ...] = (*plan.link, *plan.unlink)
    reasons = {str(item.package.name): item.reason for item in conda}
    reasons |= {f"pip {item.artifact.project}": item.reason for item in plan.install}
    return reasons | {f"- {item.project}": item.reason for item in plan.uninstall}


def _document(
    name: str, version: str, depends: Sequence[str], constrains: Sequence[str], build: str, number: int
) -> dict[str, Any]:
    filename = f"{name}-{version}-{build}.conda"
    return {
        "name": name,
        "version": version,
        "build": build,
        "build_number": number,
        "depends": list(depends),
        "constrains": list(constrains),
        "subdir": "linux-64",
        "fn": filename,
        "url": f"{CHANNEL}/linux-64/{filename}",
        "channel": CHANNEL,
        "size": 1000,
    }


def _plain(target: Target) -> Target:
    return dataclasses.replace(target, is_conda=False)
