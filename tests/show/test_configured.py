"""``condadeps config`` tells which channels are asked, in which order, and who says so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condadeps.show.configured import configured
from condadeps.sources.known_places import alias

ALIAS = alias().rstrip("/")


@pytest.fixture
def prefix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "env" / "conda-meta").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path / "env"


def rows(prefix: Path) -> list[tuple[str, str, str]]:
    found = configured(prefix, prefix.parent / "work").channels
    return [(one.name, one.url, one.origin) for one in found]


def test_with_nothing_configured_it_is_conda_forge_by_default(prefix: Path) -> None:
    assert rows(prefix) == [("conda-forge", f"{ALIAS}/conda-forge", "default")]


def test_each_channel_is_told_with_the_place_that_names_it(
    prefix: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (prefix / ".condarc").write_text("channels: [team, https://me:s3cret@host/t/tk-1/main]\n")
    monkeypatch.setenv("CONDA_CHANNELS", "bioconda")
    monkeypatch.setenv("CONDADEPS_CHANNELS", "mine")
    found = configured(prefix, prefix.parent / "work")
    assert rows(prefix) == [
        ("mine", f"{ALIAS}/mine", "CONDADEPS_CHANNELS"),
        ("bioconda", f"{ALIAS}/bioconda", "CONDA_*"),
        ("team", f"{ALIAS}/team", str(prefix / ".condarc")),
        ("https://host/main", "https://host/main", str(prefix / ".condarc")),
    ]
    shown = f"{found} {found._repr_html_()} {found.to_json()}"
    assert "s3cret" not in shown and "tk-1" not in shown and "bioconda" in shown


def test_what_is_not_condas_has_no_channels(tmp_path: Path) -> None:
    found = configured(tmp_path, tmp_path)
    assert found.channels == () and "not a conda environment" in str(found)


def test_a_channel_written_as_its_url_is_shown_once_and_directories_are_told(prefix: Path) -> None:
    (prefix / ".condarc").write_text("channels: ['https://conda.example/lab', bioconda]\n")
    lines = str(configured(prefix, prefix.parent)).splitlines()
    assert [line.count("https://conda.example/lab") for line in lines if "conda.example/lab" in line] == [1]
    kept = {line.split()[0]: line.split()[-1] for line in lines if line.startswith("  cache_dir")}
    assert kept["cache_dir"] == os.environ["CONDADEPS_CACHE_DIR"]
