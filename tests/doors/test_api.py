"""What a program or a notebook calls: a function a verb, and what it returns prints and shows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import condadeps
from condadeps.errors import UsageError
from condadeps.kernels import registered
from condadeps.locks.bundled import Bundle
from condadeps.record.embedding import Written
from condadeps.sources import kept
from tests.locks.conftest import road as road
from tests.transaction.road import Road


def test_looking_is_there_for_programs_as_in_the_command() -> None:
    there = condadeps.list()
    assert len(there) > 5 and "condadeps" in {one.name for one in there}
    assert str(there).startswith("# packages in environment at ")
    torch, graphviz = condadeps.which("torch", "graphviz")
    assert (torch.package, graphviz.package) == ("pytorch", "python-graphviz")
    assert [one.name for one in condadeps.which(["numpy"])] == ["numpy"]
    assert condadeps.export().text.startswith("name: ")
    assert list(condadeps.history()) == []


def test_a_star_import_leaves_pythons_own_list_alone() -> None:
    code = "from condadeps import *; assert list((1,)) == [1]; print(install.__module__, which.__module__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "condadeps.api condadeps.api\n", done.stderr
    assert "list" in dir(condadeps) and set(condadeps.__all__) <= set(dir(condadeps))


def test_every_result_shows_as_its_text() -> None:
    from IPython.lib.pretty import pretty

    results = [condadeps.list(), condadeps.which("torch"), condadeps.export(), condadeps.history()]
    results += [Bundle("bundle", ("linux-64",), 1, 2, 3), Written("a.ipynb", "carries it", True)]
    results += [kept.Kept("cache", ()), registered.Kernels(()), registered.Removed(())]
    for result in results:
        assert pretty(result) == str(result)


def test_what_is_no_option_or_no_file_is_said() -> None:
    with pytest.raises(UsageError, match="no such option"):
        condadeps.install("six", chanels=["x"])
    with pytest.raises(UsageError, match="what it is to match"):
        condadeps.sync()
    with pytest.raises(UsageError, match="say what is to be locked"):
        condadeps.lock()


@pytest.mark.slow
def test_files_locks_and_bundles_go_the_same_road(road: Road) -> None:
    wanted = Path("wanted.yml")
    wanted.write_text("dependencies:\n  - python\n  - app\n  - pip:\n      - tool==1.0\n")
    assert condadeps.plan(files=wanted, prefix=road.prefix).plan
    assert condadeps.install(files=[wanted], prefix=road.prefix).changed
    lock = condadeps.lock(files=wanted, output="conda-lock.yml")
    assert lock.text == Path("conda-lock.yml").read_text() and "name: app" in lock.text
    assert condadeps.bundle(files="conda-lock.yml", output="bundle").files == 4
    road.install("extra", record=False)
    gone = condadeps.sync("conda-lock.yml", prefix=road.prefix)
    assert [str(one.package.name) for one in gone.plan.unlink] == ["extra"]
    made = condadeps.create(road.root / "again", files="conda-lock.yml", bare=True)
    assert made.changed
    book = Path("book.ipynb")
    book.write_text('{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}')
    assert condadeps.embed(book, prefix=road.prefix).changed and condadeps.strip(book).changed
