"""A site that was ipydeps': its image loads condadeps for everybody, and its overrides have commands."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import RunCells
from tests.doors.test_notebook import conda_records
from tests.engine.test_commands import PATCH

pytestmark = [pytest.mark.slow]


def site_of(prefix: Path, directory: Path, settings: str) -> None:
    """Give the environment's processes a site's configuration of the test's own, and IPython's for all."""
    directory.mkdir()
    (directory / "condadeps.toml").write_text(settings)
    [packages] = (prefix / "lib").glob("python3.*/site-packages")
    (packages / "the_test_site.py").write_text(PATCH.format(site=str(directory)))
    (packages / "the_test_site.pth").write_text("import the_test_site\n")
    (prefix / "etc" / "ipython").mkdir(parents=True, exist_ok=True)
    (prefix / "etc" / "ipython" / "ipython_config.py").write_text(
        'c = get_config()\nc.InteractiveShellApp.extensions = ["condadeps"]\n'
    )


def test_an_old_notebook_at_a_site_that_allows_its_commands_runs_unchanged(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    """ipydeps' README's own document, with commands that exist here."""
    done, theirs = tmp_path / "done", tmp_path / "ipydeps"
    theirs.mkdir()
    rules = {
        "python-3": {
            "attrs": [["sh", "-c", "exit 9"]],
            "LabSetup": [["touch", str(done)], ["python", "-c", "print('set up')"]],
            "cycler": [["sh", "-c", f"echo broken; touch {tmp_path / 'outside'}; exit 3"]],
        },
        "python-3.11": {"attrs": [["touch", str(tmp_path / "special")]]},
    }
    (tmp_path / "overrides.json").write_text(json.dumps(rules))
    link = (tmp_path / "overrides.json").as_uri()
    (theirs / "ipydeps.conf").write_text(f'[ipydeps]\ndependencies_link="{link}"\n')
    site_of(kernel_prefix, tmp_path / "etc", "ipydeps_alias = true\nallow_commands = true\n")
    cells = [
        "import ipydeps",  # with nothing before it: the image's configuration has condadeps loaded
        "ipydeps.pip(['labsetup', 'attrs'])\nimport attr",
        "ipydeps.pip('cycler')\nprint('went on')",
        "ipydeps.pip('cycler', use_overrides=False)\nimport cycler",
        "%condadeps history",
    ]
    env: dict[str, str | None] = {"IPYDEPS_CONFIG_DIR": str(theirs), "PIP_NO_INDEX": "1"}
    start, ran, broken, without, history = run_cells(kernel_prefix, cells, env=env)
    assert start.error is None and ran.error is None, ran.text
    assert done.exists() and (tmp_path / "special").exists()
    assert "New packages installed: attrs" in ran.text and f"touch {done}" in ran.text
    assert "attrs" in conda_records(kernel_prefix)
    assert broken.error is None and "went on" in broken.text
    for told in ("the environment was put back", "broken", "stays done", f"touch {tmp_path / 'outside'}"):
        assert told in broken.text, told
    assert (tmp_path / "outside").exists()
    assert without.error is None and "cycler" in conda_records(kernel_prefix)
    assert f"$ touch {done}" in history.text


def test_a_users_own_permission_runs_nothing_there(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    document = tmp_path / "overrides.json"
    document.write_text(json.dumps({"python-3": {"attrs": [["touch", str(tmp_path / "done")]]}}))
    site_of(kernel_prefix, tmp_path / "etc", f"overrides = {str(document)!r}\n")
    home = tmp_path / "home"
    (home / ".config" / "condadeps").mkdir(parents=True)
    (home / ".config" / "condadeps" / "condadeps.toml").write_text("allow_commands = true\n")
    env: dict[str, str | None] = {"HOME": str(home), "CONDADEPS_ALLOW_COMMANDS": "true", "PIP_NO_INDEX": "1"}
    [cell] = run_cells(kernel_prefix, ["%condadeps attrs"], env=env)
    assert cell.error is None and "attrs" in conda_records(kernel_prefix)
    assert not (tmp_path / "done").exists()
    assert "were not run" in cell.text and f"touch {tmp_path / 'done'}" in cell.text
