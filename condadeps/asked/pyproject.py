"""pyproject.toml: a project's dependencies and extras (PEP 621), dependency groups (PEP 735)."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from condadeps.asked.files import Listing, failure, text_of
from condadeps.asked.job import Asked

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read(path: Path, extras: Sequence[str] = (), groups: Sequence[str] = ()) -> Listing:
    """The project's dependencies with those of ``extras``; with ``groups`` alone, only the groups'.

    Extras that name the project itself (``all = ["tool[a,b]"]``) are followed. Raises
    RequestError for what is no such file, an extra or group it has not, dynamic dependencies.
    """
    document = loads(text_of(path), path)
    project = _table(document, "project", path)
    asked: list[Asked] = []
    if project and (extras or not groups):
        asked += _project(project, extras, path)
    known_groups = _table(document, "dependency-groups", path)
    for group in groups:
        asked += [Asked(text, str(path), metadata=True) for text in _group(known_groups, group, path, ())]
    if not project and not groups:
        raise failure(path, "has no [project] table", help="a dependency group by its name, if it has some")
    return Listing(
        asked=tuple(dict.fromkeys(asked)),
        name=project.get("name") if isinstance(project.get("name"), str) else None,
        requires_python=(
            project.get("requires-python") if isinstance(project.get("requires-python"), str) else None
        ),
    )


def loads(text: str, path: Path, line: int = 0) -> Mapping[str, Any]:
    """The TOML document ``text``. Raises RequestError when it is none; ``line`` is how far down it begins."""
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise failure(path, f"is not TOML: {error}", line or None) from None


def _project(project: Mapping[str, Any], extras: Sequence[str], path: Path) -> Iterator[Asked]:
    dynamic = project.get("dynamic") or ()
    for key in ("dependencies", *(["optional-dependencies"] if extras else [])):
        if key in dynamic:
            raise failure(
                path,
                f"its {key} are dynamic: only a build tells them",
                help=f"the project itself: {path.parent}/",
            )
    optional = _extras(project, path)
    texts = [*_texts(project.get("dependencies", []), "dependencies", path)]
    name = canonicalize_name(str(project.get("name", "")))
    for text in texts:
        yield from _expanded(text, name, optional, path, ())
    for extra in extras:
        yield from _extra(extra, name, optional, path, ())


def _extras(project: Mapping[str, Any], path: Path) -> dict[str, list[str]]:
    tables = project.get("optional-dependencies", {})
    if not isinstance(tables, dict):
        raise failure(path, "[project.optional-dependencies] is no table")
    return {canonicalize_name(key): _texts(value, key, path) for key, value in tables.items()}


def _extra(
    extra: str, name: str, optional: Mapping[str, list[str]], path: Path, above: tuple[str, ...]
) -> Iterator[Asked]:
    key = canonicalize_name(extra)
    if key not in optional:
        raise failure(
            path, f"has no extra '{extra}'", help=f"it has: {', '.join(sorted(optional)) or 'none'}"
        )
    if key in above:
        return
    for text in optional[key]:
        yield from _expanded(text, name, optional, path, (*above, key))


def _expanded(
    text: str, name: str, optional: Mapping[str, list[str]], path: Path, above: tuple[str, ...]
) -> Iterator[Asked]:
    """A dependency; for extras of the project itself, theirs (with the marker they are asked under)."""
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        requirement = None
    if (
        requirement is None
        or not name
        or canonicalize_name(requirement.name) != name
        or not requirement.extras
    ):
        yield Asked(text, str(path), metadata=True)
        return
    for extra in sorted(requirement.extras):
        for asked in _extra(extra, name, optional, path, above):
            yield Asked(_under(asked.text, requirement.marker), str(path), metadata=True)


def _under(text: str, marker: object) -> str:
    """``text`` wanted only when ``marker`` holds too."""
    if marker is None:
        return text
    requirement = Requirement(text)
    both = f"({requirement.marker}) and ({marker})" if requirement.marker else str(marker)
    requirement.marker = None
    return f"{requirement} ; {both}"


def _group(groups: Mapping[str, Any], name: str, path: Path, above: tuple[str, ...]) -> Iterator[str]:
    """The requirements of a group and of those it includes, in their order (PEP 735)."""
    found = [key for key in groups if canonicalize_name(key) == canonicalize_name(name)]
    if not found:
        known = ", ".join(sorted(groups)) or "none"
        raise failure(path, f"has no dependency group '{name}'", help=f"it has: {known}")
    if len(found) > 1:
        raise failure(path, f"has the dependency group '{name}' twice: {', '.join(found)}")
    key = canonicalize_name(name)
    if key in above:
        raise failure(path, f"its dependency groups include each other: {' → '.join((*above, key))}")
    members = groups[found[0]]
    if not isinstance(members, list):
        raise failure(path, f"the dependency group '{name}' is no list")
    for member in members:
        if isinstance(member, str):
            yield member
        elif (
            isinstance(member, dict)
            and set(member) == {"include-group"}
            and isinstance(member["include-group"], str)
        ):
            yield from _group(groups, member["include-group"], path, (*above, key))
        else:
            raise failure(path, f"the dependency group '{name}' has an item that is no requirement: {member}")


def _texts(value: object, what: str, path: Path) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise failure(path, f"'{what}' is no list of requirements")
    return list(value)


def _table(document: Mapping[str, Any], key: str, path: Path) -> Mapping[str, Any]:
    table = document.get(key, {})
    if not isinstance(table, dict):
        raise failure(path, f"[{key}] is no table")
    return table
