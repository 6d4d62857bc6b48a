"""``installer = "conda"`` (or mamba, micromamba): conda's part of a plan applied by a real one."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from condadeps import api
from condadeps.errors import ConfigError, HashError, SourceError, SpaceError, TransactionError
from condadeps.solve.plan import Link, Plan, Unlink
from condadeps.transaction.executable import Executable, carry_out, error_of, find
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


FAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo {version}; exit; fi
echo "$@" >> {log}
for word; do case "$word" in */explicit.txt) cat "$word" >> {log};; esac; done
echo '{{"success": true}}'
"""


def handed(tmp_path: Path, kind: Any, version: str) -> list[str]:
    """The words, and the lines of the list, that a FakeMamba is handed for an upgrade and a removal."""
    fake, log = made(tmp_path / version / kind), tmp_path / f"log-{version}"
    fake.write_text(FAKE.format(version=version, log=log))
    old, new = (tiny.package(tmp_path, "foo", version) for version in ("1", "2"))
    gone = tiny.package(tmp_path, "gone", "1")
    plan = Plan("/env", "linux-64", link=(Link(new, "asked", old),), unlink=(Unlink(gone, "asked"),))
    carry_out(Executable(kind, fake), plan, tmp_path / "work")
    return log.read_text().splitlines()


def test_mamba_is_told_to_remove_what_is_replaced_and_given_the_hash_it_knows(tmp_path: Path) -> None:
    """As its sources have it: an explicit install replaces nothing, and sha256 is heeded from 2.1 on."""
    foo = tiny.package(tmp_path, "foo", "2")
    for kind, version, digest in (
        ("mamba", "2.0.5", foo.record["md5"]),
        ("micromamba", "2.1.0", f"sha256:{foo.sha256}"),
    ):
        removed, installed, head, line = handed(tmp_path, kind, version)
        assert removed == "remove --prefix /env --yes --json --force gone foo"
        assert installed.startswith("install --prefix /env --yes --json --file ")
        assert (head, line) == ("@EXPLICIT", f"{foo.url}#{digest}")


def test_conda_replaces_by_itself(tmp_path: Path) -> None:
    removed, _, _, line = handed(tmp_path, "conda", "26.7.1")
    assert removed.endswith("--force gone") and "#sha256:" in line


def test_a_mamba_that_would_check_nothing_is_refused(tmp_path: Path) -> None:
    fake = made(tmp_path / "mamba")
    fake.write_text(FAKE.format(version="2.0.5", log=tmp_path / "log"))
    foo = tiny.package(tmp_path, "foo", "1")
    bare = {key: value for key, value in foo.record.items() if key != "md5"}
    plan = Plan("/env", "linux-64", link=(Link(dataclasses.replace(foo, record=bare), "asked"),))
    with pytest.raises(TransactionError, match=r"would not check foo-1-0\.conda"):
        carry_out(Executable("mamba", fake), plan, tmp_path / "work")


@pytest.fixture(params=["conda", "mamba", "micromamba"])
def road(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """The installer is a real one: ``CONDA_EXE`` names the conda, ``MAMBA_EXE`` the mamba or micromamba."""
    kind = request.param
    variable = "CONDA_EXE" if kind == "conda" else "MAMBA_EXE"
    if Path(os.environ.get(variable, "")).name != kind:
        pytest.skip(f"there is no real {kind}: {variable} does not name one")
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for version in ("1.0", "2.0"):
        tiny.noarch(road.channel, "six", version)
        tiny.wheel(road.wheels, "tool", version, requires=["six"])
    tiny.noarch(road.channel, "app", "1.0", depends=["six"])
    tiny.package(road.channel, "bad", "1", {"bin/.bad-post-link.sh": "exit 3\n", "share/bad": ""})
    road.open()
    monkeypatch.setenv("CONDADEPS_INSTALLER", kind)
    monkeypatch.setenv("CONDA_PKGS_DIRS", str(tmp_path / "conda-pkgs"))
    monkeypatch.setenv("MAMBA_ROOT_PREFIX", str(tmp_path / "mamba"))
    return road


@pytest.mark.slow
@pytest.mark.conda
def test_it_applies_the_plan_and_undoes_it(road: Road) -> None:
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
def test_it_makes_an_environment(road: Road) -> None:
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
def test_what_it_cannot_do_is_taken_back_whole(road: Road) -> None:
    road.install("six=1.0", "tool==1.0")
    before = listing(road.prefix)
    with pytest.raises(TransactionError, match="could not do it"):
        road.install("bad", "six=2.0", "tool==2.0")
    assert listing(road.prefix) == before


@pytest.mark.slow
@pytest.mark.conda
@pytest.mark.parametrize("road", ["conda"], indirect=True)
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
