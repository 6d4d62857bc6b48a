"""What a lock needs of the machine: virtual packages (CEP 30), asked for as a solve would; wheels for it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from condadeps.errors import ConflictError
from condadeps.prefix.target import Target
from condadeps.solve.plan import Package, Plan

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage, PackageRecord

_VIRTUAL = re.compile(r"__[a-z0-9_]+")


def check(packages: Sequence[Package], virtual: Iterable[GenericVirtualPackage], file: str) -> None:
    """Raises ConflictError when one of ``packages`` needs what this machine (``virtual``) does not offer."""
    here = {one.name.normalized: _record(one) for one in virtual}
    lines = dict.fromkeys(line for package in packages for line in _unmet(package, here))
    if lines:
        wanted = dict.fromkeys(name for line in lines for name in _VIRTUAL.findall(line))
        variables = ", ".join(f"CONDA_OVERRIDE_{name.removeprefix('__').upper()}=…" for name in wanted)
        raise ConflictError(
            f"{file} is not for this machine",
            detail=list(lines)[:8],
            help=f"where that is not so, {variables} says what the machine has; else lock for it anew",
            chains=[],
            relax=[],
        )


def check_wheels(plan: Plan, target: Target, file: str) -> None:
    """Raises ConflictError when a wheel that is to be installed is for another platform or Python.

    pip would refuse it too, when all else is fetched.
    """
    from packaging.tags import parse_tag

    from condadeps.sources.files import read_wheel_name

    tags = frozenset(_afterwards(plan, target).tags)
    names = [one.artifact.filename for one in plan.install if not one.artifact.editable]
    wheels = [(name, found) for name in names if (found := read_wheel_name(name)) is not None]
    strange = [name for name, found in wheels if tags.isdisjoint(parse_tag(found.tags))]
    if strange:
        raise ConflictError(
            f"{file} is not for this platform and Python: {', '.join(strange)}",
            help="lock for it anew: condadeps lock -f …",
            chains=[],
            relax=[],
        )


def _afterwards(plan: Plan, target: Target) -> Target:
    """The environment with the Python that the plan brings."""
    for link in plan.link:
        if link.package.name == "python" and target.is_conda:
            threaded = re.search(r"_cp\d+t$", link.package.build) is not None
            return target.with_python(link.package.version, free_threaded=threaded)
    return target


def _unmet(package: Package, here: Mapping[str, PackageRecord]) -> Iterator[str]:
    from rattler import MatchSpec

    for key in ("depends", "constrains"):
        for text in map(str, package.record.get(key) or ()):
            found = _VIRTUAL.match(text)
            if found is None or "when=" in text:
                continue
            record = here.get(found[0])
            if record is None and key == "depends":
                yield f"{package.name} {package.version} needs {text}, which is not here"
            elif record is not None and not MatchSpec(text).matches(record):
                yield f"{package.name} {package.version} needs {text}; here it is {record.version}"


def _record(one: GenericVirtualPackage) -> PackageRecord:
    from rattler import PackageRecord
    from rattler.package import BuildString

    build = BuildString(str(one.build_string))
    return PackageRecord(one.name.normalized, str(one.version), build, 0, "noarch")
