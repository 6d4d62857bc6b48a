"""What a person (or a file) asked for, one :class:`Request` a thing, not yet looked up anywhere.

Four kinds, told apart by their syntax alone:

* :class:`Bare`: ``pandas``, ``numpy>=2``: a name either namespace may hold;
* :class:`Project`: PEP 508, certainly PyPI's: extras, ``~=``, ``===``, markers, ``pypi:``,
  and every name that comes from Python metadata;
* :class:`Spec`: a conda MatchSpec (CEP 29): ``conda:``, ``channel::name``, ``=``, builds, globs;
* :class:`Direct`: a local wheel, a path, a URL, a VCS reference, also as ``name @ URL``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.values import dataclass

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was asked: ``Origin("cell")``, ``Origin("requirements.txt", 3)``."""

    place: str
    line: int | None = None

    def __str__(self) -> str:
        return self.place if self.line is None else f"{self.place}:{self.line}"


@dataclass(frozen=True, slots=True)
class Bare:
    """A name with no sign of its namespace; the names room decides (design: what typed text means)."""

    text: str
    origin: Origin
    name: str
    specifier: SpecifierSet


@dataclass(frozen=True, slots=True)
class Project:
    """A PEP 508 requirement by name."""

    text: str
    origin: Origin
    requirement: Requirement
    forced: bool = False
    """``pypi:`` was written: conda is not to be asked at all."""
    hashes: tuple[str, ...] = ()
    """``algorithm:hex`` digests, any of which PyPI's file must have (pip's ``--hash``)."""

    @property
    def name(self) -> ProjectName:
        """The project asked for."""
        return ProjectName(self.requirement.name)


@dataclass(frozen=True, slots=True)
class Spec:
    """A conda MatchSpec. ``spec`` is the whole of it in conda's grammar, without ``conda:``."""

    text: str
    origin: Origin
    name: PackageName
    spec: str
    channel: str | None = None
    """The channel the spec names (``bioconda::samtools``), if it does."""


@dataclass(frozen=True, slots=True)
class Direct:
    """A wheel, directory, URL or VCS reference that pip installs, its dependencies conda first."""

    text: str
    origin: Origin
    location: str
    """A URL (``file:``, ``https:``, ``git+https:`` …); a local path is made absolute and a ``file:`` URL."""
    name: ProjectName | None = None
    extras: frozenset[str] = frozenset()
    editable: bool = False
    hashes: tuple[str, ...] = ()
    marker: Marker | None = None
    """When it is wanted at all (PEP 508), for ``name @ URL ; marker``."""


Request = Bare | Project | Spec | Direct
