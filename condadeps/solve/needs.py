"""What a project needs: its metadata's requirements, read for one target.

Markers (PEP 508) are decided here, once, for the interpreter and platform that will
run the project; what is left is plain: projects, specifiers, extras.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from condadeps.names.namespaces import ProjectName


@dataclass(frozen=True, slots=True)
class Need:
    """One project, at a version the specifier admits, with these extras (normalised, PEP 685)."""

    project: ProjectName
    specifier: SpecifierSet = field(default_factory=SpecifierSet)
    extras: frozenset[str] = frozenset()
    url: str | None = None
    """The requirement names this one place (``name @ URL``)."""

    def __str__(self) -> str:
        extras = f"[{','.join(sorted(self.extras))}]" if self.extras else ""
        place = f" @ {self.url}" if self.url else ""
        specifier = spelled(self.specifier)
        return f"{self.project}{extras}{' ' + specifier if specifier else ''}{place}"


@dataclass(frozen=True, slots=True)
class Needs:
    """What one version of a project needs, always and for each of its extras."""

    always: tuple[Need, ...] = ()
    extras: Mapping[str, tuple[Need, ...]] = field(default_factory=dict)
    """Every extra the version provides, normalised; an extra that asks for nothing more has ``()``."""


def spelled(specifier: SpecifierSet) -> str:
    """A specifier as a person writes it: lower bounds first, ``>=1,<2``.

    >>> spelled(SpecifierSet("<2,!=1.5,>=1"))
    '>=1,!=1.5,<2'
    """
    order = {"===": 0, "==": 0, "~=": 1, ">": 2, ">=": 2, "!=": 3, "<": 4, "<=": 4}
    return ",".join(str(s) for s in sorted(specifier, key=lambda s: (order[s.operator], s.version)))


def need(requirement: Requirement) -> Need:
    """A requirement without its marker."""
    return Need(
        ProjectName(requirement.name),
        requirement.specifier,
        frozenset(canonicalize_name(extra) for extra in requirement.extras),
        requirement.url,
    )


def read(requires: Iterable[Requirement], provides: Iterable[str], markers: Mapping[str, str]) -> Needs:
    """Decide every marker for the target.

    ``requires`` is Requires-Dist, ``provides`` Provides-Extra, ``markers`` the target's PEP 508
    environment. A requirement that holds without any extra is in ``always`` only.
    """
    names = tuple(dict.fromkeys(canonicalize_name(extra) for extra in provides))
    always: list[Need] = []
    extras: dict[str, list[Need]] = {name: [] for name in names}
    for requirement in requires:
        if holds(requirement, markers):
            always.append(need(requirement))
            continue
        if "extra" not in str(requirement.marker):
            continue
        for name in names:
            if holds(requirement, markers, name):
                extras[name].append(need(requirement))
    return Needs(tuple(always), {name: tuple(found) for name, found in extras.items()})


def holds(requirement: Requirement, markers: Mapping[str, str], extra: str = "") -> bool:
    """Whether the requirement's marker is true for the target, with this extra asked for."""
    if requirement.marker is None:
        return True
    return _holds(str(requirement.marker), tuple(markers.items()), extra)


@lru_cache(maxsize=65536)
def _holds(marker: str, markers: tuple[tuple[str, str], ...], extra: str) -> bool:
    """The same few markers recur in thousands of requirements; evaluating one costs 20 µs."""
    from packaging.markers import Marker

    return Marker(marker).evaluate({**dict(markers), "extra": extra})
