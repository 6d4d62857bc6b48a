"""What was asked for earlier with a version, and still counts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condadeps.asked import matchspec
from condadeps.asked.job import Verb
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix.conda_match import conda_grammar
from condadeps.prefix.installed import InstalledPackage
from condadeps.prefix.requirements import spelled
from condadeps.solve.discover import Discovery
from condadeps.solve.installed import Installed
from condadeps.solve.needs import Need
from condadeps.solve.versions import parsed
from condadeps.solve.wanted import Wanted


def holding(
    told: Mapping[ProjectName, str], items: Sequence[Wanted], discovery: Discovery, verb: Verb
) -> dict[ProjectName, SpecifierSet]:
    """What holds now of what is ``told`` to have been asked for, and is not asked for anew.

    Only what pip has installed counts. A version that was installed past us, which is not what was asked for,
    is bound by nothing; nor does a text bind that PEP 440 does not read.
    """
    if verb == "sync":
        return {}
    applying = [item for item in items if item.applies]
    projects = {item.need.project for item in applying if item.need}
    packages = {item.package for item in applying if item.package}
    found: dict[ProjectName, SpecifierSet] = {}
    for project, text in told.items():
        if project not in discovery.installed.by_pip or project in projects:
            continue
        if packages & set(discovery.entry(project).excluded):
            continue
        version = discovery.installed.version(project)
        try:
            specifier = SpecifierSet(text)
        except InvalidSpecifier:
            continue
        if version is not None and specifier.contains(version, prereleases=True):
            found[project] = specifier
    return found


def keeping(
    told: Mapping[ProjectName, str], items: Sequence[Wanted], installed: Installed, verb: Verb
) -> list[Wanted]:
    """``items``; what is updated by its bare name stays within what was asked for earlier, as by ``--all``.

    ``told`` is what was asked for of pip's projects; conda's packages tell themselves. What is installed
    and is not what was asked for is bound by nothing.
    """
    return [_kept(told, item, installed) if verb == "update" else item for item in items]


def _kept(told: Mapping[ProjectName, str], item: Wanted, installed: Installed) -> Wanted:
    if not item.applies or item.direct:
        return item
    if item.package is not None:
        there = installed.packages.get(item.package)
        if there is None or item.spec != item.package:
            return item
        for text, bound in _bounds(there):
            return replace(item, spec=f"{item.package} {conda_grammar(bound)}", earlier=text)
        return item
    assert item.need is not None
    need = item.need
    if str(need.specifier):
        return item
    for text, bound in _of_project(told, need.project, installed):
        return replace(item, need=Need(need.project, bound, need.extras, need.url), earlier=text)
    return item


def _of_project(
    told: Mapping[ProjectName, str], project: ProjectName, installed: Installed
) -> Iterator[tuple[str, SpecifierSet]]:
    if project in installed.by_pip:
        version = installed.version(project)
        bound = _specifier(told.get(project, ""))
        if bound is not None and str(bound) and version and bound.contains(version, prereleases=True):
            yield f"{project}{spelled(bound)}", bound
        return
    owner = installed.owner(project)
    home = installed.homes.home(project).package
    names: list[PackageName | None] = [home, owner.name if owner else None]
    for name in dict.fromkeys(names):
        if name is not None and name in installed.packages:
            yield from _bounds(installed.packages[name])


def _bounds(package: InstalledPackage) -> Iterator[tuple[str, SpecifierSet]]:
    """The request that ``package`` is there for, where it says nothing but a version that PEP 440 reads."""
    version = parsed(package.version)
    for text in package.requested_specs:
        try:
            asked = matchspec.read(text.rpartition("::")[2])
        except matchspec.InvalidMatchSpec:
            continue
        plain = asked.version and asked.build is None and not asked.brackets
        bound = _specifier(_pep440(asked.version)) if plain else None
        if bound is not None and version is not None and bound.contains(version, prereleases=True):
            yield f"{asked.name}{asked.constraint}", bound


def _pep440(version: str) -> str:
    """One of conda's version specs as PEP 440 has it: ``=2`` is ``==2.*`` there, ``2`` is ``==2``.

    >>> _pep440("=2"), _pep440("2.*"), _pep440(">=2,<3")
    ('==2.*', '==2.*', '>=2,<3')
    """
    if version.startswith(("==", "!=", "<", ">", "~")):
        return version
    fuzzy = version.startswith("=") or version.endswith("*")
    return f"=={version.strip('=').removesuffix('*').removesuffix('.')}{'.*' if fuzzy else ''}"


def _specifier(text: str) -> SpecifierSet | None:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        return None
