"""Which notebook is calling: what a front end tells counts when it is true here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from condadeps.asked.caller import notebook, told


@pytest.fixture
def book(tmp_path: Path) -> Path:
    path = tmp_path / "reports" / "analysis.ipynb"
    path.parent.mkdir()
    path.write_text("{}")
    return path


def shell(started: Path, **session: object) -> SimpleNamespace:
    """What of IPython's shell is looked at."""
    return SimpleNamespace(user_ns=session, starting_dir=str(started))


def test_vs_codes_word_counts_wherever_the_kernel_was_started(book: Path, tmp_path: Path) -> None:
    assert told(shell(tmp_path, __vsc_ipynb_file__=str(book)), {}) == str(book)


def test_jupyter_servers_word_counts_where_it_started_the_kernel(book: Path, tmp_path: Path) -> None:
    environ = {"JPY_SESSION_NAME": str(book)}
    assert told(shell(book.parent), environ) == str(book)
    # A kernel that another kernel's notebook started has inherited the variable.
    assert told(shell(tmp_path), environ) is None


@pytest.mark.parametrize(
    "text",
    ["", "analysis.ipynb", "/nowhere/analysis.ipynb", "/etc/passwd", "\0.ipynb", "x" * 9999 + ".ipynb"],
)
def test_what_is_no_notebook_on_this_machine_is_nobodys_word(
    text: str, book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(book.parent)
    assert told(shell(book.parent, __vsc_ipynb_file__=text), {"JPY_SESSION_NAME": text}) is None
    assert told(shell(book.parent, __vsc_ipynb_file__=3), {}) is None


def test_a_command_in_a_notebooks_shell_is_not_the_notebook(
    book: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(book.parent)
    monkeypatch.setenv("JPY_SESSION_NAME", str(book))
    assert notebook() is None
