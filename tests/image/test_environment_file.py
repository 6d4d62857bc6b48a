"""Containers forget; a mounted environment.yml brings back what was installed, before Jupyter starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from tests.image.conftest import Start
from tests.image.containers import Container

KERNEL = "/opt/conda/envs/python3"
FILE = """\
# mine
name: analysis
dependencies:
  - python
  - tqdm
  - pip:
      - humanize
"""


def write(directory: Path, text: str, name: str = "environment.yml") -> None:
    path = directory / name
    path.write_text(text, "utf-8")
    os.chown(path, 1000, 100)


def versions(running: Container, *projects: str) -> Mapping[str, str]:
    """What the kernel's environment has of ``projects``."""
    asked = "import importlib.metadata as m, sys\nfor name in sys.argv[1:]:\n  print(name, m.version(name))"
    done = running.exec(f"{KERNEL}/bin/python", "-c", asked, *projects, check=False)
    return dict(line.split() for line in done.stdout.splitlines())


def test_the_file_beside_the_notebooks_is_installed_before_jupyter_answers(
    container: Start, shared_directory: Path, tmp_path: Path
) -> None:
    write(shared_directory, FILE)
    cache = tmp_path / "work" / "cache"
    cache.mkdir()
    os.chown(cache, 1000, 100)
    told = {"NOTEBOOK_DIR": "/home/jovyan/work"}
    volumes = {shared_directory: "/home/jovyan/work", cache: "/home/jovyan/.cache/condadeps"}
    first = container(env=told, volumes=volumes)
    assert set(versions(first, "tqdm", "humanize")) == {"tqdm", "humanize"}
    assert (shared_directory / "environment.yml").read_text("utf-8") == FILE
    assert any(cache.rglob("*.conda")) or any(cache.iterdir())
    first.remove()
    # Another container, which has the packages in the mounted cache and asks nobody: its channel is gone.
    again = container(
        "--network=none",
        env={**told, "CONDADEPS_ENVIRONMENT": "", "CONDA_OFFLINE": "true"},
        volumes=volumes,
        wait=False,
    )
    installed = again.exec(
        "condadeps",
        "install",
        "-p",
        KERNEL,
        "-f",
        "/home/jovyan/work/environment.yml",
        "--no-record",
        "--offline",
    )
    assert "tqdm" in installed.stdout
    assert set(versions(again, "tqdm", "humanize")) == {"tqdm", "humanize"}


def test_a_file_that_cannot_be_had_is_told_and_jupyter_starts(
    container: Start, shared_directory: Path
) -> None:
    write(shared_directory, "dependencies:\n  - no-such-package-anywhere-at-all\n", "mine.yml")
    told = {"CONDADEPS_ENVIRONMENT": "/home/jovyan/work/mine.yml"}
    running = container(env=told, volumes={shared_directory: "/home/jovyan/work"})
    said = running.logs()
    assert "no-such-package-anywhere-at-all" in said
    assert "Jupyter starts without what /home/jovyan/work/mine.yml asks for" in said


def test_a_file_that_was_named_and_is_not_there_is_told(container: Start) -> None:
    running = container(env={"CONDADEPS_ENVIRONMENT": "/nowhere.yml"})
    assert "CONDADEPS_ENVIRONMENT: there is no file /nowhere.yml" in running.logs()


def test_no_file_is_read_when_none_is_named_by_an_empty_variable(
    container: Start, shared_directory: Path
) -> None:
    write(shared_directory, FILE)
    told = {"NOTEBOOK_DIR": "/home/jovyan/work", "CONDADEPS_ENVIRONMENT": ""}
    running = container(env=told, volumes={shared_directory: "/home/jovyan/work"})
    assert versions(running, "humanize") == {}


def test_what_root_starts_is_still_the_users(container: Start, shared_directory: Path) -> None:
    write(shared_directory, FILE)
    told = {"NOTEBOOK_DIR": "/home/jovyan/work"}
    running = container(env=told, volumes={shared_directory: "/home/jovyan/work"}, user="root")
    assert set(versions(running, "tqdm", "humanize")) == {"tqdm", "humanize"}
    owners = running.exec(
        "find", KERNEL, "-path", "*/site-packages/humanize*", "-printf", "%u\\n"
    ).stdout.split()
    assert set(owners) == {"jovyan"}
