"""The kernels that condadeps registered with Jupyter: which there are, making one, taking one away.

A kernelspec made here carries ``metadata.condadeps.prefix``, its environment. Nobody else's is touched.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from condadeps.errors import NotFoundError, PrefixError, UsageError

_INSTALL = """\
import json, sys
from ipykernel.kernelspec import install
print(install(**json.loads(sys.argv[1])))
"""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One registered kernel."""

    name: str
    display_name: str
    prefix: str
    """Its environment."""
    directory: str
    """Its kernelspec."""
    usable: bool
    """Whether the environment's Python is still there."""


@dataclass(frozen=True, slots=True)
class Kernels:
    """A list of kernels, to be shown."""

    kernels: tuple[Kernel, ...]

    def __str__(self) -> str:
        if not self.kernels:
            return "condadeps registered no kernel; condadeps create -p DIR --kernel NAME makes one"
        width = max(len(one.name) for one in self.kernels)
        return "\n".join(f"{one.name:{width}}  {one.prefix}{_gone(one)}" for one in self.kernels)

    def to_json(self) -> dict[str, Any]:
        """The list under ``kernels``."""
        return {"kernels": [asdict(one) for one in self.kernels]}


def _gone(one: Kernel) -> str:
    return "" if one.usable else f"  (gone; condadeps kernels remove {one.name})"


@dataclass(frozen=True, slots=True)
class Removed:
    """Kernels that were taken away; their environments stay."""

    kernels: tuple[Kernel, ...]

    def __str__(self) -> str:
        return "\n".join(
            f"removed the kernel {one.name}"
            + (f"; its environment stays at {one.prefix}" if one.usable else "")
            for one in self.kernels
        )

    def to_json(self) -> dict[str, Any]:
        """What was removed."""
        return {"success": True, "removed": [asdict(one) for one in self.kernels]}


def kernels(prefix: str | None = None) -> Kernels:
    """The kernels condadeps registered for this user, in this Python's prefix, and in ``prefix``."""
    found = {one.directory: one for folder in _folders(prefix) for one in _in(folder)}
    return Kernels(tuple(sorted(found.values(), key=lambda one: (one.name, one.directory))))


def remove(names: Sequence[str], prefix: str | None = None) -> Removed:
    """Take kernels away; their environments stay.

    Raises NotFoundError for a name that condadeps did not register, and PrefixError when one cannot be
    removed.
    """
    there = kernels(prefix).kernels
    for name in names:
        if not any(one.name == name for one in there):
            raise NotFoundError(
                f"condadeps registered no kernel called {name}",
                detail=[f"those it did: {', '.join(one.name for one in there) or 'none'}"],
                name=name,
                looked_in=[str(folder) for folder in _folders(prefix)],
                near=[],
            )
    gone = [one for one in there if one.name in names]
    for one in gone:
        try:
            shutil.rmtree(one.directory)
        except OSError as error:
            raise PrefixError(
                f"the kernel {one.name} cannot be removed: {error.strerror or error}", prefix=one.prefix
            ) from error
    return Removed(tuple(gone))


def check_free(name: str, prefix: Path, where: str | None) -> None:
    """Raises UsageError when a living kernel of another environment has that name already."""
    folder = _user() if where is None else Path(where).expanduser().absolute() / "share/jupyter/kernels"
    for directory in (folder / name, folder / name.lower()):
        spec = _spec(directory)
        argv = spec.get("argv") if spec else None
        python = Path(str(argv[0])) if isinstance(argv, list) and argv else None
        if python is not None and _lives(python) and not python.is_relative_to(prefix):
            raise UsageError(
                f"there is a kernel called {name} already: {directory}",
                detail=[f"it runs {python}"],
                help="another --kernel NAME; or remove that one first",
            )


def register(python: Path, prefix: Path, name: str, display_name: str, where: str | None) -> Path:
    """Have ``python``'s ipykernel register it, for this user or below the prefix ``where``.

    Returns the kernelspec's directory. Raises PrefixError with ipykernel's words when that fails.
    """
    how: dict[str, Any] = {"kernel_name": name, "display_name": display_name}
    how |= {"user": True} if where is None else {"prefix": str(Path(where).expanduser().absolute())}
    done = subprocess.run(
        [str(python), "-I", "-c", _INSTALL, json.dumps(how)], capture_output=True, text=True, errors="replace"
    )
    if done.returncode != 0:
        raise PrefixError(
            f"the environment is made, but the kernel {name!r} could not be registered",
            detail=done.stderr.strip().splitlines()[-3:],
            help=f"{python} -m ipykernel install --user --name {name}",
            prefix=str(prefix),
        )
    directory = Path(done.stdout.strip().splitlines()[-1])
    spec = _spec(directory) or {}
    spec["metadata"] = {**spec.get("metadata", {}), "condadeps": {"prefix": str(prefix)}}
    (directory / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return directory


def _in(folder: Path) -> Iterator[Kernel]:
    for directory in sorted(folder.iterdir()) if folder.is_dir() else ():
        spec = _spec(directory)
        ours = (spec or {}).get("metadata", {}).get("condadeps")
        if spec is not None and isinstance(ours, Mapping) and isinstance(ours.get("prefix"), str):
            argv = spec.get("argv") or [""]
            name = str(spec.get("display_name", directory.name))
            usable = _lives(Path(str(argv[0])))
            yield Kernel(directory.name, name, ours["prefix"], str(directory), usable)


def _spec(directory: Path) -> dict[str, Any] | None:
    try:
        spec = json.loads((directory / "kernel.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return spec if isinstance(spec, dict) and isinstance(spec.get("metadata", {}), dict) else None


def _lives(python: Path) -> bool:
    return python.is_file() or (not python.is_absolute() and shutil.which(str(python)) is not None)


def _folders(prefix: str | None) -> list[Path]:
    prefixes = [Path(sys.prefix), *([Path(prefix).expanduser().absolute()] if prefix else [])]
    return [_user(), *(one / "share/jupyter/kernels" for one in prefixes)]


def _user() -> Path:
    """Where Jupyter looks for this user's kernels (jupyter_core's rule)."""
    if told := os.environ.get("JUPYTER_DATA_DIR"):
        return Path(told) / "kernels"
    if sys.platform == "darwin":
        return Path("~/Library/Jupyter/kernels").expanduser()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", "~/.jupyter")).expanduser() / "jupyter" / "kernels"
    data = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(data).expanduser() / "jupyter" / "kernels"
