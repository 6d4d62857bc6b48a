"""``pylock.toml`` (PEP 751): Python projects by their files; nothing else that conda has."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from condadeps.errors import RequestError
from condadeps.locks.lock import Lock, Locked, LockedFile, artifact, checked_hash
from condadeps.prefix.target import Target
from condadeps.solve.plan import Artifact

VERSION = "1.0"


def write(lock: Lock, target: Target) -> str:
    """The lock's one platform as TOML, for ``target``'s Python on that platform."""
    (locked,) = lock.platforms
    lines = [f'lock-version = "{VERSION}"', f"environments = [{_text(_marker(target))}]"]
    if lock.requires_python:
        lines.append(f"requires-python = {_text(lock.requires_python)}")
    lines.append('created-by = "condadeps"')
    for one in sorted(locked.files, key=lambda one: one.project):
        lines += ["", "[[packages]]", *_package(one)]
    return "\n".join(lines) + "\n"


def _marker(target: Target) -> str:
    names = ("python_version", "sys_platform", "platform_machine")
    return " and ".join(f"{name} == '{target.markers[name]}'" for name in names)


def _package(one: LockedFile) -> Iterator[str]:
    made = one.artifact
    yield f"name = {_text(canonicalize_name(made.project))}"
    yield f"version = {_text(made.version)}"
    if one.requires_python:
        yield f"requires-python = {_text(one.requires_python)}"
    if made.build:
        yield f"sdist = {_file(made)}"
    else:
        yield f"wheels = [{_file(made)}]"


def _file(made: Artifact) -> str:
    parts = [f"name = {_text(made.filename)}", f"url = {_text(made.url)}"]
    if made.size is not None:
        parts.append(f"size = {made.size}")
    parts.append(f"hashes = {{sha256 = {_text(made.sha256 or '')}}}")
    return f"{{{', '.join(parts)}}}"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def read(text: str, path: Path, target: Target) -> Lock:
    """What a ``pylock.toml`` says for ``target``: the files its Python is to get, by its markers and tags.

    Extras and groups are those that the lock has by default. Raises RequestError for a file that is
    no lock, of a version not known here, or not for this platform and Python.
    """
    document = _loaded(text, path)
    environment = {
        **target.markers,
        "extras": frozenset(),
        "dependency_groups": frozenset(map(str, document.get("default-groups", ()))),
    }
    try:
        _check_environments(document, environment, path)
        files = [
            file
            for entry in document.get("packages", ())
            if (file := _read_package(entry, environment, target, path)) is not None
        ]
    except (KeyError, TypeError, ValueError, InvalidMarker) as error:
        raise _wrong(path, f"is no lock as PEP 751 has it: {type(error).__name__}: {error}") from None
    return Lock(
        platforms=(Locked(target.subdir, files=tuple(files)),),
        python_only=True,
        requires_python=document.get("requires-python"),
    )


def python_asked(text: str, path: Path) -> str:
    """The Python that a lock is for, as a conda version spec; empty when any will do. Raises RequestError."""
    document = _loaded(text, path)
    told = [str(one) for one in document.get("environments") or ()]
    minors = {minor for one in told for minor in re.findall(r"python_version == ['\"](\d+\.\d+)", one)}
    if len(minors) == 1:
        return f"={minors.pop()}"
    return str(document.get("requires-python", "")).replace(" ", "")


def _loaded(text: str, path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        document: dict[str, Any] = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise _wrong(path, f"is not TOML: {error}") from None
    if str(document.get("lock-version", "")).split(".")[0] != "1":
        raise _wrong(path, f"has lock-version {document.get('lock-version')!r}; 1.0 is known here (PEP 751)")
    return document


def _check_environments(document: Mapping[str, Any], environment: Mapping[str, Any], path: Path) -> None:
    told = document.get("environments") or ()
    if told and not any(_holds(text, environment) for text in told):
        raise _wrong(path, f"is not for this platform and Python; it is for: {'; '.join(map(str, told))}")


def _holds(marker: str, environment: Mapping[str, Any]) -> bool:
    return Marker(marker).evaluate(dict(environment), context="lock_file")


def _read_package(
    entry: Mapping[str, Any], environment: Mapping[str, Any], target: Target, path: Path
) -> LockedFile | None:
    if "marker" in entry and not _holds(entry["marker"], environment):
        return None
    name = str(entry["name"])
    if "vcs" in entry or "directory" in entry:
        raise _wrong(path, f"has {name} from a directory or repository; only files are installed from a lock")
    wheel = _best(entry.get("wheels", ()), target)
    chosen = wheel or entry.get("sdist") or entry.get("archive")
    if chosen is None:
        raise _wrong(path, f"has no file of {name} for this platform and Python")
    url = chosen.get("url") or (path.absolute().parent / chosen["path"]).resolve().as_uri()
    sha256 = chosen["hashes"].get("sha256")
    if sha256 is None:
        raise _wrong(path, f"has no sha256 of {name}, which is asked for here")
    checked_hash(sha256, 64, f"{path}: {name}")
    made = artifact(
        name, str(entry.get("version", "")), str(url), sha256, chosen.get("size"), str(chosen.get("name", ""))
    )
    return LockedFile(made, requires_python=entry.get("requires-python"), index=entry.get("index"))


def _best(wheels: Any, target: Target) -> Any:
    """The wheel whose tags ``target`` likes best, None when it can use none."""
    from condadeps.sources.files import name_in_url, read_wheel_name

    ranks = {str(tag): rank for rank, tag in reversed(list(enumerate(target.tags)))}
    found: list[tuple[int, Any]] = []
    for wheel in wheels:
        filename = wheel.get("name") or name_in_url(wheel.get("url") or wheel["path"])
        name = read_wheel_name(str(filename))
        if name is not None:
            from packaging.tags import parse_tag

            usable = [ranks[str(tag)] for tag in parse_tag(name.tags) if str(tag) in ranks]
            found += [(min(usable), wheel)] if usable else []
    return min(found, key=lambda one: one[0])[1] if found else None


def _wrong(path: Path, why: str) -> RequestError:
    return RequestError(f"{path}: {why}", text="", position=None, origin=str(path))
