"""Requirements as metadata has them (PEP 508), read and decided with ``packaging``.

Its parser takes a while to load, and most calls need none: what is installed is judged by name and version.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet


@functools.lru_cache(maxsize=4096)
def requirement(line: str) -> Requirement | None:
    """One PEP 508 requirement, parsed once a process; None when it is none."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(line)
    except InvalidRequirement:
        return None


def holds(requirement: Requirement, markers: Mapping[str, str], extra: str = "") -> bool:
    """Whether the requirement's marker is true for the target, with this extra asked for."""
    if requirement.marker is None:
        return True
    return requirement.marker.evaluate({**markers, "extra": extra})


def spelled(specifier: SpecifierSet) -> str:
    """A specifier as a person writes it: lower bounds first, ``>=1,<2``.

    >>> spelled(SpecifierSet("<2,!=1.5,>=1"))
    '>=1,!=1.5,<2'
    """
    order = {"===": 0, "==": 0, "~=": 1, ">": 2, ">=": 2, "!=": 3, "<": 4, "<=": 4}
    return ",".join(str(s) for s in sorted(specifier, key=lambda s: (order[s.operator], s.version)))
