"""The real parts are real: environments of the test channel run, and so do kernels in them."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import CondaPrefix, RunCells

pytestmark = pytest.mark.slow


def _python(prefix: Path, code: str) -> str:
    command = [str(prefix / "bin" / "python"), "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_an_environment_of_the_channel_runs_from_where_it_was_made(conda_prefix: CondaPrefix) -> None:
    prefix = conda_prefix("python", "numpy >=2")
    assert _python(prefix, "import sys, numpy; print(sys.prefix)") == str(prefix)
    assert _python(prefix, "import numpy; print(numpy.ones(3).sum())") == "3.0"


def test_cells_run_in_a_kernel_of_the_environment(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    first, second, third = run_cells(
        kernel_prefix,
        ["import sys, os; print(sys.prefix)\nos.getcwd()", "1/0", "import condadeps; condadeps.__file__"],
    )
    assert first.text == f"{kernel_prefix}\n{str(tmp_path)!r}\n"
    assert second.error == "ZeroDivisionError: division by zero"
    assert str(kernel_prefix) in third.text
