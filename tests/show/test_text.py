"""What a person reads in a terminal, word for word."""

from __future__ import annotations

import doctest
import os
from dataclasses import replace
from pathlib import Path

import pytest

from condadeps.show import text, units
from condadeps.solve.plan import Answer, Link, Plan
from condadeps.transaction.outcome import Outcome, Status
from tests.show.samples import CHANGED, EMPTY, PLAN, PLANNED, UNCHANGED, package

TABLE = """\
  + pandas     3.1.1                    conda-forge  asked
  + seaborn    0.13.2                   PyPI         asked
  ↓ tool       2.0 → 1.0                editable     asked
  ↑ numpy      1.26.4 → 2.1.0           conda-forge  moved: pandas 3.1.1 needs numpy >=2
  ~ openssl    3.4.0 h1_0 → 3.4.0 h1_1  conda-forge  needed by python
  ↑ packaging  23.0 (pip) → 24.1        conda-forge  needed by matplotlib 3.9.2
  - olddep     0.1                      pip          nothing needs it any more
  - six        1.16.0                   conda-forge  nothing needs it any more
warning: a <script>alert(1)</script> compiled wheel
note: conda also has a different graphviz: conda:graphviz"""


def test_a_plan() -> None:
    assert text.plan(PLAN) == f"8 changes in /opt/env, 5.4 MB to fetch:\n{TABLE}"


def test_an_outcome_that_changed_something() -> None:
    assert str(CHANGED) == (
        f"Made 8 changes to /opt/env in 12.3 s:\n{TABLE}\n"
        "recorded in /home/me/environment.yml\n"
        "restart the kernel: numpy 1.26.4 → 2.1.0 (already imported here)"
    )


def test_a_dry_run() -> None:
    assert str(PLANNED) == f"Would make 8 changes in /opt/env, 5.4 MB to fetch:\n{TABLE}"


def test_what_was_there_already_is_one_line_and_where_it_is_recorded() -> None:
    assert str(UNCHANGED) == (
        "Already there: pandas 3.1.1, uvicorn[standard] 0.30.1 (pip)\nrecorded in /home/me/environment.yml"
    )


def test_nothing_asked_is_nothing_done() -> None:
    assert str(EMPTY) == "Nothing to do"
    assert text.plan(EMPTY.plan) == "Nothing would change."


def test_one_change_is_not_changes() -> None:
    one = Plan("/opt/env", "linux-64", link=(Link(package("six", "1.16", size=None), "asked"),))
    assert text.plan(one).splitlines()[0] == "1 change in /opt/env:"


def test_what_is_not_wanted_on_this_machine_says_so() -> None:
    elsewhere = Answer("pywin32; …", "cell", "pip", "pywin32", "", "", marker='sys_platform == "win32"')
    outcome = Outcome(Status.UNCHANGED, Plan("/opt/env", "linux-64", answers=(elsewhere,)))
    assert str(outcome) == 'Already there: pywin32 (not wanted here: sys_platform == "win32")'


def test_what_was_asked_for_twice_is_told_once() -> None:
    twice = [Answer(text, "cell", "conda", "rich", "15.0.0", "") for text in ("rich", "rich>=13")]
    outcome = Outcome(Status.UNCHANGED, Plan("/opt/env", "linux-64", answers=tuple(twice)))
    assert str(outcome) == "Already there: rich 15.0.0"


def test_a_file_below_the_working_directory_is_named_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    recorded = replace(EMPTY, recorded=str(Path.cwd() / "environment.yml"))
    assert str(recorded).endswith("recorded in environment.yml")
    assert text.shortened(os.sep) == os.sep


def test_each_request_can_be_followed_to_what_it_came_to() -> None:
    assert text.answers(PLAN) == [
        "pandas (cell): pandas 3.1.1",
        "uvicorn[standard] (cell:2): uvicorn[standard] 0.30.1 (pip)",
    ]


def test_quantities_read_as_documented() -> None:
    assert doctest.testmod(units).failed == 0


def test_no_secret_of_a_url_is_shown() -> None:
    secret = Answer("t @ https://u:hunter2@h/t.whl", "cell", "pip", "t", "1", " @ https://h/t.whl")
    plan = Plan("/opt/env", "linux-64", answers=(secret,))
    assert "hunter2" not in "\n".join(text.answers(plan))
