"""``installer = "conda"`` (or mamba, micromamba): conda's part of a plan applied by a real one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from condadeps import api
from condadeps.errors import (
    CancelledError,
    CondadepsError,
    ConfigError,
    HashError,
    SourceError,
    TransactionError,
)
from tests.channel.fixture import Channel
from tests.channel.server import Fault
from tests.conftest import Serve
from tests.transaction import tiny
from tests.transaction.road import Road, changed
from tests.transaction.world import OWN, listing

pytestmark = [pytest.mark.slow, pytest.mark.conda]


@pytest.fixture(params=["conda", "mamba", "micromamba"])
def road(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """The installer is a real one: ``CONDA_EXE`` names the conda, ``MAMBA_EXE`` the mamba or micromamba."""
    kind = request.param
    if real(kind).name != kind:
        pytest.skip(f"there is no real {kind}: {variable(kind)} does not name one")
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for version in ("1.0", "2.0"):
        tiny.noarch(road.channel, "six", version)
        tiny.wheel(road.wheels, "tool", version, requires=["six"])
    modules = {"app.py": "def main(): print('started')\n"}
    tiny.noarch(road.channel, "app", "1.0", modules, depends=["six"], entry_points=["start-app = app:main"])
    tiny.package(road.channel, "scripted", "1", {"bin/.scripted-post-link.sh": "exit 3\n"})
    # conda heeds a script's failure, mamba a file that is in the way of a folder.
    failing = {"bin/.bad-post-link.sh": "exit 3\n", "pyvenv.cfg/is-a-file": ""}
    tiny.package(road.channel, "bad", "1", failing)
    road.open()
    monkeypatch.setenv("CONDADEPS_INSTALLER", kind)
    monkeypatch.setenv("CONDA_PKGS_DIRS", str(tmp_path / "conda-pkgs"))
    monkeypatch.setenv("MAMBA_ROOT_PREFIX", str(tmp_path / "mamba"))
    return road


def variable(kind: str) -> str:
    return "CONDA_EXE" if kind == "conda" else "MAMBA_EXE"


def real(kind: str) -> Path:
    return Path(os.environ.get(variable(kind), ""))


MAMBAS = pytest.mark.parametrize("road", ["mamba", "micromamba"], indirect=True)


def installer() -> str:
    return os.environ["CONDADEPS_INSTALLER"]


def run(*words: str | Path) -> str:
    """What a program prints, run by a person. Fails the test when it fails."""
    done = subprocess.run([*map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def in_its_place(road: Road, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Have ``script`` run as the executable; ``$REAL`` is the real one."""
    kind = installer()
    fake = road.root / "fake" / kind
    fake.parent.mkdir()
    fake.write_text(f"#!/bin/sh\nREAL={real(kind)}\n{script}\n")
    fake.chmod(0o755)
    monkeypatch.setenv(variable(kind), str(fake))


def test_it_applies_the_plan_and_undoes_it(road: Road) -> None:
    road.install("six=1.0", "tool==1.0")
    before, asked = names(road.prefix), requested(road)
    outcome = road.install("six=2.0", "tool==2.0", "app")
    assert changed(outcome) == {"+six 2.0", "+tool 2.0", "+app 1.0"}
    assert road.version("six") == "2.0" and road.version("tool") == "2.0"
    assert requested(road) == {"six": ["six=2.0"], "app": ["app"]}
    history = (road.prefix / "conda-meta" / "history").read_text()
    last = history.rpartition("==> ")[2]
    assert "# cmd: condadeps install six=2.0 tool==2.0 app" in last
    assert "# update specs: ['six=2.0', 'app']" in last
    assert history.count("# cmd: ") == history.count("# cmd: condadeps "), "its own lines would claim more"

    road.undo()
    assert names(road.prefix) == before and requested(road) == asked
    assert changed(road.remove("tool", "six")) == {"-tool 1.0", "-six 1.0"}
    assert api.doctor(road.prefix).problems == ()


def test_what_was_there_for_another_and_is_asked_for_now_is_told_so(road: Road) -> None:
    road.install("app")
    assert requested(road) == {"app": ["app"]}
    road.install("six", "tool")
    assert requested(road)["six"] == ["six"]


