"""What programs and people at a terminal see: exit codes, one JSON document, nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.channel.fixture import Channel
from tests.conftest import CondaPrefix


def condadeps(
    *words: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The real command, with no terminal anywhere."""
    return subprocess.run(
        [sys.executable, "-m", "condadeps", *map(str, words)],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env={**os.environ, **(env or {})},
        timeout=250,
    )


def document(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What it printed, which must be one JSON document and nothing else."""
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def test_importing_condadeps_loads_nothing_heavy() -> None:
    heavy = {"rattler", "requests", "pip", "rich", "ruamel", "click", "packaging", "IPython", "subprocess"}
    script = "import sys; before = set(sys.modules); import condadeps; print(*(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert heavy.isdisjoint(done.stdout.split())


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["install", "--help"], []])
def test_help_is_printed_and_is_no_failure(words: list[str]) -> None:
    done = condadeps(*words)
    assert done.returncode == 0 and "condadeps" in done.stdout and not done.stderr


@pytest.mark.parametrize(
    "words", [["nonsense"], ["install"], ["install", "--frob", "six"], ["doctor", "six"]]
)
def test_wrong_words_exit_with_2_and_leave_standard_output_alone(words: list[str]) -> None:
    done = condadeps(*words)
    assert done.returncode == 2 and done.stdout == "" and "help:" in done.stderr


def test_wrong_words_are_told_programs_as_a_document() -> None:
    done = condadeps("install", "--frob", "--json", "six")
    assert done.returncode == 2 and not done.stderr
    assert document(done)["message"] == "there is no option --frob"


def test_which_answers_for_people_and_for_programs() -> None:
    told = condadeps("which", "torch").stdout
    assert "pytorch" in told and "no channel and no index was asked" in told
    assert "pytorch" in condadeps("which", "torch", "--json").stdout


def test_which_heeds_what_may_come_from_where(tmp_path: Path) -> None:
    (tmp_path / "condadeps.toml").write_text("only_pypi = ['torch']\npip = 'known'\n")
    (found,) = json.loads(condadeps("which", "torch", "--json", cwd=tmp_path).stdout)
    assert (found["means"], found["package"]) == ("pypi", None) and "only_pypi" in found["reason"]
    assert "known_projects does not name it" in found["traps"][0]


@pytest.mark.slow
def test_create_then_install_as_json(channel: Channel, tmp_path: Path) -> None:
    prefix = tmp_path / "made"
    source = ["-c", channel.url, "--override-channels"]
    made = condadeps("create", "-p", prefix, *source, "--bare", "python=3.11", "--json", cwd=tmp_path)
    assert made.returncode == 0, made.stdout + made.stderr
    assert document(made)["success"] is True
    assert (prefix / "bin" / "python").exists()

    done = condadeps("install", "-p", prefix, *source, "--json", "numpy>=2", "--dry-run", cwd=tmp_path)
    plan = document(done)
    assert (done.returncode, plan["success"], plan["dry_run"]) == (0, True, True)
    assert not (tmp_path / "environment.yml").exists()

    done = condadeps("install", "-p", prefix, *source, "--json", "numpy>=2", cwd=tmp_path)
    told = document(done)
    assert (done.returncode, told["success"], told["prefix"]) == (0, True, str(prefix))
    assert told["actions"]["PREFIX"] == str(prefix)
    [numpy] = [item for item in told["actions"]["LINK"] if item["name"] == "numpy"]
    assert set(numpy) == {
        "base_url", "build_number", "build_string", "channel", "dist_name", "name", "platform", "version",
    }  # fmt: skip
    assert any(record["sha256"] and record["name"] == "numpy" for record in told["actions"]["FETCH"])
    assert "numpy>=2" in (tmp_path / "environment.yml").read_text()

    again = condadeps("install", "-p", prefix, *source, "--json", "numpy>=2", cwd=tmp_path)
    assert document(again)["message"] == "All requested packages already installed."
    listed = json.loads(condadeps("list", "-p", prefix, "--json").stdout)
    assert {"numpy", "python"} <= {item["name"] for item in listed}


@pytest.mark.slow
@pytest.mark.network
def test_a_pip_artifact_is_in_the_json_too(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python", "pip")
    done = condadeps(
        "install", "-p", prefix, "-c", channel.url, "--override-channels", "--json", "pypi:six", cwd=tmp_path
    )
    [six] = document(done)["actions"]["PIP"]
    assert six["name"] == "six" and six["sha256"]


@pytest.mark.slow
def test_a_failure_as_json_has_condas_shape(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python")
    done = condadeps(
        "install", "-p", prefix, "-c", channel.url, "--override-channels", "--json", "numpy>=99", cwd=tmp_path
    )
    told = document(done)
    assert done.returncode == 1
    assert {"error", "exception_name", "message"} <= told.keys()
    assert told["exception_name"] == "NoVersionError" and "success" not in told
    assert list(tmp_path.glob("environment*")) == []


@pytest.mark.slow
def test_quiet_says_nothing_when_all_went_well(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python")
    done = condadeps(
        "install", "-q", "-p", prefix, "-c", channel.url, "--override-channels", "click", cwd=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_export_prints_a_file_that_creates_an_equal_environment(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python", "numpy")
    text = condadeps("export", "-p", prefix).stdout
    assert "python=3.11" in text and "numpy=" in text and channel.url in text


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_hundred_runs_with_an_engine_all_exit_0(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    """py-rattler crashes some processes at their exit; the engine's way out must not."""
    prefix = conda_prefix("python")
    words = ["plan", "-p", prefix, "-c", channel.url, "--override-channels", "--no-pip", "numpy", "-q"]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        codes = list(pool.map(lambda _: condadeps(*words, cwd=tmp_path).returncode, range(200)))
    failed = [code for code in codes if code]
    assert failed == []


def test_a_reader_that_has_enough_is_no_crash() -> None:
    script = f"{sys.executable} -m condadeps install --help | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stdout.startswith("Usage") and done.stderr == ""


@pytest.mark.slow
def test_quiet_still_says_what_could_not_be_written_down(
    channel: Channel, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    prefix = conda_prefix("python")
    (tmp_path / "environment.yml").write_text("name: another\ndependencies:\n  - python\n")
    words = ["install", "-q", "-p", prefix, "-c", channel.url, "--override-channels", "click"]
    done = condadeps(*words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "not recorded" in done.stderr and "--env-file" in done.stderr


def test_a_request_that_is_not_for_this_machine_is_said_to_be_none(conda_prefix: CondaPrefix) -> None:
    done = condadeps(
        "install", "-p", conda_prefix("python"), "--no-record", "six ; sys_platform == 'no-such'"
    )
    assert done.returncode == 0, done.stderr
    assert "its marker does not hold here, so there is nothing to do" in done.stdout
