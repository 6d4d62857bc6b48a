"""The solver's explanation, read from its text into a tree.

Resolvo explains a refusal as indented lines. Each line is about a spec or about versions of a package, and
says what became of it; the names in it are still the solver's own.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["spec", "versions", "constraint", "locked", "other"]
Fate = Literal["installable", "blocked", "missing", "clash", "requires", "constrains", "plain"]

_PHRASES: tuple[tuple[str, Fate], ...] = (
    (r",? (?:which )?can be installed with any of the following options:", "installable"),
    (r",? (?:which )?cannot be installed because there are no viable options:", "blocked"),
    (r", for which no candidates were found\.?", "missing"),
    (r", which conflicts with (?:the versions reported above|any installable versions .*)\.?", "clash"),
    (r" would require", "requires"),
    (r" would constrain", "constrains"),
)
_FATES = tuple((re.compile(f"(.+?){phrase}"), fate) for phrase, fate in _PHRASES)
_CONSTRAINT = re.compile(r"the constraint (?P<spec>.+) cannot be fulfilled")
_LOCKED = re.compile(r"(?P<name>\S+) (?P<version>\S+) is locked, but another version is required.*")
_NO_CANDIDATES = re.compile(r"No candidates were found for (?P<spec>.+?)\.?")
_HEADER = re.compile(r"^Cannot solve the request because of: ?", re.MULTILINE)
_SECTION = "The following packages are incompatible"
"""What is impossible by itself comes first; this line begins what clashes, which is indented."""


@dataclass
class Line:
    """One line: what it is about, and what became of that."""

    kind: Kind
    name: str
    rest: str
    """A version spec, or versions joined by `` | ``."""
    fate: Fate
    below: list[Line] = field(default_factory=list)


@functools.lru_cache(maxsize=4)
def read(message: str) -> tuple[Line, ...]:
    """The top lines of a solver's message, the others below them."""
    tops: list[Line] = []
    path: list[tuple[int, Line]] = []
    for raw in _HEADER.sub("", message).splitlines():
        text = raw.lstrip("│├└─ \t")
        if not text.strip():
            continue
        if text.strip() == _SECTION:
            path.clear()
            continue
        depth = len(raw) - len(text)
        line = _line(text.strip())
        while path and path[-1][0] >= depth:
            path.pop()
        (path[-1][1].below if path else tops).append(line)
        path.append((depth, line))
    return tuple(tops)


def _line(text: str) -> Line:
    if found := _CONSTRAINT.fullmatch(text):
        name, _, rest = found["spec"].partition(" ")
        return Line("constraint", name, rest, "clash")
    if found := _LOCKED.fullmatch(text):
        return Line("locked", found["name"], found["version"], "clash")
    if found := _NO_CANDIDATES.fullmatch(text):
        name, rest = _split(found["spec"])
        return Line("spec", name, rest, "missing")
    for pattern, fate in _FATES:
        if found := pattern.fullmatch(text):
            name, rest = _split(found[1])
            kind: Kind = "versions" if fate in ("requires", "constrains") else "spec"
            return Line(kind, name, rest, fate)
    name, rest = _split(text)
    return Line("versions" if rest else "other", name, rest, "plain")


def _split(spec: str) -> tuple[str, str]:
    """The name, and what comes after it; ``*`` is nothing."""
    found = re.match(r"[^\s\[]+", spec)
    name = found.group() if found else spec
    rest = spec[len(name) :].strip()
    return name, "" if rest == "*" else rest
