"""Beside the real ipydeps from PyPI, in kernels without conda: where it works, ours does the same."""

from __future__ import annotations

import ast
import html
import inspect
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from condadeps.ipydeps import pip
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


def test_what_was_given_to_ipydeps_can_be_given_to_ours(tmp_path: Path) -> None:
    words = ["download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(tmp_path), "ipydeps"]
    subprocess.run([sys.executable, "-m", "pip", *words], check=True)
    [wheel] = tmp_path.glob("ipydeps-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        tree = ast.parse(archive.read("ipydeps/ipydeps.py"))
    [theirs] = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "pip"]
    names = [one.arg for one in theirs.args.args]
    defaults = [ast.literal_eval(one) for one in theirs.args.defaults]
    ours = list(inspect.signature(pip).parameters.values())
    assert [one.name for one in ours[: len(names)]] == names
    assert [one.default for one in ours[1 : len(names)]] == defaults
    assert {one.kind for one in ours[: len(names)]} == {inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert {one.kind for one in ours[len(names) :]} == {inspect.Parameter.KEYWORD_ONLY}


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
