"""A distribution's core metadata, as far as a solve needs it, and where it is in a wheel or an sdist."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from condadeps.errors import SourceError
from condadeps.names.namespaces import ProjectName

_LIMIT: Final = 32 * 1024 * 1024  # bytes of one METADATA; the largest real ones have less than one


class MetadataError(SourceError):
    """The index answered, but this one file's metadata cannot be used; other files may do.

    ``data``: ``url``, ``status`` (None), ``filename``.
    """


class UnbuiltError(MetadataError):
    """Only a build could tell what this file needs, and none was to be run."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a distribution says of itself (core metadata specification)."""

    name: ProjectName
    version: Version
    lines: tuple[str, ...] = ()
    """``Requires-Dist``, as written. Each is a requirement; few of hundreds are ever looked at."""
    extras: frozenset[str] = frozenset()
    """``Provides-Extra``, normalised (PEP 685)."""
    requires_python: str | None = None
    built: bool = False
    """It had to be built to be known: build code ran."""

    @property
    def requires(self) -> tuple[Requirement, ...]:
        """``Requires-Dist``, parsed, markers unevaluated. Do not change them: they are shared."""
        return tuple(map(requirement, self.lines))


def parse(text: str, *, built: bool = False) -> Metadata:
    """The metadata in a METADATA or PKG-INFO file.

    Raises ValueError when name or version are missing or a requirement cannot be read.
    """
    fields: dict[str, list[str]] = {}
    for key, value in headers(text):
        fields.setdefault(key, []).append(value)
    lines = tuple(fields.get("requires-dist", ()))
    try:
        for line in lines:
            requirement(line)
        return Metadata(
            name=ProjectName(fields["name"][0]),
            version=Version(fields["version"][0]),
            lines=lines,
            extras=frozenset(
                re.sub(r"[-_.]+", "-", extra).lower() for extra in fields.get("provides-extra", ())
            ),
            requires_python=fields.get("requires-python", [None])[0],
            built=built,
        )
    except KeyError as error:
        raise ValueError(f"it has no {str(error.args[0]).title()}") from None
    except (InvalidRequirement, InvalidVersion) as error:
        raise ValueError(str(error).splitlines()[0]) from None


def headers(text: str) -> Iterator[tuple[str, str]]:
    """The fields before the description: lower-case name, value with its line breaks folded away."""
    key, value = "", ""
    for line in text.splitlines():
        if line[:1] in (" ", "\t"):
            value += " " + line.strip()
            continue
        if key:
            yield key, value
            key = ""
        name, colon, rest = line.partition(":")
        if not line or not colon:
            break
        key, value = name.strip().lower(), rest.strip()
    if key:
        yield key, value


@functools.lru_cache(maxsize=8_192)
def requirement(text: str) -> Requirement:
    """A parsed PEP 508 requirement, the same object for the same text. Raises InvalidRequirement."""
    return Requirement(text)


def is_static(text: str) -> bool:
    """Whether an sdist's PKG-INFO holds for every wheel built of it (metadata 2.2, PEP 643)."""
    version, dynamic = "", set[str]()
    for key, value in headers(text):
        if key == "metadata-version":
            version = value
        elif key == "dynamic":
            dynamic.add(value.lower())
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    return numbers >= (2, 2) and not dynamic & {
        "requires-dist",
        "provides-extra",
        "requires-python",
        "version",
    }


def to_bytes(metadata: Metadata) -> bytes:
    """The metadata for the cache; :func:`from_bytes` gives it back."""
    document = {
        "name": metadata.name,
        "version": str(metadata.version),
        "requires": metadata.lines,
        "extras": sorted(metadata.extras),
        "requires_python": metadata.requires_python,
        "built": metadata.built,
    }
    return json.dumps(document, separators=(",", ":")).encode()


def from_bytes(content: bytes) -> Metadata | None:
    """What :func:`to_bytes` wrote; None when it is anything else."""
    try:
        document = json.loads(content)
        return Metadata(
            name=ProjectName(document["name"]),
            version=Version(document["version"]),
            lines=tuple(document["requires"]),
            extras=frozenset(document["extras"]),
            requires_python=document["requires_python"],
            built=document["built"],
        )
    except (ValueError, KeyError, TypeError):
        return None


def in_wheel(wheel: IO[bytes] | Path, project: ProjectName | None = None) -> str:
    """The text of a wheel's METADATA. Raises ValueError when it is no wheel, or has not just one."""
    import zipfile

    try:
        with zipfile.ZipFile(wheel) as archive:
            found = [
                info
                for info in archive.infolist()
                if re.fullmatch(r"[^/]+\.dist-info/METADATA", info.filename)
            ]
            if len(found) > 1 and project is not None:
                found = [info for info in found if _project_of(info.filename) == project]
            if len(found) != 1:
                raise ValueError(f"it has {len(found)} METADATA files")
            if found[0].file_size > _LIMIT:
                raise ValueError("its METADATA is too large")
            return archive.read(found[0]).decode("utf-8", "replace")
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"it is no readable zip file ({error})") from None


def _project_of(member: str) -> str:
    return re.sub(r"[-_.]+", "-", member.partition("/")[0].rpartition(".")[0].rpartition("-")[0]).lower()


def in_sdist(path: Path) -> str | None:
    """The text of an sdist's own PKG-INFO, None when it has none. Raises ValueError for a broken archive."""
    import tarfile
    import zipfile

    try:
        if path.name.endswith(".zip"):
            with zipfile.ZipFile(path) as archive:
                for info in archive.infolist():
                    if _is_pkg_info(info.filename) and info.file_size <= _LIMIT:
                        return archive.read(info).decode("utf-8", "replace")
            return None
        with tarfile.open(path) as tar:
            for member in tar:
                if member.isfile() and _is_pkg_info(member.name) and member.size <= _LIMIT:
                    stream = tar.extractfile(member)
                    return stream.read().decode("utf-8", "replace") if stream else None
        return None
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise ValueError(f"it is no readable archive ({error})") from None


def _is_pkg_info(member: str) -> bool:
    return re.fullmatch(r"(?:\./)?[^/]+/PKG-INFO", member) is not None
