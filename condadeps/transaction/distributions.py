"""The files of what pip installed, so that they can leave with the rest of a change.

pip's own rules of uninstalling: what ``RECORD`` lists (PEP 376), inside the environment,
and the bytecode of it. Nothing that belongs to a conda package.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from condadeps.errors import TransactionError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import installed
from condadeps.prefix.installed import Distribution
from condadeps.prefix.target import Target, inside
from condadeps.transaction.owners import Owners


def gone(target: Target, projects: Collection[ProjectName], owners: Owners) -> set[str]:
    """The paths that go when pip's copies of ``projects`` go, relative to the environment.

    Copies that conda put there are left to conda. Raises TransactionError for one that
    does not say which files are its own.
    """
    return {
        path
        for copy in _copies(target, projects)
        if not _is_condas(copy, target, owners)
        for path in _files(copy, target.prefix)
        if path not in owners
    }


def clobbered(target: Target, projects: Collection[ProjectName], owners: Owners) -> set[PackageName]:
    """The conda packages among whose files pip's copies of ``projects`` put their own."""
    found: set[PackageName | None] = set()
    for copy in _copies(target, projects):
        if copy.installer not in ("conda", ""):
            found |= {owners.of(path) for path in copy_files(copy, target.prefix)}
    return {name for name in found if name is not None}


def copy_files(copy: Distribution, prefix: Path) -> Iterator[str]:
    """What ``RECORD`` lists inside the environment, whoever else may own it."""
    for entry in copy.files:
        path = inside(prefix, Path(os.path.normpath(copy.location.parent / entry)))
        if path is not None:
            yield path


def _copies(target: Target, projects: Collection[ProjectName]) -> Iterator[Distribution]:
    found = installed.index(target)
    for project in projects:
        first = found.get(project)
        yield from (first, *first.others) if first else ()


def _is_condas(copy: Distribution, target: Target, owners: Owners) -> bool:
    metadata = inside(target.prefix, copy.location)
    return metadata is None or f"{metadata}/METADATA" in owners or metadata in owners


def _files(distribution: Distribution, prefix: Path) -> Iterator[str]:
    location = distribution.location
    base = location.parent
    listed: Collection[str] = distribution.files
    if not listed and (location / "installed-files.txt").exists():
        base, listed = location, (location / "installed-files.txt").read_text("utf-8").splitlines()
    if not listed and distribution.exists:
        raise TransactionError(
            f"{distribution.project} {distribution.version} cannot be uninstalled: it lists no files",
            detail=[str(location)],
            help=f"uninstall it the way it came, or remove {location} and its files by hand",
            restored=True,
        )
    for entry in listed:
        path = inside(prefix, Path(os.path.normpath(base / entry)))
        if path is not None:
            yield path
    for folder, _, names in os.walk(location):
        for name in names:  # what a tool added later, and leftovers that have no record
            path = inside(prefix, Path(folder) / name)
            if path is not None:
                yield path
