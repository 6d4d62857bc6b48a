"""Is what is installed what a URL or path points to (PEP 610)?"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from condadeps.asked.request import Direct
from condadeps.prefix.installed import Distribution

_VCS = re.compile(r"(git|hg|svn|bzr)\+(.+)")
_ENOUGH_FILES = 5000
"""A source tree with more files is not compared; pip then decides."""
_PASSED_OVER = frozenset(
    (".git", ".hg", ".svn", "__pycache__", "build", "dist", "node_modules", ".tox", ".venv")
)


def same(found: Distribution, asked: Direct) -> bool:
    """Whether ``found`` was installed from exactly where ``asked`` points, and that has not changed since.

    A remote URL is taken at its word; a local file or tree must not be newer than what is
    installed, unless it is installed as editable.
    """
    told = found.direct_url
    if told is None or asked.editable != found.editable:
        return False
    url, vcs, revision = _parts(asked.location)
    if vcs:
        info = told.get("vcs_info")
        if not isinstance(info, dict) or info.get("vcs") != vcs or info.get("requested_revision") != revision:
            return False
    if _bare(str(told["url"])) != _bare(url) or told.get("subdirectory") != _subdirectory(asked.location):
        return False
    if asked.hashes and not set(asked.hashes) & set(_hashes(told)):
        return False
    return asked.editable or not _changed_since(url, found)


def one_place(first: str, second: str) -> bool:
    """Whether two locations point to the same thing: but for credentials, and digests said beside them."""
    return (_bare(first), _subdirectory(first)) == (_bare(second), _subdirectory(second))


def _parts(location: str) -> tuple[str, str | None, str | None]:
    """URL, version control, revision."""
    match = _VCS.match(location)
    if match is None:
        return location, None, None
    split = urlsplit(match.group(2))
    path, at, revision = split.path.rpartition("@")
    url = urlunsplit(split._replace(path=path if at else split.path, fragment=""))
    return url, match.group(1), revision if at else None


def _bare(url: str) -> str:
    """Without credentials, fragment, and a directory's last slash."""
    split = urlsplit(url)
    host = split.netloc.rpartition("@")[2]
    return urlunsplit((split.scheme, host, unquote(split.path).rstrip("/"), split.query, ""))


def _subdirectory(location: str) -> str | None:
    match = re.search(r"[#&]subdirectory=([^&]+)", location)
    return unquote(match.group(1)) if match else None


def _hashes(told: dict[str, Any]) -> Iterator[str]:
    info = told.get("archive_info") or {}
    for algorithm, value in (info.get("hashes") or {}).items():
        yield f"{algorithm}:{value}"
    if isinstance(info.get("hash"), str):
        yield info["hash"].replace("=", ":", 1)


def _changed_since(url: str, found: Distribution) -> bool:
    split = urlsplit(url)
    if split.scheme != "file":
        return False
    from urllib.request import url2pathname  # takes 15 ms to import

    try:
        installed = max((found.location / name).stat().st_mtime for name in ("RECORD", "direct_url.json"))
        path = Path(url2pathname(split.path))
        if path.is_file():
            return path.stat().st_mtime > installed
        return any(stamp > installed for stamp in _stamps(path))
    except OSError:
        return True


def _stamps(tree: Path) -> Iterator[float]:
    """When the files of ``tree`` were last written; raises OSError for a tree that has too many."""
    count = 0
    for directory, directories, files in os.walk(tree):
        directories[:] = [
            name for name in directories if name not in _PASSED_OVER and not name.endswith(".egg-info")
        ]
        for name in files:
            count += 1
            if count > _ENOUGH_FILES:
                raise OSError("too many files")
            yield os.stat(os.path.join(directory, name)).st_mtime  # noqa: PTH116, PTH118 (thousands of them)
