"""PyPI as the last channel: what projects exist, which files they have, what those need.

source = PypiSource(PipConfig.read(prefix=target.prefix), target)
page = await source.page(ProjectName("six"))        # None: every index answered, none has it
file = page.best(target)[page.versions[0]]
metadata = await source.metadata(file)
path = await source.fetch(file, directory)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from condadeps.names.namespaces import ProjectName
from condadeps.show.reporter import Reporter, Silent
from condadeps.sources.files import File, Interpreter
from condadeps.sources.metadata import Metadata
from condadeps.sources.pages import Page
from condadeps.sources.pip_config import PipConfig


class Fetchable(Protocol):
    """A file to be had: a :class:`File`, or the plan's ``Artifact``."""

    @property
    def filename(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def size(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Direct:
    """What a direct reference (wheel, path, URL, VCS) came to."""

    metadata: Metadata
    location: str
    """As asked, without credentials."""
    filename: str
    """The wheel to install: the one referred to, or the one that was built; empty for an editable."""
    url: str
    """Where that wheel is: ``https:``, or ``file:`` for what was built or is local."""
    sha256: str | None
    """None only for an editable."""
    size: int | None
    compiled: bool
    editable: bool
    direct_url: Mapping[str, Any]
    """What ``direct_url.json`` (PEP 610) says of it; H writes it where pip would have said otherwise."""


class PypiSource:
    """The indexes and find-links of pip's configuration, as one source."""

    def __init__(
        self,
        config: PipConfig,
        interpreter: Interpreter,
        *,
        cache_dir: Path | None = None,
        offline: bool = False,
        refresh: bool = False,
        exclude_newer: datetime | None = None,
        reporter: Reporter | None = None,
    ) -> None:
        """``refresh``: ask again for pages that are still fresh in the cache. ``exclude_newer`` is aware."""
        self.config = config
        self.interpreter = interpreter
        self.offline = offline
        self.reporter: Reporter = reporter or Silent()

    async def page(self, project: ProjectName) -> Page | None:
        """Every file of ``project``; None when every index answered that it has none (404, 410).

        Raises SourceError when an index does not answer, or not sensibly (rule 10).
        """
        raise NotImplementedError

    async def metadata(self, file: File) -> Metadata:
        """What ``file`` says of itself; an sdist is built when nothing else tells.

        Raises MetadataError when this one file is unusable, SourceError when the index fails.
        """
        raise NotImplementedError

    async def pinned(self, file: File) -> File:
        """The same file with its SHA-256 known; fetched for that when the index does not say it."""
        raise NotImplementedError

    async def fetch(self, file: Fetchable, directory: Path) -> Path:
        """The file in ``directory``, under its name. Raises HashError, SourceError."""
        raise NotImplementedError

    async def wheel(self, file: File, directory: Path) -> Path:
        """The wheel of ``file`` in ``directory``: itself, or what an sdist builds to."""
        raise NotImplementedError

    async def direct(self, location: str, *, editable: bool = False, hashes: Sequence[str] = ()) -> Direct:
        """What a wheel, sdist, directory, URL or VCS reference comes to. Build code may run."""
        raise NotImplementedError

    async def close(self) -> None:
        """Stop what is under way and let go of connections."""
