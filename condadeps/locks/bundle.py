"""Fetching all of a lock into a bundle: in parallel, each file checked, what is there already kept."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit
from urllib.request import url2pathname

from condadeps.errors import CondadepsError, HashError, RecordError, SourceError
from condadeps.locks.bundled import LOCK, MANIFEST, PYPI, SIMPLE, VERSION, Bundle, is_bundle
from condadeps.locks.lock import Lock
from condadeps.names.namespaces import ProjectName
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Artifact, Package
from condadeps.sources.credentials import masked, without_credentials
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.conda import obeying

_AT_ONCE = 8
_PART = ".part"


class Files(Protocol):
    """What is asked of the indexes."""

    async def fetch(self, file: Artifact, directory: Path) -> Path:
        """The file in ``directory``, checked."""


@dataclass
class _Work:
    """One bundling under way."""

    directory: Path
    client: Any
    pypi: Files
    reporter: Reporter
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    found: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By path relative to the bundle: size and SHA-256."""
    fetched: int = 0
    done: int = 0
    total: int = 0

    async def package(self, package: Package) -> None:
        """One conda package."""
        where = self.directory / package.subdir / package.filename
        async with self.gate:
            if not await asyncio.to_thread(_is_there, where, package):
                await self._download(package, where)
                self.fetched += 1
            await self._note(where)

    async def file(self, artifact: Artifact) -> None:
        """One file from PyPI."""
        folder = self.directory / PYPI
        async with self.gate:
            where = folder / artifact.filename
            if not (where.is_file() and await asyncio.to_thread(_sha256, where) == artifact.sha256):
                await self.pypi.fetch(artifact, folder)
                self.fetched += 1
            await self._note(where)

    async def _note(self, path: Path) -> None:
        digest = await asyncio.to_thread(_sha256, path)
        name = path.relative_to(self.directory).as_posix()
        self.found[name] = {"size": path.stat().st_size, "sha256": digest}
        self.done += 1
        self.reporter.progress("files", self.done, self.total, "items")

    async def _download(self, package: Package, where: Path) -> None:
        where.parent.mkdir(parents=True, exist_ok=True)
        part = where.with_name(where.name + _PART)
        parts = urlsplit(package.url)
        try:
            if parts.scheme == "file":
                await asyncio.to_thread(shutil.copyfile, url2pathname(parts.path), part)
            else:
                await self._stream(package, part)
        except CondadepsError:
            raise
        except Exception as error:
            raise SourceError(
                f"{package.filename} could not be fetched",
                detail=[masked(str(error)).partition("\n")[0]],
                help="the same call goes on where this one stopped",
                url=without_credentials(package.url),
                status=None,
            ) from error
        if not _matches(part, package):
            part.unlink()
            raise HashError(
                f"{package.filename} is not the file the lock promises",
                url=without_credentials(package.url),
                expected=package.sha256 or package.record.get("md5"),
                actual=None,
            )
        part.replace(where)

    async def _stream(self, package: Package, part: Path) -> None:
        from rattler.package_streaming import download_to_writer

        with part.open("wb") as file:
            writer = _Counted(file, package, self.reporter)
            await download_to_writer(self.client, package.url, writer)
        size = part.stat().st_size
        self.reporter.progress(package.filename, size, size, "bytes")


class _Counted:
    """A writer that tells how much came."""

    def __init__(self, file: Any, package: Package, reporter: Reporter) -> None:
        self._file = file
        self._package = package
        self._reporter = reporter
        self._done = 0

    def write(self, content: bytes) -> int:
        self._done += len(content)
        self._reporter.progress(self._package.filename, self._done, self._package.size, "bytes")
        return int(self._file.write(content))


