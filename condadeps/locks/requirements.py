"""``requirements.txt`` of everything Python in an environment, conda's included, under PyPI's names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from condadeps.locks.lock import Lock
from condadeps.locks.present import OWN
from condadeps.names.namespaces import ProjectName
from condadeps.prefix import installed
from condadeps.prefix.installed import Distribution
from condadeps.prefix.target import Target
from condadeps.sources.credentials import without_credentials

_HEAD = "# Python {python}; every Python project, conda's included, under PyPI's names\n"


def write(target: Target) -> tuple[str, tuple[str, ...]]:
    """The file, and notes about what pip may not find again. Nothing is asked of any index."""
    found = installed.distributions(target) if target.has_python else {}
    lines = [_line(one) for _, one in sorted(found.items()) if one.exists and one.project != OWN]
    notes = [
        f"{one.project} {one.version} is written as a comment: it is installed in development mode"
        for one in found.values()
        if one.exists and one.editable
    ]
    return _HEAD.format(python=target.minor) + "".join(f"{line}\n" for line in lines), tuple(notes)


def _line(one: Distribution) -> str:
    version = one.core.version if one.core else one.version
    told = one.direct_url
    if told is None:
        return f"{one.project}=={version}"
    url = without_credentials(told["url"])
    if one.editable:
        return f"# -e {url}  ({one.project} {version})"
    if url.startswith("file:"):
        return f"{one.project}=={version}  # installed from {url}"
    return f"{one.project} @ {_reference(url, told)}"


def _reference(url: str, told: Mapping[str, Any]) -> str:
    vcs: Any = told.get("vcs_info")
    place = f"{vcs['vcs']}+{url}@{vcs['commit_id']}" if isinstance(vcs, dict) else url
    subdirectory = told.get("subdirectory")
    return f"{place}#subdirectory={subdirectory}" if subdirectory else place


def with_hashes(lock: Lock) -> str:
    """The lock's files as requirements with hashes (pip's ``--require-hashes``)."""
    python = (lock.requires_python or "").removeprefix(">=")
    return _HEAD.format(python=python) + "".join(_hashed(lock))


def _hashed(lock: Lock) -> Iterator[str]:
    for one in sorted(lock.platforms[0].files, key=lambda one: ProjectName(one.project)):
        made = one.artifact
        yield f"{made.project}=={made.version} \\\n    --hash=sha256:{made.sha256}\n"
