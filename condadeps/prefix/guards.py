"""What forbids or limits a change to an environment, asked before anything is touched."""

from __future__ import annotations

import json
import os
from pathlib import Path

from condadeps.errors import FrozenError, PrefixError, SpaceError
from condadeps.prefix.target import Target
from condadeps.show.units import size

PINNED = "conda-meta/pinned"
FROZEN = "conda-meta/frozen"
MARKER = "EXTERNALLY-MANAGED"


def pinned(prefix: Path) -> tuple[str, ...]:
    """The MatchSpecs of ``conda-meta/pinned``, one a line, less comments. PrefixError if unreadable."""
    path = prefix / PINNED
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise PrefixError(
            f"the pins cannot be read: {path}", detail=[str(error)], prefix=str(prefix)
        ) from error
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return tuple(line for line in lines if line)


def frozen(prefix: Path) -> None:
    """Raises FrozenError, with its owner's message, when ``conda-meta/frozen`` exists (CEP 22)."""
    path = prefix / FROZEN
    try:
        text = path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return
    except OSError as error:
        text = json.dumps({"message": str(error)})
    raise FrozenError(
        f"the environment {prefix} is frozen",
        detail=_lines(_message(text)),
        help="condadeps create -p DIR … makes another; --override-frozen changes this one all the same",
        prefix=str(prefix),
        marker=str(path),
    )


def externally_managed(target: Target) -> None:
    """Raises FrozenError, with its owner's message, when the target's Python is marked so (PEP 668).

    A virtual environment never is; a conda environment that is refuses pip's part of a change.
    """
    path = target.stdlib / MARKER
    if target.is_venv or not path.is_file():
        return
    raise FrozenError(
        f"the Python of {target.prefix} is externally managed",
        detail=_lines(_marker_message(path)),
        help="condadeps create -p DIR python=3.12 … makes your own; --override-frozen changes this one",
        prefix=str(target.prefix),
        marker=str(path),
    )


def writable(target: Target) -> None:
    """Raises PrefixError, naming the directory, when this user cannot change the environment."""
    parts = (target.prefix, target.prefix / "conda-meta", *target.paths[:1])
    for directory in parts:
        if directory.is_dir() and not os.access(directory, os.W_OK | os.X_OK):
            raise PrefixError(
                f"the environment {target.prefix} is read-only for you",
                detail=[f"{directory} cannot be written to"],
                help="condadeps create -p DIR … makes an environment of your own",
                prefix=str(target.prefix),
                directory=str(directory),
            )


def space(directory: Path, needed: int, *, prefix: Path | None = None) -> None:
    """Raises SpaceError when the file system of ``directory`` has fewer than ``needed`` bytes left.

    ``directory`` need not exist yet; its nearest existing parent is asked.
    """
    import shutil

    there = next(place for place in (directory, *directory.absolute().parents) if place.exists())
    free = shutil.disk_usage(there).free
    if free < needed:
        raise SpaceError(
            f"too little room in {directory}",
            detail=[f"about {size(needed)} are needed, {size(free)} are free"],
            help="make room (condadeps cache, conda clean, pip cache purge), or use another disk",
            prefix=str(prefix or directory),
            needed=needed,
            free=free,
        )


def is_base(target: Target) -> bool:
    """Whether conda itself lives in this environment."""
    from condadeps.names.namespaces import PackageName
    from condadeps.prefix import installed

    return target.is_conda and PackageName("conda") in installed.packages(target.prefix)


def base(target: Target, *, inside: bool = False) -> None:
    """Raises PrefixError for conda's base environment, unless who asks is ``inside``: runs on its Python."""
    if inside or not is_base(target):
        return
    raise PrefixError(
        f"{target.prefix} is conda's base environment: what breaks there breaks conda",
        help="condadeps create -p DIR … makes an environment of your own; --allow-base changes this one",
        prefix=str(target.prefix),
    )


def check(
    target: Target,
    *,
    override_frozen: bool = False,
    pip: bool = True,
    inside: bool = True,
) -> None:
    """Everything that can be said before a plan exists: frozen, managed, read-only, conda's base.

    ``pip`` is false for a change that leaves pip's world alone; ``inside``: who asks runs on its
    Python, or was told that it may be conda's base. Raises FrozenError or PrefixError.
    """
    base(target, inside=inside)
    if not override_frozen:
        frozen(target.prefix)
        if pip or not target.is_conda:
            externally_managed(target)
    writable(target)


def _message(text: str) -> str:
    try:
        document = json.loads(text)
    except ValueError:
        return text if len(text) < 2000 else ""
    message = document.get("message") if isinstance(document, dict) else None
    return message if isinstance(message, str) else ""


def _marker_message(path: Path) -> str:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(path.read_text("utf-8", "replace"))
        return parser.get("externally-managed", "Error")
    except (OSError, configparser.Error):
        return ""


def _lines(message: str) -> list[str]:
    return [line.strip() for line in message.splitlines() if line.strip()]
