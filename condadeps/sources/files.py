"""The files an index offers, and which of a version's files an interpreter can use.

Wheels are judged by their name (PEP 427, PEP 425), sdists too (PEP 625 and the older habits pip
still takes). A name neither says a version nor fits the project's is no file of the project.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, Protocol
from urllib.parse import unquote, urlsplit

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import Tag, parse_tag
from packaging.version import InvalidVersion, Version

from condadeps.names.namespaces import ProjectName

_WHEEL: Final = re.compile(
    r"(?P<name>[\w.]+)-(?P<version>[\w.!+]+)(?:-(?P<build>\d[\w.]*))?"
    r"-(?P<tags>[\w.]+-[\w.]+-[\w.]+)\.whl",
    re.ASCII,
)
_SDIST: Final = re.compile(r"(?P<stem>[\w.!+~-]+?)(?:\.tar\.gz|\.zip|\.tar\.bz2|\.tar\.xz|\.tgz)", re.ASCII)
_PY_SUFFIX: Final = re.compile(r"-py[123](?:\.?\d+)?$")
_SEPARATORS: Final = re.compile(r"[-_.]+")

Digests = Mapping[str, str]


class Interpreter(Protocol):
    """What must be known of a target; ``prefix.target.Target`` is one."""

    @property
    def prefix(self) -> Path:
        """The environment's directory."""

    @property
    def python(self) -> Path:
        """Its interpreter; it need not exist yet."""

    @property
    def markers(self) -> Mapping[str, str]:
        """The PEP 508 environment."""

    @property
    def tags(self) -> Sequence[Tag]:
        """The wheel tags it takes, the best first."""


@dataclass(frozen=True, slots=True)
class File:
    """One file of a project on an index; everything is from the index's page."""

    project: ProjectName
    version: Version
    filename: str
    url: str
    """``https:`` or ``file:``, with no credentials and no fragment."""
    kind: Literal["wheel", "sdist"]
    hashes: Digests = field(default_factory=dict, hash=False)
    """Algorithm → hex digest, as the index says; possibly none."""
    size: int | None = None
    requires_python: str | None = None
    yanked: bool = False
    yanked_reason: str = ""
    upload_time: datetime | None = None
    core_metadata: bool = False
    """The index has its METADATA beside it (PEP 658, 714)."""
    metadata_hashes: Digests = field(default_factory=dict, hash=False)
    tags: str = ""
    """A wheel's compressed tag set: ``py2.py3-none-any``."""
    build_tag: str = ""

    @property
    def sha256(self) -> str | None:
        """The SHA-256 the index promises, when it does."""
        return self.hashes.get("sha256")

    @property
    def is_wheel(self) -> bool:
        """Whether it can be installed as it is; an sdist runs build code first."""
        return self.kind == "wheel"

    @property
    def compiled(self) -> bool:
        """Whether a wheel carries code for one platform."""
        return self.is_wheel and not self.tags.endswith("-any")

    @property
    def local(self) -> bool:
        """Whether it is on this machine's disk."""
        return self.url.startswith("file:")

    @property
    def wheel_tags(self) -> frozenset[Tag]:
        """A wheel's tags; none for an sdist."""
        return parse_tag(self.tags) if self.tags else frozenset()

    def accepts_python(self, full_version: str) -> bool:
        """Whether Requires-Python admits ``full_version`` (``3.11.7``); a malformed one admits all."""
        return admits_python(self.requires_python, full_version)


@dataclass(frozen=True, slots=True)
class FileName:
    """What a file's name says."""

    version: Version
    kind: Literal["wheel", "sdist"]
    tags: str = ""
    build_tag: str = ""


def admits_python(requires_python: str | None, full_version: str) -> bool:
    """Whether Requires-Python admits ``full_version`` (``3.11.7``); none and a malformed one admit all."""
    return not requires_python or _admits(requires_python, full_version)


