"""The programs that own a format install from what is written here: conda and conda-lock themselves."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.channel.fixture import Channel
from tests.conftest import CondaPrefix
from tests.doors.test_command import condadeps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.conda,
    pytest.mark.skipif(
        not os.environ.get("CONDA_EXE"), reason="there is no real conda: CONDA_EXE is not set"
    ),
]


@pytest.fixture
def conda(channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A real conda, with the test channel and a package cache of its own."""
    monkeypatch.setenv("CONDA_CHANNELS", channel.url)
    monkeypatch.setenv("CONDA_PKGS_DIRS", str(tmp_path / "pkgs"))
    monkeypatch.chdir(tmp_path)
    return os.environ["CONDA_EXE"]


def ran(*words: str | Path, env: dict[str, str] | None = None) -> str:
    """What a program prints, which must end well."""
    done = subprocess.run(
        [*map(str, words)], capture_output=True, text=True, timeout=280, env={**os.environ, **(env or {})}
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def exported(prefix: Path, format: str, file: str) -> str:
    done = condadeps("export", "-p", prefix, "--format", format, "-o", file)
    assert done.returncode == 0, done.stderr
    return file


def hashes(prefix: Path) -> dict[str, str]:
    """conda's packages by name, each by the SHA-256 of its file, or its MD5 where conda kept that alone."""
    found = {}
    for path in (prefix / "conda-meta").glob("*.json"):
        record = json.loads(path.read_text())
        found[record["name"]] = record.get("sha256") or record["md5"]
    return found


def test_conda_creates_from_an_explicit_file(conda: str, conda_prefix: CondaPrefix, tmp_path: Path) -> None:
    there = conda_prefix("python", "numpy")
    # conda 26.7 knows an explicit file by this very name.
    ran(
        conda, "create", "-y", "-p", tmp_path / "again", "--file", exported(there, "explicit", "explicit.txt")
    )
    assert hashes(tmp_path / "again") == hashes(there)


def listed(conda: str, prefix: Path) -> set[tuple[str, str, str]]:
    """Name, version and channel of all that conda sees in an environment, pip's too."""
    told = json.loads(ran(conda, "list", "-p", prefix, "--json"))
    return {(one["name"], one["version"], one["channel"]) for one in told}


@pytest.mark.network
def test_conda_creates_from_the_environment_file_that_an_install_wrote(
    conda: str, conda_prefix: CondaPrefix, tmp_path: Path
) -> None:
    there = conda_prefix("python=3.11", "pip")
    done = condadeps("install", "-p", there, "numpy", "pypi:humanize")
    assert done.returncode == 0, done.stderr
    ran(conda, "env", "create", "-y", "-p", tmp_path / "again", "-f", "environment.yml")
    again = listed(conda, tmp_path / "again")
    assert again == listed(conda, there) and "humanize" in {name for name, _, _ in again}


@pytest.mark.parametrize("kept_out", [True, False])
def test_nodefaults_keeps_condas_configured_channels_out(
    conda: str, kept_out: bool, channel: Channel, conda_prefix: CondaPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was installed with other channels kept out is solved by conda without them, too.

    By `conda env update`; `conda env create` of 26.7 takes the word for a channel's name.
    """
    there = conda_prefix("python=3.11")
    # A configured channel that does not answer: who asks it fails.
    monkeypatch.setenv("CONDA_CHANNELS", "http://127.0.0.1:1/dead" if kept_out else channel.url)
    monkeypatch.setenv("CONDA_REMOTE_MAX_RETRIES", "0")
    only = ["--override-channels", "-c", channel.url] if kept_out else []
    done = condadeps("install", "-p", there, "click", *only)
    assert done.returncode == 0, done.stderr
    monkeypatch.setenv("CONDA_CHANNELS", "http://127.0.0.1:1/dead")
    update = [conda, "env", "update", "-q", "-p", str(there), "-f", "environment.yml"]
    tried = subprocess.run(update, capture_output=True, text=True, timeout=280)
    assert ("nodefaults" in Path("environment.yml").read_text()) == kept_out
    assert (tried.returncode == 0) == kept_out, tried.stdout + tried.stderr


@pytest.mark.network
def test_conda_lock_installs_from_a_lock(
    conda: str, conda_prefix: CondaPrefix, conda_lock_python: Path, tmp_path: Path
) -> None:
    there = conda_prefix("python=3.11", "pip", "click")
    done = condadeps("install", "-p", there, "--no-record", "pypi:humanize")
    assert done.returncode == 0, done.stderr
    lock = exported(there, "conda-lock", "conda-lock.yml")
    conda_lock = [conda_lock_python, "-m", "conda_lock"]
    ran(*conda_lock, "install", "--conda", conda, "-p", tmp_path / "again", lock)
    assert len(list((tmp_path / "again").glob("lib/python3.11/site-packages/humanize-*.dist-info"))) == 1
    assert hashes(tmp_path / "again").keys() == hashes(there).keys()
    ran(*conda_lock, "render", "-k", "explicit", lock)
    rendered = Path("conda-linux-64.lock").read_text()
    assert all(f"/{path.stem}." in rendered for path in (there / "conda-meta").glob("*.json"))
