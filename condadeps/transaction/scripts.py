"""Link scripts: what a package runs when it comes and goes, run as conda runs them.

``post-link`` runs when the files are in place; its failure fails the change. ``pre-unlink``
runs while they still are; its failure is a warning, as with conda. What a script tells the
person it writes to ``.messages.txt``.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from condadeps.errors import TransactionError
from condadeps.solve.plan import Package

Action = Literal["post-link", "pre-unlink"]

MESSAGES = ".messages.txt"
_LAST_LINES = 12


def path_of(package: Package, action: Action) -> str:
    """Where ``package`` would have its script, relative to the environment."""
    if package.subdir.startswith("win-") or (package.subdir == "noarch" and os.name == "nt"):
        return f"Scripts/.{package.name}-{action}.bat"
    return f"bin/.{package.name}-{action}.sh"


def among(root: Path, packages: Iterable[Package], action: Action) -> list[Package]:
    """Those of ``packages`` that have such a script below ``root``."""
    return [package for package in packages if (root / path_of(package, action)).is_file()]


def run(prefix: Path, package: Package, action: Action) -> list[str]:
    """Run one script; returns what it has to say.

    Raises TransactionError when a post-link script fails.
    """
    script = prefix / path_of(package, action)
    done = subprocess.run(
        ["cmd", "/d", "/c", str(script)] if script.suffix == ".bat" else ["bash", str(script)],
        env=_environment(prefix, package, script),
        cwd=script.parent,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    told = _messages(prefix)
    if done.returncode == 0:
        return told
    output = done.stdout.decode(errors="replace").strip().splitlines()[-_LAST_LINES:]
    if action == "post-link":
        raise TransactionError(
            f"the {action} script of {package.dist_name} failed; the environment was put back as it was",
            detail=[*output, *told],
            restored=True,
            exit_code=done.returncode,
        )
    return [*told, f"the {action} script of {package.dist_name} failed: {' '.join(output[-1:])}"]


def _environment(prefix: Path, package: Package, script: Path) -> Mapping[str, str]:
    own = {
        "PREFIX": str(prefix),
        "ROOT_PREFIX": os.environ.get("CONDA_ROOT", str(prefix)),
        "CONDA_PREFIX": str(prefix),
        "PKG_NAME": str(package.name),
        "PKG_VERSION": package.version,
        "PKG_BUILDNUM": str(package.build_number),
        "PATH": os.pathsep.join([str(script.parent), os.environ.get("PATH", "")]),
    }
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**clean, **own}


def _messages(prefix: Path) -> list[str]:
    path = prefix / MESSAGES
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
        path.unlink()
    except OSError:
        return []
    return [line.rstrip() for line in lines if line.strip()]
