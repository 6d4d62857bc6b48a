"""An environment travels: from a kernel to a file, from the file to another kernel, equal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.channel.fixture import Channel
from tests.conftest import RunCells
from tests.doors.test_command import condadeps
from tests.kernel import run_named

pytestmark = [pytest.mark.slow, pytest.mark.network]


LOAD = "import condadeps"


def versions(prefix: Path) -> dict[str, str]:
    """All that is installed, by name and manager."""
    listed = json.loads(condadeps("list", "-p", prefix, "--json").stdout)
    return {f"{one['name']} ({one['channel']})": one["version"] for one in listed}


def test_from_a_kernel_to_an_environment_file_to_another_environment(
    channel: Channel, kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    cells = run_cells(kernel_prefix, [LOAD, '%condadeps "click<8.2" pypi:humanize', "import humanize"])
    assert [cell.error for cell in cells] == [None] * 3, cells[1].text
    env = {"CONDA_CHANNELS": channel.url}
    done = condadeps("create", "-p", tmp_path / "again", "-f", "environment.yml", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    there, again = versions(kernel_prefix), versions(tmp_path / "again")
    both = there.keys() & again.keys()
    assert {"click", "humanize", "numpy", "ipykernel"} & {name.split(" ")[0] for name in both}
    assert {name: there[name] for name in both} == {name: again[name] for name in both}


@pytest.mark.parametrize("format", ["conda-lock", "pixi-lock"])
def test_from_a_kernel_to_a_lock_to_another_kernel_where_the_magic_works(
    channel: Channel, kernel_prefix: Path, run_cells: RunCells, tmp_path: Path, format: str
) -> None:
    name = {"conda-lock": "conda-lock.yml", "pixi-lock": "pixi.lock"}[format]
    cells = run_cells(
        kernel_prefix,
        [LOAD, "%condadeps pypi:humanize numpy", f"%condadeps export --format {format} -o {name}"],
    )
    assert [cell.error for cell in cells] == [None] * 3, cells[1].text
    env = {"CONDA_CHANNELS": channel.url}
    done = condadeps(
        "create", "-p", tmp_path / "again", "-f", name, "--kernel", "again",
        "--kernel-prefix", tmp_path / "jupyter", cwd=tmp_path, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert versions(tmp_path / "again") == versions(kernel_prefix)
    folder = tmp_path / "jupyter" / "share" / "jupyter" / "kernels"
    ran = run_named(
        "again", folder, ["import humanize, numpy; print('both')", "%condadeps numpy"], tmp_path, env
    )
    assert "both" in ran[0].text and "Already there" in ran[1].text
