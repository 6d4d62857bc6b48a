"""``condadeps which``: the answer, its reason and its traps, as text and as data."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from condadeps import names
from condadeps.errors import RequestError
from condadeps.names import PackageName, ProjectName
from condadeps.names.homes import Homes
from condadeps.names.lookup import which
from condadeps.names.table import SHIPPED, Table


def test_home_tells_a_plain_string_or_none() -> None:
    assert names.home("torch") == "pytorch"
    assert names.home("Zope.Interface") == "zope.interface"
    assert names.home("tree") is None
    assert type(names.home("torch")) is str


def test_which_prints_the_answer_the_reason_and_the_traps() -> None:
    assert str(names.which(["torch", "graphviz", "tree", "acme-quux"])) == "\n".join(
        [
            "torch: PyPI's torch, conda's pytorch",
            "    conda's package pytorch ships it (pytorch-cpu does too)",
            "graphviz: PyPI's graphviz, conda's python-graphviz",
            "    conda's package python-graphviz ships it",
            "    beware: graphviz is read as PyPI's project, which is conda's python-graphviz; "
            "for conda's own package graphviz, type `conda:graphviz`",
            "tree: conda's package tree",
            "    a conda package, not a Python project",
            "    beware: tree is read as conda's package; for PyPI's project of that name, type `pypi:tree` "
            "(PyPI's tree is another thing; conda's lists directories)",
            "    beware: `import tree` comes with dm-tree: `condadeps install dm-tree`",
            "acme-quux: PyPI's acme-quux",
            "    no conda package is known to ship it",
        ]
    )


def test_which_gives_data_for_programs() -> None:
    answer = json.loads(json.dumps(names.which("pyqt5").to_json()))[0]
    assert answer == {
        "name": "pyqt5",
        "means": "home",
        "package": "pyqt",
        "project": "pyqt5",
        "home": "pyqt",
        "constraint": "=5",
        "rule": "curated",
        "reason": "conda's pyqt holds the whole of PyQt5 in its versions 5; "
        "pyqt-impl and pyqtwebkit are parts of old ones",
        "shippers": ["pyqt", "pyqt-impl", "pyqtwebkit"],
        "ships": None,
        "traps": [],
    }


def test_which_may_know_better_than_the_table_what_the_channels_have() -> None:
    homes = Homes(Table.load(SHIPPED), {ProjectName("acme"): "acme-internal"})
    only = {PackageName("acme-internal")}.__contains__
    acme, torch = which(["acme", "torch"], homes, only)
    assert (acme.means, acme.package) == ("home", "acme-internal")
    assert (torch.means, torch.home and torch.home.package) == ("pypi", "pytorch")


def test_which_says_what_is_no_name() -> None:
    with pytest.raises(RequestError, match="'a b' is not a name"):
        names.which("a b")


def test_knowing_names_costs_a_door_nothing_heavy() -> None:
    code = (
        "import sys; from condadeps import names; names.home('torch'); names.which('tree'); "
        "from condadeps.names import purls, reading; "
        "print([m for m in ('rattler', 'requests', 'pip', 'click', 'rich', 'ruamel') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
