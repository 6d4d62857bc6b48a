"""Whether what is installed fits together: conda's dependencies and pins, projects' requirements, twins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from condadeps.asked import matchspec
from condadeps.errors import PrefixError
from condadeps.health.findings import Finding, command, several
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import guards, installed
from condadeps.prefix.conda_version import satisfies
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.target import Target, inside
from condadeps.solve.dependents import depends
from condadeps.transaction import verify

Packages = Mapping[PackageName, InstalledPackage]


def records(prefix: Path, packages: Packages) -> Iterator[Finding]:
    """Records that cannot be read, and packages that have two."""
    for broken in installed.damaged(prefix):
        yield Finding(
            "record",
            f"a package's record cannot be used: {broken.path.relative_to(prefix)}",
            (broken.why,),
            command(prefix, "restore"),
            name=broken.path.name.rsplit("-", 2)[0],
        )
    for name, one in sorted(packages.items()):
        if one.others:
            several_of = [each.path.name for each in (one, *one.others)]
            message = f"{name} is there {len(several_of)} times by its records"
            yield Finding("twice", message, tuple(several_of), command(prefix, "restore"), name=name)


def dependencies(prefix: Path, packages: Packages) -> Iterator[Finding]:
    """What conda's packages need and is not there, or not at a version they take."""
    for name, one in sorted(packages.items()):
        unmet = list(_unmet(one, packages))
        if unmet:
            wanted = [spec.rpartition("::")[2].split()[0] for spec, _ in unmet]
            yield Finding(
                "requirement",
                f"{name} {one.version} lacks what it needs",
                tuple(f"it needs {spec}; {has}" for spec, has in unmet),
                command(prefix, "install", *(f"conda:{name}" for name in wanted)),
                name=name,
            )


def pins(prefix: Path, packages: Packages) -> Iterator[Finding]:
    """What is installed and not as ``conda-meta/pinned`` has it."""
    for text in guards.pinned(prefix):
        has = _against(text, packages)
        if has:
            yield Finding(
                "pin",
                f"{has}; {text} is pinned ({guards.PINNED})",
                help=command(prefix, "install", f'"{text}"'),
                name=text.split()[0],
            )


def requirements(target: Target, condas: Mapping[str, PackageName]) -> Iterator[Finding]:
    """What projects' metadata asks for and is not met, as ``pip check`` has it.

    Of conda's packages that is worth knowing only: their own dependencies are what counts.
    """
    found = installed.distributions(target)
    unmet: dict[ProjectName, list[str]] = {}
    for project, text in sorted(verify.problems(target)):
        unmet.setdefault(project, []).append(text)
    for project, texts in unmet.items():
        one = found[project]
        theirs = is_condas(one, target, condas)
        yield Finding(
            "requirement",
            f"{project} {one.version} says it needs {several(texts)}",
            tuple(f"{text}: {_has(text, found)}" for text in texts),
            None if theirs else command(target.prefix, "install", *(f'"{text}"' for text in texts)),
            problem=not theirs,
            name=project,
        )


def twins(target: Target, condas: Mapping[str, PackageName]) -> Iterator[Finding]:
    """Projects that are there twice, and folders of metadata with no metadata in them."""
    for project, one in sorted(installed.index(target).items()):
        copies = (one, *one.others)
        whole = [each for each in copies if each.exists]
        where = [_where(each, target) for each in copies]
        if len(whole) > 1:
            told = [
                f"{text} ({_whose(each, target, condas)})" for text, each in zip(where, copies, strict=True)
            ]
            message = f"{project} is installed {len(whole)} times"
            yield Finding("twice", message, tuple(told), command(target.prefix, "restore"), name=project)
        elif len(whole) < len(copies):
            left = tuple(text for text, each in zip(where, copies, strict=True) if not each.exists)
            message = f"{project} has left a folder of metadata without any"
            yield Finding("leftover", message, left, command(target.prefix, "restore"), name=project)


def is_condas(one: Distribution, target: Target, condas: Mapping[str, PackageName]) -> bool:
    """Whether a conda package lists this copy's metadata."""
    where = inside(target.prefix, one.location)
    return where is not None and (f"{where}/METADATA" in condas or where in condas)


def _whose(one: Distribution, target: Target, condas: Mapping[str, PackageName]) -> str:
    return "conda's" if is_condas(one, target, condas) else "pip's" if one.exists else "no metadata"


def _where(one: Distribution, target: Target) -> str:
    return inside(target.prefix, one.location) or str(one.location)


def _has(text: str, found: Mapping[ProjectName, Distribution]) -> str:
    from packaging.requirements import Requirement

    one = found.get(ProjectName(Requirement(text).name))
    return f"{one.version} is installed" if one else "it is not installed"


def _unmet(one: InstalledPackage, packages: Packages) -> Iterator[tuple[str, str]]:
    try:
        needs = depends(one)
    except PrefixError:
        return
    for text in needs:
        if text.startswith("__"):
            continue  # the machine's own, not a package
        has = _against(text, packages, must_be=True)
        if has:
            yield text, has


def _against(text: str, packages: Packages, *, must_be: bool = False) -> str | None:
    """Why ``text`` certainly does not hold; None when it does, or cannot be told."""
    try:
        spec = matchspec.read(text)
    except matchspec.InvalidMatchSpec:
        return None
    if "when" in spec.brackets:
        return None
    there = packages.get(spec.name)
    if there is None:
        return "it is not there" if must_be else None
    version = spec.version
    if spec.build is not None and re.fullmatch(r"=[^=<>!~,|]*", version):
        version = version[1:]  # "name=1.2=build" is exact, "name=1.2" is not
    if version and satisfies(there.version, version) is False:
        return f"{spec.name} is {there.version}"
    return None
