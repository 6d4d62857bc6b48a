"""A kernel that is not a conda environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def venv_prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with ipykernel and this checkout's condadeps, all of it by pip."""
    prefix = tmp_path_factory.mktemp("venv") / "analysis"
    subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
    checkout = Path(__file__).parents[2]
    subprocess.run(
        [prefix / "bin" / "python", "-m", "pip", "install", "-q", "--no-compile", "ipykernel", checkout],
        check=True,
    )
    return prefix
