"""What an environment file says, as lines that can be kept, changed, added and dropped.

A sheet is the meaning of the file; how the file is laid out is the business of
:mod:`condadeps.record.document`.
"""

from __future__ import annotations

import re
from dataclasses import field

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condadeps.asked import matchspec
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.values import dataclass

_NEEDED = r"#\s*for\s+([A-Za-z0-9._-]+(?:\[[^\]]*\])?(?:,\s*[A-Za-z0-9._-]+(?:\[[^\]]*\])?)*)\s*"
_CONDA_NAME = re.compile(r"(?:(?P<channel>\S+?)::)?\s*(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)")
_PLAIN_PIP = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)((?:==|~=|!=|<=|>=|<|>)[0-9A-Za-z.*+!_-]+)?"
)
"""A name and one bound, as condadeps writes it: read without the parser of requirements, slow to load."""
_EGG = r"[#&]egg=([A-Za-z0-9._-]+)"


@dataclass(slots=True)
class Line:
    """One item of a list of the file."""

    text: str
    comment: str = ""
    """The comment behind it, with its ``#``."""
    source: int | None = None
    """Its place in the list as it was read; None for a line that is new."""
    opaque: bool = False
    """Not a plain string (a subsection, an alias): it stays as and where it is."""
    dropped: bool = False

    @property
    def needed_by(self) -> tuple[str, ...]:
        """Whom a ``# for seaborn, statsmodels`` comment names; empty for any other comment."""
        if not self.comment:
            return ()
        found = re.fullmatch(_NEEDED, self.comment)
        return tuple(part.strip() for part in found[1].split(",")) if found else ()


@dataclass(slots=True)
class Sheet:
    """The parts of the file that recording reads and writes."""

    name: str | None = None
    channels: list[Line] = field(default_factory=list)
    conda: list[Line] = field(default_factory=list)
    """The dependencies, its subsections among them as opaque lines."""
    pip: list[Line] = field(default_factory=list)

    def conda_line(self, name: str) -> Line | None:
        """The first line of the conda package ``name``."""
        return next((line for line in self.conda if _is_plain(line) and conda_name(line.text) == name), None)

    def pip_line(self, project: str) -> Line | None:
        """The first ``pip:`` line of ``project``."""
        return next((line for line in self.pip if _is_plain(line) and pip_name(line.text) == project), None)

    def projects(self) -> frozenset[str]:
        """The projects of the ``pip:`` list, normalised."""
        return frozenset(name for line in self.pip if _is_plain(line) and (name := pip_name(line.text)))


def _is_plain(line: Line) -> bool:
    return not line.opaque and not line.dropped


@dataclass(frozen=True, slots=True)
class CondaEntry:
    """A conda line in its parts; ``constraint`` is all that follows the name, in conda's grammar."""

    name: PackageName
    constraint: str
    channel: str | None = None

    @property
    def text(self) -> str:
        """The line again."""
        joined = "" if not self.constraint or self.constraint[0] in "=<>!~[ " else " "
        return (f"{self.channel}::" if self.channel else "") + f"{self.name}{joined}{self.constraint}"


@dataclass(frozen=True, slots=True)
class PipEntry:
    """A pip line in its parts; ``constraint`` is a specifier, or `` @ URL``."""

    name: str
    """As written."""
    constraint: str
    extras: frozenset[str] = frozenset()
    marker: str | None = None

    @property
    def text(self) -> str:
        """The line again."""
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        semicolon = " ; " if "@" in self.constraint else "; "
        return f"{self.name}{extras}{self.constraint}" + (f"{semicolon}{self.marker}" if self.marker else "")


def conda_name(text: str) -> str | None:
    """The package a conda line is about, lower case."""
    found = _CONDA_NAME.match(text)
    return found["name"].lower() if found else None


def conda_entry(text: str) -> CondaEntry | None:
    """The parts of a conda line, None for what is not even a name."""
    try:
        spec = matchspec.read(text)
        return CondaEntry(spec.name, spec.constraint, spec.channel)
    except matchspec.InvalidMatchSpec:
        found = _CONDA_NAME.match(text)
    try:
        return (
            CondaEntry(PackageName(found["name"]), text[found.end() :], found["channel"]) if found else None
        )
    except ValueError:
        return None


def pip_name(text: str) -> ProjectName | None:
    """The project a pip line is about, None for options, paths and the like."""
    if text.startswith("-"):
        egg = re.search(_EGG, text)
        return ProjectName(egg[1]) if egg else None
    entry = pip_entry(text)
    if entry is not None:
        return ProjectName(entry.name)
    egg = re.search(_EGG, text)
    return ProjectName(egg[1]) if egg else None


def pip_entry(text: str) -> PipEntry | None:
    """The parts of a pip line that is a PEP 508 requirement, else None."""
    if plain := _PLAIN_PIP.fullmatch(text):
        try:
            return PipEntry(plain[1], str(SpecifierSet(plain[2] or "")))
        except InvalidSpecifier:
            return None
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(re.sub(r"\s#.*", "", text))
        ProjectName(requirement.name)
    except (InvalidRequirement, ValueError, RecursionError):
        return None
    constraint = f" @ {requirement.url}" if requirement.url else str(requirement.specifier)
    marker = str(requirement.marker) if requirement.marker else None
    return PipEntry(requirement.name, constraint, frozenset(requirement.extras), marker)
