"""conda itself builds the environment again from what ``%condadeps`` wrote down."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import RunCells

pytestmark = [pytest.mark.slow, pytest.mark.network, pytest.mark.conda, pytest.mark.timeout(900)]

CODE = """
import importlib.metadata, json
print(json.dumps({name: importlib.metadata.version(name) for name in ("pandas", "seaborn", "rich", "numpy")}))
import pandas, seaborn, rich
"""


def test_conda_env_create_builds_what_the_cell_recorded(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    conda = os.environ.get("CONDA_EXE")
    if not conda:
        pytest.skip("there is no real conda: CONDA_EXE is not set")
    load, told, there = run_cells(
        kernel_prefix, ["%load_ext condadeps", '%condadeps pandas seaborn "rich>=13"', CODE], timeout=280
    )
    assert (load.error, told.error, there.error) == (None, None, None)
    file = tmp_path / "environment.yml"
    assert "seaborn==" in file.read_text() and "rich>=13" in file.read_text()

    monkeypatch.setenv("CONDA_PKGS_DIRS", str(tmp_path / "pkgs"))
    again = tmp_path / "again"
    words = [conda, "env", "create", "--file", str(file), "--prefix", str(again), "--json", "--yes"]
    done = subprocess.run(words, capture_output=True, text=True, cwd=tmp_path, timeout=400)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    line = [str(again / "bin" / "python"), "-c", CODE]
    rebuilt = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    assert json.loads(rebuilt) == json.loads(there.text)
    listed = json.loads(
        subprocess.run([conda, "list", "-p", str(again), "--json"], capture_output=True, text=True).stdout
    )
    channels = {one["name"]: one["channel"] for one in listed}
    assert channels["seaborn"] == "pypi"
    assert {channels[name] for name in ("pandas", "numpy", "matplotlib", "rich")}.isdisjoint({"pypi"})
