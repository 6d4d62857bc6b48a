"""Writing one ``.conda`` file: a zip of ``metadata.json`` and two zstd tars, the files and their description.

The format is conda-package-format 2; ``paths.json`` version 1, ``index.json`` as CEP 36 has it.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import zstandard

PLACEHOLDER = ("/opt/conda-build/" + "placehold_" * 25)[:255]
"""Stands for the prefix in the packages' files; long, so that binaries have room for any real one."""

_LEVEL = 1


@dataclass(frozen=True)
class File:
    """One file of a package: its content or, for a symbolic link, what it points to."""

    path: str
    """Relative to the prefix (for ``noarch: python`` to conda's generic layout), with slashes."""
    content: bytes = b""
    executable: bool = False
    link: str | None = None
    prefix: Literal["text", "binary"] | None = None
    """Whether :data:`PLACEHOLDER` in it is to be replaced by the prefix, and how."""


@dataclass(frozen=True)
class Package:
    """Everything that goes into one ``.conda``."""

    name: str
    version: str
    build: str
    subdir: str
    """``noarch`` or a platform."""
    license: str
    timestamp: int
    """Milliseconds since 1970."""
    depends: Sequence[str] = ()
    constrains: Sequence[str] = ()
    build_number: int = 0
    noarch: Literal["python", "generic"] | None = None
    entry_points: Sequence[str] = ()
    """``name = module:function``; for ``noarch: python`` only."""
    files: Sequence[File] = ()
    licenses: Mapping[str, bytes] = field(default_factory=dict)
    about: Mapping[str, Any] = field(default_factory=dict)
    index: Mapping[str, Any] = field(default_factory=dict)
    """Further keys of ``index.json`` (``python_site_packages_path``, ``track_features`` …)."""

    @property
    def stem(self) -> str:
        """``name-version-build``, conda's name of the file."""
        return f"{self.name}-{self.version}-{self.build}"


def write(package: Package, channel: Path) -> Path:
    """Writes ``package`` into its subdir of ``channel``; the same package gives the same bytes."""
    files = sorted(package.files, key=lambda file: file.path)
    seconds = package.timestamp // 1000
    info = {f"info/{name}": content for name, content in _info(package, files).items()}
    directory = channel / package.subdir
    directory.mkdir(parents=True, exist_ok=True)
    target = directory / f"{package.stem}.conda"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        _store(archive, "metadata.json", json.dumps({"conda_pkg_format_version": 2}).encode())
        _store(archive, f"pkg-{package.stem}.tar.zst", _tar(files, seconds))
        described = [File(name, content) for name, content in sorted(info.items())]
        _store(archive, f"info-{package.stem}.tar.zst", _tar(described, seconds))
    return target


def _info(package: Package, files: Sequence[File]) -> dict[str, bytes]:
    contents = {file.path: file.content for file in files if file.link is None}
    arch, system = (None, None) if package.subdir == "noarch" else _platform(package.subdir)
    index = {
        "arch": arch,
        "build": package.build,
        "build_number": package.build_number,
        "constrains": list(package.constrains),
        "depends": list(package.depends),
        "license": package.license,
        "name": package.name,
        "noarch": package.noarch,
        "platform": system,
        "subdir": package.subdir,
        "timestamp": package.timestamp,
        "version": package.version,
        **package.index,
    }
    documents: dict[str, Any] = {
        "about.json": dict(package.about),
        "index.json": {key: value for key, value in index.items() if value is not None},
        "paths.json": {"paths": [_path(file, contents) for file in files], "paths_version": 1},
    }
    if package.noarch == "python":
        documents["link.json"] = {
            "noarch": {"entry_points": list(package.entry_points), "type": "python"},
            "package_metadata_version": 1,
        }
    info = {name: json.dumps(value, indent=2).encode() for name, value in documents.items()}
    info["files"] = "".join(f"{file.path}\n" for file in files).encode()
    info |= {f"licenses/{name}": content for name, content in package.licenses.items()}
    return info


def _platform(subdir: str) -> tuple[str, str]:
    system, _, machine = subdir.partition("-")
    return {"64": "x86_64"}.get(machine, machine), system


def _path(file: File, contents: Mapping[str, bytes]) -> dict[str, Any]:
    content = file.content if file.link is None else _pointed_to(file, contents)
    entry: dict[str, Any] = {
        "_path": file.path,
        "path_type": "hardlink" if file.link is None else "softlink",
        "sha256": hashlib.sha256(content).hexdigest(),
        "size_in_bytes": len(content),
    }
    if file.prefix:
        entry |= {"file_mode": file.prefix, "prefix_placeholder": PLACEHOLDER}
    return entry


def _pointed_to(file: File, contents: Mapping[str, bytes]) -> bytes:
    """The content a link's sum is taken of: its target's, as conda-build does."""
    link = posixpath.join(posixpath.dirname(file.path), file.link or "")
    return contents.get(posixpath.normpath(link), b"")


def _tar(files: Sequence[File], mtime: int) -> bytes:
    buffer = io.BytesIO()
    with (
        zstandard.ZstdCompressor(level=_LEVEL).stream_writer(buffer, closefd=False) as stream,
        tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT, bufsize=1 << 20) as tar,
    ):
        for file in files:
            member = tarfile.TarInfo(file.path)
            member.mtime = mtime
            member.mode = 0o755 if file.executable else 0o644
            if file.link is None:
                member.size = len(file.content)
                tar.addfile(member, io.BytesIO(file.content))
            else:
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, file.link, 0o777
                tar.addfile(member)
    return buffer.getvalue()


def _store(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name), content)
