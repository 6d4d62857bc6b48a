"""The scripts that packages bring run as conda runs them, unless the setting says otherwise."""

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
