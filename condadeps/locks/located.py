"""Where the files of a lock may come from, and what it takes to install them.

A lock fixes *what* each file is, by its hash. *Where* it is fetched is not for a file to say
(design, rule 11): a place that is configured or trusted is taken as it stands; else the same
file, by name and hash, is looked for where the site or the user says that packages come from.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.version import InvalidVersion, Version

from condadeps.errors import ConfigError, HashError, RequestError, SourceError
from condadeps.locks.lock import LockedFile, is_whole, of_record
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.plan import Artifact, Package
from condadeps.sources.credentials import without_credentials
from condadeps.sources.files import File
from condadeps.sources.pages import Page

_AT_ONCE = 8


class Channels(Protocol):
    """What is asked of the conda source."""

    @property
    def channels(self) -> Sequence[Any]:
        """The channels that count, each with its ``base_url``."""

    @property
    def client(self) -> Any:
        """rattler's client."""

    @property
    def offline(self) -> bool:
        """Whether no server may be asked."""

    async def records(self, names: Sequence[PackageName]) -> dict[PackageName, list[Any]]:
        """The packages of those names."""


class Index(Protocol):
    """What is asked of the indexes."""

    async def page(self, project: ProjectName) -> Page | None:
        """Every file of a project."""


@dataclass(frozen=True)
class Places:
    """Whose word counts: ``trusted`` tells of a URL whether the site, the user or the call stands for it."""

    file: str
    """The lock's name, for errors."""
    trusted: Callable[[str], bool]


async def packages(
    locked: Sequence[Package], channels: Channels, places: Places, *, whole: bool = True
) -> tuple[Package, ...]:
    """``locked`` with URLs to fetch from; with ``whole``, ready to be installed by their records.

    Raises ConfigError for a channel that nobody here stands for, SourceError for one that does not
    answer, HashError for a file that is not the promised one.
    """
    known = {channel.base_url for channel in channels.channels}
    strange = [one for one in locked if not _is_known(one, known, channels, places)]
    found = await _by_hash(strange, channels) if strange else {}
    placed = [found.get(one.url, one) for one in locked]
    missing = next((one for one in strange if one.url not in found), None)
    if missing is not None and not (channels.offline and missing.channel in known):
        raise _untrusted(places, f"the channel {without_credentials(missing.channel)}", ".condarc")
    if not whole:
        return tuple(placed)
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(package: Package) -> Package:
        async with gate:
            return await _whole(package, channels)

    return tuple(await asyncio.gather(*map(one, placed)))


def _is_known(package: Package, known: set[str], channels: Channels, places: Places) -> bool:
    if channels.offline and not package.url.startswith("file:"):
        return False  # the same file may be at hand
    return package.channel in known or places.trusted(package.channel)


async def _by_hash(wanted: Sequence[Package], channels: Channels) -> dict[str, Package]:
    """The same files in the channels that count, by the URL in the lock."""
    from condadeps.sources.records import package

    names = list(dict.fromkeys(one.name for one in wanted))
    offered = await channels.records(names)
    found: dict[str, Package] = {}
    for one in wanted:
        for record in offered.get(one.name, ()):
            here = package(record)
            if here.filename == one.filename and here.subdir == one.subdir and _same_hash(one, here):
                found[one.url] = _moved(one, here)
                break
    return found


def _moved(one: Package, here: Package) -> Package:
    """The lock's package at another place; what the lock tells of it outweighs what that place does."""
    told = {key: value for key, value in one.record.items() if value is not None}
    place = {"url": here.url, "channel": here.channel, "fn": here.filename}
    return of_record({**here.record, **told, **place}, here.url)


def _same_hash(one: Package, other: Package) -> bool:
    if one.sha256 and other.sha256:
        return one.sha256 == other.sha256
    md5, theirs = one.record.get("md5"), other.record.get("md5")
    return bool(md5) and md5 == theirs


async def _whole(package: Package, channels: Channels) -> Package:
    """``package`` with all its record: what the lock does not tell, the package's own index.json does."""
    if not is_whole(package):
        index = await _index(package, channels)
        told = {key: value for key, value in package.record.items() if value is not None}
        package = of_record({**index, **told}, package.url)
    return await asyncio.to_thread(_hashed, package)


async def _index(package: Package, channels: Channels) -> dict[str, Any]:
    from rattler.package_streaming import PackageArchive

    path = _local(package.url)
    try:
        if path is not None:
            archive = await PackageArchive.from_path(path)
        else:
            archive = await PackageArchive.from_url(channels.client, package.url)
        content = await archive.read_file("info/index.json")
        document = json.loads(content or b"")
        assert isinstance(document, dict)
    except Exception as error:
        raise SourceError(
            f"{package.filename} cannot be read; nothing was changed",
            detail=[str(error).partition("\n")[0]],
            url=without_credentials(package.url),
            status=None,
        ) from error
    return document


def _hashed(package: Package) -> Package:
    """A local file that the lock knows by its MD5 only is checked now, and known by its SHA-256 from here."""
    path, md5 = _local(package.url), package.record.get("md5")
    if package.sha256 or not md5 or path is None:
        return package
    content = path.read_bytes()
    actual = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if actual != md5:
        raise HashError(
            f"{package.filename} is not the file the lock promises; nothing was changed",
            detail=[f"expected md5 {md5}", f"found    md5 {actual}"],
            url=package.url,
            expected=md5,
            actual=actual,
        )
    sha256 = hashlib.sha256(content).hexdigest()
    return replace(package, sha256=sha256, record={**package.record, "sha256": sha256})


def _local(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


async def files(locked: Sequence[LockedFile], index: Index, places: Places) -> tuple[LockedFile, ...]:
    """``locked`` with URLs to fetch from. Raises ConfigError for one nobody stands for, SourceError."""
    return tuple(await asyncio.gather(*(_placed(one, index, places) for one in locked)))


async def _placed(one: LockedFile, index: Index, places: Places) -> LockedFile:
    made = one.artifact
    if made.sha256 is None:
        raise RequestError(
            f"{places.file}: {made.filename} has no sha256, which is asked for here", text="", position=None
        )
    if places.trusted(made.url):
        return one
    page = await index.page(made.project)
    for file in _candidates(page, made):
        if file.filename == made.filename and file.sha256 in (None, made.sha256):
            return replace(one, artifact=replace(made, url=file.url, size=made.size or file.size))
    raise _untrusted(places, f"{without_credentials(made.url)}, which no index here has", "pip.conf")


def _candidates(page: Page | None, made: Artifact) -> Sequence[File]:
    if page is None:
        return ()
    try:
        return page.at(Version(made.version))
    except InvalidVersion:
        return page.files


def _untrusted(places: Places, what: str, configuration: str) -> ConfigError:
    return ConfigError(
        f"{places.file} names {what}",
        detail=["a file may say what to install, not where it comes from"],
        help=f"--trust takes {places.file}'s word for it; or configure it in {configuration}",
        place=places.file,
    )
