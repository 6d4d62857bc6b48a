"""A folder of varied old notebooks, migrated and then run in real kernels."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.migration.migrate import migrate
from tests.conftest import RunCells
from tests.doors.test_notebook import conda_records, dist_infos
from tests.migration.books import book, sources
from tests.sources.simple_index import wheel

pytestmark = [pytest.mark.slow]

NOTEBOOKS = {
    "ipydeps": [
        "import ipydeps; ipydeps.pip(['numpy', 'small>=1,<2'], use_overrides=False)\nimport numpy, small"
    ],
    "shell": [
        "!pip install -q small==1.0 > /dev/null\nimport small",
        "%conda install -y attrs\nimport attr",
        "import sys\nnames = ['q', 'tree']",
        "for name in names:\n    %pip install {name}",
    ],
    "variables": [
        "wanted = ['attrs', f'small>={1}']\nmore = 'q tree'.split()",
        "import ipydeps\nipydeps.pip(more)\ndef setup():\n    ipydeps.pip('attrs')\nsetup()\nimport attr, q",
    ],
}


def test_a_migrated_folder_runs(kernel_prefix: Path, run_cells: RunCells, tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    for name, version in (("small", "1.0"), ("small", "2.0"), ("q", "2.7"), ("tree", "9.9")):
        wheel(wheels, name, version)
    env: dict[str, str | None] = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels)}
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name, cells in NOTEBOOKS.items():
        (folder / f"{name}.ipynb").write_text(book(*cells))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shown = migrate([folder], diff=True)
    assert shown.exit_code == 1 and {path.name: path.read_bytes() for path in folder.iterdir()} == before
    for name in NOTEBOOKS:
        assert f"+++ {folder / name}.ipynb" in str(shown)
    report = migrate([folder])
    assert report.exit_code == 0
    for name in NOTEBOOKS:
        ran = run_cells(kernel_prefix, sources((folder / f"{name}.ipynb").read_text()), cwd=folder, env=env)
        assert [cell.error for cell in ran] == [None] * len(ran), name
    assert {"numpy", "attrs"} <= conda_records(kernel_prefix).keys()
    assert [info.name for info in dist_infos(kernel_prefix, "small")] == ["small-1.0.dist-info"]
    assert dist_infos(kernel_prefix, "tree") and "tree" not in conda_records(kernel_prefix)
    assert migrate([folder], check=True).exit_code == 0
