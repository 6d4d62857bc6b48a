"""What a lock says, whatever its format: per platform, conda's packages and PyPI's files, exactly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from condadeps.asked.credentials import without
from condadeps.errors import RequestError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.plan import Artifact, Package
from condadeps.sources.credentials import without_credentials


@dataclass(frozen=True, slots=True)
class LockedFile:
    """One project's file, and what a lock tells about it beside."""

    artifact: Artifact
    requires: tuple[str, ...] = ()
    """Its ``Requires-Dist`` lines."""
    requires_python: str | None = None
    index: str | None = None
    """The index it is from, when the lock says so."""

    @property
    def project(self) -> ProjectName:
        """Whose file it is."""
        return self.artifact.project


@dataclass(frozen=True, slots=True)
class Requested:
    """What was asked for, of what a lock has, in each manager's grammar."""

    conda: tuple[str, ...] = ()
    """``numpy>=2``, as an environment file has it."""
    pip: tuple[str, ...] = ()
    """``uvicorn[standard]~=0.30``."""


@dataclass(frozen=True, slots=True)
class Locked:
    """What one platform gets."""

    subdir: str
    packages: tuple[Package, ...] = ()
    files: tuple[LockedFile, ...] = ()
    asked: Requested | None = None
    """None: the lock does not tell."""


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock. ``notes`` tell what is not in it though it was there, or what to know about it."""

    platforms: tuple[Locked, ...]
    channels: tuple[str, ...] = ()
    """Base URLs or names, in order."""
    indexes: tuple[str, ...] = ()
    python_only: bool = False
    """The format knows no conda packages, so that Python itself comes from elsewhere."""
    requires_python: str | None = None
    """For a lock of Python projects only."""
    sources: tuple[str, ...] = ()
    """The files it was made from, as paths relative to it."""
    notes: tuple[str, ...] = field(default=(), compare=False)

    def on(self, subdir: str) -> Locked | None:
        """What the platform ``subdir`` gets; None when the lock is not for it."""
        return next((one for one in self.platforms if one.subdir == subdir), None)

    def noting(self, *notes: str) -> Lock:
        """This lock with more to say."""
        return replace(self, notes=(*self.notes, *notes))


def public(lock: Lock) -> Lock:
    """``lock`` as it may be written down: no URL has a user, password, token or signature in it."""
    platforms = tuple(
        replace(
            one,
            packages=tuple(map(_public_package, one.packages)),
            files=tuple(
                replace(file, artifact=replace(file.artifact, url=without(file.artifact.url)))
                for file in one.files
            ),
        )
        for one in lock.platforms
    )
    return replace(
        lock,
        platforms=platforms,
        channels=tuple(map(without, lock.channels)),
        indexes=tuple(map(without, lock.indexes)),
    )


def _public_package(one: Package) -> Package:
    url, channel = without(one.url), without(one.channel)
    record = {**one.record, "url": url, "channel": channel}
    return replace(one, url=url, channel=channel, record=record)


RECORD_KEYS = ("build_number", "depends")
"""What a whole record has (CEP 36) and a lock's line may lack."""


def package(url: str, document: Mapping[str, Any], place: str) -> Package:
    """The conda package at ``url``, with what the lock tells of its record.

    Name, version and build come from the file's name where ``document`` lacks them. Credentials are the
    configuration's to tell: those in a lock's URL are not used, nor kept. Raises RequestError
    (``place`` says where) for a URL that is no package's.
    """
    url = without_credentials(url)
    channel, subdir, filename = split_url(url, place)
    for algorithm, length in (("md5", 32), ("sha256", 64)):
        checked_hash(document.get(algorithm), length, place)
    stem = filename.removesuffix(".conda").removesuffix(".tar.bz2")
    name, version, build = stem.rsplit("-", 2)
    record = {
        "name": name,
        "version": version,
        "build": build,
        "subdir": subdir,
        **{key: value for key, value in document.items() if value is not None},
        "url": url,
        "channel": channel,
        "fn": filename,
    }
    return of_record(record, place)


def checked_hash(digest: object, length: int, place: str) -> None:
    """Raises RequestError for what is there in a hash's place and is none: it must not count as missing."""
    if digest is not None and not (isinstance(digest, str) and _is_hex(digest, length)):
        raise RequestError(f"{place}: {str(digest)[:80]!r} is no hash", text=str(digest)[:80], position=None)


def _is_hex(text: str, length: int) -> bool:
    return len(text) == length and set(text.lower()) <= set("0123456789abcdef")


def of_record(record: Mapping[str, Any], place: str) -> Package:
    """The package of a record that has ``url``, ``channel`` and ``fn``, perhaps not all else."""
    try:
        return Package(
            name=PackageName(record["name"]),
            version=str(record["version"]),
            build=str(record["build"]),
            build_number=int(record.get("build_number", 0)),
            subdir=str(record["subdir"]),
            channel=str(record["channel"]).rstrip("/"),
            url=str(record["url"]),
            filename=str(record["fn"]),
            size=record.get("size"),
            sha256=record.get("sha256"),
            record=dict(record),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RequestError(
            f"{place}: this is no conda package: {error}", text=str(record.get("url", "")), position=None
        ) from None


def is_whole(package: Package) -> bool:
    """Whether the lock tells all that a record has to: what it needs, above all."""
    return all(key in package.record for key in RECORD_KEYS)


def split_url(url: str, place: str) -> tuple[str, str, str]:
    """Channel, subdir and file name of a conda package's URL. Raises RequestError."""
    base, _, filename = url.partition("#")[0].rpartition("/")
    channel, _, subdir = base.rpartition("/")
    known = filename.endswith((".conda", ".tar.bz2")) and filename.count("-") >= 2
    if not known or not channel or not subdir or not urlsplit(url).scheme:
        from condadeps.asked.credentials import masked

        raise RequestError(
            f"{place}: {masked(url)} is not the URL of a conda package", text=masked(url), position=None
        )
    return channel, subdir, filename


def artifact(
    project: str, version: str, url: str, sha256: str | None, size: int | None = None, filename: str = ""
) -> Artifact:
    """A locked file from PyPI. Raises ValueError for what is no project's name, RequestError for no hash."""
    from condadeps.sources.files import name_in_url

    checked_hash(sha256, 64, project)
    url = without_credentials(url)
    filename = filename or name_in_url(url)
    wheel = filename.endswith(".whl")
    return Artifact(
        project=ProjectName(project),
        version=version,
        filename=filename,
        url=url,
        sha256=sha256.lower() if sha256 else None,
        size=size,
        compiled=wheel and not filename.endswith("-any.whl"),
        build=not wheel,
    )


def ordered(packages: Sequence[Package]) -> tuple[Package, ...]:
    """``packages`` with what each needs before it (CEP 23), by name where nothing says otherwise."""
    by_name = {str(one.name): one for one in packages}
    found: dict[str, Package] = {}
    visiting: set[str] = set()

    def visit(name: str) -> None:
        one = by_name.get(name)
        if one is None or name in found or name in visiting:
            return
        visiting.add(name)
        for spec in sorted(map(str, one.record.get("depends", ()))):
            visit(spec.split("[")[0].split(" ")[0].rpartition("::")[2].lower())
        found[name] = one

    for name in sorted(by_name):
        visit(name)
    return tuple(found.values())
