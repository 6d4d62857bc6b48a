"""Where the environments of kernels that install themselves are, and whether one is there whole."""

from __future__ import annotations

import json
import time
from pathlib import Path

from condadeps import __version__
from condadeps.kernels.definition import Definition

_MARK = Path("conda-meta", "condadeps", "first-use.json")


def directory() -> Path:
    """The directory that holds them, one environment each: the setting ``kernels_dir``."""
    from condadeps import config

    settings = config.own()
    if settings.kernels_dir is not None:
        return settings.kernels_dir
    if settings.data_dir is not None:
        return settings.data_dir / "kernels"
    import platformdirs

    return Path(platformdirs.user_data_dir("condadeps", appauthor=False), "kernels")


def prefix(name: str) -> Path:
    """The environment of the definition ``name``."""
    return directory() / name


def waiting_room(prefix: Path) -> Path:
    """Where whoever installs ``prefix`` holds a lock from before it is there until it is whole."""
    return prefix.parent / f".{prefix.name}"


def is_installed(prefix: Path) -> bool:
    """Whether the installation went to its end."""
    return (prefix / _MARK).is_file()


def mark(prefix: Path, definition: Definition) -> None:
    """Write down that it did: the last thing an installation does."""
    told = {
        "name": definition.name,
        "condadeps": __version__,
        "installed": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    path = prefix / _MARK
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(told), "utf-8")
    draft.replace(path)
