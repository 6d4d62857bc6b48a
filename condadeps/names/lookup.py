"""``condadeps which``: what a bare name means, why, and which traps lie near it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from condadeps.names.homes import Home, Homes
from condadeps.names.imports import advice
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.reading import Means, Reading, read


@cache
def shipped_homes() -> Homes:
    """The homes by the table and the curated list, without anybody's overrides."""
    return Homes()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one bare name means. Prints as text; :meth:`to_json` gives it as data."""

    name: str
    """As it was asked."""
    means: Means
    package: PackageName | None
    """The conda package it is read as; None for PyPI's project."""
    project: ProjectName | None
    """The project it is read as; None for a conda package that is asked for as such."""
    home: Home | None
    """The home of PyPI's project of that name; None for a name no project can have."""
    shippers: tuple[PackageName, ...]
    """Every conda package with that project inside, in alphabetical order."""
    ships: tuple[ProjectName, ...] | None
    """What conda's package of that name ships; None when there is no such package."""
    traps: tuple[str, ...]
    """Other things of the name, each with what to type for it; what the configuration forbids."""
    barred: str = ""
    """Why the configuration does not let conda bring it."""

    @property
    def reason(self) -> str:
        """Why it means that, in a clause."""
        if self.barred:
            return self.barred
        if self.means == "package":
            shipped = " and ".join(self.ships or ())
            return (
                f"a conda package that ships {shipped}"
                if shipped
                else "a conda package, not a Python project"
            )
        return self.home.reason if self.home else ""

    def to_json(self) -> dict[str, Any]:
        """Plain data, under stable keys."""
        home = self.home
        return {
            "name": self.name,
            "means": self.means,
            "package": self.package,
            "project": self.project,
            "home": home.package if home else None,
            "constraint": home.constraint if home else "",
            "rule": home.rule if home else "none",
            "reason": self.reason,
            "shippers": list(self.shippers),
            "ships": None if self.ships is None else list(self.ships),
            "traps": list(self.traps),
        }

    def __str__(self) -> str:
        if self.means == "pypi":
            means = f"PyPI's {self.project}"
        elif self.means == "package":
            means = f"conda's package {self.package}"
        else:
            means = f"PyPI's {self.project}, conda's {self.home.spec if self.home else self.package}"
        told = any(self.reason in trap for trap in self.traps)
        reason = [] if told else [self.reason]
        return "\n    ".join([f"{self.name}: {means}", *reason, *(f"beware: {trap}" for trap in self.traps)])


class Answers(list[Answer]):
    """Several answers: a list that prints as text."""

    basis: str = ""
    """What they are based on, a sentence; it is printed last."""

    def to_json(self) -> list[dict[str, Any]]:
        """Plain data, an object for each name."""
        return [answer.to_json() for answer in self]

    def __str__(self) -> str:
        return "\n".join([*map(str, self), *([self.basis] if self.basis else [])])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def which(
    names: Iterable[str],
    homes: Homes | None = None,
    in_channel: Callable[[PackageName], bool] | None = None,
    *,
    not_conda: Callable[[ProjectName], str] | None = None,
    not_pypi: Callable[[ProjectName], str] | None = None,
) -> Answers:
    """What each of ``names`` means, typed by a person.

    ``homes`` are the shipped table's unless given. ``in_channel`` tells what the configured channels have;
    without it, it is supposed that they are conda-forge as the table knows it. ``not_conda`` and ``not_pypi``
    say why the configuration does not let conda, or PyPI, bring a project (``""``: it does).

    Raises RequestError for what is no name, NotFoundError for one that neither world can have.
    """
    homes = homes or shipped_homes()
    known = in_channel or _in_table(homes)
    answers = (_one(name, homes, known) for name in names)
    return Answers(_allowed(one, not_conda or _nothing, not_pypi or _nothing) for one in answers)


def _nothing(project: ProjectName) -> str:
    return ""


def _allowed(
    answer: Answer, not_conda: Callable[[ProjectName], str], not_pypi: Callable[[ProjectName], str]
) -> Answer:
    """``answer`` as the configuration leaves it."""
    if answer.project is None:
        return answer
    barred, closed = not_conda(answer.project), not_pypi(answer.project)
    if barred:
        answer = replace(answer, means="pypi", package=None, barred=barred)
    if closed and answer.means == "pypi":
        answer = replace(answer, traps=(*answer.traps, f"it may not come from PyPI: {closed}"))
    return answer


def _one(name: str, homes: Homes, in_channel: Callable[[PackageName], bool]) -> Answer:
    reading = read(name, homes, in_channel)
    project = reading.home.project if reading.home else None
    return Answer(
        name=name,
        means=reading.means,
        package=reading.package,
        project=reading.project,
        home=reading.home,
        shippers=homes.shippers(project) if project else (),
        ships=homes.ships(PackageName(name)),
        traps=_told(name, reading),
    )


def _told(name: str, reading: Reading) -> tuple[str, ...]:
    told = advice(name)
    return (*reading.notes, told) if told else reading.notes


def _in_table(homes: Homes) -> Callable[[PackageName], bool]:
    return lambda package: homes.ships(package) is not None
