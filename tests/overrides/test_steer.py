"""What the overrides make of requests."""

from __future__ import annotations

import json
from typing import Any

import pytest

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.asked.request import Bare, Direct, Project, Request, Spec
from condadeps.errors import ConfigError
from condadeps.names.homes import Homes
from condadeps.overrides.document import Place, read
from condadeps.overrides.steer import steer
from condadeps.overrides.steered import Steered

PLACE = Place("3.11.4", "linux-64", "lab")
LINK = "https://trusted.example/overrides.json"
HOMES = Homes()


def steered(rules: dict[str, Any], *asked: str, metadata: bool = False, commands: bool = False) -> Steered:
    requests = [parse(Asked(text, metadata=metadata)) for text in asked]
    document = read(json.dumps({"python-3": rules}), LINK)
    return steer(requests, document, PLACE, HOMES, allow_commands=commands)


def texts(requests: tuple[Request, ...]) -> list[str]:
    return [request.text for request in requests]


@pytest.mark.parametrize("metadata", [False, True])
@pytest.mark.parametrize(
    ("rule", "asked", "became"),
    [
        ({"conda": "numpy =1.26"}, "numpy", "conda:numpy =1.26"),
        ({"conda": "numpy =1.26"}, "numpy>=2", "conda:numpy =1.26"),
        ({"conda": "numpy-mkl"}, "numpy>=1.20,<2", "conda:numpy-mkl >=1.20,<2"),
        ({"conda": "numpy", "channel": "lab"}, "numpy", "lab::numpy"),
        ({"channel": "lab"}, "numpy>=2", "lab::numpy >=2"),
        ({"conda": "lab::numpy"}, "numpy", "lab::numpy"),
        ({"pip": "numpy==1.26.4"}, "numpy", "pypi:numpy==1.26.4"),
        ({"pip": "numpy"}, "numpy>=2", "pypi:numpy>=2"),
        ({"pip": "numpy @ https://host/numpy-1-py3-none-any.whl"}, "numpy", "numpy @ https://host/numpy-1-py3-none-any.whl"),
        ({"instead": "scikit-learn"}, "numpy", "scikit-learn"),
        ({"instead": ["conda:ffmpeg", "pypi:tree"]}, "numpy", "conda:ffmpeg pypi:tree"),
        ({"provided": True}, "numpy", ""),
    ],
)  # fmt: skip
def test_a_rule_stands_in_the_request_s_place(
    rule: dict[str, Any], asked: str, became: str, metadata: bool
) -> None:
    found = steered({"NumPy": rule}, asked, "pandas", metadata=metadata)
    assert " ".join(texts(found.requests)) == f"{became} pandas".strip()
    assert LINK in found.notes[0] and asked in found.notes[0]
    assert not found.warnings


def test_the_kinds_of_what_comes_out_are_certain() -> None:
    rules = {"a": {"conda": "x"}, "b": {"pip": "b"}, "c": {"channel": "lab"}}
    conda, pip, channel = steered(rules, "a", "b", "c").requests
    assert isinstance(conda, Spec) and isinstance(pip, Project) and pip.forced
    assert isinstance(channel, Spec) and channel.channel == "lab"


def test_a_project_with_a_home_of_another_name_is_found_by_either_name() -> None:
    assert texts(steered({"torch": {"channel": "lab"}}, "torch>=2").requests) == ["lab::pytorch >=2"]
    assert texts(steered({"conda:pytorch": {"conda": "pytorch-gpu"}}, "torch").requests) == [
        "conda:pytorch-gpu"
    ]
    assert texts(steered({"conda:pytorch": {"channel": "lab"}}, "conda:pytorch=2").requests) == [
        "lab::pytorch =2"
    ]
    # A project's rule is not about the conda package of that name, asked for as such.
    assert texts(steered({"graphviz": {"refuse": "no"}}, "conda:graphviz").requests) == ["conda:graphviz"]


def test_a_refusal_says_what_the_site_says() -> None:
    with pytest.raises(ConfigError) as caught:
        steered({"leftpad": {"refuse": "use acme-pad; ask the helpdesk"}}, "numpy", "pypi:LeftPad")
    assert "use acme-pad; ask the helpdesk" in str(caught.value) and LINK in str(caught.value)


def test_a_bound_holds_for_whatever_is_installed() -> None:
    found = steered({"numpy": {"version": "<2"}, "conda:libblas": {"version": ">=3.9"}}, "pandas")
    numpy, blas = found.constraints
    assert isinstance(numpy, Project) and str(numpy.requirement) == "numpy<2"
    assert isinstance(blas, Spec) and blas.spec == "libblas >=3.9"
    assert texts(found.requests) == ["pandas"]


def test_commands_are_shown_and_skipped_and_the_request_goes_on() -> None:
    rules = {"numpy": [["yum", "install", "python3-numpy"], ["echo", "a b; rm -rf /"]]}
    found = steered(rules, "numpy")
    assert texts(found.requests) == ["numpy"] and found.commands == ()
    assert "were not run" in found.warnings[0] and "echo 'a b; rm -rf /'" in found.warnings[0]


def test_commands_a_site_allows_are_handed_on_as_argument_lists() -> None:
    found = steered({"numpy": [["yum", "install", "x y"]]}, "numpy", commands=True)
    [commands] = found.commands
    assert commands.lines == (("yum", "install", "x y"),) and texts(found.requests) == ["numpy"]
    assert not found.warnings and "yum install 'x y'" in found.notes[0]


def test_extras_that_conda_cannot_have_are_told() -> None:
    found = steered({"uvicorn": {"conda": "uvicorn"}}, "uvicorn[standard]")
    assert "extras" in found.warnings[0]
    kept = steered({"uvicorn": {"pip": "uvicorn<1"}}, "uvicorn[standard]")
    assert texts(kept.requests) == ["pypi:uvicorn[standard]<1"]


def test_urls_and_paths_are_nobody_s_to_override() -> None:
    found = steered({"it": {"refuse": "no"}}, "it @ https://host/it-1-py3-none-any.whl")
    assert isinstance(found.requests[0], Direct)


def test_what_is_not_named_stays_and_two_that_become_one_are_one() -> None:
    found = steered({"a": {"instead": "c"}, "b": {"instead": "c"}}, "a", "b", "pandas")
    assert len(found.requests) == 2 and isinstance(found.requests[1], Bare)


def test_what_the_document_cannot_say_is_told_with_where() -> None:
    found = steered({"a": {"refuse": ""}, "b": {"version": "<2"}}, "a")
    assert LINK in found.warnings[0] and texts(found.requests) == ["a"]
