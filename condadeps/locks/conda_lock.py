"""``conda-lock.yml``, version 1 (CEP 37): several platforms, conda's packages and pip's files in one list."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from condadeps.errors import RequestError
from condadeps.locks import asked
from condadeps.locks.lock import Lock, Locked, LockedFile, artifact, checked_hash, ordered, package
from condadeps.prefix.target import Target
from condadeps.solve.plan import Package

_SPEC = re.compile(r"(?:\S+::)?([^\s=<>!~\[;]+)\s*(.*)")


def write(lock: Lock, targets: Mapping[str, Target]) -> str:
    """The lock as YAML; ``targets`` (by subdir) tell which of a project's requirements hold there."""
    told = asked.metadata(lock.platforms)
    document = {
        "version": 1,
        "metadata": {
            "content_hash": {one.subdir: _content_hash(one) for one in lock.platforms},
            "channels": [{"url": url, "used_env_vars": []} for url in lock.channels],
            "platforms": [one.subdir for one in lock.platforms],
            "sources": list(lock.sources),
            **({"custom_metadata": told} if told else {}),
        },
        "package": [entry for one in lock.platforms for entry in _entries(one, targets[one.subdir].markers)],
    }
    return _dumped(document)


def notes(lock: Lock) -> tuple[str, ...]:
    """What conda-lock itself could not do with the lock: pip's part, where there is no pip."""
    lacking = [
        one.subdir for one in lock.platforms if one.files and all(two.name != "pip" for two in one.packages)
    ]
    if not lacking:
        return ()
    what = "what is from PyPI, conda-lock's own install brings with the environment's pip"
    return (f"{what}, and there is none for {', '.join(lacking)}; condadeps needs none",)


def _entries(locked: Locked, markers: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    for one in ordered(locked.packages):
        yield {
            "name": str(one.name),
            "version": one.version,
            "manager": "conda",
            "platform": locked.subdir,
            "dependencies": _specs(one),
            "url": one.url,
            "hash": _hashes(one.record.get("md5"), one.sha256),
            "build": one.build,
            "category": "main",
            "optional": False,
        }
    for file in sorted(locked.files, key=lambda file: file.project):
        yield {
            "name": str(file.project),
            "version": file.artifact.version,
            "manager": "pip",
            "platform": locked.subdir,
            "dependencies": _requirements(file.requires, markers),
            "url": file.artifact.url,
            "hash": _hashes(None, file.artifact.sha256),
            "category": "main",
            "optional": False,
        }


def _hashes(md5: object, sha256: str | None) -> dict[str, str]:
    return {**({"md5": str(md5)} if md5 else {}), **({"sha256": sha256} if sha256 else {})}


def _specs(package: Package) -> dict[str, str]:
    """What a package needs, by name; two specs of one name are one with both constraints."""
    found: dict[str, str] = {}
    for spec in map(str, package.record.get("depends", ())):
        parts = _SPEC.fullmatch(spec.strip())
        if parts:
            name, rest = parts[1], parts[2].strip()
            found[name] = ",".join(filter(None, dict.fromkeys((found.get(name, ""), rest))))
    return found


def _requirements(requires: Sequence[str], markers: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in requires:
        try:
            one = Requirement(text)
        except InvalidRequirement:
            continue
        if one.marker is None or one.marker.evaluate({**markers, "extra": ""}):
            found[one.name] = str(one.specifier)
    return found


def _content_hash(locked: Locked) -> str:
    """Of the packages, whatever their order: the same set gives the same hash."""
    listed = sorted((one.url, one.sha256 or "") for one in locked.packages)
    listed += sorted((one.artifact.url, one.artifact.sha256 or "") for one in locked.files)
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()


def _dumped(document: Mapping[str, Any]) -> str:
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.width = 4096
    text = StringIO()
    yaml.dump(document, text)
    return text.getvalue()


def read(text: str, path: Path) -> Lock:
    """What a ``conda-lock.yml`` says. Raises RequestError for one that is none, or of another version."""
    document = _loaded(text, path)
    if document.get("version", 1) != 1:
        raise _wrong(path, f"is a conda-lock file of version {document['version']}; 1 is known here")
    try:
        metadata = document["metadata"]
        platforms = [str(subdir) for subdir in metadata["platforms"]]
        channels = tuple(str(one["url"]) for one in metadata["channels"])
        entries = [dict(entry) for entry in document["package"]]
        custom = metadata.get("custom_metadata")
        found = [
            replace(_read_platform(entries, subdir, path), asked=asked.read(custom, subdir))
            for subdir in platforms
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise _wrong(path, f"is no conda-lock file (CEP 37): {type(error).__name__}: {error}") from None
    return Lock(tuple(found), channels, sources=tuple(map(str, metadata.get("sources", ()))))


def _read_platform(entries: Sequence[Mapping[str, Any]], subdir: str, path: Path) -> Locked:
    mine = [one for one in entries if one["platform"] == subdir and one.get("category", "main") == "main"]
    mine = [one for one in mine if not one.get("optional")]
    return Locked(
        subdir,
        tuple(_package(one, path) for one in mine if one["manager"] == "conda"),
        tuple(_file(one, path) for one in mine if one["manager"] == "pip"),
    )


def _package(entry: Mapping[str, Any], path: Path) -> Package:
    hashes = entry["hash"]
    depends = [f"{name} {spec}".strip() for name, spec in (entry.get("dependencies") or {}).items()]
    document = {
        "name": entry["name"],
        "version": str(entry["version"]),
        "build": entry.get("build"),
        "depends": depends,
        "md5": hashes.get("md5"),
        "sha256": hashes.get("sha256"),
    }
    return package(str(entry["url"]), document, f"{path}: {entry['name']}")


def _file(entry: Mapping[str, Any], path: Path) -> LockedFile:
    url = str(entry["url"]).partition("#")[0]
    checked_hash(entry["hash"].get("sha256"), 64, f"{path}: {entry['name']}")
    one = artifact(str(entry["name"]), str(entry["version"]), url, entry["hash"].get("sha256"))
    requires = [f"{name}{spec}" for name, spec in (entry.get("dependencies") or {}).items()]
    return LockedFile(one, tuple(requires))


def _loaded(text: str, path: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="safe", pure=True).load(text)
    except (YAMLError, ValueError, RecursionError) as error:
        raise _wrong(path, f"is not YAML: {str(error).partition(chr(10))[0]}") from None
    if not isinstance(document, dict):
        raise _wrong(path, "is no conda-lock file: it is no mapping")
    return document


def _wrong(path: Path, why: str) -> RequestError:
    return RequestError(f"{path}: {why}", text="", position=None, origin=str(path))
