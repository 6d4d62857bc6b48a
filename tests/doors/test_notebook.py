"""What a person sees who types ``%condadeps`` into a notebook of a real kernel."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.channel.fixture import Channel
from tests.conftest import RunCells

pytestmark = [pytest.mark.slow]

LOAD = "%load_ext condadeps"


def conda_records(prefix: Path) -> dict[str, str]:
    """Name and version of every conda package."""
    records = (json.loads(path.read_text()) for path in (prefix / "conda-meta").glob("*.json"))
    return {record["name"]: record["version"] for record in records}


def dist_infos(prefix: Path, project: str) -> list[Path]:
    return sorted(prefix.glob(f"lib/python3.*/site-packages/{project}-*.dist-info"))


@pytest.mark.network
def test_pandas_from_conda_and_seaborn_from_pypi_are_importable_in_the_next_cell(
    kernel_prefix: Path, run_cells: RunCells, channel: Channel, tmp_path: Path
) -> None:
    asked = '%condadeps pandas seaborn "rich>=13"'
    load, first, imported, again = run_cells(
        kernel_prefix,
        [
            LOAD,
            asked,
            "import pandas, seaborn, rich, matplotlib; print(pandas.__version__, seaborn.__version__)",
            asked,
        ],
    )
    assert [cell.error for cell in (load, first, imported, again)] == [None] * 4

    installed = conda_records(kernel_prefix)
    assert {"pandas", "numpy", "matplotlib", "rich"} <= installed.keys()
    assert "seaborn" not in installed
    [seaborn] = dist_infos(kernel_prefix, "seaborn")
    assert (seaborn / "INSTALLER").read_text().strip() == "pip"
    assert (seaborn / "REQUESTED").exists() and not (seaborn / "direct_url.json").exists()
    version = seaborn.name.split("-")[1].removesuffix(".dist")
    assert imported.text.split() == [installed["pandas"], version]
    for name in ("pandas", "numpy", "matplotlib"):
        [info] = dist_infos(kernel_prefix, name)
        assert (info / "INSTALLER").read_text().strip() == "conda"

    assert (tmp_path / "environment.yml").read_text() == (
        f"name: {kernel_prefix.parent.name if kernel_prefix.name == 'env' else kernel_prefix.name}\n"
        "channels:\n"
        f"  - {channel.url}\n"
        "dependencies:\n"
        "  - python=3.11\n"
        f"  - pandas={installed['pandas']}\n"
        f"  - matplotlib={installed['matplotlib']}  # for seaborn\n"
        f"  - numpy={installed['numpy']}  # for seaborn\n"
        "  - rich>=13\n"
        "  - pip\n"
        "  - pip:\n"
        f"      - seaborn=={version}\n"
    )
    assert "Already there" in again.text and again.seconds < 1


@pytest.mark.network
def test_the_same_cell_again_changes_nothing_and_asks_nobody(
    kernel_prefix: Path, run_cells: RunCells, channel: Channel, tmp_path: Path
) -> None:
    timed = (
        "import time; start = time.perf_counter(); "
        "get_ipython().run_line_magic('condadeps', 'requests \"click>=8\" conda:python'); "
        "print('ms', (time.perf_counter() - start) * 1000)"
    )
    hits = channel.server.hits
    before = len(hits)
    cells = run_cells(kernel_prefix, [LOAD, timed, timed, "import sys; print('subprocess' in sys.modules)"])
    assert [cell.error for cell in cells] == [None] * 4
    assert len(hits) == before
    file = tmp_path / "environment.yml"
    text, stamp = file.read_text(), file.stat().st_mtime_ns
    assert "requests=" in text and "click>=8" in text
    [again] = run_cells(kernel_prefix, [f"{LOAD}\n{timed}"])
    assert again.error is None and "Already there" in again.text
    assert (file.read_text(), file.stat().st_mtime_ns) == (text, stamp)


def test_pips_packaging_gives_way_to_condas_when_condas_matplotlib_needs_it(
    kernel_prefix: Path, run_cells: RunCells
) -> None:
    python = kernel_prefix / "bin" / "python"
    (record,) = (kernel_prefix / "conda-meta").glob("packaging-*.json")
    conda_files = json.loads(record.read_text())["files"]
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--ignore-installed", "--no-deps", "packaging==24.2"],
        check=True,
    )
    record.unlink()  # as if conda had never had it: pip's copy alone is there
    assert conda_files
    for stale in dist_infos(kernel_prefix, "packaging"):
        if "24.2" not in stale.name:
            subprocess.run(["rm", "-r", stale], check=True)
    cells = run_cells(kernel_prefix, [LOAD, "%condadeps matplotlib", "import matplotlib.pyplot, packaging"])
    assert [cell.error for cell in cells] == [None] * 3
    [left] = dist_infos(kernel_prefix, "packaging")
    assert (left / "INSTALLER").read_text().strip() == "conda"
    assert "packaging" in conda_records(kernel_prefix)
    assert "packaging" in cells[1].text


@pytest.mark.network
@pytest.mark.parametrize("hostile", ["variables", "file"])
def test_a_hostile_pip_configuration_moves_nothing(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path, hostile: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    if hostile == "variables":
        env = {
            "PIP_TARGET": str(elsewhere),
            "PIP_USER": "1",
            "PIP_NO_DEPS": "0",
            "PIP_REQUIREMENT": "/nowhere",
        }
    else:
        file = tmp_path / "pip.conf"
        file.write_text(f"[global]\ntarget = {elsewhere}\nprefix = {elsewhere}\n[install]\nuser = true\n")
        env = {"PIP_CONFIG_FILE": str(file)}
    cells = run_cells(
        kernel_prefix, [LOAD, "%condadeps pypi:six", "import six; print(six.__file__)"], env=env
    )
    assert [cell.error for cell in cells] == [None] * 3
    assert cells[2].text.startswith(str(kernel_prefix))
    assert not elsewhere.exists()


def test_a_cell_lists_requests_one_a_line(kernel_prefix: Path, run_cells: RunCells, tmp_path: Path) -> None:
    cell = "%%condadeps\n# what we need\nnumpy <2   # an old one\n\nclick >=8, <9\n"
    cells = run_cells(kernel_prefix, [LOAD, cell, "import numpy; print(numpy.__version__)"])
    assert [cell.error for cell in cells] == [None] * 3
    assert cells[2].text.startswith("1.26")
    text = (tmp_path / "environment.yml").read_text()
    assert "numpy<2" in text.replace(" ", "") and "click>=8,<9" in text.replace(" ", "")


def test_a_greater_sign_is_part_of_a_request_and_never_a_redirect(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    cells = run_cells(
        kernel_prefix, [LOAD, '%condadeps --dry-run "numpy>=2"', "%condadeps --dry-run numpy>2"]
    )
    assert [cell.error for cell in cells] == [None] * 3
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".ipynb"] == []


def test_ipythons_variables_are_expanded(kernel_prefix: Path, run_cells: RunCells) -> None:
    cells = run_cells(
        kernel_prefix, [LOAD, "name = 'click'", "%condadeps {name} $name", "%condadeps which {name}"]
    )
    assert [cell.error for cell in cells] == [None] * 4
    assert "click" in cells[2].text


def test_importing_condadeps_in_ipython_brings_the_magic(kernel_prefix: Path, run_cells: RunCells) -> None:
    cells = run_cells(kernel_prefix, ["import condadeps", "%condadeps which torch", "%condadeps?"])
    assert [cell.error for cell in cells] == [None] * 3
    assert "pytorch" in cells[1].text


def test_an_error_stops_the_notebook_and_shows_no_traceback_of_ours(
    kernel_prefix: Path, run_cells: RunCells
) -> None:
    load, cell = run_cells(kernel_prefix, [LOAD, "%condadeps --dry-run 'numpy>=99'"])
    assert load.error is None
    assert cell.error is not None and cell.error.startswith("NoVersionError")
    assert "condadeps/api.py" not in str(cell.outputs)


@pytest.mark.network
def test_the_api_returns_what_became_of_it(kernel_prefix: Path, run_cells: RunCells) -> None:
    cells = run_cells(
        kernel_prefix,
        [
            "import condadeps",
            "planned = condadeps.plan('pypi:six'); print(planned.changed, planned.status.value)",
            "outcome = condadeps.install('pypi:six'); print(outcome.changed, outcome.restart_needed)",
            "import six; outcome",
            "condadeps.install('pypi:six').changed",
            "print(condadeps.update('pypi:six').status.value)",
        ],
    )
    assert [cell.error for cell in cells] == [None] * 6
    assert cells[1].text.split() == ["False", "planned"]
    assert cells[2].text.split() == ["True", "False"]
    assert "six" in cells[3].html and "six" in cells[3].text
    assert cells[4].text.strip() == "False"


@pytest.mark.network
def test_a_kernel_in_a_venv_is_served_by_pip_alone_and_says_so(
    venv_prefix: Path, run_cells: RunCells
) -> None:
    prefix = venv_prefix
    cells = run_cells(prefix, [LOAD, "%condadeps six", "import six; print(six.__file__)", "%condadeps six"])
    assert [cell.error for cell in cells] == [None] * 4
    assert cells[2].text.startswith(str(prefix))
    assert "condadeps create" in cells[1].text
    assert "condadeps create" not in cells[3].text
