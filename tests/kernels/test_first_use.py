"""A kernel that installs itself is there from the start, and works once it is installed."""

from __future__ import annotations

import os

import pytest

from tests.kernel import run_named
from tests.kernels.conftest import Languages
from tests.kernels.live import started

pytestmark = pytest.mark.slow


def test_cells_that_wait_for_the_installation_run_in_their_order(languages: Languages) -> None:
    with started("bash", languages.folder, languages.cwd) as kernel:
        sent = [kernel.execute(f"n=$((n * 10 + {number})); echo n is $n") for number in (1, 2, 3)]
        kernel.ended(sent[-1])
        assert [kernel.text(one) for one in sent] == ["n is 1\n", "n is 12\n", "n is 123\n"]
        assert any("Installing Bash" in one for one in kernel.html(sent[0]))
        assert "clear_output" in kernel.kinds(sent[0])  # the cell ends with its own output only
        assert not kernel.html(sent[1])
    assert (languages.prefix("bash") / "conda-meta").is_dir()


def test_nbclient_runs_a_notebook_on_a_language_that_is_not_there_yet(languages: Languages) -> None:
    cells = run_named(
        "another-python",
        languages.folder,
        ["import sys\nsys.prefix", "%condadeps list", "%condadeps kernels"],
        languages.cwd,
    )
    assert str(languages.prefix("another-python")) in cells[0].text
    assert "ipykernel" in cells[1].text and "another-python" in cells[2].text
    assert all(cell.error is None for cell in cells)
    (again,) = run_named("another-python", languages.folder, ["import os\nos.getppid()"], languages.cwd)
    assert again.text == f"{os.getpid()}\n"  # nobody between
