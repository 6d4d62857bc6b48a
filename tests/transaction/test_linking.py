"""Settings of how conda's packages are linked: with their scripts or without, by links or copies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transaction import tiny
from tests.transaction.road import Road

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("setting", ["true", "false"])
def test_link_scripts_run_where_the_setting_lets_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    scripts = {
        "bin/.told-post-link.sh": "touch $PREFIX/came\n",
        "bin/.told-pre-unlink.sh": "touch $PREFIX/went\n",
    }
    tiny.package(road.channel, "told", "1", scripts)
    road.open()
    monkeypatch.setenv("CONDADEPS_LINK_SCRIPTS", setting)
    road.install("told")
    road.remove("told")
    assert [(road.prefix / name).exists() for name in ("came", "went")] == [setting == "true"] * 2


@pytest.mark.parametrize("setting", ["true", "false"])
def test_files_are_copied_where_condas_setting_wants_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.package(road.channel, "shared", "1", {"share/shared": "x"})
    road.open()
    monkeypatch.setenv("CONDA_ALWAYS_COPY", setting)
    road.install("shared")
    file = road.prefix / "share" / "shared"
    assert file.read_text() == "x" and (file.stat().st_nlink == 1) == (setting == "true")