def test_a_noarch_package_starts_and_its_bytecode_leaves_with_it(road: Road) -> None:
    bare = names(road.prefix)
    road.install("app")
    done = subprocess.run([road.prefix / "bin" / "start-app"], capture_output=True, text=True)
    assert done.stdout == "started\n", done.stderr
    assert list(road.site_packages.rglob("app.*.pyc"))
    assert api.doctor(road.prefix).problems == ()
    road.remove("app")
    assert names(road.prefix) == bare and not list(road.site_packages.rglob("app.*.pyc"))


def test_it_makes_an_environment(road: Road) -> None:
    made = road.root / "made"
    outcome = api.create(made, "app", bare=True)
    assert outcome.changed and (made / "bin" / "python").exists()
    assert {path.name.partition("-")[0] for path in (made / "conda-meta").glob("*.json")} == {
        "python",
        "six",
        "app",
    }


def test_what_it_cannot_do_is_taken_back_whole(road: Road) -> None:
    road.install("six=1.0", "tool==1.0")
    before = listing(road.prefix)
    with pytest.raises(TransactionError, match="could not do it"):
        road.install("bad", "six=2.0", "tool==2.0")
    assert listing(road.prefix) == before


@pytest.mark.parametrize("road", ["conda"], indirect=True)
def test_a_script_that_fails_is_taken_back(road: Road) -> None:
    before = listing(road.prefix)
    with pytest.raises(TransactionError, match="could not do it"):
        road.install("scripted", "six=2.0")
    assert listing(road.prefix) == before


