"""Beside the real ipydeps from PyPI, in kernels without conda: where it works, ours does the same."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import RunCells
from tests.ipydeps.conftest import CHECKOUT
from tests.kernel import Cell

pytestmark = [pytest.mark.slow, pytest.mark.network]

CELLS = [
    "ipydeps.pip('six')",
    "ipydeps.pip(['six', 'colorama', 'os'])",
    "ipydeps.pip(('Typing_Extensions', 'iniconfig'))",
    "ipydeps.pip('toolz cachetools')",
    "ipydeps.pip('six')",
    "ipydeps.pip([])",
    "import six, colorama, iniconfig, toolz, cachetools",
]
TELLING = re.compile(
    r"(?:New packages installed|Packages currently installed): .*|No new packages installed|"
    r"\w+ is part of the Python standard library and will be skipped\..*"
)


def test_where_ipydeps_works_the_same_is_installed_and_said(
    venv_with: Callable[..., Path], run_cells: RunCells
) -> None:
    told: list[list[list[str]]] = []
    for installed, start in (
        (("ipydeps",), "import ipydeps"),
        ((CHECKOUT,), "import condadeps.ipydeps as ipydeps"),
    ):
        ran = run_cells(venv_with(*installed), [start, *CELLS])
        assert [cell.error for cell in ran] == [None] * len(ran)
        told.append([sorted(line.strip() for line in TELLING.findall(_shown(cell))) for cell in ran])
    theirs, ours = told
    assert ours == theirs


def test_what_was_given_to_ipydeps_can_be_given_to_ours(
    venv_with: Callable[..., Path], run_cells: RunCells
) -> None:
    show = (
        "import inspect, json\n"
        "print(json.dumps([(p.name, p.kind.name, repr(p.default)) "
        "for p in inspect.signature(ipydeps.pip).parameters.values()]))"
    )
    [theirs] = run_cells(venv_with("ipydeps"), [f"import ipydeps\n{show}"])
    [ours] = run_cells(venv_with(CHECKOUT), [f"import condadeps.ipydeps as ipydeps\n{show}"])
    assert theirs.error is None and ours.error is None
    before, now = json.loads(theirs.text), json.loads(ours.text)
    assert [one[:2] for one in before] == [one[:2] for one in now][: len(before)]
    assert before[1:] == now[1 : len(before)]
    assert {kind for _, kind, _ in now[len(before) :]} == {"KEYWORD_ONLY"}


def _shown(cell: Cell) -> str:
    """What a person sees: ipydeps shows its lines as HTML."""
    return cell.text + html.unescape(re.sub(r"<[^>]*>", "\n", cell.html))


def test_what_ipydeps_gets_wrong_is_wrong_there_and_right_here(
    venv_with: Callable[..., Path], run_cells: RunCells
) -> None:
    show = "import importlib.metadata as m; print('got', m.version('idna'))"
    asked = "ipydeps.pip('idna==3')"
    _, _, theirs = run_cells(venv_with("ipydeps"), ["import ipydeps", asked, show])
    start = "import sys; from condadeps.ipydeps import activate; activate(); import ipydeps"
    _, _, ours = run_cells(venv_with(CHECKOUT), [start, asked, show])
    assert "got 3.0" in ours.text or ours.text.split() == ["got", "3"] or "got 3\n" in ours.text
    assert theirs.text != ours.text
