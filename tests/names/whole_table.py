"""The shipped table, read by eye's rules rather than by the program's: what the tests compare with."""

from __future__ import annotations

import re
from functools import cache

from condadeps.names.table import SHIPPED


def normal(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


@cache
def ships() -> dict[str, list[str]]:
    """Every package of the shipped file and the projects it ships."""
    head, *lines = SHIPPED.read_text("ascii").splitlines()
    start = int(re.search(r"projects-at=0*(\d+)", head)[1])  # type: ignore[index]
    found: dict[str, list[str]] = {}
    at = len(head) + 1
    for line in lines:
        if at >= start:
            break
        at += len(line) + 1
        name, _, projects = line.partition("\t")
        found[name] = [normal(name)] if projects == "=" else projects.split()
    return found


@cache
def shippers() -> dict[str, list[str]]:
    """Every project and the packages that ship it."""
    found: dict[str, list[str]] = {}
    for package, projects in ships().items():
        for project in projects:
            found.setdefault(project, []).append(package)
    return found


def ruled_home(project: str) -> str | None:
    """The home by the design's rules 3 to 6, written down a second time and otherwise."""
    by = shippers().get(project, [])
    if project in by:
        return project
    same = sorted(p for p in by if normal(p) == project)
    if same:
        return same[0]
    few = [p for p in by if len(ships()[p]) <= 3]
    for wanted in (
        f"python-{project}",
        f"{project}-python",
        f"py-{project}",
        f"{project}-py",
        f"{project}-py",  # N.py, which normalisation makes this
    ):
        named = sorted(p for p in few if normal(p) == wanted)
        if named:
            return named[0]
    if few:
        few.sort()
        few.sort(key=len)
        few.sort(key=lambda p: re.search(r"-(base|core|cpu|gpu|impl)$", p) is not None)
        few.sort(key=lambda p: re.match(r"_|lib", p) is not None)
        few.sort(key=lambda p: len(ships()[p]))
        return few[0]
    for wanted in (f"{project}-core", f"{project}-base"):
        named = sorted(p for p in by if normal(p) == wanted)
        if named:
            return named[0]
    return None
