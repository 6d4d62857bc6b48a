"""What was asked for earlier of pip's projects with a version, and still counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from condadeps.asked.job import Verb
from condadeps.names.namespaces import ProjectName
from condadeps.solve.discover import Discovery
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
