"""Environments made by hand: just the files that say what is installed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from condadeps.prefix import target
from condadeps.prefix.target import Target

SUBDIR = target.machine_subdir()


def conda(prefix: Path, python: str = "3.11.7") -> Target:
    """A conda environment with that Python's record, and its target."""
    (prefix / "conda-meta").mkdir(parents=True)
    if python:
        package(prefix, "python", python, f"h000_0_cp{''.join(python.split('.')[:2])}")
    found = target.read(prefix)
    if python:
        found.site_packages.mkdir(parents=True)
    return found


def package(
    prefix: Path, name: str, version: str, build: str = "0", files: tuple[str, ...] = (), **more: Any
) -> Path:
    """A record in ``conda-meta``."""
    record = {
        "name": name,
        "version": version,
        "build": build,
        "build_number": 0,
        "subdir": SUBDIR,
        "channel": "https://conda.example/conda-forge/",
        "files": list(files),
        **more,
    }
    path = prefix / "conda-meta" / f"{name}-{version}-{build}.json"
    path.write_text(json.dumps(record, indent=2))
    return path


def distribution(
    site_packages: Path,
    name: str,
    version: str,
    *,
    requires: tuple[str, ...] = (),
    extras: tuple[str, ...] = (),
    installer: str = "pip",
    direct_url: dict[str, Any] | None = None,
    modules: dict[str, str] | None = None,
) -> Path:
    """A distribution as pip leaves it, and its ``.dist-info``."""
    info = site_packages / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    lines += [f"Requires-Dist: {line}" for line in requires] + [
        f"Provides-Extra: {extra}" for extra in extras
    ]
    (info / "METADATA").write_text("\n".join([*lines, "", "Requires-Dist: this-is-the-description"]))
    (info / "INSTALLER").write_text(f"{installer}\n")
    if direct_url is not None:
        (info / "direct_url.json").write_text(json.dumps(direct_url))
    for path, source in (modules or {}).items():
        (site_packages / path).parent.mkdir(parents=True, exist_ok=True)
        (site_packages / path).write_text(source)
    files = [
        *(modules or {}),
        *(f"{info.name}/{file.name}" for file in info.iterdir()),
        f"{info.name}/RECORD",
    ]
    (info / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    return info


def by_conda(at: Target, name: str, version: str, project: str | None = None, **more: Any) -> None:
    """A conda package that ships a project: its record, and the distribution."""
    info = distribution(at.site_packages, project or name, version, installer="conda", **more)
    inside = info.relative_to(at.prefix).as_posix()
    package(
        at.prefix, name, version, "py311_0", tuple(f"{inside}/{file}" for file in ("METADATA", "INSTALLER"))
    )
