"""Where pip looks for a project's files, and what each place answers.

Two kinds of places: an *index* has one page a project (PEP 503, 691), a *find-links* location lists
files of any project. An index that answers 404 or 410 knows no such project; any other answer
that is no page is an error, since absence must be known.
"""

from __future__ import annotations

import mimetypes
import posixpath
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol
from urllib.parse import quote

from condadeps.errors import SourceError
from condadeps.names.namespaces import ProjectName
from condadeps.sources.credentials import masked, split_credentials, without_credentials
from condadeps.sources.files import name_in_url
from condadeps.sources.links import ACCEPT, Link, read_page
from condadeps.sources.page_cache import Kept, PageCache
from condadeps.sources.pages import Part, part
from condadeps.sources.store import local_path

if TYPE_CHECKING:
    from condadeps.sources.transport import Reply, Transport

_ABSENT: Final = (404, 410)
_HTML: Final = "text/html"

Notice = Callable[[str], None]


class Unknown(Enum):
    """The answer that is not known yet."""

    UNKNOWN = "unknown"


class Place(Protocol):
    """One location of pip's configuration."""

    def glance(self, project: ProjectName) -> Part | Unknown | None:
        """What :meth:`look` would say, if that is known without waiting for anything."""

    def look(self, project: ProjectName) -> Part | None:
        """What it has of ``project``; None when it answers that it has nothing. Raises SourceError."""


@dataclass(frozen=True)
class Network:
    """How places ask over the network."""

    transport: Callable[[], Transport]
    """Made when first needed: a run from a warm cache needs none."""
    cache: PageCache
    offline: bool = False
    refresh: bool = False
    parsing: threading.Lock = field(default_factory=threading.Lock)
    """One page is parsed at a time: threads that compute hinder those that wait for the network."""

    def fresh(self, key: str) -> memoryview | None:
        """What is kept and need not be asked for."""
        kept = self.cache.load(key)
        return kept.payload if kept is not None and self._usable(kept) else None

    def _usable(self, kept: Kept) -> bool:
        return self.offline or (kept.fresh and not self.refresh)

    def page(
        self, url: str, key: str, compact: Callable[[Reply], tuple[bytes, bool]]
    ) -> bytes | memoryview | None:
        """What ``compact`` makes of the page at ``url``, from the cache when that is fresh; None when absent.

        ``key`` names it in the cache. ``compact`` also says whether its result may be kept on disk; it
        raises ValueError for what is no page.
        """
        kept = self.cache.load(key)
        if kept is not None and self._usable(kept):
            return kept.payload
        if self.offline:
            raise SourceError(
                f"offline, and {masked(url)} is not in the cache",
                help="run it once with a connection, or leave out --offline",
                url=masked(url),
                status=None,
            )
        reply = self.transport().get(url, {"Accept": ACCEPT, **(kept.conditions if kept else {})})
        if reply.status == 304 and kept is not None:
            self.cache.confirm(key)
            return kept.payload
        if reply.status in _ABSENT:
            return None
        if reply.status != 200:
            raise _bad_status(url, reply.status)
        try:
            with self.parsing:
                payload, lasting = compact(reply)
        except ValueError as error:
            raise no_page(reply.url, str(error)) from error
        if lasting:
            self.cache.store(key, payload, reply.headers)
        return payload


def no_page(url: str, problem: str) -> SourceError:
    """The error for an answer that is no index page."""
    return SourceError(
        f"{masked(url)} does not answer as an index: {problem}",
        help="check pip's index-url (pip config debug)",
        url=masked(url),
        status=None,
    )


def _bad_status(url: str, status: int) -> SourceError:
    from condadeps.sources.transport import bad_status

    return bad_status(url, status)


class RemoteIndex(Place):
    """An index over http or https."""

    def __init__(self, url: str, network: Network) -> None:
        self._url = without_credentials(url)
        self._whose = split_credentials(url)[1].username or ""
        self._network = network

    def glance(self, project: ProjectName) -> Part | Unknown | None:
        kept = self._network.fresh(self._key(_project_url(self._url, project)))
        try:
            return Unknown.UNKNOWN if kept is None else Part.from_bytes(kept)
        except (ValueError, KeyError, TypeError):
            return Unknown.UNKNOWN

    def look(self, project: ProjectName) -> Part | None:
        url = _project_url(self._url, project)

        def compact(reply: Reply) -> tuple[bytes, bool]:
            links = _links(reply)
            return part(links, project).to_bytes(), _lasting(links)

        key = self._key(url)
        content = self._network.page(url, key, compact)
        if content is None:
            return None
        try:
            return Part.from_bytes(content)
        except (ValueError, KeyError, TypeError):  # a damaged cache, or another version's
            self._network.cache.forget(key)
            content = self._network.page(url, key, compact)
            return None if content is None else Part.from_bytes(content)

    def _key(self, url: str) -> str:
        return f"{self._whose}@{url}"


