"""Explicit text files (CEP 23): conda packages by URL and hash, one a line, in the order to install them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import urlsplit

from condadeps.errors import RequestError
from condadeps.locks.lock import Lock, Locked, ordered, package
from condadeps.solve.plan import Package

_LINE = re.compile(
    r"(?:(?P<place>.+)[/\\])?(?P<file>[^/\\#]+(?:\.tar\.bz2|\.conda))"
    r"(?:#(?:(?P<md5>[0-9a-f]{32})|(?:sha256:)?(?P<sha256>[0-9a-f]{64})))?"
)
_PLATFORM = re.compile(r"#\s*platform:\s*(\S+)")
_MARK = "@EXPLICIT"


def write(lock: Lock) -> str:
    """The lock's one platform as an explicit file; PyPI's files, which it cannot hold, as a comment."""
    (locked,) = lock.platforms
    lines = [f"# platform: {locked.subdir}"]
    lines += [
        f"# not conda's, so not in this file: {one.project} {one.artifact.version}" for one in locked.files
    ]
    lines.append(_MARK)
    lines += [one.url + (f"#{_hash(one)}" if _hash(one) else "") for one in ordered(locked.packages)]
    return "\n".join(lines) + "\n"


def _hash(package: Package) -> str | None:
    md5 = package.record.get("md5")
    return package.sha256 or (str(md5) if md5 else None)


def is_explicit(text: str) -> bool:
    """Whether a text spec file is an explicit one."""
    return any(line.strip() == _MARK for line in text.splitlines())


def read(text: str, path: Path, subdir: str) -> Lock:
    """What an explicit file says, for ``subdir`` where it does not name its platform.

    Relative paths are meant from the working directory, variables and ``~`` are expanded (CEP 23).
    Raises RequestError with file and line.
    """
    platform = _PLATFORM.search(text)
    packages: list[Package] = []
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#") and stripped != _MARK:
            packages.append(_read_line(stripped, f"{path}:{number}"))
    return Lock(
        platforms=(Locked(platform[1] if platform else subdir, tuple(packages)),),
        channels=tuple(dict.fromkeys(one.channel for one in packages)),
    )


def _read_line(line: str, place: str) -> Package:
    found = _LINE.fullmatch(line)
    if found is None:
        raise RequestError(
            f"{place}: an explicit file has one package's URL a line", text=line, position=None, origin=place
        )
    url = line.partition("#")[0]
    if len(urlsplit(url).scheme) < 2:  # a drive letter is no scheme
        url = Path(os.path.abspath(os.path.expandvars(Path(url).expanduser()))).as_uri()  # noqa: PTH100
    return package(url, {"md5": found["md5"], "sha256": found["sha256"]}, place)
