"""Small Python indexes made on the spot: real wheels and sdists, real pages (PEP 503, 691)."""

from __future__ import annotations

import asyncio
import hashlib
import html
import io
import json
import tarfile
import zipfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from condadeps.names.namespaces import ProjectName
from condadeps.prefix import target
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource

T = TypeVar("T")


def wheel(
    directory: Path,
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    tag: str = "py3-none-any",
    build: str = "",
    fields: Sequence[str] = (),
    ballast: int = 0,
) -> Path:
    """A real wheel; ``fields`` are further lines of METADATA, ``ballast`` bytes that do not compress."""
    directory.mkdir(parents=True, exist_ok=True)
    stem = f"{name.replace('-', '_')}-{version}"
    path = directory / "-".join(filter(None, [stem, build, tag])).__add__(".whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{name.replace('-', '_')}.py", f"__version__ = {version!r}\n")
        if ballast:
            block = b"".join(hashlib.sha256(str(at).encode()).digest() for at in range(ballast // 32))
            archive.writestr(f"{stem}.data.bin", block)
        archive.writestr(f"{stem}.dist-info/METADATA", metadata(name, version, requires, fields))
        archive.writestr(
            f"{stem}.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n"
        )
        archive.writestr(f"{stem}.dist-info/RECORD", "")
    return path


def metadata(name: str, version: str, requires: Sequence[str] = (), fields: Sequence[str] = ()) -> str:
    """A METADATA or PKG-INFO of metadata 2.2."""
    lines = ["Metadata-Version: 2.2", f"Name: {name}", f"Version: {version}", *fields]
    return "\n".join([*lines, *(f"Requires-Dist: {text}" for text in requires), "", "The description."])


def sdist(
    directory: Path, name: str, version: str, *, requires: Sequence[str] = (), static: bool = True
) -> Path:
    """An sdist that setuptools can build; without ``static`` its PKG-INFO does not tell what it requires."""
    directory.mkdir(parents=True, exist_ok=True)
    stem = f"{name}-{version}"
    needs = ", ".join(map(repr, requires))
    content = {
        "setup.py": f"from setuptools import setup\nsetup(name={name!r}, version={version!r}, "
        f"py_modules=[{name!r}], install_requires=[{needs}])\n",
        f"{name}.py": "",
        "PKG-INFO": metadata(name, version, requires, [] if static else ["Dynamic: Requires-Dist"]),
    }
    path = directory / f"{stem}.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for member, text in content.items():
            info = tarfile.TarInfo(f"{stem}/{member}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def entry(path: Path, base: str = "../../files/", **extra: Any) -> dict[str, Any]:
    """What a JSON page says of one file; ``extra`` overrides (None removes)."""
    said: dict[str, Any] = {
        "filename": path.name,
        "url": base + path.name,
        "hashes": {"sha256": sha256(path)},
        "size": path.stat().st_size,
        "upload-time": "2024-05-06T07:08:09.123456Z",
        "yanked": False,
    }
    said |= {key.replace("_", "-"): value for key, value in extra.items()}
    return {key: value for key, value in said.items() if value is not None}


def json_page(root: Path, project: str, entries: Sequence[Mapping[str, Any]]) -> Path:
    """``root/simple/project/index.json``."""
    page = root / "simple" / project / "index.json"
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(json.dumps({"meta": {"api-version": "1.1"}, "name": project, "files": list(entries)}))
    return page


def html_page(
    root: Path,
    project: str,
    paths: Sequence[Path],
    *,
    hashed: bool = True,
    attributes: Mapping[str, str] | None = None,
) -> Path:
    """``root/simple/project/index.html``; ``attributes`` are put on every anchor."""
    page = root / "simple" / project / "index.html"
    page.parent.mkdir(parents=True, exist_ok=True)
    said = "".join(f' {key}="{html.escape(value)}"' for key, value in (attributes or {}).items())
    anchors = []
    for path in paths:
        fragment = f"#sha256={sha256(path)}" if hashed else ""
        anchors.append(f'<a href="../../files/{path.name}{fragment}"{said}>{path.name}</a><br/>')
    page.write_text("<!DOCTYPE html><html><body>\n" + "\n".join(anchors) + "</body></html>")
    return page


def config(*index_urls: str, **options: Any) -> PipConfig:
    """A configuration of these indexes only, that gives up soon."""
    return PipConfig(index_urls=index_urls, **{"retries": 0, "timeout": 5, **options})


def use(settings: PipConfig, cache: Path, action: Callable[[PypiSource], Awaitable[T]], **options: Any) -> T:
    """Run ``action`` on a fresh source for this interpreter."""

    async def run() -> T:
        source = PypiSource(settings, target.running(), cache_dir=cache, **options)
        try:
            return await action(source)
        finally:
            await source.close()

    return asyncio.run(run())


def project(name: str) -> ProjectName:
    return ProjectName(name)
