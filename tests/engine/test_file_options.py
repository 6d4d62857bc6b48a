"""What a requirements file says in pip's options counts as far as it only chooses; a server needs trust."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps import config
from condadeps.asked.gather import gather
from condadeps.asked.job import Job, Options
from condadeps.call import Files
from condadeps.engine.sources import pypi_source
from condadeps.errors import ConfigError, RequestError
from condadeps.names.namespaces import ProjectName
from condadeps.prefix.target import planned
from condadeps.show.reporter import Silent
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.pip_config import PipConfig


def settings(tmp_path: Path, text: str, *, trust: bool = False) -> PipConfig:
    """pip's configuration as the engine has it for a requirements file of this text."""
    (tmp_path / "requirements.txt").write_text(text)
    job = Job("install", str(tmp_path), directory=str(tmp_path), options=Options(trust=trust))
    job = Job.from_json(gather(job, Files(requirements=("requirements.txt",))).to_json())
    source = pypi_source(
        job,
        planned(tmp_path, "3.11.7", "linux-64"),
        CondaConfig.read(None, {}),
        Silent(),
        config.read(tmp_path, environ={"HOME": str(tmp_path)}, site=()),
    )
    return source.config


def test_options_that_only_choose_among_files_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_ONLY_BINARY", "lxml")
    monkeypatch.setenv("PIP_NO_BINARY", "numpy")
    found = settings(tmp_path, "--pre\n--prefer-binary\n--no-binary lxml\n--only-binary=:all:\nsix\n")
    assert found.pre and found.prefer_binary
    assert (found.no_binary, found.only_binary) == (frozenset(), frozenset({":all:"}))
    found = settings(tmp_path, "--no-binary lxml\nsix\n")
    assert (found.no_binary, found.only_binary) == (
        frozenset(map(ProjectName, ("lxml", "numpy"))),
        frozenset(),
    )
    assert not found.pre and not found.prefer_binary and found.index_urls


def test_a_file_may_take_indexes_away(tmp_path: Path) -> None:
    assert settings(tmp_path, "--no-index\nsix\n").index_urls == ()


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("--index-url https://i.invalid/simple\nsix\n", "the index https://i.invalid/simple"),
        ("--find-links ./wheels\nsix\n", "wheels"),
        ("--trusted-host i.invalid\nsix\n", "the trusted host i.invalid"),
    ],
)
def test_a_file_that_says_where_from_must_be_trusted(tmp_path: Path, text: str, what: str) -> None:
    (tmp_path / "wheels").mkdir()
    with pytest.raises(ConfigError, match="which is not configured here") as error:
        settings(tmp_path, text)
    assert what in error.value.message
    found = settings(tmp_path, text, trust=True)
    assert (str(tmp_path / "wheels") in found.find_links) == ("wheels" in text)
    assert ("i.invalid" in found.trusted_hosts) == ("host" in text)
    assert ("https://i.invalid/simple" in found.index_urls) == ("index" in text)


def test_require_hashes_is_obeyed(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"requirements.txt:3: attrs has no --hash"):
        settings(tmp_path, f"--require-hashes\nsix --hash=sha256:{'0' * 64}\nattrs\n")
    settings(tmp_path, f"--require-hashes\nsix --hash=sha256:{'0' * 64}\n")
