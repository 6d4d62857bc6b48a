"""Other channels' truth: the projects a package ships, as its records' package URLs tell.

A repodata record may carry ``purls`` (as prefix.dev's tools write it): null or absent when nobody knows, a
list otherwise, in which ``pkg:pypi/NAME@VERSION`` stands for a Python project.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from condadeps.names.homes import PATTERNS
from condadeps.names.namespaces import PackageName, ProjectName

_PYPI = "pkg:pypi/"


def projects(purls: Iterable[str] | None) -> tuple[ProjectName, ...] | None:
    """The projects that package URLs name; None when there are no URLs to tell, ``()`` when none is PyPI's.

    >>> projects(["pkg:pypi/Zope.Interface@7.0", "pkg:github/zopefoundation/zope.interface"])
    (ProjectName('zope-interface'),)
    """
    from urllib.parse import unquote

    if purls is None:
        return None
    found: set[ProjectName] = set()
    for purl in purls:
        if not purl.lower().startswith(_PYPI):
            continue
        name = purl[len(_PYPI) :].split("?")[0].split("#")[0].split("@")[0]
        try:
            found.add(ProjectName(unquote(name).strip("/")))
        except ValueError:
            continue
    return tuple(sorted(found))


def from_purls(records: Iterable[Any]) -> dict[PackageName, tuple[ProjectName, ...]]:
    """What each package ships by its records' ``purls``, as ``Homes(ships=…)`` takes it.

    A record is repodata's mapping, a py-rattler record, or an object with ``name`` and ``purls``. Packages
    none of whose records carries ``purls`` are left out: nothing is known of them.
    """
    found: dict[PackageName, set[ProjectName]] = {}
    for record in records:
        name, purls = _fields(record)
        told = projects(purls)
        if told is not None:
            found.setdefault(PackageName(name), set()).update(told)
    return {package: tuple(sorted(shipped)) for package, shipped in found.items()}


def likely(project: ProjectName) -> tuple[PackageName, ...]:
    """The packages worth asking a channel about, whose records might say that they ship ``project``.

    >>> [str(name) for name in likely(ProjectName("acme"))]
    ['acme', 'python-acme', 'acme-python', 'py-acme', 'acme-py', 'acme.py']
    """
    spellings = dict.fromkeys((project, project.replace("-", "_"), project.replace("-", ".")))
    named = dict.fromkeys(pattern.format(name) for pattern in ("{}", *PATTERNS) for name in spellings)
    return tuple(PackageName(name) for name in named)


def _fields(record: Any) -> tuple[str, Iterable[str] | None]:
    if isinstance(record, Mapping):
        return str(record["name"]), record.get("purls")
    name = str(getattr(record.name, "normalized", record.name))
    if hasattr(record, "purls"):
        return name, record.purls
    # py-rattler's records keep it, but show it in their JSON only; most have none, which costs no parsing.
    text: str = record.to_json()
    return name, json.loads(text).get("purls") if '"purls"' in text else None
