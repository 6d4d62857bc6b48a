"""Restoring: the plan that lays out anew what is not as it was installed, conda's and pip's."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from condadeps.asked.job import Job
from condadeps.asked.parse import parse
from condadeps.errors import NotFoundError, PrefixError, SourceError, UsageError
from condadeps.health import fitting
from condadeps.locks import present
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import damage, installed, owner
from condadeps.prefix.damage import Damage
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter, Silent
from condadeps.solve.plan import Artifact, Install, Link, Package, Plan, Uninstall
from condadeps.sources.conda import CondaSource
from condadeps.sources.pypi import PypiSource
from condadeps.transaction import past, pip


@dataclass
class Restoring:
    """What is to be laid out anew, as it is found."""

    link: dict[PackageName, Link] = field(default_factory=dict)
    install: dict[ProjectName, Install] = field(default_factory=dict)
    uninstall: dict[ProjectName, Uninstall] = field(default_factory=dict)
    altered: dict[ProjectName, tuple[str, ...]] = field(default_factory=dict)
    """Files that somebody wrote to, relative to the environment: they are kept aside."""
    warnings: list[str] = field(default_factory=list)


async def plan(
    job: Job, target: Target, conda: CondaSource | None, pypi: PypiSource, reporter: Reporter
) -> tuple[Plan, tuple[str, ...]]:
    """The plan, and the altered files to keep aside.

    Raises NotFoundError for a name that is not installed, PrefixError for a past change that cannot be
    read, SourceError when an index does not answer.
    """
    reporter.phase("verify", "looking at every file")
    packages = installed.packages(target.prefix) if target.is_conda else {}
    condas = damage.owners(packages)
    found = Restoring()
    known = tuple(reversed(past.read(target.prefix)))
    caches = [conda.package_cache] if conda else []
    _packages(found, target, packages, known, caches, reporter)
    looked = damage.projects(target, _own(target, condas), condas, reporter) if target.has_python else None
    for one in looked.damages if looked else ():
        await _project(found, one, target, known, pypi)
    if target.has_python:
        await _twins(found, target, condas, known, pypi)
    _only(found, job, target, packages)
    made = Plan(
        str(target.prefix),
        target.subdir,
        link=tuple(found.link.values()),
        install=tuple(found.install.values()),
        uninstall=tuple(found.uninstall.values()),
        warnings=tuple(found.warnings),
    )
    return made, tuple(path for paths in found.altered.values() for path in paths)


def advise(error: SourceError, plan: Plan) -> None:
    """Say in ``error``, which stopped the restoring of ``plan``, how to restore the rest.

    Nothing is restored by halves; who wants the others first can name them.
    """
    files = {str(link.package.name): link.package.filename for link in plan.link}
    files |= {str(install.artifact.project): install.artifact.filename for install in plan.install}
    told = f"{error.message} {error.data.get('url')}"
    rest = sorted(name for name, file in files.items() if not file or file not in told)
    if not rest or len(rest) == len(files):
        return
    how = f"to restore the rest without it: condadeps restore -p {plan.prefix} {' '.join(rest)}"
    error.help = f"{error.help}; {how}" if error.help else how


def _packages(
    found: Restoring,
    target: Target,
    packages: Mapping[PackageName, InstalledPackage],
    known: Sequence[past.Past],
    caches: Sequence[Path],
    reporter: Reporter,
) -> None:
    for broken in installed.damaged(target.prefix):
        one = next(package for package in packages.values() if package.path == broken.path)
        package = _known_package(one, known, caches)
        if package is None:
            where = f"condadeps install -p {target.prefix} conda:{one.name}={one.version}"
            found.warnings.append(f"nothing tells where {one.name} {one.version} is from: {where}")
        else:
            found.link[one.name] = Link(package, "its record cannot be used", package)
    for name, first in packages.items():
        if first.others and name not in found.link:
            best = _soundest(target.prefix, (first, *first.others))
            with suppress(PrefixError):  # told above
                package = present.package_of(best)
                named = replace(package, version=first.version, build=first.build)  # as its file is called
                found.link[name] = Link(package, f"it had {1 + len(first.others)} records", named)
    for one_damage in damage.packages(target.prefix, packages, reporter).damages:
        package_there = one_damage.one
        assert isinstance(package_there, InstalledPackage)
        found.altered[ProjectName(package_there.name)] = one_damage.altered
        if package_there.name not in found.link:
            package = present.package_of(package_there)
            found.link[package.name] = Link(package, one_damage.what, package)


def _soundest(prefix: Path, records: Sequence[InstalledPackage]) -> InstalledPackage:
    """The record whose files are there; of several such the latest."""

    def wrong(one: InstalledPackage) -> tuple[int, float]:
        looked = damage.packages(prefix, {one.name: one}, Silent())
        bad = sum(len(each.missing) + len(each.altered) for each in looked.damages)
        return (bad if looked.files else 1 << 30), -one.path.stat().st_mtime

    return min(records, key=wrong)


def _known_package(
    one: InstalledPackage, known: Sequence[past.Past], caches: Sequence[Path]
) -> Package | None:
    """The package whose record cannot be read, as a past change or the package cache knows it."""
    name = one.path.stem
    for change in known:
        for link in change.plan.link:
            if link.package.dist_name == name and link.package.record:
                return link.package
    from condadeps.sources.records import from_documents, package

    for cache in caches:
        with suppress(OSError, ValueError, KeyError):
            text = (cache / name / "info" / "repodata_record.json").read_text("utf-8")
            return package(from_documents([json.loads(text)])[0])
    return None


def _own(target: Target, condas: Mapping[str, PackageName]) -> Iterator[Distribution]:
    for one in installed.distributions(target).values():
        if not fitting.is_condas(one, target, condas):
            yield one


async def _project(
    found: Restoring, one: Damage, target: Target, known: Sequence[past.Past], pypi: PypiSource
) -> None:
    distribution = one.one
    assert isinstance(distribution, Distribution)
    found.altered[distribution.project] = one.altered
    await _again(found, distribution, one.what, target, known, pypi)


async def _again(
    found: Restoring,
    one: Distribution,
    why: str,
    target: Target,
    known: Sequence[past.Past],
    pypi: PypiSource,
) -> None:
    artifact = None if one.editable else _laid(one, known) or await present.file_of(one, target, pypi)
    if artifact is None:
        how = "it is in development mode" if one.editable else "no index has that version"
        found.warnings.append(f"{one.project} {one.version} is left as it is: {how}")
    else:
        found.install[one.project] = Install(artifact, why, one.version, one.requested)


def _laid(one: Distribution, known: Sequence[past.Past]) -> Artifact | None:
    """The file that a past change laid this version out from, when it can be fetched again."""
    for change in known:
        for install in change.plan.install:
            made = install.artifact
            if made.project == one.project and made.version == one.version:
                again = made.sha256 and not made.build and not made.editable and made.url != pip.KEPT
                return made if again and past.is_there(made.url) else None
    return None


async def _twins(
    found: Restoring,
    target: Target,
    condas: Mapping[str, PackageName],
    known: Sequence[past.Past],
    pypi: PypiSource,
) -> None:
    """Of a project that is there twice conda's stays, else the soundest; leftovers go.

    Where pip has put its copy over conda's, taking conda's metadata away, there is one copy and yet a twin.
    """
    there = installed.packages(target.prefix) if target.is_conda else {}
    shipped = {project for name in found.link if name in there for project in owner.projects(there[name])}
    for project, one in installed.index(target).items():
        copies = (one, *one.others)
        whole = [each for each in copies if each.exists]
        strange = [each for each in copies if not fitting.is_condas(each, target, condas)]
        homed = project in shipped
        if not strange or (len(copies) == 1 and whole and not homed):
            continue
        if len(strange) == len(copies) and whole and not homed:
            if project not in found.install:
                best = min(whole, key=lambda one: _wrong(one, target, condas))
                await _again(found, best, f"it was there {len(copies)} times", target, known, pypi)
        else:
            why = "conda's copy is the recorded one" if whole or homed else "a folder of metadata without any"
            found.uninstall[project] = Uninstall(project, strange[0].version, why)
            found.install.pop(project, None)


def _wrong(one: Distribution, target: Target, condas: Mapping[str, PackageName]) -> tuple[bool, int]:
    """How far a copy is from what it was installed as; one that lists no files of its own the farthest."""
    looked = damage.projects(target, [one], condas, Silent())
    return looked.files <= len(list(one.location.iterdir())), sum(
        len(each.missing) + len(each.altered) for each in looked.damages
    )


def _only(
    found: Restoring, job: Job, target: Target, packages: Mapping[PackageName, InstalledPackage]
) -> None:
    """Leave out what was not asked for, when something was. Raises NotFoundError, UsageError."""
    names = [parse(asked, job.directory).name for asked in job.asked]
    if not names:
        return
    if None in names:
        raise UsageError("say the names of what is to be restored", help="condadeps restore numpy pandas")
    asked = {ProjectName(str(name)) for name in names}
    there = {*map(ProjectName, packages), *(installed.index(target) if target.has_python else ())}
    for name in sorted(asked - there):
        raise NotFoundError(
            f"{name} is not installed in {target.prefix}",
            help=f"condadeps install -p {target.prefix} {name}",
            name=name,
            looked_in=[str(target.prefix)],
            near=[],
        )
    found.link = {name: one for name, one in found.link.items() if ProjectName(name) in asked}
    found.install = {name: one for name, one in found.install.items() if name in asked}
    found.uninstall = {name: one for name, one in found.uninstall.items() if name in asked}
    found.altered = {name: paths for name, paths in found.altered.items() if name in asked}
