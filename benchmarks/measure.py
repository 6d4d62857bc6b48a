"""Timing commands, and telling what they took."""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

_TIMEOUT = 1800.0
"""Seconds after which a command counts as hung."""
_PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Of ``ru_maxrss``, in bytes."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Took:
    """One command's cost."""

    seconds: float
    """From its start to its end, by the wall clock."""
    processor: float
    """Seconds of processor time, of all its processes: what else the machine does moves it least."""
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
figures = [seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss, os.waitstatus_to_exitcode(status)]
os.write(int(sys.argv[1]), json.dumps(figures).encode())
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
        seconds, processor, peak, code = json.loads(figures.read() or b"[0, 0, 0, -1]")
        if code:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()[-2000:]
            raise RuntimeError(f"{' '.join(map(str, argv))}: exit {code}\n{said}")
    return Took(seconds, processor, peak * _PEAK_UNIT)


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


@dataclass(frozen=True)
class Given:
    """What a benchmark was told."""

    runs: int
    quick: bool
    parts: Sequence[str] = ()


Tables = Mapping[str, str]
"""Markdown by the name of its place in a page, ``plan`` or ``plan, in short``; the first is printed."""
Steps = Iterator[tuple[int, Tables]]
"""How many rounds were done, and what is known by then."""


def run(
    name: str, doc: str | None, runs: int, measured: Callable[[Given], Steps], parts: Sequence[str] = ()
) -> int:
    """The command ``python -m benchmarks.<name>``: its exit status, 1 when a contestant failed.

    ``parts`` can be asked for alone.

    Each step of ``measured`` is printed and written at once: what was measured stays, if the rest is cut off.
    """
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}", description=doc)
    parser.add_argument("--runs", type=int, default=runs, help=f"rounds (default: {runs})")
    parser.add_argument("--quick", action="store_true", help="one round, and small: to see that it runs")
    parser.add_argument(
        "--write", type=Path, action="append", default=[], metavar="FILE", help="a page to put it into"
    )
    if parts:
        what = f"some of it only: {', '.join(parts)} (default: all)"
        parser.add_argument("part", nargs="*", metavar="PART", help=what)
    given = parser.parse_args()
    asked = tuple(given.part or parts) if parts else ()
    for part in asked:
        if part not in parts:
            parser.error(f"there is no part {part}: {', '.join(parts)}")
    where = machine()
    try:
        for rounds, tables in measured(Given(1 if given.quick else given.runs, given.quick, asked)):
            of = f"{rounds} rounds; what stands alone was run once" if rounds > 1 else "one round only"
            foot = f"Medians (least–most) of {of}. {where}."
            dated = {place: f"{text}\n\n{foot}" for place, text in tables.items()}
            print(next(iter(dated.values())), end="\n\n", flush=True)
            for page in given.write:
                write(dated, page)
    except RuntimeError as error:
        say(str(error))
        return 1
    return 0


def turned(items: Sequence[_T], number: int) -> list[_T]:
    """``items`` in their order, begun elsewhere each round, so that none always follows the same."""
    start = number % len(items)
    return [*items[start:], *items[:start]]


def write(tables: Tables, page: Path) -> None:
    """Put each of ``tables`` between its marks in ``page``. Raises RuntimeError when it has none of them."""
    text = page.read_text("utf-8")
    missing = []
    for name, table in tables.items():
        start, end = f"<!-- benchmark: python -m benchmarks.{name} -->", f"<!-- end of {name} -->"
        before, found, rest = text.partition(start)
        _, closed, after = rest.partition(end)
        if found and closed:
            text = f"{before}{start}\n{table}\n{end}{after}"
        else:
            missing.append(f"{start}\n{end}")
    if len(missing) == len(tables):
        raise RuntimeError("\n".join((f"{page} has no place for it, which looks so:", *missing)))
    page.write_text(text, "utf-8")


def say(message: str) -> None:
    """To a person who waits; the results alone go to standard output."""
    print(message, file=sys.stderr, flush=True)
