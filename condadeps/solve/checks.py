"""What can be told before any solving: a name nobody has, a version that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from condadeps.asked.request import Bare, Project
from condadeps.errors import NotFoundError, NoVersionError, RequestError
from condadeps.names.imports import advice
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.requirements import spelled
from condadeps.solve.discover import Discovery
from condadeps.solve.universe import Entry
from condadeps.solve.wanted import Wanted

NEAR = 5
SHOWN = 8
"""How many versions or near names a message lists."""


async def check(items: Sequence[Wanted], discovery: Discovery) -> None:
    """Raises NotFoundError, NoVersionError or RequestError for the first request nothing can meet."""
    await _check_packages([item for item in items if item.package and item.applies], discovery)
    for item in items:
        if item.need is None or not item.applies or item.need.project not in discovery.universe.entries:
            continue
        entry = discovery.universe.entries[item.need.project]
        if entry.nowhere:
            raise await _nowhere(item, entry, discovery)
        if not (entry.admitted(item.need.specifier) & entry.available()):
            raise _no_version(item, entry, discovery)


async def _check_packages(items: Sequence[Wanted], discovery: Discovery) -> None:
    from rattler import MatchSpec
    from rattler.exceptions import InvalidMatchSpecError

    conda = discovery.conda
    if not items or conda is None:
        return
    records = await conda.records(sorted({item.package for item in items if item.package}))
    for item in items:
        assert item.package is not None
        try:
            spec = MatchSpec(item.spec)
        except InvalidMatchSpecError as error:
            raise RequestError(
                f"{item.shown}: {error}", text=item.shown, position=None, origin=str(item.request.origin)
            ) from None
        found = records.get(item.package) or []
        if not found and item.package not in discovery.installed.packages:
            raise await _no_package(item, item.package, discovery)
        if found and not any(spec.matches(record) for record in found):
            versions = _newest_conda({str(record.version) for record in found})
            raise NoVersionError(
                f"no configured channel has {item.shown}",
                detail=[f"{item.package} exists as {_listed(versions)}"],
                help=advice(_typed(item)) or None,
                name=str(item.package),
                asked=item.spec,
                available=versions,
            )


def _typed(item: Wanted) -> str:
    """The name in a request, as it was typed: a module's name is told by its capitals."""
    match item.request:
        case Bare(name=name):
            return name
        case Project(requirement=requirement):
            return str(requirement.name)
        case request:
            return str(request.name or "")


async def _no_package(item: Wanted, package: PackageName, discovery: Discovery) -> NotFoundError:
    looked = list(discovery.conda.written) if discovery.conda else []
    near = await near_names(package, discovery, pypi=False)
    return NotFoundError(
        f"no configured channel has a package {package}",
        detail=[f"looked in {', '.join(looked)}", *_near(near)],
        help=advice(_typed(item)) or f"pypi:{package} asks PyPI for a project of that name",
        name=str(package),
        looked_in=looked,
        near=near,
    )


async def _nowhere(item: Wanted, entry: Entry, discovery: Discovery) -> NotFoundError:
    project, typed = entry.project, _typed(item)
    looked = list(discovery.conda.written) if discovery.conda and not entry.forced else []
    near = await near_names(project, discovery, pypi=discovery.pypi is not None and not entry.closed)
    detail, told = [], advice(typed)
    if discovery.pypi is None:
        message = f"no configured channel has {project}, and pip is switched off"
        told = told or f"{discovery.switch}{_to_look(discovery)}"
    elif discovery.policy.closed(project):
        message, detail = (
            f"no configured channel has {project}, and it may not come from PyPI",
            [entry.closed],
        )
    elif entry.closed:
        message, detail = f"no configured channel has {project}, and PyPI only a placeholder", [entry.closed]
        told = "; ".join([*([told] if told else []), f"`pypi:{project}` asks for the placeholder"])
    else:
        looked.append(discovery.pypi.called)
        message = f"nothing is called {typed if ProjectName(typed) == project else project}"
    return NotFoundError(
        message,
        detail=[f"looked in {', '.join(looked) or 'no channel'}", *detail, *_near(near)],
        help=told or None,
        name=str(project),
        looked_in=looked,
        near=near,
    )


def _no_version(item: Wanted, entry: Entry, discovery: Discovery) -> NoVersionError:
    asked = spelled(item.need.specifier) if item.need else ""
    conda = [candidate.text for candidate in reversed(entry.conda)]
    usable = [str(v) for v in entry.versions if v in entry.files] if entry.opened else []
    detail = []
    if conda:
        detail.append(f"conda has {_listed(conda)}")
    if usable:
        detail.append(f"PyPI has {_listed(usable)}")
    elif entry.versions and entry.opened and entry.hashes is None:
        detail.append(
            f"PyPI's newest is {entry.versions[0]}; no file of it is for Python "
            f"{discovery.target.python_version} on {discovery.target.subdir}"
        )
    if item.need and (gone := _yanked(entry, item.need.specifier)) is not None:
        detail.append(f"{entry.project} {gone} was yanked; `{entry.project}=={gone}` takes it all the same")
    bound = [limit for limit in discovery.limits.all if limit.project == entry.project]
    detail += [f"{limit} is a constraint" for limit in bound]
    failed = sorted(entry.unreadable.items(), reverse=True)
    for version, error in failed[:2]:
        detail.append(f"{entry.project} {version} cannot be used: {error.message}")
        detail += [f"  {line}" for line in error.detail if error is failed[0][1]]
    if entry.closed and not entry.paged:
        detail.append(f"{entry.project} may not come from PyPI: {entry.closed}")
    if entry.hashes is not None and entry.versions:
        detail.append("none of PyPI's files that could be used has one of the hashes asked for")
    help = f"{discovery.switch}{_to_look(discovery)}" if discovery.pypi is None else None
    if failed and help is None:
        help = failed[0][1].help
    help = advice(_typed(item)) or help
    return NoVersionError(
        f"no version of {entry.project} is {asked}"
        if asked
        else f"no version of {entry.project} can be used",
        detail=detail,
        help=help,
        name=str(entry.project),
        asked=asked,
        available=_newest_conda({*conda, *usable}),
    )


def _yanked(entry: Entry, specifier: SpecifierSet) -> Version | None:
    """The newest version that would do, had it not been yanked (PEP 592)."""
    admitted = entry.order.newest_first(entry.admitted(specifier))
    return next((v for v in admitted if v not in entry.files and v in entry.yanked), None)


def _to_look(discovery: Discovery) -> str:
    return " to look on PyPI too" if discovery.policy.pip != "never" else ""


async def near_names(name: str, discovery: Discovery, *, pypi: bool) -> list[str]:
    """Names that look most like ``name``: those in the channels and, with ``pypi``, projects of the table.

    There is no list of all that PyPI has.
    """
    packages = list(await discovery.conda.near(name, NEAR)) if discovery.conda else []
    if not pypi:
        return packages
    known = {str(p) for _, projects in discovery.homes.table.packages() for p in projects}
    projects = difflib.get_close_matches(name.lower(), sorted(known), NEAR, 0.8)
    return list(dict.fromkeys((*packages, *(project for project in projects if project != name))))[:NEAR]


def _near(near: Sequence[str]) -> list[str]:
    return [f"near names: {', '.join(near)}"] if near else []


def _listed(versions: Sequence[str]) -> str:
    shown = ", ".join(versions[:SHOWN])
    more = len(versions) - SHOWN
    return f"{shown} and {more} older" if more > 0 else shown


def _newest_conda(texts: set[str]) -> list[str]:
    from rattler import Version as CondaVersion

    return sorted(texts, key=CondaVersion, reverse=True)