async def make(
    lock: Lock, directory: Path, text: str, *, client: Any, pypi: Files, reporter: Reporter, cancel: Cancel
) -> Bundle:
    """Fetch all of ``lock`` into ``directory`` and make a channel and an index of it; ``text`` is the lock's.

    A bundle that is there already is added to. Raises RecordError for a directory that is something
    else or cannot be written, SourceError, HashError, SpaceError, CancelledError; what was fetched stays.
    """
    _check(directory)
    packages = {(one.subdir, one.filename): one for locked in lock.platforms for one in locked.packages}
    artifacts = {one.artifact.filename: one.artifact for locked in lock.platforms for one in locked.files}
    for folder in (directory / "noarch", directory / PYPI):
        folder.mkdir(parents=True, exist_ok=True)
    reporter.phase("fetch")
    work = _Work(directory, client, pypi, reporter, total=len(packages) + len(artifacts))
    tasks = [work.package(one) for one in packages.values()] + [work.file(one) for one in artifacts.values()]
    await obeying(cancel, asyncio.gather(*tasks))
    await _index(directory)
    _simple(directory, artifacts.values())
    (directory / LOCK).write_text(text, encoding="utf-8")
    platforms = _write_manifest(directory, lock, work.found)
    built = [one.filename for one in artifacts.values() if one.build]
    note = f"no wheels, so that building them needs what they build with: {', '.join(sorted(built))}"
    return Bundle(
        str(directory),
        platforms,
        len(work.found),
        sum(int(one["size"]) for one in work.found.values()),
        work.fetched,
        (*lock.notes, *([note] if built else [])),
    )


def only(lock: Lock, platforms: Sequence[str]) -> Lock:
    """The lock for ``platforms`` alone; all of it when none is named."""
    if not platforms:
        return lock
    return replace(lock, platforms=tuple(one for one in lock.platforms if one.subdir in platforms))


def _check(directory: Path) -> None:
    unfinished = directory / (MANIFEST + _PART)
    ours = is_bundle(directory) or unfinished.exists()
    if directory.exists() and not ours and (not directory.is_dir() or any(directory.iterdir())):
        raise RecordError(f"no bundle is made at {directory}: there is something there", path=str(directory))
    try:
        directory.mkdir(parents=True, exist_ok=True)
        unfinished.touch()  # a bundling that was cut short goes on
    except OSError as error:
        raise RecordError(
            f"{directory} cannot be written: {error.strerror or error}", path=str(directory)
        ) from error


async def _index(directory: Path) -> None:
    from rattler.index import index_fs

    for part in directory.glob(f"*/*{_PART}"):
        part.unlink()
    await index_fs(directory, write_zst=True, write_shards=True, force=True)


def _simple(directory: Path, artifacts: Iterable[Artifact]) -> None:
    """The index of PEP 503: one page a project, of all the files that are there."""
    by_project: dict[str, list[Path]] = {}
    from condadeps.sources.files import read_name

    names = {str(one.project) for one in artifacts}
    with suppress(OSError):
        names |= {path.name for path in (directory / SIMPLE).iterdir() if path.is_dir()}
    for path in sorted((directory / PYPI).iterdir()):
        for project in names:
            if read_name(path.name, ProjectName(project)) is not None:
                by_project.setdefault(project, []).append(path)
    _page(directory / SIMPLE, [f'<a href="{name}/">{name}</a>' for name in sorted(by_project)])
    for project, paths in by_project.items():
        links = [
            f'<a href="../../{PYPI}/{quote(path.name)}#sha256={_sha256(path)}">{escape(path.name)}</a>'
            for path in paths
        ]
        _page(directory / SIMPLE / project, links)


def _page(folder: Path, links: Sequence[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    body = "<br>\n".join(links)
    page = f"<!DOCTYPE html>\n<html><body>\n{body}\n</body></html>\n"
    (folder / "index.html").write_text(page, encoding="utf-8")


def _write_manifest(directory: Path, lock: Lock, found: Mapping[str, Any]) -> tuple[str, ...]:
    path = directory / MANIFEST
    before: dict[str, Any] = {}
    with suppress(OSError, ValueError):
        before = json.loads(path.read_text("utf-8"))
    there = {n: told for n, told in before.get("files", {}).items() if (directory / n).is_file()}
    platforms = sorted({*before.get("platforms", ()), *(one.subdir for one in lock.platforms)})
    files = dict(sorted({**there, **found}.items()))
    document = {"version": VERSION, "platforms": platforms, "lock": LOCK, "files": files}
    part = directory / (MANIFEST + _PART)
    part.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    part.replace(path)
    return tuple(platforms)


def _is_there(path: Path, package: Package) -> bool:
    return path.is_file() and bool(package.sha256 or package.record.get("md5")) and _matches(path, package)


def _matches(path: Path, package: Package) -> bool:
    if package.sha256:
        return _sha256(path) == package.sha256
    md5 = package.record.get("md5")
    return not md5 or hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest() == md5


def _sha256(path: Path) -> str:
    from condadeps.transaction.conda import sha256

    return sha256(path)
