"""What was asked for earlier with a version, and still counts."""

from __future__ import annotations

import functools
import operator
from collections.abc import Mapping, Sequence
from dataclasses import replace

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condadeps.asked import matchspec
from condadeps.asked.job import Verb
from condadeps.names.namespaces import ProjectName
from condadeps.prefix.conda_match import matches
from condadeps.prefix.installed import InstalledPackage
from condadeps.prefix.requirements import spelled
from condadeps.solve.discover import Discovery
from condadeps.solve.installed import Installed
from condadeps.solve.needs import Need
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
        bounds = _bounds(there) if there and item.spec == item.package else []
        return replace(item, spec=_whole(bounds).text, earlier=_texts(bounds)) if bounds else item
    assert item.need is not None
    if str(item.need.specifier):
        return item
    if item.need.project in installed.by_pip:
        return _kept_by_pip(told, item, item.need, installed)
    return _kept_by_conda(item, item.need, installed)


def _kept_by_pip(told: Mapping[ProjectName, str], item: Wanted, need: Need, installed: Installed) -> Wanted:
    version = installed.version(need.project)
    bound = _specifier(told.get(need.project, ""))
    if bound is None or not str(bound) or not version or not bound.contains(version, prereleases=True):
        return item
    return replace(item, need=replace(need, specifier=bound), earlier=(f"{need.project}{spelled(bound)}",))


def _kept_by_conda(item: Wanted, need: Need, installed: Installed) -> Wanted:
    """What PEP 440 reads of the bounds holds for the project; what it does not, for conda's package."""
    owner = installed.owner(need.project)
    home = installed.homes.home(need.project).package
    for name in filter(None, (home, owner.name if owner else None)):
        bounds = _bounds(installed.packages[name]) if name in installed.packages else []
        if bounds:
            read = [_specifier(_pep440(one.version)) if _is_plain(one) else None for one in bounds]
            known = functools.reduce(operator.and_, filter(None, read), SpecifierSet())
            keeps = _whole(bounds) if None in read else None
            return replace(item, need=replace(need, specifier=known), earlier=_texts(bounds), keeps=keeps)
    return item


def _bounds(package: InstalledPackage) -> list[matchspec.MatchSpec]:
    """The requests that ``package`` is there for, as far as they say a version that it has."""
    found = []
    for text in package.requested_specs:
        try:
            asked = matchspec.read(text.rpartition("::")[2])
        except matchspec.InvalidMatchSpec:
            continue
        if (asked.version or "version" in asked.brackets) and matches(asked, package):
            found.append(asked)
    return found


def _texts(bounds: Sequence[matchspec.MatchSpec]) -> tuple[str, ...]:
    return tuple(f"{one.name}{one.constraint}" for one in bounds)


def _whole(bounds: Sequence[matchspec.MatchSpec]) -> matchspec.MatchSpec:
    """All that the requests for one package say, as one."""
    if len(bounds) == 1:
        return bounds[0]
    versions = [f"({one.version})" if "|" in one.version else one.version for one in bounds if one.version]
    builds = [one.build for one in bounds if one.build is not None]
    brackets = {key: value for one in bounds for key, value in one.brackets.items()}
    return matchspec.MatchSpec(
        bounds[0].name, version=",".join(versions), build=builds[-1] if builds else None, brackets=brackets
    )


def _is_plain(asked: matchspec.MatchSpec) -> bool:
    return asked.build is None and not asked.brackets


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
