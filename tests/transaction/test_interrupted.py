"""A kernel that is interrupted, at each phase of a change, by Jupyter's own interrupt."""

from __future__ import annotations

import json
import queue
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager

from tests.transaction import tiny
from tests.transaction.road import Road
from tests.transaction.world import listing

pytestmark = pytest.mark.slow

PREPARE = """
import json, os, signal, time
from pathlib import Path
from condadeps import api
from condadeps.errors import CondadepsError
from condadeps.show.reporter import Silent

class Halting(Silent):
    '''Holds the engine at one phase, says so, and waits for the interrupt.'''
    def __init__(self, wanted):
        self.wanted, self.notices = wanted, []
    def notice(self, message):
        self.notices.append(message)
    def phase(self, phase, message=""):
        if phase == self.wanted:
            self.wanted = None
            engine = int(Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()[-1])
            os.kill(engine, signal.SIGSTOP)
            try:
                print("halted", flush=True)
                time.sleep(60)
            finally:
                os.kill(engine, signal.SIGCONT)

def attempt(phase, work):
    reporter, warnings = Halting(phase), []
    try:
        warnings = list(work(reporter).warnings)
        ended = "done"
    except CondadepsError as error:
        ended = type(error).__name__
    print(json.dumps({"ended": ended, "warnings": warnings, "asked": reporter.wanted is None}))
"""


class Kernel:
    """A real kernel of this Python."""

    def __init__(self, directory: Path) -> None:
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (directory / "under-test").mkdir(parents=True)
        spec = {"argv": argv, "display_name": "x", "language": "python"}
        (directory / "under-test" / "kernel.json").write_text(json.dumps(spec))
        specs = KernelSpecManager(kernel_dirs=[str(directory)], ensure_native_kernel=False)
        self.manager = KernelManager(kernel_name="under-test", kernel_spec_manager=specs)
        self.manager.start_kernel()
        self.client: Any = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(self, code: str, *, interrupt_at: str | None = None) -> str:
        """What ``code`` prints; interrupted once as soon as it has printed ``interrupt_at``."""
        asked = self.client.execute(code)
        printed = ""
        end = time.monotonic() + 90
        while time.monotonic() < end:
            try:
                message = self.client.get_iopub_msg(timeout=5)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != asked:
                continue
            content = message["content"]
            if message["msg_type"] == "stream":
                printed += content["text"]
                if interrupt_at and interrupt_at in printed:
                    self.manager.interrupt_kernel()
                    interrupt_at = None
            if message["msg_type"] == "error":
                raise AssertionError("\n".join(content["traceback"]))
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                return printed
        raise AssertionError(f"no end: {printed}")

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0")
    tiny.wheel(road.wheels, "tool", "1.0", requires=["six"])
    return road.open()


@pytest.fixture
def kernel(road: Road, tmp_path: Path) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path / "kernels")
    kernel.run(PREPARE)
    yield kernel
    kernel.close()


def test_a_kernel_interrupted_at_any_phase_leaves_all_or_nothing(road: Road, kernel: Kernel) -> None:
    work = f"lambda reporter: api.install('tool', prefix={str(road.prefix)!r}, reporter=reporter)"
    before = listing(road.prefix)
    ended = {}
    for phase in ("index", "solve", "fetch", "pip", "link", "verify", "record"):
        told = json.loads(
            kernel.run(f"attempt({phase!r}, {work})", interrupt_at="halted").partition("halted\n")[2]
        )
        assert told["asked"], phase
        ended[phase] = told["ended"]
        if told["ended"] == "CancelledError":
            assert listing(road.prefix) == before, phase
            assert not road.file.exists()
        else:
            assert told["ended"] == "done"
            assert any("too late" in warning for warning in told["warnings"]), told
            assert road.version("tool") == "1.0" and "tool" in road.file.read_text()
            undo = f"lambda reporter: api.undo(prefix={str(road.prefix)!r}, reporter=reporter)"
            assert json.loads(kernel.run(f"attempt(None, {undo})"))["ended"] == "done"
    assert [ended[phase] for phase in ("index", "solve")] == ["CancelledError"] * 2
    assert [ended[phase] for phase in ("verify", "record")] == ["done"] * 2
    assert kernel.run("print(1 + 1)") == "2\n"
