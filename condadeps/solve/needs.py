"""What a project needs: its metadata's requirements, read for one target.

Markers (PEP 508) are decided here, once, for the interpreter and platform that will
run the project; what is left is plain: projects, specifiers, extras.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from condadeps.names.namespaces import ProjectName
from condadeps.prefix.requirements import holds, requirement, spelled
from condadeps.values import dataclass


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


def need(requirement: Requirement, places: bool = True) -> Need:
    """A requirement without its marker; without ``places``, ``name @ URL`` is ``name``."""
    return Need(
        ProjectName(requirement.name),
        requirement.specifier,
        frozenset(canonicalize_name(extra) for extra in requirement.extras),
        requirement.url if places else None,
    )


def read(
    requires: Iterable[str], provides: Iterable[str], markers: Mapping[str, str], *, places: bool = True
) -> Needs:
    """Decide every marker for the target.

    ``requires`` is Requires-Dist, as written, ``provides`` Provides-Extra, ``markers`` the target's PEP 508
    environment. A requirement that holds without any extra is in ``always`` only; what cannot be parsed
    is in none. ``places`` is False for what is installed, wherever that was taken from.
    """
    always: list[Need] = []
    optional: list[str] = []
    for line in requires:
        if _is_extra_s(line):
            optional.append(line)
            continue
        found = requirement(line)
        if found is None:
            continue
        if holds(found, markers):
            always.append(need(found, places))
        elif "extra" in line:
            optional.append(line)
    names = tuple(dict.fromkeys(canonicalize_name(extra) for extra in provides))
    return Needs(tuple(always), _Extras(names, tuple(optional), markers, places))


class _Extras(Mapping[str, tuple[Need, ...]]):
    """What extras need, decided when one is asked about: metadata lists many, and few are asked for."""

    def __init__(
        self, names: tuple[str, ...], requires: tuple[str, ...], markers: Mapping[str, str], places: bool
    ) -> None:
        self._names = names
        self._requires = requires
        self._markers = markers
        self._places = places
        self._known: dict[str, tuple[Need, ...]] = {}

    def __getitem__(self, name: str) -> tuple[Need, ...]:
        if name not in self._names:
            raise KeyError(name)
        if name not in self._known:
            parsed = (found for line in self._requires if (found := requirement(line)) is not None)
            self._known[name] = tuple(
                need(one, self._places) for one in parsed if holds(one, self._markers, name)
            )
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def _is_extra_s(line: str) -> bool:
    """Whether a marker surely holds for some extra only, which most do: ``… and extra == "name"``.

    Seen without parsing: some metadata lists hundreds of these.
    """
    marker = line.partition(";")[2]
    return _EXTRA.search(marker) is not None and _OR.search(marker) is None


_EXTRA = re.compile(r"""\bextra ?== ?["'][^"']""")
_OR = re.compile(r"\bor\b")
