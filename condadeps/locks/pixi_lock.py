"""``pixi.lock``, by py-rattler's own model: what pixi reads and writes, environment ``default``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from condadeps.errors import RequestError
from condadeps.locks.lock import Lock, Locked, LockedFile, artifact
from condadeps.solve.plan import Package

ENVIRONMENT = "default"


def write(lock: Lock) -> str:
    """The lock as the text of a ``pixi.lock``."""
    from rattler.lock import LockChannel, LockFile, LockPlatform

    from condadeps.sources.records import all_to_rattler

    file = LockFile([LockPlatform(one.subdir) for one in lock.platforms])
    file.set_channels(ENVIRONMENT, [LockChannel(f"{url.rstrip('/')}/") for url in lock.channels])
    platforms = {platform.name: platform for platform in file.platforms()}
    for locked in lock.platforms:
        platform = platforms[locked.subdir]
        for record in all_to_rattler(locked.packages):
            file.add_conda_package(ENVIRONMENT, platform, record)
        for one in locked.files:
            made = one.artifact
            file.add_pypi_package(ENVIRONMENT, platform, str(made.project), made.version, made.url)
    with TemporaryDirectory(prefix="condadeps-") as directory:
        path = Path(directory, "pixi.lock")
        file.to_path(path)
        text = path.read_text("utf-8")
    return _with_hashes(text, lock)


def _with_hashes(text: str, lock: Lock) -> str:
    """py-rattler's writer takes no hash for PyPI's files; the format has a place for it."""
    files = {one.artifact.url: one for locked in lock.platforms for one in locked.files}

    def told(entry: re.Match[str]) -> str:
        one = files.get(entry["url"].strip("'\""))
        return entry[0] + ("".join(_told(one)) if one else "")

    # Entries of the list of packages begin at the line's start; those of an environment are indented.
    entry = r"^- pypi: (?P<url>\S+)\n  name: [^\n]*\n  version: [^\n]*\n"
    return re.sub(entry, told, text, flags=re.MULTILINE)


def _told(one: LockedFile) -> Iterator[str]:
    import json

    if one.artifact.sha256:
        yield f"  sha256: {one.artifact.sha256}\n"
    if one.requires:
        yield "  requires_dist:\n"
        yield from (f"  - {json.dumps(text)}\n" for text in one.requires)  # JSON's strings are YAML's
    if one.requires_python:
        yield f"  requires_python: {json.dumps(one.requires_python)}\n"


def read(path: Path) -> Lock:
    """What a ``pixi.lock`` says of its default environment. Raises RequestError for one that is none."""
    from rattler.lock import LockFile

    try:
        environment = LockFile.from_path(path).default_environment()
    except Exception as error:
        why = str(error).partition("\n")[0]
        raise RequestError(f"{path}: is no pixi.lock: {why}", text="", position=None) from None
    if environment is None:
        raise RequestError(f"{path}: has no environment '{ENVIRONMENT}'", text="", position=None)
    platforms = [
        _read_platform(str(platform.subdir), environment.packages(platform) or (), path)
        for platform in environment.platforms()
    ]
    channels = tuple(str(one).rstrip("/") for one in environment.channels())
    return Lock(tuple(platforms), channels)


def _read_platform(subdir: str, found: Any, path: Path) -> Locked:
    from rattler.lock import CondaLockedBinaryPackage, PypiLockedPackage

    packages: list[Package] = []
    files: list[LockedFile] = []
    for one in found:
        if isinstance(one, CondaLockedBinaryPackage):
            from condadeps.sources.records import package

            packages.append(package(one.repo_data_record()))
        elif isinstance(one, PypiLockedPackage):
            files.append(_file(one, path))
        else:
            raise RequestError(
                f"{path}: {one.name} is built from source, which a lock does not fix",
                text=one.location,
                position=None,
            )
    return Locked(subdir, tuple(packages), tuple(files))


def _file(one: Any, path: Path) -> LockedFile:
    location = one.location
    if "://" not in location:
        location = (path.absolute().parent / location).resolve().as_uri()
    sha256 = one.hashes.sha256.hex() if one.hashes and one.hashes.sha256 else None
    made = artifact(one.name, one.version, location.partition("#")[0], sha256)
    return LockedFile(made, tuple(one.requires_dist), one.requires_python)
