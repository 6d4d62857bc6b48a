"""When a line's constraint stays as written, and what replaces it when it cannot.

Constraints are what stands after a name, in the grammar of the line's manager:
conda's (``=2``, ``>=2,<3``, ``=1.2=py*``) or pip's (``==2``, ``~=1.4``).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Literal

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from condadeps.prefix.conda_version import CondaVersion, satisfies

Manager = Literal["conda", "pip"]
Pin = Literal["exact", "minor", "compatible", "none"]
"""How the version of a bare request is written: ``=3.1.1``, ``=3.1``, ``>=3.1.1,<4``, nothing."""

Clause = tuple[str, str]
"""An operator and a version; ``=*`` stands for "that version or finer" in both grammars."""

_RELEASE = re.compile(r"(?:[0-9]+!)?([0-9]+(?:\.[0-9]+)*)")
_CLAUSE = re.compile(r"\s*(~=|==|!=|<=|>=|=|<|>)?\s*([0-9A-Za-z_.!+*-]+)\s*")
_ORDER = (">", ">=", "==", "=*", "~=", "!=", "<", "<=")


def pinned(version: str, manager: Manager, pin: Pin = "exact") -> str:
    """The constraint that records ``version`` for somebody who named none; ``""`` when it is not known."""
    exact = f"={version}" if manager == "conda" else f"=={version}"
    release = _RELEASE.fullmatch(version)
    if pin == "none" or not version:
        return ""
    if pin == "exact" or release is None:
        return exact
    numbers = release[1].split(".")
    epoch = version[: release.start(1)]
    if pin == "minor":
        stem = epoch + ".".join(numbers[:2])
        return f"={stem}" if manager == "conda" else f"=={stem}.*"
    return f">={version},<{epoch}{_next_breaking(numbers)}"


def _next_breaking(numbers: list[str]) -> str:
    """The version after which a project may break: ``4`` for 3.1.1, ``0.14`` for 0.13.2."""
    leading = next((place for place, number in enumerate(numbers) if int(number)), len(numbers) - 1)
    return ".".join([*numbers[:leading], str(int(numbers[leading]) + 1)])


def admits(constraint: str, version: str, manager: Manager) -> bool | None:
    """Whether ``constraint`` lets ``version`` in; None when that cannot be told (a build, a URL)."""
    if not constraint.strip():
        return True
    if manager == "conda":
        return satisfies(version, constraint.strip())
    try:
        return SpecifierSet(constraint).contains(Version(version), prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return None


def settled(line: str, asked: str, version: str, manager: Manager, pin: Pin = "exact") -> str:
    """The constraint to stand in a line that has ``line`` when ``asked`` came to ``version``.

    What is written stays while it holds and the request is no narrower; a narrower request
    narrows it; what no longer holds gives way to the request, or to ``version`` pinned.
    """
    holds = admits(line, version, manager) is not False
    if not asked.strip():
        return line if holds else pinned(version, manager, pin)
    if not holds:
        return asked
    if implies(line, asked, manager):
        return line
    if implies(asked, line, manager):
        return asked
    return _narrowed(line, asked, manager)


def implies(narrow: str, wide: str, manager: Manager) -> bool:
    """Whether every version ``narrow`` admits is surely admitted by ``wide``."""
    if not wide.strip() or "".join(narrow.split()) == "".join(wide.split()):
        return True
    ours, theirs = _clauses(narrow, manager), _clauses(wide, manager)
    if ours is None or theirs is None:
        return False
    return all(any(_covers(one, other, manager) for one in ours) for other in theirs)


def _narrowed(line: str, asked: str, manager: Manager) -> str:
    """Both at once when that can be written plainly, else what was asked."""
    ours, theirs = _clauses(line, manager), _clauses(asked, manager)
    if not ours or not theirs:
        return asked
    kept = [one for one in ours if not any(_covers(other, one, manager) for other in theirs)]
    added = [other for other in theirs if not any(_covers(one, other, manager) for one in kept)]
    both = sorted([*kept, *added], key=lambda clause: _ORDER.index(clause[0]))
    return ",".join(_written(clause, manager) for clause in both)


def _clauses(constraint: str, manager: Manager) -> list[Clause] | None:
    """The comma-separated clauses, None for what is more than that (alternatives, builds, URLs)."""
    found: list[Clause] = []
    for part in constraint.split(","):
        match = _CLAUSE.fullmatch(part)
        if not match:
            return None
        operator, literal = match[1] or "==", match[2]
        if literal.endswith(".*") and operator in ("=", "=="):
            operator, literal = "=*", literal[:-2]
        elif operator == "=":
            operator = "=*"
        elif operator == "~=":
            stem = literal.rpartition(".")[0]
            found.append((">=", literal))
            operator, literal = "=*", stem
        if "*" in literal and operator != "!=":
            return None
        try:
            _key(manager)(literal.removesuffix(".*"))
        except ValueError:
            return None
        found.append((operator, literal))
    return found


def _written(clause: Clause, manager: Manager) -> str:
    operator, literal = clause
    if operator == "=*":
        return f"={literal}" if manager == "conda" else f"=={literal}.*"
    return operator + literal


def _key(manager: Manager) -> Callable[[str], Any]:
    """How versions are ordered: InvalidVersion, too, is a ValueError."""
    return CondaVersion if manager == "conda" else Version


def _covers(one: Clause, other: Clause, manager: Manager) -> bool:
    """Whether what ``one`` admits, ``other`` admits."""
    if one == other:
        return True
    operator, wanted = other
    if operator == "!=" and wanted.endswith("*"):
        return False
    if one[0] == "==":
        return admits(_written(other, manager), one[1], manager) is True
    key = _key(manager)
    if one[0] == "=*":
        return _stem_covers(one[1], operator, wanted, key, manager)
    mine, theirs = key(one[1]), key(wanted)
    match one[0], operator:
        case (">=" | ">", ">=") | (">", ">"):
            return bool(mine >= theirs)
        case (">=", ">"):
            return bool(mine > theirs)
        case ("<=" | "<", "<=") | ("<", "<"):
            return bool(mine <= theirs)
        case ("<=", "<"):
            return bool(mine < theirs)
    return False


def _stem_covers(stem: str, operator: str, wanted: str, key: Callable[[str], Any], manager: Manager) -> bool:
    """Whether ``stem`` and all that is finer meets ``operator wanted``."""
    if operator == "=*":
        return stem == wanted or stem.startswith(f"{wanted}.")
    if operator in (">=", ">"):
        return bool(key(stem) > key(wanted)) or (operator == ">=" and key(stem) == key(wanted))
    if operator in ("<", "<=") and _RELEASE.fullmatch(stem):
        head, dot, last = stem.rpartition(".")
        return bool(key(f"{head}{dot}{int(last) + 1}" if last.isdigit() else stem) <= key(wanted))
    return False
