"""Where names and ``defaults`` point is asked of those who know."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest

from condadeps.errors import ConfigError
from condadeps.sources.channels import effective, resolve
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.known_places import alias, default_channels


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(tmp_path / "cache"))


def fake_conda(directory: Path, said: object, status: int = 0) -> Path:
    """A FakeConda that answers ``config --show``; a real one is asked below."""
    path = directory / "bin" / "conda"
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = directory / "answer.json"
    answer.write_text(json.dumps(said))
    asked = shlex.quote(str(directory / "asked"))
    path.write_text(f'#!/bin/sh\necho "$@" >> {asked}\ncat {shlex.quote(str(answer))}\nexit {status}\n')
    path.chmod(0o755)
    return path


def only(path: Path | None = None) -> dict[str, str]:
    return {"PATH": "", **({"CONDA_EXE": str(path)} if path else {})}


MAIN = {
    "scheme": "https",
    "location": "repo.example",
    "name": "pkgs/main",
    "token": "hush",
    "auth": "me:hush",
}


def test_the_alias_is_the_engine_s_own() -> None:
    from rattler import Channel

    assert Channel("some-team").base_url.rstrip("/") == f"{alias()}/some-team"
    assert resolve("some-team", CondaConfig())[0].base_url == f"{alias()}/some-team"


def test_defaults_are_what_the_conda_here_says_without_its_secrets(tmp_path: Path) -> None:
    conda = fake_conda(tmp_path, {"default_channels": [MAIN, "https://repo.example/pkgs/r"]})
    environ = {**only(conda), "CONDADEPS_CACHE_DIR": str(tmp_path / "kept")}
    expected = ("https://repo.example/pkgs/main", "https://repo.example/pkgs/r")
    assert default_channels(None, environ) == expected
    assert default_channels(tmp_path, {**environ, "CONDA_EXE": ""}) == expected, "its own environment will do"
    assert (tmp_path / "asked").read_text().count("\n") == 1, "it is asked once"
    assert not any("hush" in path.read_text() for path in (tmp_path / "kept").rglob("*.json"))


def test_configured_defaults_are_asked_of_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONDA_EXE", str(fake_conda(tmp_path, "never asked", 1)))
    config = CondaConfig(channels=("defaults",), default_channels=("https://m/main",))
    assert [channel.base_url for channel in effective(config)] == ["https://m/main"]
    assert not (tmp_path / "asked").exists()


def test_where_nobody_knows_defaults_is_an_error_and_says_what_to_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CONDA_EXE", raising=False)
    with pytest.raises(ConfigError, match="which channels 'defaults' means is not known here") as error:
        effective(CondaConfig(channels=("conda-forge", "defaults")))
    assert "default_channels" in str(error.value.help)


@pytest.mark.parametrize("said", ["nonsense", {}, {"default_channels": [1]}])
def test_a_conda_that_does_not_say_is_an_error(tmp_path: Path, said: object) -> None:
    with pytest.raises(ConfigError, match="does not say"):
        default_channels(None, only(fake_conda(tmp_path, said)))
    with pytest.raises(ConfigError, match="does not say"):
        default_channels(None, only(fake_conda(tmp_path / "other", {"default_channels": []}, 1)))


@pytest.mark.conda
@pytest.mark.skipif("CONDA_EXE" not in os.environ, reason="CONDA_EXE names no conda to ask")
def test_a_real_conda_tells_its_defaults() -> None:
    found = default_channels(None, only(Path(os.environ["CONDA_EXE"])))
    assert found and all(url.startswith("https://") for url in found)
    assert sys.platform == "win32" or not any(url.endswith("msys2") for url in found)
