"""Environments with the real ipydeps, and with condadeps in its place, both without conda."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def venv_with(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A factory of virtual environments with what pip is told to install into them."""

    def make(*installed: str | Path) -> Path:
        prefix = tmp_path_factory.mktemp("venv", numbered=True) / "env"
        subprocess.run([sys.executable, "-m", "venv", prefix], check=True)
        subprocess.run(
            [
                prefix / "bin" / "python",
                "-m",
                "pip",
                "install",
                "-q",
                "--no-compile",
                "ipykernel",
                *installed,
            ],
            check=True,
        )
        return prefix

    return make


CHECKOUT = Path(__file__).parents[2]
