"""``pip_installer = "uv"``: a real uv lays out what pip would have, whatever is configured for it."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.errors import ConfigError, HashError, TransactionError
from condadeps.names.namespaces import ProjectName
from condadeps.solve.plan import Artifact, Install
from condadeps.transaction import uv
from tests.transaction import tiny
from tests.transaction.road import Road, changed
from tests.transaction.world import OWN, listing


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    assert shutil.which("uv", path=str(Path(sys.executable).parent)), "the test extra brings uv"
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0")
    for version in ("1.0", "2.0"):
        scripts = {"tool": "tool:version"}
        tiny.wheel(
            road.wheels, "tool", version, requires=["six"], scripts=scripts, data={"etc/tool.txt": version}
        )
    road.open()
    monkeypatch.setenv("CONDADEPS_PIP_INSTALLER", "uv")
    return road


def paths(road: Road) -> dict[str, str]:
    """The environment, less what differs by who wrote it and when."""
    there = listing(road.prefix, ignore=OWN)
    said = ("conda-meta/history", "INSTALLER", "RECORD", "bin/tool")
    there = {path: what for path, what in there.items() if "__pycache__" not in path}
    return {path: what for path, what in there.items() if not path.endswith(said)}


@pytest.mark.slow
def test_uv_leaves_what_pip_leaves(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    before = listing(road.prefix)
    assert changed(road.install("tool==1.0")) == {"+six 1.0", "+tool 1.0"}
    by_uv, info = paths(road), road.site_packages / "tool-1.0.dist-info"
    assert (info / "INSTALLER").read_text().strip() == "uv"
    assert (info / "REQUESTED").exists() and not (info / "direct_url.json").exists()
    assert (road.prefix / "bin" / "tool").read_text().startswith(f"#!{road.prefix}/bin/python")
    assert (road.prefix / "etc" / "tool.txt").read_text() == "1.0"
    rows = [row[0] for row in csv.reader((info / "RECORD").read_text().splitlines())]
    assert len(rows) == len(set(rows))
    assert all((road.site_packages / row).exists() for row in rows)

    road.undo()
    assert listing(road.prefix).keys() == before.keys()
    monkeypatch.setenv("CONDADEPS_PIP_INSTALLER", "pip")
    road.install("tool==1.0")
    assert paths(road) == by_uv


@pytest.mark.slow
def test_uv_moves_a_version_and_pips_copy_goes_the_same_way(road: Road) -> None:
    road.install("tool==1.0", pip_installer="pip")
    assert changed(road.install("tool==2.0")) == {"+tool 2.0"}
    assert road.dist_infos("tool") == ["tool-2.0.dist-info"]
    road.remove("tool")
    assert not (road.prefix / "bin" / "tool").exists() and not road.dist_infos("tool")


@pytest.mark.slow
def test_no_setting_of_uvs_moves_what_is_installed(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = road.root / "elsewhere"
    config = road.work / "uv.toml"
    config.write_text(f'[pip]\ntarget = "{elsewhere}"\nno-binary = [":all:"]\n')
    home = Path.home() / ".config" / "uv"
    home.mkdir(parents=True)
    shutil.copy(config, home)
    for name, value in {
        "UV_TARGET": str(elsewhere),
        "UV_CONFIG_FILE": str(config),
        "UV_PROJECT_ENVIRONMENT": str(elsewhere),
        "UV_CACHE_DIR": str(elsewhere),
        "UV_PYTHON": str(elsewhere / "bin" / "python"),
        "UV_INDEX_URL": "http://127.0.0.1:9/",
        "UV_EXCLUDE_NEWER": "2001-01-01",
        "UV_CONSTRAINT": str(config),
    }.items():
        monkeypatch.setenv(name, value)
    road.install("tool==1.0")
    assert road.version("tool") == "1.0"
    assert not elsewhere.exists()


@pytest.mark.slow
def test_a_file_of_another_hash_or_one_that_uv_refuses_touches_nothing(road: Road) -> None:
    before = listing(road.prefix)
    fake = road.wheel("fake", "1.0")
    (road.wheels / fake.artifact.filename).write_bytes(b"something else")
    came = road.apply(road.plan(install=[fake]), uv=True)
    assert isinstance(came.error, HashError)
    other = tiny.wheel(road.wheels, "torn", "1.0").rename(road.wheels / "other-1.0-py3-none-any.whl")
    digest = tiny.sha256(other.read_bytes())
    artifact = Artifact(ProjectName("other"), "1.0", other.name, other.as_uri(), digest, None)
    came = road.apply(road.plan(install=[Install(artifact, "asked")]), uv=True)
    assert isinstance(came.error, TransactionError) and "uv could not install other" in str(came.error)
    assert listing(road.prefix) == before


@pytest.mark.slow
def test_a_wheel_that_points_out_of_itself_reaches_nothing_outside(road: Road) -> None:
    before = set(road.root.rglob("*"))
    road.apply(road.plan(install=[road.wheel("torn", "1.0", data={"../../outside": "x"})]), uv=True)
    new = [path for path in set(road.root.rglob("*")) - before if path.name == "outside"]
    assert all(road.site_packages in path.parents for path in new)


@pytest.mark.slow
@pytest.mark.parametrize("at", [2, 6])
def test_a_change_by_uv_that_is_killed_is_put_back(road: Road, at: int) -> None:
    before = listing(road.prefix)
    plan = road.plan(install=[road.wheel("one", "1.0")])
    assert road.apply(plan, uv=True, at=at).killed
    assert road.apply(plan, recover_only=True).error is None
    assert listing(road.prefix) == before


def test_without_a_uv_the_error_says_what_to_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = tmp_path / "bin" / "uv"
    made.parent.mkdir()
    made.write_text("#!/bin/sh\n")
    made.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nowhere" / "python"))
    assert uv.find(tmp_path, {"PATH": os.devnull}) == made
    assert uv.find(tmp_path / "env", {"PATH": str(made.parent)}) == made
    with pytest.raises(ConfigError, match="there is no uv here") as refused:
        uv.find(tmp_path / "env", {"PATH": os.devnull})
    assert "--pip-installer pip" in str(refused.value.help)


@pytest.mark.slow
def test_the_command_takes_it_as_an_option(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONDADEPS_PIP_INSTALLER")
    words = ["install", "--json", "--pip-installer", "uv", "-p", str(road.prefix), "tool"]
    done = subprocess.run([sys.executable, "-m", "condadeps", *words], capture_output=True, text=True)
    assert json.loads(done.stdout)["success"] is True, done.stderr
    assert (road.site_packages / "tool-2.0.dist-info" / "INSTALLER").read_text().strip() == "uv"
