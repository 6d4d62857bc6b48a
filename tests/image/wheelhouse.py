"""What the image's build takes from PyPI, as a directory: the build itself has no network (docs/image.md)."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import tomli
from filelock import FileLock
from ruamel.yaml import YAML

from tests.channel import cached

ROOT = Path(__file__).parent.parent.parent


def wheelhouse() -> Path:
    """The directory, filled now if it is not there yet (some ten seconds)."""
    wanted = asked()
    key = hashlib.sha256("\n".join((sys.version, *wanted)).encode()).hexdigest()[:16]
    finished = cached.root() / f"image-wheels-{key}"
    with FileLock(cached.root() / f"{finished.name}.lock"):
        if not finished.is_dir():
            partial = Path(tempfile.mkdtemp(prefix="partial-", dir=finished.parent))
            try:
                command = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:"]
                subprocess.run([*command, "--dest", str(partial), *wanted], check=True)
                partial.chmod(0o755)
                partial.rename(finished)
            except BaseException:
                shutil.rmtree(partial, ignore_errors=True)
                raise
    os.utime(finished)
    return finished


def asked() -> list[str]:
    """condadeps' requirements, what builds it, and the lines under ``pip:`` of the environment files."""
    project = tomli.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    found = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    for file in ("server.yml", "python3.yml"):
        for line in YAML(typ="safe").load((ROOT / "docker" / file).read_text("utf-8"))["dependencies"]:
            found += line["pip"] if isinstance(line, dict) else []
    return found
