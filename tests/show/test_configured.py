"""``condadeps config`` tells which channels are asked, in which order, and who says so."""

from __future__ import annotations

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
