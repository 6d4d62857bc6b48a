"""``installer = "conda"``: conda's part of a plan applied by a real conda, and what its failures come to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from condadeps import api
from condadeps.errors import ConfigError, HashError, SourceError, SpaceError, TransactionError
from condadeps.solve.plan import Plan
from condadeps.transaction.executable import Executable, error_of, find
from tests.transaction import tiny
from tests.transaction.road import Road, changed
from tests.transaction.world import OWN, listing

CONDA = Executable("conda", Path("/opt/conda/bin/conda"))
PLAN = Plan(prefix="/env", subdir="linux-64")


def made(path: Path) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_the_executable_is_found_by_variable_then_history_then_path(tmp_path: Path) -> None:
    by_variable = made(tmp_path / "a" / "conda")
    by_history = made(tmp_path / "b" / "conda")
    on_path = made(tmp_path / "c" / "conda")
    history = tmp_path / "env" / "conda-meta" / "history"
    history.parent.mkdir(parents=True)
    history.write_text(f"# cmd: {by_history} install x\n# cmd: condadeps install y\n")
    environ = {"PATH": str(on_path.parent)}

    env = tmp_path / "env"
    assert find("conda", env, {**environ, "CONDA_EXE": str(by_variable)}).path == by_variable
    assert find("conda", env, {**environ, "CONDA_EXE": str(tmp_path / "gone" / "conda")}).path == by_history
    assert find("conda", tmp_path, environ).path == on_path
    with pytest.raises(ConfigError, match="there is no micromamba here"):
        find("micromamba", env, {**environ, "MAMBA_EXE": str(by_variable)})


def test_its_errors_are_told_as_ours() -> None:
    def told(**document: object) -> object:
        return error_of(document, "", 1, CONDA, PLAN)

    http = told(exception_name="CondaHTTPError", message="HTTP 403", url="https://me:pw@h/x", status_code=403)
    assert isinstance(http, SourceError) and http.data["status"] == 403
    assert "pw" not in str(http.to_json())
    assert isinstance(told(exception_name="ChecksumMismatchError", message="x"), HashError)
    assert isinstance(told(exception_name="NoSpaceLeftError", message="x"), SpaceError)
    several = told(exception_name="CondaMultiError", errors=[{"exception_name": "NoSpaceLeftError"}])
    assert isinstance(several, SpaceError)
    other = error_of({}, "usage: conda\nconda: error: no such option\n", 2, CONDA, PLAN)
    assert isinstance(other, TransactionError)
    assert other.detail[-1] == "conda: error: no such option" and other.data["exit_code"] == 2


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    if not os.environ.get("CONDA_EXE"):
        pytest.skip("there is no real conda: CONDA_EXE is not set")
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for version in ("1.0", "2.0"):
        tiny.noarch(road.channel, "six", version)
        tiny.wheel(road.wheels, "tool", version, requires=["six"])
    tiny.noarch(road.channel, "app", "1.0", depends=["six"])
    tiny.package(road.channel, "bad", "1", {"bin/.bad-post-link.sh": "exit 3\n", "share/bad": ""})
    road.open()
    monkeypatch.setenv("CONDADEPS_INSTALLER", "conda")
    monkeypatch.setenv("CONDA_PKGS_DIRS", str(tmp_path / "conda-pkgs"))
    return road


@pytest.mark.slow
@pytest.mark.conda
def test_conda_applies_the_plan_and_undoes_it(road: Road) -> None:
    road.install("six=1.0", "tool==1.0")
    before = names(road)
    outcome = road.install("six=2.0", "tool==2.0", "app")
    assert changed(outcome) == {"+six 2.0", "+tool 2.0", "+app 1.0"}
    assert road.version("six") == "2.0" and road.version("tool") == "2.0"
    assert requested(road) == {"six": ["six=2.0"], "app": ["app"]}
    last = (road.prefix / "conda-meta" / "history").read_text().rpartition("==> ")[2]
    assert "# cmd: condadeps install six=2.0 tool==2.0 app" in last
    assert "# update specs: ['six=2.0', 'app']" in last

    road.undo()
    assert names(road) == before
    assert changed(road.remove("tool", "six")) == {"-tool 1.0", "-six 1.0"}


@pytest.mark.slow
@pytest.mark.conda
def test_conda_makes_an_environment(road: Road) -> None:
    made = road.root / "made"
    outcome = api.create(made, "app", bare=True)
    assert outcome.changed and (made / "bin" / "python").exists()
    assert {path.name.partition("-")[0] for path in (made / "conda-meta").glob("*.json")} == {
        "python",
        "six",
        "app",
    }


@pytest.mark.slow
@pytest.mark.conda
def test_what_conda_cannot_do_is_taken_back_whole(road: Road) -> None:
    road.install("six=1.0", "tool==1.0")
    before = listing(road.prefix)
    with pytest.raises(TransactionError, match="conda could not do it"):
        road.install("bad", "six=2.0", "tool==2.0")
    assert listing(road.prefix) == before


@pytest.mark.slow
@pytest.mark.conda
def test_conda_itself_agrees_afterwards(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDADEPS_INSTALLER", "rattler")
    road.install("app", "tool==1.0")
    road.install("six=1.0")

    def conda(*words: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [os.environ["CONDA_EXE"], *words, "-p", str(road.prefix)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    there = {one["name"]: one["version"] for one in json.loads(conda("list", "--json").stdout)}
    assert there.keys() == {"python", "six", "app", "tool"} and there["six"] == "1.0"
    assert "tool" in {
        one["name"] for one in json.loads(conda("list", "--json").stdout) if one["channel"] == "pypi"
    }
    health = conda("doctor").stdout
    for word in ("altered files", "missing files", "environment is consistent"):
        assert [line[0] for line in health.splitlines() if word in line.lower()] == ["✅"], health
    monkeypatch.setenv("CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY", "false")  # the tiny channel has none
    wanted = ["--dry-run", "--json", "-c", road.channel.as_uri(), "--override-channels", "app"]
    assert json.loads(conda("install", *wanted).stdout)["success"] is True
    exported = conda("env", "export", "--from-history").stdout
    assert "- app" in exported and "- six=1.0" in exported and "- tool" not in exported


def names(road: Road) -> set[str]:
    """The paths of the environment, bytecode and the histories aside."""
    paths = listing(road.prefix, ignore=OWN)
    return {path for path in paths if "__pycache__" not in path}


def requested(road: Road) -> dict[str, list[str]]:
    """What the records say was asked for."""
    records = [json.loads(path.read_text()) for path in (road.prefix / "conda-meta").glob("*.json")]
    return {one["name"]: one["requested_specs"] for one in records if one.get("requested_specs")}
