"""Very small real ``.conda`` packages and wheels, made in milliseconds, for what needs no real channel.

The tiny ``python`` package is a virtual environment dressed as a conda package: a real
interpreter, whose prefix is the environment, in two files.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import re
import sys
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import zstandard

from condadeps.names.namespaces import PackageName
from condadeps.solve.plan import Package

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
SUBDIR = "linux-64"

Content = str | bytes | Path
"""A file's text or bytes; a Path is a symbolic link to there."""


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def package(
    channel: Path,
    name: str,
    version: str,
    files: Mapping[str, Content] | None = None,
    *,
    depends: Sequence[str] = (),
    noarch: bool = False,
    entry_points: Sequence[str] = (),
    build: str | None = None,
    placeholder: Sequence[str] = (),
) -> Package:
    """Write ``name-version-build.conda`` into ``channel`` and return it as a plan holds it.

    ``placeholder`` names the files whose text holds ``/PLACEHOLDER`` for the prefix.
    """
    subdir = "noarch" if noarch else SUBDIR
    build = build or ("py_0" if noarch else "0")
    index: dict[str, Any] = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "depends": list(depends),
        "subdir": subdir,
        "arch": None if noarch else "x86_64",
        "platform": None if noarch else "linux",
        "timestamp": 1700000000000,
        "license": "MIT",
    }
    if noarch:
        index["noarch"] = "python"
    contents = files or {}
    info: dict[str, Content] = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps(_paths(contents, placeholder)),
    }
    if noarch:
        link = {
            "noarch": {"type": "python", "entry_points": list(entry_points)},
            "package_metadata_version": 1,
        }
        info["info/link.json"] = json.dumps(link)
    stem = f"{name}-{version}-{build}"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as whole:
        whole.writestr(_member("metadata.json"), '{"conda_pkg_format_version": 2}')
        whole.writestr(_member(f"pkg-{stem}.tar.zst"), _tar(contents))
        whole.writestr(_member(f"info-{stem}.tar.zst"), _tar(info))
    data = archive.getvalue()
    folder = channel / subdir
    folder.mkdir(parents=True, exist_ok=True)
    filename = f"{stem}.conda"
    (folder / filename).write_bytes(data)
    url = (folder / filename).as_uri()
    base = channel.as_uri()
    record = {
        **index,
        "size": len(data),
        "sha256": sha256(data),
        "md5": hashlib.md5(data).hexdigest(),
        "url": url,
        "channel": base,
        "fn": filename,
    }
    return Package(
        name=PackageName(name),
        version=version,
        build=build,
        build_number=0,
        subdir=subdir,
        channel=base,
        url=url,
        filename=filename,
        size=len(data),
        sha256=sha256(data),
        record=record,
    )


def python(channel: Path, version: str | None = None) -> Package:
    """A ``python`` package that is a virtual environment over this interpreter's base."""
    base = Path(sys.base_prefix) / "bin"
    return package(
        channel,
        "python",
        version or ".".join(str(part) for part in sys.version_info[:3]),
        {
            "bin/python": base / f"python{PYTHON}",
            f"bin/python{PYTHON}": Path("python"),
            "pyvenv.cfg": f"home = {base}\ninclude-system-site-packages = false\n",
            f"lib/python{PYTHON}/site-packages/README.txt": "",
        },
        build=f"0_cp{PYTHON.replace('.', '')}",
    )


def noarch(
    channel: Path,
    name: str,
    version: str,
    modules: Mapping[str, str] | None = None,
    *,
    requires: Sequence[str] = (),
    entry_points: Sequence[str] = (),
    depends: Sequence[str] = (),
) -> Package:
    """A pure Python project as a conda package of the same name, with its dist-info."""
    modules = modules or {f"{name}/__init__.py": f"version = {version!r}\n"}
    info = f"{name}-{version}.dist-info"
    files: dict[str, Content] = {f"site-packages/{path}": text for path, text in modules.items()}
    files[f"site-packages/{info}/METADATA"] = _metadata(name, version, requires)
    files[f"site-packages/{info}/INSTALLER"] = "conda\n"
    files[f"site-packages/{info}/RECORD"] = "".join(
        f"{path},,\n"
        for path in [*modules, *(f"{info}/{one}" for one in ("METADATA", "INSTALLER", "RECORD"))]
    )
    return package(
        channel,
        name,
        version,
        files,
        depends=[f"python {PYTHON}.*", *depends],
        noarch=True,
        entry_points=entry_points,
    )


def wheel(
    directory: Path,
    name: str,
    version: str,
    modules: Mapping[str, str] | None = None,
    *,
    requires: Sequence[str] = (),
    scripts: Mapping[str, str] | None = None,
    data: Mapping[str, str] | None = None,
) -> Path:
    """A pure wheel; ``scripts`` are console entry points, ``data`` goes to the environment's root."""
    modules = modules or {f"{name}/__init__.py": f"version = {version!r}\n"}
    info = f"{name}-{version}.dist-info"
    files = {
        **modules,
        **{f"{name}-{version}.data/data/{path}": text for path, text in (data or {}).items()},
        f"{info}/METADATA": _metadata(name, version, requires),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if scripts:
        lines = "".join(f"{script} = {where}\n" for script, where in scripts.items())
        files[f"{info}/entry_points.txt"] = f"[console_scripts]\n{lines}"
    record = "".join(f"{path},sha256={_digest(text)},{len(text.encode())}\n" for path, text in files.items())
    files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n"
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for inside, text in files.items():
            archive.writestr(_member(inside), text)
    return path


def _member(name: str) -> zipfile.ZipInfo:
    """A file of an archive, of no time: what is made of the same is the same, whenever it is made."""
    member = zipfile.ZipInfo(name)
    member.external_attr = 0o600 << 16  # as of a member that is written by its name
    return member


def index(channel: Path) -> None:
    """Write the channel's repodata (not needed to install packages whose records are known)."""
    from rattler.index import index_fs

    asyncio.run(index_fs(channel))


def _metadata(name: str, version: str, requires: Sequence[str]) -> str:
    lines = [f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"]
    lines += [f"Requires-Dist: {one}\n" for one in requires]
    extras = {found[1]: None for one in requires if (found := re.search(r"extra == '([^']+)'", one))}
    lines += [f"Provides-Extra: {extra}\n" for extra in extras]
    return "".join(lines)


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def _paths(files: Mapping[str, Content], placeholder: Sequence[str]) -> dict[str, Any]:
    entries = []
    for path, content in files.items():
        entry: dict[str, Any] = {"_path": path, "path_type": "hardlink"}
        if isinstance(content, Path):
            entry |= {"path_type": "softlink", "size_in_bytes": 0}  # mamba reads no package without a size
        else:
            data = content if isinstance(content, bytes) else content.encode()
            entry |= {"sha256": sha256(data), "size_in_bytes": len(data)}
        if path in placeholder:
            entry |= {"prefix_placeholder": "/PLACEHOLDER", "file_mode": "text"}
        entries.append(entry)
    return {"paths": entries, "paths_version": 1}


def _tar(files: Mapping[str, Content]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            member.mtime = 1700000000
            member.mode = 0o755 if "bin/" in path else 0o644
            if isinstance(content, Path):
                member.type = tarfile.SYMTYPE
                member.linkname = str(content)
                archive.addfile(member)
                continue
            data = content if isinstance(content, bytes) else content.encode()
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return zstandard.compress(raw.getvalue(), 1)
