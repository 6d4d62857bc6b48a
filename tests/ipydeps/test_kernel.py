"""An ipydeps notebook's cells in a real kernel of a conda environment: conda first, nothing mangled."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.channel.fixture import Channel
from tests.conftest import RunCells, Serve
from tests.doors.test_notebook import conda_records, dist_infos
from tests.sources.simple_index import wheel

pytestmark = [pytest.mark.slow]

IMPORT = "import condadeps.ipydeps as ipydeps"


@pytest.fixture
def wheels(tmp_path: Path) -> dict[str, str | None]:
    """Environment variables of a pip that knows only a few small wheels made here."""
    directory = tmp_path / "wheels"
    wheel(directory, "small", "1.0")
    wheel(directory, "small", "2.0")
    wheel(directory, "zope.interfaced", "1.0")
    wheel(directory, "q", "2.7")
    wheel(directory, "withextra", "1.0", requires=['small; extra == "all"'], fields=["Provides-Extra: all"])
    wheel(directory, "tree", "9.9")
    return {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(directory)}


def test_a_list_is_installed_conda_first_and_importable_in_the_same_cell(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path, wheels: dict[str, str | None]
) -> None:
    cell = f"{IMPORT}\nipydeps.pip(['numpy', 'small', 'os'])\nimport numpy, small; print(small.__version__)"
    first, again = run_cells(kernel_prefix, [cell, "ipydeps.pip(['numpy', 'small'])"], env=wheels)
    assert first.error is None and again.error is None
    assert "numpy" in conda_records(kernel_prefix)
    assert "2.0" in first.text and "New packages installed: numpy, small" in first.text
    assert "os is part of the Python standard library and will be skipped" in first.text
    assert "Packages currently installed: numpy, small" in again.text
    assert "No new packages installed" in again.text
    assert again.seconds < 1  # ipydeps slept two seconds
    recorded = (tmp_path / "environment.yml").read_text()
    assert "numpy=" in recorded and "small==2.0" in recorded and "os" not in recorded.split()


def test_what_ipydeps_mangled_is_right(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path, wheels: dict[str, str | None]
) -> None:
    (tmp_path / "more.txt").write_text("attrs\n")
    cells = [
        IMPORT,
        "ipydeps.pip('small==1')",
        "ipydeps.pip('numpy>=1.26,<2')",
        "ipydeps.pip('withextra[all]')",
        "ipydeps.pip(['zope.interfaced', 'q'])",
        "ipydeps.pip('-r more.txt')",
        "ipydeps.pip('tree')",
    ]
    ran = run_cells(kernel_prefix, cells, env=wheels)
    assert [cell.error for cell in ran] == [None] * len(cells)
    [small] = dist_infos(kernel_prefix, "small")
    assert small.name == "small-1.0.dist-info"
    assert conda_records(kernel_prefix)["numpy"].startswith("1.26")
    for name in ("withextra", "zope.interfaced", "q"):
        assert dist_infos(kernel_prefix, name), name
    for wrong in ("all", "zope", "interfaced", "excel", "more", "txt"):
        assert not dist_infos(kernel_prefix, wrong), wrong
    assert "attrs" in conda_records(kernel_prefix)
    # conda's tree is another thing than the project; ipydeps' names are projects.
    assert dist_infos(kernel_prefix, "tree") and "tree" not in conda_records(kernel_prefix)


def test_what_cannot_be_installed_is_shown_and_not_raised(
    kernel_prefix: Path, run_cells: RunCells, wheels: dict[str, str | None]
) -> None:
    cells = [
        IMPORT,
        "ipydeps.pip('no-such-thing-anywhere')\nprint('went on')",
        "ipydeps.pip('no such = thing')\nprint('went on')",
        "ipydeps.pip('no-such-thing-anywhere', strict=True)",
        "ipydeps.pip('small', config='none.conf')\nprint('went on')",
    ]
    ran = run_cells(kernel_prefix, cells, env=wheels)
    assert [cell.error is None for cell in ran] == [True, True, True, False, True]
    assert "no-such-thing-anywhere" in ran[1].html and "went on" in ran[1].text
    assert "went on" in ran[2].text
    assert (ran[3].error or "").startswith("NotFoundError")
    assert "could not find pip config named none.conf" in ran[4].text and "went on" in ran[4].text
    assert not dist_infos(kernel_prefix, "small")


def test_a_named_configuration_says_where_pip_s_projects_come_from(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    wheel(tmp_path / "ours", "inhouse", "3.0")
    directory = tmp_path / "ipydeps"
    directory.mkdir()
    (directory / "repo1.conf").write_text(f"[global]\nno-index = true\nfind-links = {tmp_path / 'ours'}\n")
    cells = [
        IMPORT,
        "ipydeps.pip('inhouse', config='repo1.conf')\nimport inhouse; print(inhouse.__version__)",
    ]
    env: dict[str, str | None] = {
        "IPYDEPS_CONFIG_DIR": str(directory),
        "PIP_FIND_LINKS": None,
        "PIP_INDEX_URL": None,
    }
    _, cell = run_cells(kernel_prefix, cells, env=env)
    assert cell.error is None and "3.0" in cell.text


def test_an_activated_alias_serves_an_old_notebook_unchanged(
    kernel_prefix: Path, run_cells: RunCells, channel: Channel
) -> None:
    old = "import ipydeps\nipydeps.pip(['attrs'], verbose=True)\nimport attr"
    start, cell = run_cells(kernel_prefix, ["import condadeps.ipydeps; condadeps.ipydeps.activate()", old])
    assert start.error is None and cell.error is None
    assert "attrs" in conda_records(kernel_prefix)
    assert "attrs (ipydeps.pip): attrs" in cell.text


def test_the_command_installs_and_tells_failure_by_its_status(
    kernel_prefix: Path, run_cells: RunCells, wheels: dict[str, str | None]
) -> None:
    code = (
        "import json, subprocess, sys\n"
        "def run(*words):\n"
        "    done = subprocess.run([sys.executable, '-m', 'condadeps.ipydeps', *words], capture_output=True,"
        " text=True)\n"
        "    return done.returncode, done.stdout, done.stderr\n"
        "print(json.dumps([run('small', 'q'), run('nothing-of-the-kind'), run()]))"
    )
    [cell] = run_cells(kernel_prefix, [code], env=wheels)
    assert cell.error is None
    good, bad, nothing = json.loads(cell.text)
    assert good[0] == 0 and "New packages installed: q, small" in good[1]
    assert bad[0] == 1 and "nothing-of-the-kind" in bad[2]
    assert nothing == [0, "", ""]


def test_overrides_of_ipydeps_configuration_are_heeded_and_their_successor_named_once(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path, serve: Serve
) -> None:
    served, directory = tmp_path / "site", tmp_path / "ipydeps"
    served.mkdir()
    directory.mkdir()
    rules = {"labattrs": {"instead": "attrs"}, "cycler": {"refuse": "ask the helpdesk"}}
    (served / "kernel-overrides.json").write_text(json.dumps({"python-3": rules}))
    link = f"{serve(served).url}/kernel-overrides.json"
    (directory / "ipydeps.conf").write_text(f"[ipydeps]\ndependencies_link = {link}\n")
    cells = [
        IMPORT,
        "ipydeps.pip('labattrs')\nimport attr",
        "ipydeps.pip('cycler')\nprint('went on')",
        "ipydeps.pip('cycler', use_overrides=False)\nimport cycler",
    ]
    ran = run_cells(kernel_prefix, cells, env={"IPYDEPS_CONFIG_DIR": str(directory), "PIP_NO_INDEX": "1"})
    assert [cell.error for cell in ran] == [None] * 4
    assert "attrs" in conda_records(kernel_prefix)
    assert "New packages installed: attrs" in ran[1].text and "labattrs is replaced by attrs" in ran[1].text
    assert 'in condadeps: overrides = "URL"' in ran[1].text
    assert "in condadeps:" not in ran[2].text  # once is enough
    assert "ask the helpdesk" in ran[2].html and "went on" in ran[2].text


def test_a_configured_alias_serves_an_old_notebook_unchanged(
    kernel_prefix: Path, run_cells: RunCells, tmp_path: Path
) -> None:
    old = "import ipydeps\nipydeps.pip(['attrs'])\nimport attr; print(ipydeps.pip.__module__)"
    home = tmp_path / "home"
    (home / ".config" / "condadeps").mkdir(parents=True)
    (home / ".config" / "condadeps" / "condadeps.toml").write_text("ipydeps_alias = true\n")
    load, cell = run_cells(kernel_prefix, ["%load_ext condadeps", old], env={"HOME": str(home)})
    assert load.error is None and cell.error is None
    assert "condadeps.ipydeps" in cell.text and "attrs" in conda_records(kernel_prefix)


def test_an_alias_that_is_not_configured_or_cannot_be_read_is_none(
    kernel_prefix: Path, run_cells: RunCells
) -> None:
    for env in ({}, {"CONDADEPS_IPYDEPS_ALIAS": "perhaps"}):
        cells = ["%load_ext condadeps", "import ipydeps", "%condadeps config"]
        load, cell, config = run_cells(kernel_prefix, cells, env=env)
        assert load.error is None and (cell.error or "").startswith("ModuleNotFoundError")
        assert (config.error is None) is (not env)
