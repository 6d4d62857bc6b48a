"""The curated list: projects whose home the rules would get wrong and names that are traps, with reasons.

``data/curated.tsv`` has a line for each: the project, its home (a MatchSpec, or ``-``, ``=`` or ``!`` for
none), and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.values import dataclass

LIST = Path(__file__).parent / "data" / "curated.tsv"


@dataclass(frozen=True, slots=True)
class Curated:
    """One line of the list."""

    project: ProjectName
    package: PackageName | None
    constraint: str
    reason: str
    same: bool = False
    """Whether conda's package of that name is the same thing, though it is not the project's home."""
    placeholder: bool = False
    """Whether what PyPI has of that name is there to keep the name, and refuses to be built."""


@cache
def homes() -> Mapping[ProjectName, Curated]:
    """The shipped list, by project."""
    return read(LIST.read_text("utf-8"))


def read(text: str) -> dict[ProjectName, Curated]:
    """The list that ``text`` holds. Raises ValueError, with the number of a line that cannot be read.

    >>> read("pyqt5\\tpyqt =5\\tall of PyQt5 is in pyqt")[ProjectName("pyqt5")].constraint
    '=5'
    """
    found: dict[ProjectName, Curated] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        fields = line.split("\t")
        if len(fields) != 3 or not all(fields):
            raise ValueError(f"line {number}: not a project, a home and a reason")
        name, _, constraint = fields[1].partition(" ")
        project = ProjectName(fields[0])
        if project in found:
            raise ValueError(f"line {number}: {project} is there already")
        package = None if name in ("-", "=", "!") else PackageName(name)
        found[project] = Curated(project, package, constraint, fields[2], name == "=", name == "!")
    return found