class LocalIndex(Place):
    """An index in a directory: one folder a project, an ``index.html`` in each."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def glance(self, project: ProjectName) -> Part | Unknown | None:
        absent = not (self._directory / project).is_dir() and self._directory.is_dir()
        return None if absent else Unknown.UNKNOWN

    def look(self, project: ProjectName) -> Part | None:
        folder = self._directory / project
        if not folder.is_dir():
            if self._directory.is_dir():
                return None
            raise SourceError(
                f"the index {self._directory} is not there",
                help="mount it, or take it out of pip's index-url or extra-index-url (pip config debug)",
                url=self._directory.as_uri(),
                status=None,
            )
        page = folder / "index.html"
        try:
            links = read_page(page.read_bytes(), _HTML, page.as_uri())
        except (OSError, ValueError) as error:
            raise no_page(page.as_uri(), getattr(error, "strerror", None) or str(error)) from error
        return part(links, project)


class FindLinks(Place):
    """A location whose files are listed all at once; read when first asked, then remembered."""

    def __init__(self, location: str, network: Network, notice: Notice) -> None:
        self._location = location
        self._network = network
        self._notice = notice
        self._lock = threading.Lock()
        self._found: dict[str, list[Link]] | None = None

    def glance(self, project: ProjectName) -> Part | Unknown | None:
        return Unknown.UNKNOWN if self._found is None else self.look(project)

    def look(self, project: ProjectName) -> Part | None:
        with self._lock:
            if self._found is None:
                self._found = {}
                for link in self._read():
                    self._found.setdefault(_first_word(link.filename), []).append(link)
        found = part(self._found.get(_first_word(project), ()), project)
        return found if found.versions else None

    def _read(self) -> Iterator[Link]:
        path = _local_path(self._location)
        if path is None:
            return self._remote(self._location)
        if path.is_dir():
            return _directory_links(path)
        if path.is_file():
            return _file_links(path)
        self._notice(f"pip's find-links location {masked(self._location)} is not there")
        return iter(())

    def _remote(self, location: str) -> Iterator[Link]:
        url = without_credentials(location)
        name = name_in_url(url)
        if name.endswith((".whl", ".tar.gz", ".zip")):
            yield Link(filename=name, url=url)
            return

        def compact(reply: Reply) -> tuple[bytes, bool]:
            links = _links(reply)  # raises for what is no page
            head = f"{reply.url}\n{reply.headers.get('Content-Type', '')}\n".encode()
            return head + reply.content, _lasting(links)

        whose = split_credentials(location)[1].username or ""
        content = self._network.page(url, f"links {whose}@{url}", compact)
        if content is None:
            self._notice(f"pip's find-links location {masked(location)} is not there")
            return
        base, kind, page = bytes(content).split(b"\n", 2)
        yield from read_page(page, kind.decode(), base.decode())


def places(
    index_urls: tuple[str, ...], find_links: tuple[str, ...], network: Network, notice: Notice
) -> tuple[Place, ...]:
    """Every place to look, in the order in which equal files count; each once.

    Raises SourceError for an index that is neither a URL nor a directory.
    """
    found: dict[str, Place] = {}
    for location in find_links:
        found.setdefault(f"links {location}", FindLinks(location, network, notice))
    for url in index_urls:
        found.setdefault(f"index {url.rstrip('/')}", _index(url, network))
    return tuple(found.values())


def _index(url: str, network: Network) -> Place:
    path = _local_path(url)
    return RemoteIndex(url, network) if path is None else LocalIndex(path)


def _local_path(location: str) -> Path | None:
    """The path a location means; None for what must be asked over the network."""
    if location.lower().startswith("file:"):
        return local_path(location)
    return None if "://" in location else Path(location).absolute()


def _first_word(name: str) -> str:
    """What every spelling of one project's name, and so of its files', begins with."""
    return re.split(r"[-_.]", name, maxsplit=1)[0].lower()


def _project_url(index: str, project: ProjectName) -> str:
    return posixpath.join(index, quote(project)) + "/"


def _links(reply: Reply) -> tuple[Link, ...]:
    return read_page(reply.content, reply.headers.get("Content-Type", ""), reply.url)


def _lasting(links: tuple[Link, ...]) -> bool:
    """Whether a page may be kept on disk: not when its URLs are signed, which is a secret that ends."""
    return not any("?" in link.url for link in links)


def _directory_links(directory: Path) -> Iterator[Link]:
    for entry in sorted(directory.iterdir()):
        if mimetypes.guess_type(entry.name, strict=False)[0] == _HTML:
            yield from _file_links(entry)
        elif entry.is_file():
            yield Link(filename=entry.name, url=entry.absolute().as_uri())


def _file_links(path: Path) -> Iterator[Link]:
    url = path.absolute().as_uri()
    if mimetypes.guess_type(path.name, strict=False)[0] != _HTML:
        yield Link(filename=path.name, url=url)
        return
    try:
        yield from read_page(path.read_bytes(), _HTML, url)
    except (OSError, ValueError) as error:
        raise no_page(url, getattr(error, "strerror", None) or str(error)) from error
