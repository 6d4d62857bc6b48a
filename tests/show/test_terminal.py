"""A terminal gets a bar on stderr while work is done; stdout holds the result alone."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.show import terminal
from tests.show.samples import CHANGED, UNCHANGED

ROOT = Path(__file__).parents[2]
WORK = """
import sys, time
from condadeps.show import terminal
from tests.show.samples import UNCHANGED
with terminal.progress() as bar:
    bar.phase("fetch", "[red]packages[/red]")
    for step in range(10):
        bar.progress("numpy-2.1.0.conda", step * 100_000, 1_000_000, "bytes")
        time.sleep(0.03)
    bar.notice("waiting for [process 7]")
    bar.phase("link")
    bar.progress("numpy", 1, 3)
    bar.progress("numpy", 3, 3)
terminal.show(UNCHANGED)
"""


def test_without_a_terminal_only_notices_are_told() -> None:
    stream = io.StringIO()
    with terminal.progress(stream=stream) as reporter:
        reporter.phase("solve")
        reporter.progress("numpy", 1, 2)
        reporter.notice("waiting for process 7")
    assert stream.getvalue() == "condadeps: waiting for process 7\n"


def test_quiet_is_quiet() -> None:
    stream = io.StringIO()
    with terminal.progress(quiet=True, stream=stream) as reporter:
        reporter.notice("waiting for process 7")
    assert stream.getvalue() == ""


def test_a_result_is_printed_once_with_one_newline(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(UNCHANGED)
    terminal.show("name: x\n")
    terminal.show([UNCHANGED, "y"])
    assert capsys.readouterr().out == f"{UNCHANGED}\nname: x\n{UNCHANGED}\ny\n"


def test_more_words_follow_each_request(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.show(CHANGED, verbosity=1)
    assert capsys.readouterr().out.endswith(
        "\n  pandas (cell): pandas 3.1.1\n  uvicorn[standard] (cell:2): uvicorn[standard] 0.30.1 (pip)\n"
    )


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_on_a_terminal_a_bar_is_drawn_on_stderr_and_gone_in_the_end() -> None:
    import pty

    screen, side = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100", "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", WORK], stdout=subprocess.PIPE, stderr=side, env=environ, text=True
    )
    os.close(side)
    drawn = b""
    while True:
        try:
            part = os.read(screen, 65536)
        except OSError:
            break
        if not part:
            break
        drawn += part
    out, _ = process.communicate()
    os.close(screen)
    assert process.returncode == 0
    assert out == f"{UNCHANGED}\n"
    seen = drawn.decode()
    assert "fetching: [red]packages[/red]" in seen
    assert "numpy-2.1.0.conda" in seen and "of 1.0 MB" in seen
    assert "condadeps: waiting for [process 7]" in seen
    assert "linking" in seen


def test_the_same_in_a_pipe_leaves_both_streams_plain() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WORK],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == f"{UNCHANGED}\n"
    assert done.stderr == "condadeps: waiting for [process 7]\n"
