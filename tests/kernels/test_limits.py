"""No limit that servers and their kind set a kernel ends one whose language is still being installed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernels.conftest import Small
from tests.kernels.jupyter import environ, serving

pytestmark = [pytest.mark.slow, pytest.mark.network]

LIMIT = 60
"""Seconds: jupyter_server's ``kernel_info_timeout`` and nbclient's ``startup_timeout``."""


@pytest.mark.timeout(400)
def test_a_first_start_of_more_than_a_minute_is_survived_by_servers_nbclient_and_nbconvert(
    small: Small, jupyter: Path
) -> None:
    small.slow(LIMIT + 8)
    notebooks = [_notebook(small.cwd / f"{name}.ipynb") for name in ("nbclient", "nbconvert")]
    commands = (["execute", "--inplace"], ["nbconvert", "--execute", "--inplace", "--to", "notebook"])
    with serving(jupyter, small.cwd) as server:
        kernel_id = server.session("small")
        began = time.monotonic()
        running = [
            subprocess.Popen(
                [str(jupyter / "bin" / "jupyter"), *words, str(notebook)],
                env=environ(),
                cwd=small.cwd,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            for words, notebook in zip(commands, notebooks, strict=True)
        ]
        with server.front_end(kernel_id) as kernel:
            assert kernel.reply(kernel.client.kernel_info(), LIMIT)["implementation"] == "condadeps"
            sent = [kernel.execute(code) for code in ("n = 6", "n * 7", "import os; os.getppid()")]
            kernel.until(lambda: any("fetching" in one for one in kernel.html(sent[0])))
            assert server.state(kernel_id) == "busy"
            kernel.ended(sent[-1], 240)
            assert time.monotonic() - began > LIMIT
            assert [kernel.text(one) for one in sent[:2]] == ["", "42"]
            assert kernel.text(sent[2]) != str(server.pid)  # the stand-in is between: none was started anew
        said = [one.communicate(timeout=120)[0] for one in running]
    assert [one.returncode for one in running] == [0, 0], said
    assert [_shown(notebook) for notebook in notebooks] == ["42", "42"]
    assert len([path for path in small.server.paths("GET") if "/tree-" in path]) == 1


def test_servers_that_cull_idle_kernels_leave_one_alone_until_it_is_installed(
    small: Small, jupyter: Path
) -> None:
    """Two servers, of which nobody's browser is connected to either's kernel."""
    fault = small.slow(8)
    cull = [
        f"--MappingKernelManager.cull_{key}" for key in ("idle_timeout=3", "interval=1", "connected=True")
    ]
    with serving(jupyter, small.cwd, *cull) as one, serving(jupyter, small.cwd, *cull) as other:
        ids = [(server, server.session("small")) for server in (one, other)]
        _until(lambda: fault.hits > 0)
        while not (small.prefix / "conda-meta" / "condadeps" / "first-use.json").exists():
            assert None not in [server.state(kernel_id) for server, kernel_id in ids]
            time.sleep(0.5)
        _until(lambda: [server.state(kernel_id) for server, kernel_id in ids] == [None, None])  # like any
    assert len([path for path in small.server.paths("GET") if "/tree-" in path]) == 1


def test_a_server_restarts_and_interrupts_it_while_it_is_installed_and_afterwards(
    small: Small, jupyter: Path
) -> None:
    fault = small.slow(90)
    with serving(jupyter, small.cwd) as server:
        kernel_id = server.session("small")
        with server.front_end(kernel_id) as kernel:
            kernel.execute("1")
            _until(lambda: fault.hits > 0)
            server.ask("POST", f"kernels/{kernel_id}/restart")
        with server.front_end(kernel_id) as kernel:
            first = kernel.execute("1")
            _until(lambda: fault.hits > 1)  # it began again
            server.ask("POST", f"kernels/{kernel_id}/interrupt")
            kernel.ended(first, 60)
            assert "nothing half-done is left" in kernel.text(first)
            small.server.faults.clear()
            assert kernel.run("6 * 7") == "42"
            long = kernel.execute("import time\nprint('begun')\ntime.sleep(60)")
            kernel.until(lambda: "begun" in kernel.text(long))
            server.ask("POST", f"kernels/{kernel_id}/interrupt")
            kernel.ended(long)
            assert "KeyboardInterrupt" in kernel.text(long)
            server.ask("POST", f"kernels/{kernel_id}/restart")
        with server.front_end(kernel_id) as kernel:
            assert kernel.run("import os; os.getppid()") == str(server.pid)  # now nobody is between


def test_a_server_that_ends_meanwhile_leaves_nothing_half_done(small: Small, jupyter: Path) -> None:
    fault = small.slow(90)
    with serving(jupyter, small.cwd) as server:
        server.session("small")
        _until(lambda: fault.hits > 0)
    _until(lambda: not small.prefix.exists())


def _notebook(path: Path) -> Path:
    """Two cells of the kernel under test."""
    metadata = {"kernelspec": {"name": "small", "display_name": "Small", "language": "python"}}
    import nbformat  # with jsonschema: see tests.kernel

    cells = [nbformat.v4.new_code_cell(code) for code in ("n = 6", "n * 7")]
    nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=metadata), path)
    return path


def _shown(path: Path) -> str:
    """What its second cell showed."""
    import nbformat

    (output,) = nbformat.read(path, 4).cells[1].outputs
    return str(output["data"]["text/plain"])


def _until(holds: Callable[[], bool], timeout: float = 90) -> None:
    end = time.monotonic() + timeout
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
