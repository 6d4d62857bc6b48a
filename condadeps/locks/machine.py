"""What a lock needs of the machine itself: virtual packages (CEP 30), asked for as a solve would ask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from condadeps.errors import ConflictError
from condadeps.solve.plan import Package

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
