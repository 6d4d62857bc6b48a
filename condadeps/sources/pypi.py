"""PyPI as the last channel: what projects exist, which files they have, what those need.

source = PypiSource(PipConfig.read(prefix=target.prefix), target)
page = await source.page(ProjectName("six"))        # None: every index answered, none has it
file = page.best(target)[page.versions[0]]
metadata = await source.metadata(file)
path = await source.fetch(file, directory)
"""

from __future__ import annotations

import asyncio
import dataclasses
import functools
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urldefrag

from condadeps.errors import SourceError
from condadeps.names.namespaces import ProjectName
from condadeps.show.reporter import Reporter, Silent
from condadeps.sources.cache import cache_root
from condadeps.sources.credentials import masked
from condadeps.sources.files import File, Interpreter
from condadeps.sources.indexes import Network, Place, Unknown, places
from condadeps.sources.inspector import Inspector, checked
from condadeps.sources.metadata import Metadata, MetadataError, UnbuiltError, in_wheel
from condadeps.sources.page_cache import PageCache
from condadeps.sources.pages import Page, Part, Rules
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.store import Store, place

if TYPE_CHECKING:
    from condadeps.sources.build import Builder
    from condadeps.sources.direct import Direct
    from condadeps.sources.transport import Transport

__all__ = ["Fetchable", "File", "Metadata", "MetadataError", "Page", "PypiSource", "UnbuiltError"]

_THREADS = 16  # as many as session.THREADS, whose import is slow
_UNKNOWN = Unknown.UNKNOWN
_T = TypeVar("_T")


class Fetchable(Protocol):
    """A file to be had: a :class:`File`, or the plan's ``Artifact``."""

    @property
    def filename(self) -> str:
        """Its name."""

    @property
    def url(self) -> str:
        """Where it is."""

    @property
    def sha256(self) -> str | None:
        """What it must be."""

    @property
    def size(self) -> int | None:
        """Bytes, when known."""


