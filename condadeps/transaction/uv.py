"""Letting uv lay out what pip would: the same files, by the same hashes, below the same root.

uv is told what pip is told: no index, nothing to resolve, nothing to build, no configuration. Its
cache is the transaction's own and goes with it, so that it shares no file with anybody.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from condadeps.errors import ConfigError
from condadeps.prefix.target import Target

_LITTER = (".lock", "**/*.dist-info/uv_cache.json")
"""What uv leaves of its own in what it installs into."""


def find(prefix: Path, environ: Mapping[str, str] | None = None) -> Path:
    """uv: beside the Python that runs this, in ``prefix``, on PATH. Raises ConfigError when there is none."""
    environ = os.environ if environ is None else environ
    beside = [Path(sys.executable).parent, prefix / "bin", prefix / "Scripts"]
    for place in (*map(str, beside), environ.get("PATH", "")):
        found = shutil.which("uv", path=place) if place else None
        if found:
            return Path(found).absolute()
    raise ConfigError(
        "what is from PyPI is to be installed by uv, and there is no uv here",
        detail=[f"looked beside {sys.executable}, in {prefix}, and on PATH"],
        help="condadeps install uv; or leave it to pip: --pip-installer pip (CONDADEPS_PIP_INSTALLER)",
        place="CONDADEPS_PIP_INSTALLER",
    )


def arguments(
    uv: Path, listing: Path, folders: Sequence[str], root: Path, work: Path, target: Target
) -> list[str]:
    """The call that lays out the files that ``listing`` pins, out of ``folders``, below ``root``."""
    return [
        str(uv),
        "pip",
        "install",
        f"--python={target.python}",
        f"--prefix={root / target.prefix.relative_to(target.prefix.anchor)}",
        f"--requirement={listing}",
        *(f"--find-links={folder}" for folder in folders),
        f"--cache-dir={work / 'uv-cache'}",
        "--no-config",
        "--offline",
        "--no-index",
        "--no-deps",
        "--no-build",
        "--require-hashes",
        "--no-python-downloads",
        "--no-compile-bytecode",
        "--no-progress",
        "--color=never",
    ]


def tidy(tree: Path) -> list[str]:
    """Take uv's own files out of ``tree``; returns their paths in it, which ``RECORD`` may list."""
    found = [path for pattern in _LITTER for path in tree.glob(pattern)]
    for path in found:
        path.unlink()
    return [path.relative_to(tree).as_posix() for path in found]
