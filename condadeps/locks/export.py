"""What is in an environment, as a lock of any format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from condadeps.errors import PrefixError, UsageError
from condadeps.locks import conda_lock, explicit, pixi_lock, present, pylock, requirements
from condadeps.locks.lock import Lock, public
from condadeps.prefix.target import Target
from condadeps.sources.channels import effective
from condadeps.sources.condarc import CondaConfig

Format = Literal["explicit", "conda-lock", "pixi-lock", "requirements", "requirements-hashes", "pylock"]

CONDAS = frozenset({"explicit", "conda-lock", "pixi-lock"})
"""The formats that begin with conda's packages."""


async def text(
    format: Format, target: Target, index: present.Index, config: CondaConfig
) -> tuple[str, tuple[str, ...]]:
    """The lock's text, and what to tell of it.

    Raises UsageError for a format that cannot say what this environment is, PrefixError for an
    environment without Python where only Python's projects are told, SourceError.
    """
    if format in CONDAS:
        return await _conda(format, target, index, config)
    if not target.has_python:
        raise PrefixError(
            f"{target.prefix} has no Python, and {format} knows nothing else", prefix=str(target.prefix)
        )
    if format == "requirements":
        return requirements.write(target)
    lock = public(await present.of_projects(target, index))
    if format == "pylock":
        return pylock.write(lock, target), lock.notes
    return requirements.with_hashes(lock), lock.notes


async def _conda(
    format: Format, target: Target, index: present.Index, config: CondaConfig
) -> tuple[str, tuple[str, ...]]:
    if not target.is_conda:
        raise UsageError(
            f"{target.prefix} is not a conda environment, so there is no {format} of it",
            help="--format requirements or pylock",
        )
    lock = public(await present.of_prefix(target, index, _channels(target, config)))
    if format == "explicit":
        left = [f"{one.project} {one.artifact.version}" for one in lock.platforms[0].files]
        note = f"an explicit file holds conda's packages only; not in it: {', '.join(left)}"
        return explicit.write(lock), (*lock.notes, *([note] if left else []))
    more = conda_lock.notes(lock) if format == "conda-lock" else ()
    return written(format, lock, {target.subdir: target}), (*lock.notes, *more)


def written(format: Format, lock: Lock, targets: dict[str, Target]) -> str:
    """``lock`` in a format that holds several platforms; ``targets`` by subdir."""
    return conda_lock.write(lock, targets) if format == "conda-lock" else pixi_lock.write(lock)


def _channels(target: Target, config: CondaConfig) -> tuple[str, ...]:
    """The configured channels that something in the environment is from, in their order of priority."""
    from condadeps.prefix import installed

    used = {
        url.rpartition("/")[0].rpartition("/")[0]
        for one in installed.packages(target.prefix).values()
        if (url := one.url)
    }
    return tuple(one.base_url for one in effective(config, directory=Path.cwd()) if one.base_url in used)
