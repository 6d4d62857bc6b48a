"""Python environments that tests run other programs in, made once a machine from the package index.

The launcher runs in its Jupyter's environment, so its tests need one: JupyterLab, nbgallery's extensions,
JupyterHub. The TLS scanner and conda-lock have one each: what they need would decide what the others get.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from filelock import FileLock

from tests.channel import cached

JUPYTER = ("jupyterlab>=4.4,<5", "jupyterlab_nbgallery>=3.0.6,<4", "jupyter_nbgallery>=3.0.1,<4")
JUPYTER += ("notebook>=7.4,<8", "jupyterhub>=5", "cryptography>=42")
SCANNER = ("sslyze>=6",)
CONDA_LOCK = ("conda-lock>=4,<5",)


def made(requirements: tuple[str, ...]) -> Path:
    """The environment with ``requirements``, made now if it is not there; programs are in its ``bin``."""
    key = hashlib.sha256(repr((sys.version, sys.base_prefix, requirements)).encode()).hexdigest()[:16]
    kept = cached.root() / "environments"
    finished = kept / key
    if not finished.is_dir():
        kept.mkdir(parents=True, exist_ok=True)
        with FileLock(kept / f"{key}.lock"):
            if not finished.is_dir():
                _make(finished, requirements)
    return finished


def _make(finished: Path, requirements: tuple[str, ...]) -> None:
    print(f"making {finished} with {', '.join(requirements)} (once)", file=sys.stderr, flush=True)
    # A virtual environment does not move: it is made where it stays, and counts when its pip ended well.
    subprocess.run([sys.executable, "-m", "venv", "--clear", f"{finished}.partial"], check=True)
    python = f"{finished}.partial/bin/python"
    with tempfile.TemporaryDirectory() as home:
        # Tests have a HOME of their own, and pip's cache is of no use here.
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
        subprocess.run([*pip, *requirements], check=True, env={**_environ(), "HOME": home})
    finished.symlink_to(f"{finished}.partial")


def _environ() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}


if __name__ == "__main__":
    for wanted in (JUPYTER, SCANNER, CONDA_LOCK):
        made(wanted)
