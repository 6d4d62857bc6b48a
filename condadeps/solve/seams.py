"""The solve's view of the outside world: the few things it asks of channels and indexes.

The real classes are ``condadeps.sources.conda.CondaSource`` and ``condadeps.sources.pypi.PypiSource``;
these Protocols say which part of them the solve relies on, so that its rules can be tested
without a network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Protocol

from packaging.version import Version

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.sources.files import File, Interpreter
from condadeps.sources.metadata import Metadata

if TYPE_CHECKING:
    from rattler import ChannelPriority, Gateway, GenericVirtualPackage, RepoDataRecord

    from condadeps.sources.direct import Direct


class CondaCandidates(Protocol):
    """What the configured channels offer."""

    async def having(self, names: Iterable[PackageName]) -> frozenset[PackageName]:
        """Those of these names that any channel has. To be awaited before anything else is asked."""

    async def near(self, name: str, count: int = 3) -> tuple[str, ...]:
        """Names that exist and look like ``name``, the likeliest first."""

    def answering(self) -> AbstractContextManager[None]:
        """Around the solver's own reading: a channel's failure becomes a SourceError."""

    @property
    def platforms(self) -> Sequence[Any]:
        """The subdirs that count."""

    async def records(self, names: Iterable[PackageName]) -> Mapping[PackageName, list[RepoDataRecord]]:
        """All records of these names; a name no channel has is absent or has an empty list."""

    def virtual_packages(self) -> list[GenericVirtualPackage]:
        """The machine's virtual packages (CEP 30)."""

    def solver_sources(self) -> Sequence[Any]:
        """What rattler's ``solve`` is to read, the first channel first."""

    @property
    def solver_priority(self) -> ChannelPriority:
        """How rattler is to rank the channels."""

    @property
    def gateway(self) -> Gateway:
        """The one gateway of this process."""

    @property
    def written(self) -> tuple[str, ...]:
        """The channels as the user or the configuration wrote them."""


class Page(Protocol):
    """What the indexes have of one project."""

    @property
    def versions(self) -> tuple[Version, ...]:
        """Every version, newest first, whether usable or not."""

    def at(self, version: Version) -> Sequence[File]:
        """Every file of one version."""

    def best(self, interpreter: Interpreter, *, yanked: bool = False) -> Mapping[Version, File]:
        """The file to use of each version that the interpreter can use at all.

        Yanked files are left out; with ``yanked`` they count for a version that has no others.
        """


class PypiCandidates(Protocol):
    """What PyPI, or the indexes in its place, offers."""

    @property
    def called(self) -> str:
        """What a person calls it: ``PyPI``, or where pip was told to look instead."""

    @property
    def prefer_binary(self) -> bool:
        """Whether any wheel that fits comes before any sdist (pip's option of that name)."""

    @property
    def pre(self) -> bool:
        """Whether pre-releases count like final versions (pip's option of that name)."""

    async def page(self, project: ProjectName) -> Page | None:
        """The project's files; None when every index answered and none has the project."""

    async def metadata(self, file: File, *, build: bool = True) -> Metadata:
        """A file's core metadata. Raises MetadataError when this one file cannot be used.

        Without ``build`` nothing is built for it: UnbuiltError when nothing else tells.
        """

    async def pinned(self, file: File) -> File:
        """The same file with its SHA-256 known, fetched for that when the index does not say it."""

    async def direct(self, location: str, *, editable: bool = False, hashes: Sequence[str] = ()) -> Direct:
        """What a wheel, path, URL or VCS reference comes to; build code may run."""
