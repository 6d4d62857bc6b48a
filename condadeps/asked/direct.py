"""Wheels, directories, archives, URLs and VCS references: things pip installs by where they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from condadeps.names.namespaces import ProjectName
from condadeps.values import dataclass

if TYPE_CHECKING:
    from packaging.markers import Marker

_URL = re.compile(r"(?:(?:git|hg|svn|bzr)\+)?[A-Za-z][A-Za-z0-9+.-]*://|file:")
_PATH = re.compile(r"\.{0,2}[/\\]|~[/\\]|\.{1,2}$|[A-Za-z]:[/\\]|\.{1,2}\[")
_ARCHIVES = (".whl", ".tar.gz", ".tgz", ".zip", ".tar.bz2", ".tar.xz", ".tar")
_EXTRAS = r"\[\s*([A-Za-z0-9._-]*(?:\s*,\s*[A-Za-z0-9._-]+)*)\s*\]$"
_EGG = r"[#&]egg=([A-Za-z0-9._-]+)(?:\[([A-Za-z0-9._, -]*)\])?"
_SCHEMES = frozenset({"http", "https", "file"})
_VCS_SCHEMES = frozenset({"http", "https", "file", "ssh", "git"})


class InvalidDirect(ValueError):
    """The text is not a thing pip could install; ``position`` counts its characters from 0."""

    def __init__(self, why: str, position: int | None = None, help: str | None = None) -> None:
        super().__init__(why)
        self.position = position
        self.help = help


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing is (a URL), and what its text tells about it."""

    location: str
    name: ProjectName | None
    extras: frozenset[str]
    marker: Marker | None


def is_direct(text: str, *, paths: bool = False) -> bool:
    """Whether ``text`` is a URL or a path by its form alone.

    With ``paths``, as in pip's files, anything with a slash is a path; a person has to
    write ``./name`` for a directory, or to name an archive.
    """
    if _URL.match(text) or _PATH.match(text):
        return True
    head = re.split(r"\s|;|\[|@", text, maxsplit=1)[0]
    return head.lower().endswith(_ARCHIVES) or (paths and ("/" in head or "\\" in head))


def read(text: str, directory: Path) -> Place:
    """What ``text`` points to; a relative path is meant from ``directory``.

    Raises InvalidDirect for a path that is not there, a file that is nothing pip
    installs, a URL of a kind pip does not fetch.
    """
    target, marker = _split_marker(text)
    target, extras = _split_extras(target)
    if _URL.match(target):
        return _from_url(target, extras, marker)
    return _from_path(target, extras, marker, directory)


def check_url(url: str) -> None:
    """Raises InvalidDirect unless pip fetches URLs of this kind (as in ``name @ URL``)."""
    vcs, _, rest = url.partition("+") if re.match(r"[a-z]+\+", url) else ("", "", url)
    scheme = rest.partition(":")[0].lower()
    if vcs and vcs not in ("git", "hg", "svn", "bzr"):
        raise InvalidDirect(f"'{vcs}+' is no version control pip knows", 0, "git+, hg+, svn+ or bzr+")
    if scheme not in (_VCS_SCHEMES if vcs else _SCHEMES):
        raise InvalidDirect(f"URLs of '{scheme}:' are not fetched", 0, "https:, file: or git+https:")
    if url.partition("#")[0].partition("?")[0].lower().endswith(".conda"):
        raise InvalidDirect(
            "a conda package is asked for by name, not by its file", 0, "channel::name=version=build"
        )


def _from_url(url: str, extras: frozenset[str], marker: Marker | None) -> Place:
    check_url(url)
    name: ProjectName | None = None
    if egg := re.search(_EGG, url):
        name = ProjectName(egg[1])
        extras = extras | frozenset(part.strip() for part in (egg[2] or "").split(",") if part.strip())
    elif not re.match(r"[a-z]+\+", url):
        name = _name_of_file(unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2]))
    return Place(url, name, extras, marker)


def _from_path(text: str, extras: frozenset[str], marker: Marker | None, directory: Path) -> Place:
    path = Path(text).expanduser()
    path = path if path.is_absolute() else directory.absolute() / path
    try:
        is_directory, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError):
        is_directory = is_file = False
    if is_directory:
        if not any((path / name).is_file() for name in ("pyproject.toml", "setup.py")):
            raise InvalidDirect("that directory has neither pyproject.toml nor setup.py")
        return Place(_uri(path), None, extras, marker)
    if not is_file:
        raise InvalidDirect("there is no such file or directory")
    if not path.name.lower().endswith(_ARCHIVES):
        raise InvalidDirect("that file is no wheel and no source archive")
    return Place(_uri(path), _name_of_file(path.name), extras, marker)


def _uri(path: Path) -> str:
    import os

    return Path(os.path.normpath(path)).as_uri()  # "..", without following links as resolve() would


def _name_of_file(filename: str) -> ProjectName | None:
    """The project a wheel or sdist is of; raises InvalidDirect for a wheel whose name is none."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    if filename.endswith(".whl"):
        try:
            return ProjectName(parse_wheel_filename(filename)[0])
        except InvalidWheelFilename:
            raise InvalidDirect(f"'{filename}' is not a name a wheel can have (PEP 427)") from None
    try:
        return ProjectName(parse_sdist_filename(filename)[0])
    except InvalidSdistFilename:
        return None


def _split_marker(text: str) -> tuple[str, Marker | None]:
    """``text`` and its marker: after `` ;``, or after a ``;`` too when no URL could contain that."""
    found = re.search(r"\s+;|;\s" if _URL.match(text) else r"\s*;", text)
    if not found:
        return text.strip(), None
    from packaging.markers import InvalidMarker, Marker

    try:
        return text[: found.start()].strip(), Marker(text[found.end() :].strip())
    except InvalidMarker:
        raise InvalidDirect("what follows ';' is no environment marker (PEP 508)", found.end()) from None


def _split_extras(text: str) -> tuple[str, frozenset[str]]:
    if (found := re.search(_EXTRAS, text)) and "#egg=" not in text and "&egg=" not in text:
        names = frozenset(part.strip() for part in found[1].split(",") if part.strip())
        return text[: found.start()].strip(), names
    return text, frozenset()