class PypiSource:
    """The indexes and find-links of pip's configuration, as one source. For one event loop."""

    def __init__(
        self,
        config: PipConfig,
        interpreter: Interpreter,
        *,
        cache_dir: Path | None = None,
        offline: bool = False,
        refresh: bool = False,
        exclude_newer: datetime | None = None,
        builds: bool = True,
        reporter: Reporter | None = None,
    ) -> None:
        """``cache_dir`` defaults to :func:`cache_root`; ``exclude_newer`` is aware.

        ``refresh`` asks again for pages that are still fresh in the cache. Without ``builds``, what only
        a build could tell is a MetadataError.
        """
        self.config = config
        self.interpreter = interpreter
        self.offline = offline
        self._builds = builds
        self._before = min(filter(None, (exclude_newer, config.uploaded_before)), default=None)
        self._reporter: Reporter = reporter or Silent()
        self._notices: set[str] = set()
        self._made: Transport | None = None
        self._making = threading.Lock()
        self._pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="pypi")
        self._tasks: dict[tuple[str, object], asyncio.Task[Any]] = {}
        directory = (cache_dir or cache_root()) / "pypi"
        self._store = Store(directory / "files", self._transport, offline=offline)
        self._inspector = Inspector(directory / "metadata", self._store, self._transport, offline=offline)
        self._network = Network(self._transport, PageCache(directory / "pages"), offline, refresh)
        self._loop: asyncio.AbstractEventLoop | None = None
        self.places: tuple[Place, ...] = places(
            config.index_urls, config.find_links, self._network, self._notice
        )

    @property
    def called(self) -> str:
        """``PyPI``, or what there is in its place when no index may be asked."""
        return "PyPI" if self.config.index_urls else "pip's find-links (no index may be asked)"

    @property
    def prefer_binary(self) -> bool:
        """pip's ``prefer-binary``."""
        return self.config.prefer_binary

    @property
    def pre(self) -> bool:
        """pip's ``pre``."""
        return self.config.pre

    async def page(self, project: ProjectName) -> Page | None:
        """Every file of ``project``; None when every index answered that it has none (404, 410).

        Raises SourceError when an index does not answer, or not sensibly (rule 10).
        """
        return await self._once(("page", project), lambda: self._page(project))

    async def metadata(self, file: File, *, build: bool = True) -> Metadata:
        """What ``file`` says of itself; an sdist is built when nothing else tells.

        Without ``build`` that is an UnbuiltError instead, unless an earlier run built it. Raises
        MetadataError when this one file is unusable, SourceError when the index fails.
        """
        return await self._once(("metadata", (file, build)), lambda: self._metadata(file, build))

    async def pinned(self, file: File) -> File:
        """The same file with its SHA-256 known; fetched for that when the index does not say it."""
        if file.sha256 is not None:
            return file
        path, digest = await self._obtain(file, file.hashes)
        hashes = {**file.hashes, "sha256": digest}
        return dataclasses.replace(file, hashes=hashes, size=path.stat().st_size)

    async def fetch(self, file: Fetchable, directory: Path) -> Path:
        """The file in ``directory``, under its name. Raises HashError, SourceError."""
        path, _ = await self._obtain(file, _hashes(file))
        return await self._in_thread(lambda: place(path, directory, file.filename))

    async def wheel(self, file: Fetchable, directory: Path) -> Path:
        """The wheel of ``file`` in ``directory``: itself, or what an sdist builds to.

        Raises MetadataError when it does not build, HashError, SourceError.
        """
        if file.filename.endswith(".whl"):
            return await self.fetch(file, directory)
        wheel = await self._built(file)
        return await self._in_thread(lambda: place(wheel, directory, wheel.name))

    async def direct(self, location: str, *, editable: bool = False, hashes: Sequence[str] = ()) -> Direct:
        """What a wheel, sdist, directory, URL or VCS reference comes to. Build code may run.

        ``location`` is a URL, as in ``asked.request.Direct``; ``hashes`` are ``sha256:…`` texts, any one of
        which must hold. Raises RequestError, MetadataError, HashError, SourceError.
        """
        self._loop = asyncio.get_running_loop()
        if editable or not urldefrag(location)[0].endswith(".whl"):
            self._reporter.phase("build", f"building {masked(location)}")
        from condadeps.sources.direct import References

        references = References(self._store, self._builder)
        return await references.resolve(location, editable=editable, hashes=hashes)

    async def close(self) -> None:
        """Stop what is under way and let go of connections."""
        if self._made is not None:
            self._made.stop()
        for task in self._tasks.values():
            task.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def _page(self, project: ProjectName) -> Page | None:
        answers = [place.glance(project) for place in self.places]
        if _UNKNOWN in answers:
            asked = [place for place, answer in zip(self.places, answers, strict=True) if answer is _UNKNOWN]
            looked = iter(
                await asyncio.gather(*(self._in_thread(partial(place.look, project)) for place in asked))
            )
            answers = [next(looked) if answer is _UNKNOWN else answer for answer in answers]
        parts = [answer for answer in answers if isinstance(answer, Part)]
        rules = Rules(self.config.allows_wheels(project), self.config.allows_sdists(project), self._before)
        page = Page(project, parts, rules) if parts else None
        if page is not None and rules.before is not None and not page.versions:
            _check_dated(parts, project)
        return page

    async def _metadata(self, file: File, build: bool) -> Metadata:
        found = self._inspector.kept(file)  # read at once: a thread would cost more
        if found is None:
            found = await self._in_thread(lambda: self._inspector.read(file))
        if found is not None:
            return found
        variant = f"-{self._variant}"
        kept = self._inspector.kept(file, variant)
        if kept is not None:
            return kept
        if not build:
            raise _unbuilt(file)
        wheel = await self._built(file)
        built = checked(file, in_wheel(wheel, file.project), built=True)
        self._inspector.keep(file, built, variant)
        return built

    @functools.cached_property
    def _builder(self) -> Builder:
        # Few projects are built, and what building imports is slow to come.
        from condadeps.sources.build import Builder

        return Builder(self.config, self.interpreter.python, offline=self.offline)

    @property
    def _variant(self) -> str:
        """What a build depends on besides the sdist: the target's best tag."""
        return str(self.interpreter.tags[0]) if self.interpreter.tags else "none"

    async def _built(self, file: Fetchable) -> Path:
        """The kept wheel of an sdist, built now when no earlier run did."""
        return await self._once(("built", file.url), lambda: self._build(file))

    async def _build(self, file: Fetchable) -> Path:
        path, digest = await self._obtain(file, _hashes(file))
        kept = self._store.built(digest, self._variant)
        if kept is not None:
            return kept
        if not self._builds:
            raise _unbuilt(file)
        self._reporter.phase("build", f"building {file.filename}")
        async with self._builder.wheel(path.as_uri()) as made:
            return await self._in_thread(lambda: self._store.keep_built(made.wheel, digest, self._variant))

    async def _obtain(self, file: Fetchable, hashes: Mapping[str, str]) -> tuple[Path, str]:
        def progress(done: int, total: int | None) -> None:
            self._tell(lambda: self._reporter.progress(file.filename, done, total, "bytes"))

        return await self._in_thread(
            lambda: self._store.obtain(file.url, file.filename, hashes, file.size, progress)
        )

    def _transport(self) -> Transport:
        with self._making:
            if self._made is None:
                # What it imports is slow, and a warm run needs none of it.
                from condadeps.sources.transport import Transport

                self._made = Transport(self.config)
            return self._made

    def _notice(self, message: str) -> None:
        if message not in self._notices:
            self._notices.add(message)
            self._tell(lambda: self._reporter.notice(message))

    def _tell(self, call: Callable[[], None]) -> None:
        """Call the reporter from the loop's thread, as it expects."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(call)

    async def _in_thread(self, call: Callable[[], _T]) -> _T:
        self._loop = asyncio.get_running_loop()
        return await self._loop.run_in_executor(self._pool, call)

    async def _once(self, key: tuple[str, object], start: Callable[[], Awaitable[_T]]) -> _T:
        """The result of the one task for ``key``; what failed is tried again when asked again."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.ensure_future(_awaited(start))
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._forget_failed(key, done))
        result: _T = await asyncio.shield(task)
        return result

    def _forget_failed(self, key: tuple[str, object], task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._tasks.pop(key, None)


async def _awaited(start: Callable[[], Awaitable[_T]]) -> _T:
    return await start()


def _unbuilt(file: Fetchable) -> UnbuiltError:
    return UnbuiltError(
        f"{file.filename} must be built to be known, and it is not to be",
        url=file.url,
        status=None,
        filename=file.filename,
    )


def _check_dated(parts: Sequence[Part], project: ProjectName) -> None:
    """Raises SourceError when nothing is shown because an index does not say when files were uploaded."""
    silent = next((part.base for part in parts if None in part.since and part.base[:5] != "file:"), None)
    if silent is not None:
        raise SourceError(
            f"no index says when the files of {project} were uploaded, so none is surely old enough",
            help="leave out --exclude-newer (pip: uploaded-prior-to), or use an index that says it (PEP 700)",
            url=silent,
            status=None,
        )


def _hashes(file: Fetchable) -> Mapping[str, str]:
    if isinstance(file, File):
        return file.hashes
    return {"sha256": file.sha256} if file.sha256 else {}
