"""A plan: what will change in one prefix and why, complete before anything is touched.

Everything here is immutable plain data that survives a trip through JSON, so that the
same plan can be shown by a door, applied by the engine and kept in a journal.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal

from condadeps.asked.credentials import masked
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.values import dataclass

MARKER = "{}: its marker does not hold here, so there is nothing to do"
"""The note on a request that is not for this environment."""


@dataclass(frozen=True, slots=True)
class Package:
    """One conda package of one version and build, as a channel offers it."""

    name: PackageName
    version: str
    build: str
    build_number: int
    subdir: str
    channel: str
    """The channel's base URL, without credentials."""
    url: str
    filename: str
    size: int | None
    """Bytes, compressed."""
    sha256: str | None
    record: Mapping[str, Any]
    """The whole repodata record (CEP 36) with ``url``, ``channel`` and ``fn``, as conda's FETCH shows it."""

    @property
    def dist_name(self) -> str:
        """``name-version-build``, conda's name for one package file."""
        return f"{self.name}-{self.version}-{self.build}"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file that pip will install, exactly."""

    project: ProjectName
    version: str
    filename: str
    url: str
    """Where it comes from, without credentials."""
    sha256: str | None
    """None only for editables and for what must be built first."""
    size: int | None
    compiled: bool = False
    """The wheel carries code for one platform (its tag is not ``any``)."""
    build: bool = False
    """An sdist, path or VCS reference: build code must run before the wheel is known."""
    editable: bool = False
    direct: bool = False
    """Asked for by URL or path, so that pip leaves a ``direct_url.json`` (PEP 610)."""
    direct_url: Mapping[str, Any] | None = None
    """What that file is to say, where ``url`` does not tell it all: the commit, the directory."""


@dataclass(frozen=True, slots=True)
class Link:
    """A conda package to link; with ``previous``, in place of what is there now."""

    package: Package
    reason: str
    """For a person: "asked", "needed by seaborn 0.13.2", "moved: pandas 3 needs numpy >=2"."""
    previous: Package | None = None


@dataclass(frozen=True, slots=True)
class Unlink:
    """A conda package to remove, with nothing of its name in its place."""

    package: Package
    reason: str


@dataclass(frozen=True, slots=True)
class Install:
    """A file for pip to install; with ``previous``, in place of pip's other version."""

    artifact: Artifact
    reason: str
    previous: str | None = None
    requested: bool = False
    """Somebody asked for it by name (PEP 376 ``REQUESTED``)."""


@dataclass(frozen=True, slots=True)
class Uninstall:
    """A distribution pip put there, to be uninstalled."""

    project: ProjectName
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command that the site's overrides have in a project's stead, run before the rest is planned."""

    name: str
    """What it is for."""
    argv: tuple[str, ...]
    """An argument list; no shell reads it."""

    def __str__(self) -> str:
        return shlex.join(self.argv)

    def discreet(self) -> Command:
        """As it may be shown and written down: without passwords."""
        return Command(self.name, tuple(map(masked, self.argv)))


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request: which manager gives which name at which version.

    The record is written from these; they exist for requests that were already met too.
    """

    text: str
    origin: str
    manager: Literal["conda", "pip"]
    name: str
    """A conda package's name or a project's, as ``manager`` says."""
    version: str
    constraint: str
    """What was asked beyond the name, in the manager's own grammar: ``""`` (bare), ``">=2"``, ``"=2.*"``,
    ``"~=1.4"``; for a direct reference the whole ``" @ URL"``."""
    extras: tuple[str, ...] = ()
    project: ProjectName | None = None
    """The project a conda package was chosen for, when it was."""
    marker: str | None = None
    already: bool = False
    """It was there before."""
    channel: str | None = None
    """For a spec that named its channel."""


@dataclass(frozen=True, slots=True)
class Needed:
    """A conda package that a pip-installed project needs; recorded so that a rebuild takes it from conda."""

    name: PackageName
    version: str
    needed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What will change in ``prefix``, why, and what the requests came to."""

    prefix: str
    subdir: str
    link: tuple[Link, ...] = ()
    unlink: tuple[Unlink, ...] = ()
    install: tuple[Install, ...] = ()
    uninstall: tuple[Uninstall, ...] = ()
    answers: tuple[Answer, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    """Worth knowing, not worrying: a same-named stranger, a name read as another."""
    channels: tuple[str, ...] = ()
    """As the user or configuration wrote them, in order."""
    commands: tuple[Command, ...] = ()
    """What runs first; the rest of a plan with commands that have not run is what would be without them."""
    untold: str = ""
    """The lock that is followed and does not tell what of it was asked for; empty where that is known."""

    def __bool__(self) -> bool:
        """Whether anything would change."""
        return bool(self.link or self.unlink or self.install or self.uninstall or self.commands)

    @property
    def download_size(self) -> int:
        """Bytes to fetch if nothing is cached (unknown sizes count 0)."""
        return sum(link.package.size or 0 for link in self.link) + sum(
            install.artifact.size or 0 for install in self.install
        )

    def to_json(self) -> dict[str, Any]:
        """Plain data; :meth:`from_json` gives an equal plan."""
        document: dict[str, Any] = _plain(self)
        return document

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Plan:
        """The plan :meth:`to_json` described. Raises KeyError or TypeError when it is another thing."""
        return Plan(
            prefix=document["prefix"],
            subdir=document["subdir"],
            link=tuple(
                Link(
                    _package(item["package"]),
                    item["reason"],
                    _package(item["previous"]) if item["previous"] else None,
                )
                for item in document["link"]
            ),
            unlink=tuple(Unlink(_package(item["package"]), item["reason"]) for item in document["unlink"]),
            install=tuple(
                Install(_artifact(item["artifact"]), item["reason"], item["previous"], item["requested"])
                for item in document["install"]
            ),
            uninstall=tuple(
                Uninstall(ProjectName(item["project"]), item["version"], item["reason"])
                for item in document["uninstall"]
            ),
            answers=tuple(_answer(item) for item in document["answers"]),
            warnings=tuple(document["warnings"]),
            notes=tuple(document["notes"]),
            channels=tuple(document["channels"]),
            commands=tuple(
                Command(item["name"], tuple(item["argv"])) for item in document.get("commands", ())
            ),
            untold=document.get("untold", ""),
        )


def _plain(value: Any) -> Any:
    """As ``dataclasses.asdict`` has it, which copies every text deeply and takes long for it."""
    kind: object = type(value)
    names = _field_names(kind)
    if names:
        return {name: _plain(getattr(value, name)) for name in names}
    return tuple(map(_plain, value)) if isinstance(value, tuple) else value


@functools.cache
def _field_names(kind: object) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else ()


def _package(item: Mapping[str, Any]) -> Package:
    return Package(**{**item, "name": PackageName(item["name"])})


def _artifact(item: Mapping[str, Any]) -> Artifact:
    return Artifact(**{**item, "project": ProjectName(item["project"])})


def _answer(item: Mapping[str, Any]) -> Answer:
    project = item["project"]
    return Answer(
        **{
            **item,
            "extras": tuple(item["extras"]),
            "project": ProjectName(project) if project else None,
        }
    )
