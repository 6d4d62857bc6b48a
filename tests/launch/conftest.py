"""Jupyter's environment and servers in it, for the launcher's tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.launch import environments


@pytest.fixture(scope="session")
def jupyter() -> Path:
    """A virtual environment with JupyterLab, nbgallery's extensions and JupyterHub, made once a machine."""
    return environments.made(environments.JUPYTER)


@pytest.fixture(scope="session")
def scanner() -> Path:
    """A virtual environment with sslyze, made once a machine."""
    return environments.made(environments.SCANNER)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home nobody has used."""
    directory = tmp_path / "home"
    directory.mkdir()
    return directory
