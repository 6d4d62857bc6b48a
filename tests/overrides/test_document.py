"""The overrides document: which of its rules holds, and what is told of the others."""

from __future__ import annotations

import json
from typing import Any

import pytest

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.overrides.document import Document, InvalidDocument, Place, Rule, read

HERE = Place("3.11.4", "linux-64", "lab")


def document(**pythons: Any) -> Document:
    return read(json.dumps({key.replace("_", "-"): value for key, value in pythons.items()}), "here")


def rule(found: Document, name: str, place: Place = HERE) -> Rule:
    chosen = found.rule(ProjectName(name), place)
    assert chosen is not None
    return chosen


README = """
{
  "python-3": {
    "numpy": [["yum", "install", "python3-numpy"]],
    "labsetup": [["yum", "install", "python3-numpy"], ["yum", "install", "python3-pandas"]]
  },
  "python-3.5": {
    "numpy": [["yum", "install", "special-prerequisite-for-python-3.5"], ["yum", "install", "python3-numpy"]]
  },
  "python-2.7": {"foo": [["echo", "Why", "are", "you", "still", "using", "python", "2.7?"]]}
}
"""


def test_ipydeps_own_example_is_read_as_it_documents() -> None:
    found = read(README)
    assert rule(found, "numpy").commands == (("yum", "install", "python3-numpy"),)
    assert len(rule(found, "numpy", Place("3.5.2", "linux-64")).commands) == 2
    assert found.rule(ProjectName("foo"), HERE) is None
    assert not found.warnings and not found.problems


def test_the_narrowest_python_wins() -> None:
    texts = {"python-3.11.4": "micro", "python-3": "major", "python": "any", "python-3.11": "minor"}
    found = read(json.dumps({key: {"x": {"refuse": text}} for key, text in texts.items()}))
    told = [
        rule(found, "x", Place(version, "linux-64")).refuse
        for version in ("3.11.4", "3.11.9", "3.12.0", "3.1.0")
    ]
    assert told == ["micro", "minor", "major", "major"]


def test_then_a_named_site_then_a_platform() -> None:
    found = document(
        python=dict(
            x=[
                {"refuse": "all"},
                {"platform": "linux", "refuse": "system"},
                {"platform": ["osx-64", "linux-64"], "refuse": "whole"},
                {"site": "Cluster", "refuse": "site"},
                {"site": "cluster", "platform": "win", "refuse": "no"},
            ]
        )
    )
    places = [
        Place("3.12", "win-64"),
        Place("3.12", "linux-aarch64"),
        Place("3.12", "linux-64"),
        Place("3.12", "linux-64", "cluster"),
    ]
    assert [rule(found, "x", place).refuse for place in places] == ["all", "system", "whole", "site"]


def test_case_and_separators_do_not_matter_and_duplicates_are_told() -> None:
    text = '{"Python-3": {"Zope.Interface": {"refuse": "1"}, "zope_interface": {"refuse": "2"}}}'
    found = read(text)
    assert rule(found, "zope-interface").refuse == "2"
    assert "same name" in found.warnings[0]
    twice = read('{"python": {"x": {"refuse": "1"}, "x": {"refuse": "2"}}}')
    assert rule(twice, "x").refuse == "2" and "twice" in twice.warnings[0]


def test_projects_and_conda_packages_are_apart() -> None:
    found = document(python={"graphviz": {"refuse": "project"}, "conda:graphviz": {"refuse": "package"}})
    package = found.rule(PackageName("graphviz"), HERE)
    assert rule(found, "graphviz").refuse == "project"
    assert package is not None and package.refuse == "package" and not found.warnings


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"conda": "x", "pip": "y"}, "exclude each other"),
        ({}, "says nothing"),
        ({"platform": "linux"}, "says nothing"),
        ({"refuse": ""}, "no text"),
        ({"platform": "vms", "refuse": "x"}, "no platform"),
        ({"version": "newest"}, "no version bound"),
        ({"conda": "x =="}, "cannot read"),
        ({"pip": "-r evil"}, "cannot read"),
        ({"instead": "--index-url=x"}, "cannot read"),
        ({"pip": "file:///tmp/x-1.0-py3-none-any.whl"}, "another thing on every machine"),
        ({"channel": "a b", "conda": "x"}, "no channel"),
        ({"channel": "a", "refuse": "x"}, "says nothing about refuse"),
        ({"shell": "rm"}, "no part of a rule"),
        (["yum install x"], "lists of arguments"),
        ([["yum", 3]], "are texts"),
        ("yum install x", "neither"),
        ({"provided": False}, "provided is true"),
    ],
)
def test_an_entry_that_cannot_be_read_holds_for_nothing_and_is_told(value: object, why: str) -> None:
    found = document(python={"x": value, "y": {"refuse": "well"}})
    assert found.rule(ProjectName("x"), HERE) is None and rule(found, "y").refuse == "well"
    assert why in found.problems[0] and "'x'" in found.problems[0]


@pytest.mark.parametrize("text", ["", "[]", "<html>", '{"a": ', "[" * 100_000])
def test_what_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(InvalidDocument):
        read(text)


def test_strange_keys_are_told() -> None:
    assert "names no Python" in read('{"ruby-3": {}, "_comment": 1, "$schema": "x"}').problems[0]
