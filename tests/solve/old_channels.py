"""Real channels of years past, and what conda's own tests say of them: from PyPI's ``pytest-conda-solvers``.

The wheel is fetched once a machine and unpacked as channels on disk; nothing of it is imported or kept here.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.channel import cached

WHEEL = "pytest-conda-solvers==0.1.0"
CHANNELS = ("channel-1", "channel-2", "channel-4", "channel-5", "channel-6")


@cache
def directory() -> Path:
    """A directory with a channel each in ``channel-1`` and the like, and conda's cases in ``cases``."""
    kept = cached.root() / WHEEL.replace("==", "-")
    if kept.is_dir():
        return kept
    kept.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=kept.parent))
    try:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(partial)]
        subprocess.run([*command, WHEEL], check=True)
        with zipfile.ZipFile(next(partial.glob("*.whl"))) as wheel:
            wheel.extractall(partial / "wheel")
        _arrange(partial / "wheel" / "pytest_conda_solvers", partial / "done")
        try:
            (partial / "done").rename(kept)
        except OSError:  # another process was faster
            if not kept.is_dir():
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return kept


def _arrange(package: Path, done: Path) -> None:
    for channel in CHANNELS:
        for subdir, part in (("linux-64", "non-noarch"), ("noarch", "noarch")):
            packages = json.loads((package / "data" / f"{channel}_{part}.json").read_text())
            document = {"info": {"subdir": subdir}, "packages": packages, "packages.conda": {}}
            place = done / channel / subdir
            place.mkdir(parents=True)
            (place / "repodata.json").write_text(json.dumps(document))
    shutil.copytree(package / "conda-solver-tests", done / "cases")


@cache
def cases() -> Mapping[str, Mapping[str, Any]]:
    """Conda's cases by their ids."""
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted((directory() / "cases").glob("*.yaml")):
        found |= {case["id"]: case for case in YAML(typ="safe").load(path)["tests"]}
    return found


def listed(value: str | list[str] | None) -> list[str]:
    """The cases write one text, or a list of them."""
    return [value] if isinstance(value, str) else list(value or [])
