"""Running a program in an environment as ``conda run`` does: its variables, its activation scripts."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from condadeps.errors import PrefixError

_UNSET = "***unset***"
"""conda's word for a variable that was taken back."""

_FOREIGN = ("PYTHONHOME", "VIRTUAL_ENV", "PYTHONEXECUTABLE", "__PYVENV_LAUNCHER__", "CONDA_PROMPT_MODIFIER")
"""What speaks of the environment that the caller runs in."""

_ACTIVATED = 'for one in "$CONDA_PREFIX"/etc/conda/activate.d/*.sh; do . "$one"; done; exec "$@"'
"""conda's activation scripts are for a shell; this is all it is given, the words come as arguments."""


def environment(
    prefix: Path, own: Mapping[str, str], base: Mapping[str, str] | None = None
) -> dict[str, str]:
    """The variables for a program of ``prefix``: ``base``'s (this process's), ``own`` over them."""
    found = {name: value for name, value in (base or os.environ).items() if name not in _FOREIGN}
    found |= _variables(prefix)
    found["CONDA_PREFIX"] = str(prefix)
    found["CONDA_DEFAULT_ENV"] = str(prefix)
    found["PATH"] = os.pathsep.join([str(prefix / "bin"), found.get("PATH", os.defpath)])
    return {**found, **own}


def command(prefix: Path, argv: Sequence[str], variables: Mapping[str, str]) -> list[str]:
    """``argv`` with its program found, behind the activation scripts when there are any.

    Raises PrefixError when there is no such program.
    """
    program = shutil.which(argv[0], path=variables["PATH"])
    if program is None:
        raise PrefixError(f"there is no program {argv[0]} in {prefix}", prefix=str(prefix))
    whole = [program, *argv[1:]]
    shell = shutil.which("bash", path=variables["PATH"]) or shutil.which("sh")
    if shell is None or not any((prefix / "etc" / "conda" / "activate.d").glob("*.sh")):
        return whole
    return [shell, "-c", _ACTIVATED, shell, *whole]


def _variables(prefix: Path) -> dict[str, str]:
    """What packages (``env_vars.d``) and ``conda env config vars`` (``state``) want to be set."""
    found: dict[str, str] = {}
    for path in sorted((prefix / "etc" / "conda" / "env_vars.d").glob("*.json")):
        found |= _texts(_read(path))
    state = _read(prefix / "conda-meta" / "state")
    if isinstance(state, Mapping):
        found |= _texts(state.get("env_vars"))
    return found


def _read(path: Path) -> object:
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None


def _texts(table: object) -> dict[str, str]:
    if not isinstance(table, Mapping):
        return {}
    return {str(name): value for name, value in table.items() if isinstance(value, str) and value != _UNSET}
