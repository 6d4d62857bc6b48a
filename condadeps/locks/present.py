"""A lock of what *is* in an environment, whatever put it there.

conda's records tell where each package came from. pip leaves no such trace: what condadeps
installed its own journal knows; what came by URL says so itself (PEP 610); for the rest the
index is asked for the file of that version with the tags of the installed wheel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from packaging.tags import parse_tag
from packaging.version import InvalidVersion, Version

from condadeps import config
from condadeps.asked.credentials import masked
from condadeps.locks.lock import Lock, Locked, LockedFile, Requested, artifact
from condadeps.names.homes import Homes
from condadeps.names.namespaces import ProjectName
from condadeps.prefix import installed
from condadeps.prefix.installed import Distribution
from condadeps.prefix.owner import owner
from condadeps.prefix.target import Target
from condadeps.solve.plan import Artifact, Package
from condadeps.sources.credentials import without_credentials
from condadeps.sources.files import File
from condadeps.sources.pages import Page
from condadeps.transaction import asked_earlier, past

OWN = ProjectName("condadeps")
_KEPT = "kept:"


class Index(Protocol):
    """What is asked of the indexes."""

    async def page(self, project: ProjectName) -> Page | None:
        """Every file of ``project``."""

    async def pinned(self, file: File) -> File:
        """``file`` with its SHA-256."""


async def of_prefix(target: Target, index: Index, channels: Sequence[str]) -> Lock:
    """Everything in the environment: conda's packages, pip's projects.

    ``channels`` come first in the lock's list; those of the packages are added. What is there and
    cannot be had again (an editable, a local wheel that is gone) is told in ``notes``. Raises
    PrefixError for a record that cannot be read, SourceError when an index does not answer.
    """
    packages = tuple(package_of(one) for _, one in sorted(installed.packages(target.prefix).items()))
    known = tuple(one for one in packages if one.url)
    why = "its record does not say where it is from"
    notes = [f"{one.name} {one.version} is left out: {why}" for one in packages if not one.url]
    files, more = await _files(_pips(target), target, index)
    urls = dict.fromkeys((*channels, *(one.channel for one in known)))
    return Lock(
        platforms=(Locked(target.subdir, known, files, _asked(target, known, files)),),
        channels=tuple(urls),
        notes=(*notes, *more),
    )


async def of_projects(target: Target, index: Index) -> Lock:
    """Every Python project in the environment as PyPI has it, conda's included, by files of the indexes.

    Raises as :func:`of_prefix`.
    """
    found = installed.distributions(target)
    files, notes = await _files([one for one in found.values() if one.exists], target, index)
    return Lock(
        platforms=(Locked(target.subdir, files=files),),
        python_only=True,
        requires_python=f">={target.minor}" if target.has_python else None,
        notes=tuple(notes),
    )


def _asked(target: Target, known: Collection[Package], files: Collection[LockedFile]) -> Requested | None:
    """What was asked for of these in the environment; None where that is not known of all."""
    packages = installed.packages(target.prefix).values()
    asked = {one.name: one.requested_specs[-1] for one in packages if one.requested_specs}
    requested = [one.project for one in _pips(target) if one.requested]
    untold = asked_earlier.untold(target.prefix).keys() - {("conda", str(name)) for name in asked}
    if untold - {("pip", str(project)) for project in requested} or not (asked or requested):
        return None
    # Whatever channel it was asked of, the lock has the file.
    extras = asked_earlier.extras(target.prefix)
    names, projects = {one.name for one in known}, {one.project for one in files}
    return Requested(
        tuple(masked(text.rpartition("::")[2]) for name, text in sorted(asked.items()) if name in names),
        tuple(_with_extras(one, extras.get(one, ())) for one in sorted(requested) if one in projects),
    )


def _with_extras(project: ProjectName, extras: Collection[str]) -> str:
    return f"{project}[{','.join(sorted(extras))}]" if extras else str(project)


def package_of(one: installed.InstalledPackage) -> Package:
    """An installed package as a plan has it. Raises PrefixError for a record that cannot be read."""
    from rattler import PrefixRecord

    from condadeps.sources.records import package

    try:
        return package(PrefixRecord.from_path(one.path))
    except Exception as error:
        raise installed.unreadable(one.path, error) from error


def _pips(target: Target) -> list[Distribution]:
    condas, homes = installed.packages(target.prefix), Homes(overrides=config.own().homes)
    found = installed.distributions(target) if target.has_python else {}
    return [one for one in found.values() if one.exists and owner(one, condas, homes) is None]


async def _files(
    found: Iterable[Distribution], target: Target, index: Index
) -> tuple[tuple[LockedFile, ...], list[str]]:
    import asyncio

    traces = _Traces.of(target)
    there = sorted(found, key=lambda one: one.project)
    answers = await asyncio.gather(*(_file(one, traces, target, index) for one in there))
    files = tuple(one for one in answers if isinstance(one, LockedFile))
    return files, [one for one in answers if isinstance(one, str)]


async def _file(one: Distribution, traces: _Traces, target: Target, index: Index) -> LockedFile | str:
    """The file of one distribution, or why there is none."""
    what = f"{one.project} {one.version}"
    if one.editable:
        return f"{what} is left out: it is installed in development mode"
    if one.project == OWN:
        return f"{what} is left out: `condadeps create` brings its own"
    made = traces.laid(one) if one.direct_url is None else _direct(one)
    if made is None and one.direct_url is not None:
        return f"{what} is left out: it came from {without_credentials(one.direct_url['url'])}"
    if made is None:
        made = await _of_index(one, target, index)
    if made is None:
        return f"{what} is left out: no index has that version"
    core = one.core
    return LockedFile(made, core.lines if core else (), (core.requires_python or None) if core else None)


@dataclass(frozen=True)
class _Traces:
    """What the journal of past changes knows: per project and ``RECORD``, the file it was laid out from."""

    known: Mapping[tuple[str, str], Artifact]

    @staticmethod
    def of(target: Target) -> _Traces:
        found: dict[tuple[str, str], Artifact] = {}
        for change in past.read(target.prefix):
            files = {str(one.artifact.project): one.artifact for one in change.plan.install}
            for project, record in change.journal.laid.items():
                if project in files:
                    found[project, record] = files[project]
        return _Traces(found)

    def laid(self, one: Distribution) -> Artifact | None:
        """The file that ``one`` was laid out from, when it can be had again."""
        try:
            record = hashlib.sha256((one.location / "RECORD").read_bytes()).hexdigest()
        except OSError:
            return None
        made = self.known.get((str(one.project), record))
        usable = made and made.sha256 and not made.editable and not made.url.startswith(_KEPT)
        return made if made and usable and past.is_there(made.url) else None


def laid(target: Target, found: Iterable[Distribution]) -> dict[ProjectName, str]:
    """The SHA-256 of the file each distribution was laid out from, where the journal knows."""
    if not target.prefix.is_dir():
        return {}
    traces = _Traces.of(target)
    known = {one.project: traces.laid(one) for one in found}
    return {project: made.sha256 for project, made in known.items() if made and made.sha256}


async def file_of(one: Distribution, target: Target, index: Index) -> Artifact | None:
    """The file that ``one`` was laid out from, or the index's of its version; None when neither can be had.

    Raises SourceError when the index does not answer.
    """
    return _Traces.of(target).laid(one) or _direct(one) or await _of_index(one, target, index)


def _direct(one: Distribution) -> Artifact | None:
    """The file that a distribution names itself (PEP 610), when it is one, with a hash."""
    told = one.direct_url or {}
    archive: Any = told.get("archive_info")
    if not isinstance(archive, dict):
        return None
    hashes = archive.get("hashes") or dict([str(archive.get("hash", "")).partition("=")[::2]])
    url, digest = without_credentials(told["url"]), hashes.get("sha256")
    if not digest or not past.is_there(url):
        return None
    return artifact(one.project, one.version, url, digest)


async def _of_index(one: Distribution, target: Target, index: Index) -> Artifact | None:
    """The file of that version on an index: with the tags of the installed wheel, else the best for it."""
    page = await index.page(one.project)
    try:
        version = Version(one.version)
    except InvalidVersion:
        return None
    files = page.at(version) if page else ()
    tags = _tags(one)
    same = [file for file in files if file.is_wheel and tags and file.wheel_tags == tags]
    best = page.best(target).get(version) if page and not same else None
    file = same[0] if same else best
    if file is None:
        return None
    file = await index.pinned(file)
    return artifact(one.project, str(file.version), file.url, file.sha256, file.size, file.filename)


def _tags(one: Distribution) -> frozenset[Any]:
    """The tags of the wheel it was, as its ``WHEEL`` has them."""
    try:
        lines = (one.location / "WHEEL").read_text("utf-8", "replace").splitlines()
    except OSError:
        return frozenset()
    texts = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
    return frozenset().union(*(parse_tag(text) for text in texts if text.count("-") >= 2))
