"""Every call of a door reads the configuration: that must cost next to nothing."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.config.conftest import Machine

HEAVY = ("rattler", "requests", "pip", "click", "rich", "ruamel.yaml", "packaging", "platformdirs")


def fastest(machine: Machine) -> float:
    def once() -> float:
        started = time.thread_time()
        machine.read(machine.project / "a" / "b" / "c")
        return time.thread_time() - started

    (machine.project / "a" / "b" / "c").mkdir(parents=True, exist_ok=True)
    return min(once() for _ in range(20))


def test_with_nothing_configured_it_takes_under_a_millisecond(machine: Machine) -> None:
    assert fastest(machine) < 0.001


def test_with_nothing_changed_it_takes_under_a_millisecond(machine: Machine) -> None:
    for scope in ("site", "user", "prefix", "project"):
        machine.write(scope, "lock_timeout = 3\n[record]\npin = 'minor'\n")
    machine.write("project", "[tool.condadeps]\nonly_conda = ['numpy']", "pyproject.toml")
    assert fastest(machine) < 0.001


def test_it_loads_nothing_heavy(machine: Machine) -> None:
    program = (
        "import sys\n"
        "from condadeps import config\n"
        f"config.read({str(machine.prefix)!r}, {str(machine.project)!r})\n"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
