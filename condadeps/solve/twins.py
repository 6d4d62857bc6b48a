"""Two conda packages that bring one project: the files of one lie over the other's.

Conda has no rule against it, and the table of names cannot forbid it: it tells what any version of a package
ever held. So it is told, of new packages, where it is as good as sure: both are the project and nothing else,
at one version or under one name, and neither leaves the files to another of them, as a metapackage does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.limits import embodiments
from condadeps.solve.reasons import Reasons, spec_name

if TYPE_CHECKING:
    from rattler import RepoDataRecord


def twins(new: Collection[PackageName], reasons: Reasons, homes: Homes) -> Iterator[str]:
    """A warning for each project that one of the ``new`` packages and another package both bring."""
    conda = reasons.solution.conda
    for project in sorted({project for name in new for project in homes.ships(name) or ()}):
        shippers = {name for name in homes.shippers(project) if name in conda}
        if len(shippers) < 2:
            continue
        with_files = {name for name in shippers if not _needed(name, conda) & shippers}
        found = [name for name in embodiments(project, homes) if name in with_files]
        for position, first in enumerate(found):
            for other in found[position + 1 :]:
                if (first in new or other in new) and _alike(conda[first], conda[other], project):
                    told = " and ".join(f"{reasons.label(n)} ({reasons.of(n)})" for n in (first, other))
                    yield f"conda's {told} both bring {project}: one's files lie over the other's"


def _alike(first: RepoDataRecord, other: RepoDataRecord, project: ProjectName) -> bool:
    names = (record.name.normalized.replace("_", "-").replace(".", "-") for record in (first, other))
    return first.version == other.version or all(name == project for name in names)


def _needed(name: PackageName, conda: Mapping[PackageName, RepoDataRecord]) -> set[PackageName]:
    """All that a package needs, directly or not."""
    found: set[PackageName] = set()
    todo = [name]
    while todo:
        for text in conda[todo.pop()].depends:
            needed = spec_name(text)
            if needed in conda and needed not in found:
                found.add(PackageName(needed))
                todo.append(PackageName(needed))
    return found - {name}
