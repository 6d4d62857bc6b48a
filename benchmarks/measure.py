"""Timing commands, and telling what they took."""

from __future__ import annotations

import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_TIMEOUT = 1800.0
"""Seconds after which a command counts as hung."""
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Of ``ru_maxrss``, in bytes."""


@dataclass(frozen=True)
class Took:
    """One command's cost."""

    seconds: float
    """From its start to its end, by the wall clock."""
    peak: int
    """Bytes of memory its largest process held at once (resident)."""


@dataclass(frozen=True)
class Sample:
    """The same thing measured several times."""

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    def show(self, unit: str) -> str:
        """``median (least–most)`` in ``unit``: ``s``, ``ms`` (of seconds) or ``MB`` (of bytes)."""
        factor, digits = {"s": (1.0, 2), "ms": (1e3, 1), "MB": (1e-6, 0)}[unit]
        middle, low, high = (
            f"{value * factor:.{digits}f}" for value in (self.median, min(self.values), max(self.values))
        )
        return f"{middle} {unit}" if len(self.values) == 1 else f"{middle} {unit} ({low}–{high})"

    def times(self, other: Sample) -> str:
        """This median as a multiple of ``other``'s: ``3.2×``."""
        ratio = self.median / other.median
        return f"{ratio:.0f}×" if ratio >= 10 else f"{ratio:.2g}×"


# A process starts out with its parent's peak of memory on its account: the parent must be a small one.
_LAUNCHER = """\
import json, os, subprocess, sys, time
started = time.perf_counter()
process = subprocess.Popen(sys.argv[2:])
_, status, usage = os.wait4(process.pid, 0)
seconds = time.perf_counter() - started
os.write(int(sys.argv[1]), json.dumps([seconds, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]).encode())
"""


def command(argv: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path) -> Took:
    """Run ``argv`` to its end. Raises RuntimeError, with the end of its output, when it fails or hangs."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as figures:
        process = subprocess.Popen(
            [sys.executable, "-SEc", _LAUNCHER, str(figures.fileno()), *map(str, argv)],
            pass_fds=[figures.fileno()],
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            process.wait(_TIMEOUT)
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
        figures.seek(0)
        seconds, peak, code = json.loads(figures.read() or b"[0, 0, -1]")
        if code:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()[-2000:]
            raise RuntimeError(f"{' '.join(map(str, argv))}: exit {code}\n{said}")
    return Took(seconds, peak * _PEAK_UNIT)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first to the right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """What it was measured on, in one line."""
    load = f"load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else "load unknown"
    return (
        f"{time.strftime('%Y-%m-%d')}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, {load}"
    )


def write(text: str, page: Path, name: str) -> None:
    """Put ``text`` between the marks of ``name`` in ``page``. Raises RuntimeError when it has none."""
    start, end = f"<!-- benchmark: python -m benchmarks.{name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.read_text("utf-8").partition(start)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise RuntimeError(f"{page} has no place for it, which looks so:\n{start}\n{end}")
    page.write_text(f"{before}{start}\n{text}\n{end}{after}", "utf-8")


def say(message: str) -> None:
    """To a person who waits; the results alone go to standard output."""
    print(message, file=sys.stderr, flush=True)