def read_name(filename: str, project: ProjectName) -> FileName | None:
    """What ``filename`` says as a file of ``project``; None when it is none of its usable files.

    >>> read_name("six-1.17.0-py2.py3-none-any.whl", ProjectName("six")).tags
    'py2.py3-none-any'
    >>> read_name("pydantic-0.18-py36+-none-any.whl", ProjectName("pydantic")) is None
    True
    """
    if filename.endswith(".whl"):
        return read_wheel_name(filename, project)
    sdist = _SDIST.fullmatch(filename)
    if sdist is None or (filename.endswith(".zip") and "macosx10" in filename):
        return None
    text = _after_name(sdist["stem"], project)
    version = _version(text) if text else None
    return FileName(version, "sdist") if version is not None else None


def read_wheel_name(filename: str, project: ProjectName | None = None) -> FileName | None:
    """What a wheel's name says, whosever it is or as one of ``project``; None for another file's."""
    wheel = _WHEEL.fullmatch(filename)
    if wheel is None or (project is not None and _normal(wheel["name"]) != project):
        return None
    version = _version(wheel["version"])
    if version is None:
        return None
    return FileName(version, "wheel", wheel["tags"].lower(), wheel["build"] or "")


def name_in_url(url: str) -> str:
    """The last part of a URL's path, unquoted; never with a separator in it."""
    return unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2]).replace("\\", "/").rpartition("/")[2]


def _after_name(stem: str, project: str) -> str | None:
    """The version's text in ``name-version``, where the name may be spelt any way and hold hyphens."""
    position = stem.find("-")
    while position > 0:
        if _normal(stem[:position]) == project:
            return _PY_SUFFIX.sub("", stem[position + 1 :])
        position = stem.find("-", position + 1)
    return None


def _normal(name: str) -> str:
    return _SEPARATORS.sub("-", name).lower()


@functools.lru_cache(maxsize=20_000)
def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


@functools.lru_cache(maxsize=4_000)
def _admits(requires_python: str, full_version: str) -> bool:
    try:
        return SpecifierSet(requires_python).contains(Version(full_version).base_version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


class Choice:
    """The rule which of one version's files an interpreter should use.

    As pip's: a wheel before an sdist; among wheels the tag the interpreter likes best, then the
    highest build tag; what is equal keeps the order of the indexes.
    """

    def __init__(self, interpreter: Interpreter) -> None:
        self._tags = interpreter.tags
        self._ranks = {str(tag): rank for rank, tag in reversed(list(enumerate(self._tags)))}
        self._python = interpreter.markers["python_full_version"]
        self._known: dict[str, int | None] = {}

    @staticmethod
    def of(interpreter: Interpreter) -> Choice:
        """The rule for ``interpreter``; the same object while the same one is asked for."""
        global _last
        last = _last
        python = interpreter.markers["python_full_version"]
        if last is None or last._tags is not interpreter.tags or last._python != python:
            last = _last = Choice(interpreter)
        return last

    def best(self, files: Sequence[File], *, wheels: bool = True, sdists: bool = True) -> File | None:
        """The file to use of ``files`` (one version's), None when none of them can be used.

        ``wheels`` and ``sdists`` say which kinds may be. Yanked files count like others here.
        """
        found: File | None = None
        found_key: tuple[int, tuple[int, str]] | None = None
        for file in files:
            if not (wheels if file.is_wheel else sdists) or not file.accepts_python(self._python):
                continue
            key = self._key(file)
            if key is not None and (found_key is None or key > found_key):
                found, found_key = file, key
        return found

    def _key(self, file: File) -> tuple[int, tuple[int, str]] | None:
        if not file.is_wheel:
            return -1_000_000_000, (0, "")
        rank = self._rank(file.tags)
        return None if rank is None else (-rank, _build_order(file.build_tag))

    def _rank(self, tags: str) -> int | None:
        """How well a wheel's compressed tags suit: the smallest position among the interpreter's."""
        if tags not in self._known:
            parts = [part.split(".") for part in tags.split("-")]
            ranks = [self._ranks.get("-".join(tag)) for tag in itertools.product(*parts)]
            self._known[tags] = min((rank for rank in ranks if rank is not None), default=None)
        return self._known[tags]


_last: Choice | None = None


def _build_order(build: str) -> tuple[int, str]:
    digits = re.match(r"\d*", build)
    number = digits.group() if digits else ""
    return int(number or 0), build[len(number) :]
