"""The kernels that condadeps registered with Jupyter: which there are, making one, taking one away.

A kernelspec made here carries ``metadata.condadeps``: ``prefix``, its environment, or ``first_use``, the
definition that installs itself. Nobody else's is touched.
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
from condadeps.kernels import place
from condadeps.kernels.definition import NAME
from condadeps.prefix import catalog
from condadeps.show.shown import Shown

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
    first_use: str | None = None
    """The definition of a kernel that installs itself."""
    installed: bool = True
    """Whether its environment is there; where not, its first start makes it."""


@dataclass(frozen=True, slots=True)
class Kernels(Shown):
    """A list of kernels, to be shown."""

    kernels: tuple[Kernel, ...]

    def __str__(self) -> str:
        if not self.kernels:
            return (
                "condadeps registered no kernel\n"
                "  condadeps create -p DIR --kernel NAME   makes an environment that is one\n"
                "  condadeps kernels available             lists languages that install themselves"
            )
        names = max(len(one.name) for one in self.kernels)
        titles = max(len(one.display_name) for one in self.kernels)
        return "\n".join(
            f"{one.name:{names}}  {one.display_name:{titles}}  {one.prefix}{_remarks(one)}"
            for one in self.kernels
        )

    def to_json(self) -> dict[str, Any]:
        """The list under ``kernels``."""
        return {"kernels": [asdict(one) for one in self.kernels]}


def _remarks(one: Kernel) -> str:
    remarks = []
    if not one.usable:
        remarks.append(f"gone; condadeps kernels remove {one.name}")
    elif not one.installed:
        remarks.append("installs itself on first use")
    if (where := Path(one.directory).parent) != _user():
        remarks.append(f"in {where}")
    return "".join(f"  ({remark})" for remark in remarks)


@dataclass(frozen=True, slots=True)
class Removed(Shown):
    """Kernels that were taken away; their environments stay, but for those named."""

    kernels: tuple[Kernel, ...]
    environments: tuple[str, ...] = ()
    """Environments that were removed with them."""
    others: tuple[Kernel, ...] = ()
    """Kernels of the same names elsewhere, which stay."""
    dry_run: bool = False
    """Nothing was removed; this would be."""

    def __str__(self) -> str:
        did = "would remove" if self.dry_run else "removed"
        lines = [f"{did} the kernel {one.name}{self._environment(one)}" for one in self.kernels]
        lines += [f"there is another {one.name}, {one.directory}: it stays" for one in self.others]
        return "\n".join(lines)

    def _environment(self, one: Kernel) -> str:
        if one.prefix in self.environments:
            return f" and its environment {one.prefix}"
        return f"; its environment stays at {one.prefix}" if one.usable and one.installed else ""

    def to_json(self) -> dict[str, Any]:
        """What was removed."""
        return {
            "success": True,
            "dry_run": self.dry_run,
            "removed": [asdict(one) for one in self.kernels],
            "environments": list(self.environments),
            "others": [asdict(one) for one in self.others],
        }


def kernels(prefix: str | None = None) -> Kernels:
    """The kernels condadeps registered where a Jupyter looks: this user's, this Python's, the system's.

    And those below ``prefix``, of the ``jupyter`` on ``PATH``, and of every environment that conda lists.
    """
    return Kernels(tuple(sorted(_found(prefix), key=lambda one: (one.name, one.directory))))


def _found(prefix: str | None) -> list[Kernel]:
    """Those, in the order in which they count; one that hides another comes first."""
    return list({one.directory: one for folder in _folders(prefix) for one in _in(folder)}.values())


def remove(
    names: Sequence[str], prefix: str | None = None, *, environment: bool = False, dry_run: bool = False
) -> Removed:
    """Take kernels away, by their names or those of their definitions; their environments stay.

    Where a name is there several times, the one below ``prefix`` goes, else the one that Jupyter shows.
    With ``environment`` the environments of kernels that installed themselves go, too. Raises NotFoundError
    for a name that condadeps did not register, UsageError for an environment that was made by hand, and
    PrefixError when something cannot be removed.
    """
    there = _found(prefix)
    for name in names:
        if not any(name in (one.name, one.first_use) for one in there):
            raise NotFoundError(
                f"condadeps registered no kernel called {name}",
                detail=[f"those it did: {', '.join(sorted({one.name for one in there})) or 'none'}"],
                help="condadeps kernels lists them; --kernel-prefix DIR looks below DIR, too",
                name=name,
                looked_in=[str(folder) for folder in _folders(prefix)],
                near=[],
            )
    meant = [one for one in there if one.name in names or one.first_use in names]
    gone = [one for one in meant if Path(one.directory).parent == _first(one, meant)]
    for one in gone:
        if environment and one.first_use is None:
            raise UsageError(
                f"the environment of {one.name} was made by hand: it is not removed with its kernel",
                help=f"condadeps kernels remove {one.name}, and remove {one.prefix} yourself",
            )
    others = tuple(one for one in meant if one not in gone)
    if dry_run:
        would = [one.prefix for one in gone if environment and Path(one.prefix).is_dir()]
        return Removed(tuple(gone), tuple(would), others, dry_run=True)
    for one in gone:
        try:
            shutil.rmtree(one.directory)
        except OSError as error:
            raise PrefixError(
                f"the kernel {one.name} cannot be removed from {one.directory}: {error.strerror or error}",
                prefix=one.prefix,
            ) from error
    if not environment:
        return Removed(tuple(gone), (), others)
    from condadeps.kernels.first_use import remove_environment

    found = [remove_environment(name) for name in dict.fromkeys(one.first_use for one in gone) if name]
    return Removed(tuple(gone), tuple(str(path) for path in found if path is not None), others)


def _first(one: Kernel, several: Sequence[Kernel]) -> Path:
    """The folder of the first of ``several`` that goes by the name of ``one``, or is of its definition."""
    same = (
        other
        for other in several
        if other.name == one.name or (one.first_use is not None and other.first_use == one.first_use)
    )
    return Path(next(same).directory).parent


def removal(name: str, where: str | None) -> list[str]:
    """The command that takes away what was registered so."""
    below = ["--kernel-prefix", where] if where is not None else []
    return ["condadeps", "kernels", "remove", name, *below]


def check_free(name: str, prefix: Path, where: str | None) -> None:
    """Raises UsageError when a living kernel of another environment has that name already."""
    there = folder(where)
    for directory in (there / name, there / name.lower()):
        spec = spec_of(directory)
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
    spec = spec_of(directory) or {}
    spec["metadata"] = {**spec.get("metadata", {}), "condadeps": {"prefix": str(prefix)}}
    (directory / "kernel.json").write_text(json.dumps(spec, indent=1), encoding="utf-8")
    return directory


def _in(folder: Path) -> Iterator[Kernel]:
    for directory in sorted(folder.iterdir()) if folder.is_dir() else ():
        spec = spec_of(directory)
        ours = (spec or {}).get("metadata", {}).get("condadeps")
        if spec is None or not isinstance(ours, Mapping):
            continue
        argv = spec.get("argv") or [""]
        usable = _lives(Path(str(argv[0])))
        told = (directory.name, str(spec.get("display_name", directory.name)))
        if isinstance(ours.get("prefix"), str):
            yield Kernel(*told, ours["prefix"], str(directory), usable)
        elif isinstance(ours.get("first_use"), str) and NAME.fullmatch(ours["first_use"]):
            prefix = place.prefix(ours["first_use"])
            installed = place.is_installed(prefix)
            yield Kernel(*told, str(prefix), str(directory), usable, ours["first_use"], installed)


def folder(where: str | None) -> Path:
    """Where kernelspecs are: this user's, or those below the prefix ``where``."""
    return _user() if where is None else Path(where).expanduser().absolute() / "share/jupyter/kernels"


def spec_of(directory: Path) -> dict[str, Any] | None:
    """The kernelspec in a directory; None when there is none that can be read."""
    try:
        spec = json.loads((directory / "kernel.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return spec if isinstance(spec, dict) and isinstance(spec.get("metadata", {}), dict) else None


def _lives(python: Path) -> bool:
    return python.is_file() or (not python.is_absolute() and shutil.which(str(python)) is not None)


def _folders(prefix: str | None) -> list[Path]:
    """Below ``prefix``, then where Jupyter looks for kernels, in its order, then where another one would."""
    told = [Path(text, "kernels") for text in os.environ.get("JUPYTER_PATH", "").split(os.pathsep) if text]
    system = [] if sys.platform == "win32" else [Path("/usr/local"), Path("/usr")]
    jupyter = shutil.which("jupyter")
    others = [Path(jupyter).absolute().parents[1]] if jupyter else []
    found = [
        *([folder(prefix)] if prefix else []),
        *told,
        _user(),
        *(one / "share/jupyter/kernels" for one in (Path(sys.prefix), *system, *others, *catalog.listed())),
    ]
    return list(dict.fromkeys(found))


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
