"""Kernels that condadeps registers can be listed and removed; nobody else's is touched."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from condadeps.errors import NotFoundError, UsageError
from condadeps.kernels import registered
from condadeps.prefix import catalog
from tests.channel.fixture import Channel
from tests.doors.test_command import condadeps
from tests.kernel import run_named


def made(folder: Path, name: str, python: str, **metadata: object) -> Path:
    """A kernelspec, as ipykernel leaves it."""
    directory = folder / name
    directory.mkdir(parents=True)
    spec = {"argv": [python, "-m", "ipykernel_launcher"], "display_name": name, "metadata": metadata}
    (directory / "kernel.json").write_text(json.dumps(spec))
    return directory


@pytest.fixture
def folder() -> Path:
    """Where this user's kernels are, in the test's own home."""
    return Path("~/.local/share/jupyter/kernels").expanduser()


def test_only_kernels_that_condadeps_made_are_listed(folder: Path, tmp_path: Path) -> None:
    made(folder, "python3", sys.executable)
    made(folder, "ours", sys.executable, condadeps={"prefix": str(tmp_path)})
    made(folder, "gone", "/no/such/python", condadeps={"prefix": "/no/such"})
    (folder / "broken").mkdir()
    (folder / "broken" / "kernel.json").write_text("{")
    found = registered.kernels()
    assert [(one.name, one.usable) for one in found.kernels] == [("gone", False), ("ours", True)]
    assert "gone; condadeps kernels remove gone" in str(found)


def test_a_kernel_is_removed_and_its_environment_stays(folder: Path, tmp_path: Path) -> None:
    directory = made(folder, "ours", sys.executable, condadeps={"prefix": str(tmp_path)})
    done = condadeps("kernels", "remove", "ours")
    assert done.returncode == 0 and f"its environment stays at {tmp_path}" in done.stdout
    assert not directory.exists() and tmp_path.exists()
    assert json.loads(condadeps("kernels", "--json").stdout) == {"kernels": []}


def test_somebody_elses_kernel_is_not_removed(folder: Path) -> None:
    directory = made(folder, "python3", sys.executable)
    with pytest.raises(NotFoundError, match="registered no kernel called python3"):
        registered.remove(["python3"])
    assert directory.exists()


def test_kernels_of_other_jupyters_are_listed_with_where_they_are_and_can_be_removed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the ``jupyter`` on PATH, of the environments that conda lists; not of those that are nobody's."""
    prefixes = [tmp_path / name for name in ("on-path", "listed", "unknown")]
    kernels = [prefix / "share/jupyter/kernels" for prefix in prefixes]
    for number, one in enumerate(kernels):
        made(one, f"kernel{number}", sys.executable, condadeps={"prefix": str(tmp_path)})
    program = prefixes[0] / "bin" / "jupyter"
    program.parent.mkdir()
    program.write_text("#!/bin/sh")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    catalog.register(prefixes[1])
    catalog.register(tmp_path / "no longer there")
    found = registered.kernels()
    assert [one.name for one in found.kernels] == ["kernel0", "kernel1"]
    assert f"(in {kernels[0]})" in str(found) and f"(in {kernels[1]})" in str(found)

    assert condadeps("kernels", "remove", "kernel1").returncode == 0
    assert not (kernels[1] / "kernel1").exists()
    refused = condadeps("kernels", "remove", "kernel2")
    assert refused.returncode == 1 and "--kernel-prefix DIR looks below DIR, too" in refused.stderr
    assert condadeps("kernels", "remove", "kernel2", "--kernel-prefix", prefixes[2]).returncode == 0


def test_of_several_of_one_name_the_one_that_jupyter_shows_is_removed(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "share/jupyter/kernels"
    mine = made(folder, "ours", sys.executable, condadeps={"prefix": str(tmp_path)})
    other = made(elsewhere, "ours", sys.executable, condadeps={"prefix": str(tmp_path)})
    catalog.register(tmp_path)
    done = condadeps("kernels", "remove", "ours")
    assert f"there is another ours, {other}: it stays" in done.stdout
    assert not mine.exists() and other.exists()
    made(folder, "ours", sys.executable, condadeps={"prefix": str(tmp_path)})
    done = condadeps("kernels", "remove", "ours", "--kernel-prefix", tmp_path, "--json")
    told = json.loads(done.stdout)
    assert [one["directory"] for one in told["removed"]] == [str(other)]
    assert [one["directory"] for one in told["others"]] == [str(mine)]
    assert mine.exists() and not other.exists()


def test_the_name_of_a_living_kernel_is_not_taken(folder: Path, tmp_path: Path) -> None:
    made(folder, "python3", sys.executable)
    made(folder, "stale", "/no/such/python")
    with pytest.raises(UsageError, match="there is a kernel called python3 already"):
        registered.check_free("python3", tmp_path / "env", None)
    registered.check_free("stale", tmp_path / "env", None)
    registered.check_free("python3", Path(sys.executable).parents[1], None)  # its own
    registered.check_free("python3", tmp_path / "env", str(tmp_path / "elsewhere"))


@pytest.mark.slow
def test_a_created_kernel_runs_under_its_name_and_can_be_below_a_prefix(
    channel: Channel, tmp_path: Path
) -> None:
    env = {"CONDA_CHANNELS": channel.url}
    prefix, jupyter = tmp_path / "env", tmp_path / "jupyter"
    planned = condadeps("create", "-p", prefix, "--kernel", "analysis", "--dry-run", "--json", env=env)
    told = json.loads(planned.stdout)["condadeps"]["kernel"]
    assert told["name"] == "analysis" and told["remove"] == "condadeps kernels remove analysis"
    assert not prefix.exists() and registered.kernels().kernels == ()
    done = condadeps(
        "create", "-p", prefix, "--kernel", "analysis", "--display-name", "My analysis",
        "--kernel-prefix", jupyter, cwd=tmp_path, env=env,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    folder = jupyter / "share" / "jupyter" / "kernels"
    assert f"registered the kernel analysis (My analysis) in {folder}" in done.stdout
    assert f"condadeps kernels remove analysis --kernel-prefix {jupyter}" in done.stdout
    (kernel,) = registered.kernels(str(jupyter)).kernels
    assert (kernel.name, kernel.display_name, kernel.prefix) == ("analysis", "My analysis", str(prefix))
    assert registered.kernels().kernels == ()

    cells = run_named("analysis", folder, ["import sys; sys.prefix", "%condadeps list"], tmp_path, env)
    assert str(prefix) in cells[0].text and "ipykernel" in cells[1].text

    again = condadeps(
        "create", "-p", tmp_path / "other", "--kernel", "analysis", "--kernel-prefix", jupyter, env=env
    )
    assert again.returncode == 2 and "there is a kernel called analysis already" in again.stderr
    assert not (tmp_path / "other").exists()
