"""What the environment file says was asked for: its lines less those written only for another's sake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from condadeps.errors import RecordError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.record import glance
from condadeps.record.environment import MAX_BYTES
from condadeps.record.place import environment_name
from condadeps.record.sheet import Sheet, conda_name, pip_entry, pip_name


@dataclass(frozen=True, slots=True)
class Listed:
    """The names of one environment file."""

    packages: frozenset[PackageName] = frozenset()
    projects: frozenset[ProjectName] = frozenset()
    extras: Mapping[ProjectName, frozenset[str]] = field(default_factory=dict)


def listed(path: Path, prefix: Path) -> Listed:
    """What ``path`` lists for the environment at ``prefix``; nothing when it is another's, or none."""
    try:
        sheet = glance.sheet(path, MAX_BYTES)
    except (RecordError, OSError):
        return Listed()
    if sheet is None or sheet.name not in (None, environment_name(prefix)):
        return Listed()
    return _listed(sheet)


def extras_added(before: str | None, after: str | None, path: Path) -> Mapping[ProjectName, frozenset[str]]:
    """The extras that one text of the file ``path`` lists and the one before it does not."""
    try:
        old, new = (_listed(glance.parsed(text, path)) if text else Listed() for text in (before, after))
    except RecordError:
        return {}
    return {project: extras - old.extras.get(project, frozenset()) for project, extras in new.extras.items()}


def _listed(sheet: Sheet) -> Listed:
    packages = set()
    for line in sheet.conda:
        name = None if line.opaque or line.needed_by else conda_name(line.text)
        if name is not None:
            packages.add(PackageName(name))
    projects: set[ProjectName] = set()
    extras: dict[ProjectName, frozenset[str]] = {}
    for line in sheet.pip:
        project = None if line.opaque else pip_name(line.text)
        if project is not None:
            entry = pip_entry(line.text)
            projects.add(project)
            extras[project] = entry.extras if entry else frozenset()
    return Listed(frozenset(packages), frozenset(projects), extras)