def test_its_death_in_the_middle_is_taken_back(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    road.install("six=1.0", "tool==1.0")
    before = listing(road.prefix)
    in_its_place(road, monkeypatch, '"$REAL" "$@" || exit; [ "$1" = install ] && kill -9 $$')
    with pytest.raises(TransactionError, match="could not do it"):
        road.install("six=2.0", "tool==2.0", "app")
    assert listing(road.prefix) == before


@pytest.mark.parametrize("served", [False, True])
def test_a_package_that_is_not_the_promised_one_is_refused(
    road: Road, served: bool, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    if served:
        monkeypatch.setenv("CONDA_CHANNELS", serve(road.channel).url)
    road.install("six=1.0")
    before = listing(road.prefix)
    tiny.noarch(road.channel, "six", "2.0", {"six/__init__.py": "another = True\n"})
    with pytest.raises(HashError, match=r"not the (file|one) its channel promises"):
        road.install("six=2.0", "app")
    assert listing(road.prefix) == before


@pytest.mark.parametrize("served", [False, True])
def test_a_package_that_is_gone_is_told(
    road: Road, served: bool, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    if served:
        monkeypatch.setenv("CONDA_CHANNELS", serve(road.channel).url)
    road.install("six=1.0")
    before = listing(road.prefix)
    (road.channel / "noarch" / "six-2.0-py_0.conda").unlink()
    with pytest.raises(SourceError) as caught:
        road.install("six=2.0", "app")
    assert "six-2.0-py_0.conda" in str(caught.value)
    assert listing(road.prefix) == before


def test_an_interrupt_while_it_downloads_is_heeded(road: Road, serve: Serve) -> None:
    road.install("six=1.0", "tool==1.0")
    before = listing(road.prefix)
    server = serve(road.channel, [Fault("*/six-2.0*.conda", delay=60)])
    words = ["install", "-p", str(road.prefix), "six=2.0", "tool==2.0", "-c", server.url]
    command = subprocess.Popen(
        [sys.executable, "-m", "condadeps", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a shell's background has it ignored
    )
    until = time.monotonic() + 60
    while not server.faults[0].hits and time.monotonic() < until:
        time.sleep(0.1)
    command.send_signal(signal.SIGINT)
    told, _ = command.communicate(timeout=40)
    assert command.returncode == CancelledError.exit_code and "interrupted" in told, told
    assert listing(road.prefix) == before


def test_offline_it_does_with_what_is_kept_and_asks_nobody(
    road: Road, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve(road.channel)
    monkeypatch.setenv("CONDA_CHANNELS", server.url)
    road.install("app")
    road.remove("app", "six")
    before = listing(road.prefix)
    server.forget()
    road.install("app", offline=True)
    with pytest.raises(CondadepsError):
        road.install("six=1.0", offline=True)
    assert server.paths() == []
    road.remove("app", "six")
    assert listing(road.prefix).keys() == before.keys()


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


@MAMBAS
def test_mamba_itself_agrees_afterwards(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    mamba = real(installer())
    monkeypatch.setenv("CONDADEPS_INSTALLER", "rattler")
    road.install("app", "tool==1.0")
    road.install("six=1.0")

    there = {
        one["name"]: one["version"] for one in json.loads(run(mamba, "list", "--json", "-p", road.prefix))
    }
    assert there.keys() == {"python", "six", "app"} and there["six"] == "1.0"
    channels = ["-c", road.channel.as_uri(), "--override-channels"]
    dry = ["--dry-run", "--json", "-p", str(road.prefix)]
    again = json.loads(run(mamba, "install", *dry, *channels, "app", "six=1.0"))
    assert again["success"] is True and "actions" not in again, again
    without = json.loads(run(mamba, "remove", *dry, "app"))["actions"]
    assert [one["name"] for one in without["UNLINK"]] == ["app"], "six was asked for, python is needed by it"
    exported = run(mamba, "env", "export", "--from-history", "-p", road.prefix)
    assert "- app" in exported and "- six=1.0" in exported and "- tool" not in exported


@MAMBAS
def test_an_environment_that_mamba_made_is_changed_and_undone(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = installer()
    mamba, prefix = real(kind), road.root / "made"
    monkeypatch.setenv("CONDA_ADD_PIP_AS_PYTHON_DEPENDENCY", "false")  # the tiny channel has none
    channels = ["-c", road.channel.as_uri(), "--override-channels"]
    run(mamba, "create", "-y", "-p", prefix, *channels, "app")
    monkeypatch.setenv("CONDADEPS_INSTALLER", "rattler")
    assert api.doctor(prefix).problems == ()
    before = contents(prefix)
    assert changed(api.install("six=1.0", "tool==1.0", prefix=prefix)) == {"+six 1.0", "+tool 1.0"}
    assert {one["name"] for one in json.loads(run(mamba, "list", "--json", "-p", prefix))} == {
        "python",
        "six",
        "app",
    }
    api.undo(prefix=prefix)
    assert contents(prefix) == before
    # Its history tells where the mamba is that made it.
    monkeypatch.setenv("CONDADEPS_INSTALLER", kind)
    monkeypatch.delenv("MAMBA_EXE")
    assert changed(api.remove("app", prefix=prefix)) == {"-app 1.0", "-six 2.0"}
    assert api.doctor(prefix).problems == ()


@MAMBAS
def test_it_is_found_on_the_path(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = real(installer()).parent
    monkeypatch.delenv("MAMBA_EXE")
    with pytest.raises(ConfigError, match="there is no"):
        road.install("six")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert road.install("six").changed


@MAMBAS
def test_a_script_that_fails_is_passed_over_as_mamba_does(road: Road) -> None:
    assert changed(road.install("scripted")) == {"+scripted 1"}


@MAMBAS
def test_real_packages(road: Road, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> None:
    mamba, prefix = real(installer()), road.root / "real"
    monkeypatch.setenv("CONDA_CHANNELS", channel.url)
    run(mamba, "create", "-y", "-p", prefix, "-c", channel.url, "--override-channels", "python=3.11", "pip")
    assert api.doctor(prefix).problems == ()
    before = names(prefix)
    assert api.install("numpy", "click", prefix=prefix).changed
    run(prefix / "bin" / "python", "-c", "import numpy, click")
    assert api.doctor(prefix).problems == ()
    api.undo(prefix=prefix)
    assert names(prefix) == before
    monkeypatch.setenv("CONDADEPS_INSTALLER", "rattler")
    assert api.install("numpy", prefix=prefix).changed
    listed = {one["name"] for one in json.loads(run(mamba, "list", "--json", "-p", prefix))}
    assert listed >= {"python", "pip", "numpy"}


def contents(prefix: Path) -> dict[str, str]:
    """The environment's files by their hashes, bytecode and the histories aside."""
    there = listing(prefix, ignore=OWN)
    kept = names(prefix) - {"conda-meta/history"}
    return {path: what for path, what in there.items() if path in kept}


def names(prefix: Path) -> set[str]:
    """The paths of the environment, bytecode and the histories aside."""
    paths = listing(prefix, ignore=OWN)
    return {path for path in paths if "__pycache__" not in path}


def requested(road: Road) -> dict[str, list[str]]:
    """What the records say was asked for."""
    records = [json.loads(path.read_text()) for path in (road.prefix / "conda-meta").glob("*.json")]
    return {one["name"]: one["requested_specs"] for one in records if one.get("requested_specs")}
