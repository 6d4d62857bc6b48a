"""``condadeps which``: what a bare name means, why, and which traps lie near it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from condadeps.names.homes import Home, Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.names.reading import Means, read


@cache
def shipped_homes() -> Homes:
    """The homes by the table and the curated list, without anybody's overrides."""
    return Homes()


@dataclass(frozen=True, slots=True)
class Answer:
    """What one bare name means. Prints as text; :meth:`to_json` gives it as data."""

    name: str
    means: Means
    package: PackageName | None
    """The conda package it is read as; None for PyPI's project."""
    project: ProjectName | None
    home: Home | None
    """The home of the project so named; None for a name no project can have."""
    shippers: tuple[PackageName, ...]
    """Every conda package with that project inside."""
    traps: tuple[str, ...]

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
            "reason": home.reason if home else "",
            "rule": home.rule if home else "none",
            "shippers": list(self.shippers),
            "traps": list(self.traps),
        }

    def __str__(self) -> str:
        return self.name


def which(
    name: str, homes: Homes | None = None, in_channel: Callable[[PackageName], bool] | None = None
) -> Answer:
    """What ``name`` means to ``homes`` (default: the shipped table's).

    ``in_channel`` tells what the configured channels have; without it, what conda-forge has by the table.
    """
    homes = homes or shipped_homes()
    known = in_channel or (lambda package: homes.ships(package) is not None)
    reading = read(name, homes, known)
    project = reading.home.project if reading.home else None
    return Answer(
        name,
        reading.means,
        reading.package,
        reading.project,
        reading.home,
        homes.shippers(project) if project else (),
        reading.notes,
    )
