"""Programs that read conda's JSON can read ours."""

from __future__ import annotations

import json
from pathlib import Path

from condadeps.errors import CondadepsError, ConflictError, NotFoundError
from condadeps.show import conda_json
from condadeps.solve.plan import Answer, Plan
from condadeps.transaction.outcome import Outcome, Status
from tests.show.samples import CHANGED, EMPTY, PLAN, PLANNED

KEYS = ["base_url", "build_number", "build_string", "channel", "dist_name", "name", "platform", "version"]


def test_a_change_has_condas_shape() -> None:
    document = conda_json.outcome(CHANGED)
    assert document["success"] is True
    assert document["prefix"] == "/opt/env"
    assert "dry_run" not in document and "message" not in document
    actions = document["actions"]
    assert set(actions) == {"FETCH", "LINK", "UNLINK", "PREFIX", "PIP"}
    assert actions["PREFIX"] == "/opt/env"
    assert [list(item) for item in actions["LINK"] + actions["UNLINK"]] == [KEYS] * 7
    assert actions["FETCH"][0] == dict(PLAN.link[0].package.record)
    assert actions["UNLINK"][0]["dist_name"] == "six-1.16.0-py311_0"
    assert {item["dist_name"] for item in actions["UNLINK"]} == {
        "six-1.16.0-py311_0",
        "numpy-1.26.4-py311_0",
        "openssl-3.4.0-h1_0",
    }
    assert actions["LINK"][0] == {
        "base_url": "https://conda.example/conda-forge",
        "build_number": 0,
        "build_string": "py311_0",
        "channel": "conda-forge",
        "dist_name": "numpy-2.1.0-py311_0",
        "name": "numpy",
        "platform": "linux-64",
        "version": "2.1.0",
    }


def test_pips_part_is_beside_condas() -> None:
    pip = conda_json.actions(PLAN)["PIP"]
    assert [(item["action"], item["name"], item["version"]) for item in pip] == [
        ("uninstall", "packaging", "23.0"),
        ("uninstall", "olddep", "0.1"),
        ("install", "seaborn", "0.13.2"),
        ("install", "tool", "1.0"),
    ]
    assert pip[2]["url"] == "https://files.example/seaborn-0.13.2-py3-none-any.whl"
    assert pip[2]["sha256"] == "f" * 64


def test_what_is_not_there_is_left_out_as_conda_leaves_it_out() -> None:
    plan = Plan("/opt/env", "linux-64", link=PLAN.link[2:3])
    assert set(conda_json.actions(plan)) == {"FETCH", "LINK", "PREFIX"}


def test_a_dry_run_says_so() -> None:
    assert conda_json.outcome(PLANNED)["dry_run"] is True


def test_nothing_to_do_has_condas_message_and_no_actions() -> None:
    document = conda_json.outcome(EMPTY)
    assert document["message"] == "All requested packages already installed."
    assert "actions" not in document


def test_what_conda_has_no_word_for_is_under_our_name() -> None:
    ours = conda_json.outcome(CHANGED)["condadeps"]
    assert ours["status"] == "changed"
    assert ours["recorded"] == "/home/me/environment.yml"
    assert ours["restart"] == ["numpy 1.26.4 → 2.1.0"]
    assert ours["answers"][0]["name"] == "pandas"
    assert ours["reasons"]["numpy"] == "moved: pandas 3.1.1 needs numpy >=2"


def test_an_error_has_condas_keys_and_its_causes() -> None:
    error = NotFoundError(
        "no channel has nosuch",
        help="names nearby: nosuchthing",
        name="nosuch",
        looked_in=("conda-forge",),
        near=[],
    )
    assert conda_json.error(error) == {
        "caused_by": "None",
        "detail": [],
        "error": "NotFoundError: no channel has nosuch",
        "exception_name": "NotFoundError",
        "exception_type": "<class 'condadeps.errors.NotFoundError'>",
        "help": "names nearby: nosuchthing",
        "looked_in": ["conda-forge"],
        "message": "no channel has nosuch",
        "name": "nosuch",
        "near": [],
    }


def test_the_cause_of_an_error_is_named_without_its_words() -> None:
    error = ConflictError("x")
    error.__cause__ = ValueError("https://user:secret@host")
    assert conda_json.error(error)["caused_by"] == "ValueError"


def test_whatever_an_error_carries_json_can_write_it() -> None:
    error = CondadepsError("x", path=Path("/a"), names={"b", "a"}, pairs=((1, 2),), none=None, error="other")
    document = json.loads(json.dumps(conda_json.error(error)))
    assert document["path"] == "/a"
    assert document["names"] == ["a", "b"]
    assert document["pairs"] == [[1, 2]]
    assert document["error"] == "CondadepsError: x"


def test_results_of_other_verbs_are_documents_too() -> None:
    assert conda_json.result("name: x\n") == {"success": True, "text": "name: x\n"}
    assert conda_json.result([1, "a"]) == [1, "a"]
    json.dumps(conda_json.result(CHANGED))


def test_no_secret_of_a_url_is_in_the_document() -> None:
    answer = Answer("t @ https://u:hunter2@h/t.whl", "cell", "pip", "t", "1", " @ https://h/t.whl")
    outcome = Outcome(Status.UNCHANGED, Plan("/opt/env", "linux-64", answers=(answer,)))
    assert "hunter2" not in json.dumps(conda_json.outcome(outcome))
