"""Conda's versions and their order (CEP 33), enough to judge what is installed without the engine.

The order and the clauses are those of conda's ``VersionOrder`` and ``VersionSpec``; where the
implementations in the field differ, :func:`satisfies` says None: the engine decides then.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from itertools import zip_longest

Part = int | float | str
Component = tuple[Part, ...]

_RUNS = re.compile(r"[0-9]+|[*]+|[^0-9*]+")
_VALID = re.compile(r"[*.+!_0-9a-z]+")
_CLAUSE = re.compile(r"(~=|==|!=|<=|>=|=|<|>)?([0-9A-Za-z_.!+*-]+)")


@functools.total_ordering
class CondaVersion:
    """One version. Raises ValueError for text that is none."""

    __slots__ = ("epoch", "local", "release", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        lowered = text.strip().lower()
        if "-" in lowered and "_" not in lowered:
            lowered = lowered.replace("-", "_")
        if not _VALID.fullmatch(lowered):
            raise ValueError(f"{text!r} is no version")
        epoch, _, rest = lowered.rpartition("!")
        if epoch and not epoch.isdigit():
            raise ValueError(f"{text!r} is no version")
        release, plus, local = rest.partition("+")
        self.epoch = int(epoch or 0)
        self.release = _components(release)
        self.local = _components(local) if plus else ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CondaVersion) and not self < other and not other < self

    def __lt__(self, other: CondaVersion) -> bool:
        if self.epoch != other.epoch:
            return self.epoch < other.epoch
        return (_compare(self.release, other.release) or _compare(self.local, other.local)) < 0

    def __hash__(self) -> int:
        return hash(self.epoch)  # 1.0 == 1.0.0, so nothing longer will do

    def begins_with(self, stem: CondaVersion) -> bool | None:
        """Whether this is ``stem`` or finer (``1.2.3`` of ``1.2``); None when it has fewer components."""
        if stem.local or self.epoch != stem.epoch:
            return None
        if len(self.release) < len(stem.release):
            return None
        *whole, last = stem.release
        if any(_compare_component(a, b) for a, b in zip(self.release, whole, strict=False)):
            return False
        mine = self.release[len(whole)]
        if len(mine) < len(last):
            return None
        if mine[: len(last) - 1] != last[:-1]:
            return False
        end, wanted = mine[len(last) - 1], last[-1]
        if isinstance(end, str) and isinstance(wanted, str):
            return True if end == wanted else None
        return end == wanted


def satisfies(version: str, spec: str) -> bool | None:
    """Whether ``version`` meets ``spec`` (``>=1,<2|3.*``, ``=1.2``, ``1.2``); None when that is not sure."""
    try:
        return _any(_all(_clause(version, clause) for clause in part.split(",")) for part in spec.split("|"))
    except ValueError:
        return None


def _any(answers: Iterable[bool | None]) -> bool | None:
    told = set(answers)
    return True if True in told else None if None in told else False


def _all(answers: Iterable[bool | None]) -> bool | None:
    told = set(answers)
    return False if False in told else None if None in told else True


def _clause(version: str, clause: str) -> bool | None:
    match = _CLAUSE.fullmatch(clause.strip())
    if match is None:
        return None
    operator, literal = match.group(1) or "", match.group(2)
    if literal == "*":
        return True if operator in ("", "=", "==") else None
    stem = literal.rstrip("*").rstrip(".")
    glob = stem != literal
    if glob and not literal.endswith(".*"):
        return None
    mine, wanted = CondaVersion(version), CondaVersion(stem)
    if operator == "=" or (glob and operator == ""):
        return mine.begins_with(wanted)
    if glob:
        begins = mine.begins_with(wanted) if operator == "!=" else None
        return None if begins is None else not begins
    match operator:
        case "" | "==":
            return mine == wanted
        case "!=":
            return mine != wanted
        case "<=":
            return mine <= wanted
        case ">=":
            return mine >= wanted
        case "<":
            return mine < wanted
        case ">":
            return mine > wanted
    return _compatible(mine, literal)


def _compatible(mine: CondaVersion, literal: str) -> bool | None:
    stem, dot, _ = literal.rpartition(".")
    if not dot:
        return None
    return _all([mine >= CondaVersion(literal), mine.begins_with(CondaVersion(stem))])


def _components(text: str) -> tuple[Component, ...]:
    trailing = text.endswith("_")
    pieces = text.rstrip("_").replace("_", ".").split(".")
    if trailing:
        pieces[-1] += "_"
    return tuple(map(_component, pieces))


def _component(text: str) -> Component:
    runs = _RUNS.findall(text)
    if not runs:
        raise ValueError("a version has an empty component")
    parts = tuple(_part(run) for run in runs)
    return parts if text[0].isdigit() else (0, *parts)


def _part(run: str) -> Part:
    if run.isdigit():
        return int(run)
    if run == "post":
        return float("inf")  # after all numbers
    return "DEV" if run == "dev" else run  # upper case is before all other text


def _compare(one: tuple[Component, ...], other: tuple[Component, ...]) -> int:
    return next(
        filter(None, (_compare_component(a, b) for a, b in zip_longest(one, other, fillvalue=(0,)))), 0
    )


def _compare_component(one: Component, other: Component) -> int:
    for a, b in zip_longest(one, other, fillvalue=0):
        if isinstance(a, str) != isinstance(b, str):
            return -1 if isinstance(a, str) else 1
        if a != b:
            return -1 if a < b else 1  # type: ignore[operator]
    return 0
