"""``~/.conda/environments.txt``: which environments ``conda env list`` knows beside those in its own places.

conda adds one when it links into it, and takes it out when nothing is left in it; so is it done here.
``register_envs: false`` in a ``.condarc`` turns that off.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path


def place() -> Path:
    """The file; it need not exist."""
    return Path(os.path.expanduser("~/.conda/environments.txt"))  # noqa: PTH111 (no home is no error here)


def registered(prefix: Path) -> bool:
    """Whether ``prefix`` is listed. Raises OSError for a file that cannot be read."""
    return os.path.normpath(prefix) in _lines(place())


def listed() -> list[Path]:
    """All that are listed, there or not; none when the file cannot be read."""
    try:
        return [Path(line) for line in _lines(place())]
    except (OSError, ValueError):
        return []


def register(prefix: Path) -> None:
    """List ``prefix``, once. Raises OSError when the file cannot be written."""
    location = os.path.normpath(prefix)
    path = place()
    # conda-build's own are passed over, as conda does.
    if "placehold_pl" in location or "skeleton_" in location or location in _lines(path):
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:  # one write at the end: several may do it at once
        file.seek(0)
        text = file.read()
        file.write(f"{location}\n" if not text or text.endswith("\n") else f"\n{location}\n")


def unregister(prefix: Path) -> None:
    """Take ``prefix`` off the list. Raises OSError when the file cannot be written."""
    location = os.path.normpath(prefix)
    path = place()
    lines = _lines(path)
    if location not in lines:
        return
    handle, fresh = tempfile.mkstemp(dir=path.parent, prefix=".environments.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write("".join(f"{line}\n" for line in lines if line != location))
        Path(fresh).chmod(path.stat().st_mode & 0o777)
        Path(fresh).replace(path)
    except OSError:
        with suppress(OSError):
            Path(fresh).unlink()
        raise


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return []
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
