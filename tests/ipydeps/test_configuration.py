"""ipydeps' directories, INI files and variables, read as documented, each with what replaces it."""

from __future__ import annotations

from pathlib import Path

import pytest

from condadeps.errors import ConfigError
from condadeps.ipydeps_config import chosen, read

DOCUMENTED = (
    '[ipydeps]\ndependencies_link="https://trusted.example/a%20b.json"\ndependencies_link_requires_pki=true\n'
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    directory = tmp_path / "home" / ".config" / "ipydeps"
    directory.mkdir(parents=True)
    return tmp_path / "home"


def test_the_readme_s_own_example_is_read_with_its_quotation_marks(home: Path) -> None:
    (home / ".config/ipydeps/ipydeps.conf").write_text(DOCUMENTED)
    found = read({"HOME": str(home)})
    assert found.dependencies_link == "https://trusted.example/a%20b.json"
    assert (found.requires_pki, found.scope) == (True, "user")
    assert "overrides = " in found.notes[0] and "pki = true" in found.notes[1]
    assert all("ipydeps.conf" in note for note in found.notes)


def test_nothing_configured_is_nothing(tmp_path: Path) -> None:
    found = read({"HOME": str(tmp_path)}, site=tmp_path / "no-site")
    assert (found.directory, found.dependencies_link, found.notes) == (None, None, ())


def test_the_variable_s_directory_comes_first_and_the_site_s_last(home: Path, tmp_path: Path) -> None:
    for name, link in (("site", "file:///site.json"), ("mine", "file:///mine.json")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ipydeps.conf").write_text(f"[ipydeps]\ndependencies_link={link}\n")
    site = tmp_path / "site"
    named = read({"HOME": str(home), "IPYDEPS_CONFIG_DIR": str(tmp_path / "mine")}, site=site)
    assert named.dependencies_link == "file:///mine.json" and "CONDADEPS_" in named.notes[0]
    # ipydeps took the first directory that exists, whatever is in it.
    assert read({"HOME": str(home)}, site=site).dependencies_link is None
    of_site = read({"HOME": str(tmp_path)}, site=site)
    assert (of_site.dependencies_link, of_site.scope) == ("file:///site.json", "site")


def test_a_variable_that_names_no_directory_is_told(home: Path) -> None:
    found = read({"HOME": str(home), "IPYDEPS_CONFIG_DIR": "/nowhere"})
    assert "no directory" in found.notes[0] and found.directory == home / ".config/ipydeps"


def test_the_files_of_releases_before_2020_are_read(home: Path) -> None:
    directory = home / ".config/ipydeps"
    (directory / "ipydeps.conf").write_text("--use-pypki2\n--trusted-host=my.server\n--user\n")
    (directory / "dependencies.link").write_text("https://trusted.example/dependencies.json\n")
    found = read({"HOME": str(home)})
    assert found.dependencies_link == "https://trusted.example/dependencies.json" and found.use_pki
    assert any("--trusted-host, --user" in note and "pip.conf" in note for note in found.notes)


@pytest.mark.parametrize("text", ["[ipydeps\nx", "[ipydeps]\ndependencies_link_requires_pki=perhaps\n"])
def test_a_broken_file_is_named_and_passed_over(home: Path, text: str) -> None:
    (home / ".config/ipydeps/ipydeps.conf").write_text(text)
    found = read({"HOME": str(home)})
    assert found.dependencies_link is None and "cannot be read" in found.notes[0]


def test_a_chosen_file_is_pip_s_and_may_say_more_of_ipydeps(home: Path) -> None:
    path = home / ".config/ipydeps/repo1.conf"
    path.write_text(
        "[global]\nindex-url = https://host/simple\n[ipydeps]\ndependencies_link=file:///x.json\n"
    )
    found, pip = chosen(read({"HOME": str(home)}), "repo1.conf")
    assert pip == path and found.dependencies_link == "file:///x.json"


@pytest.mark.parametrize("name", ["none.conf", "../ipydeps/repo1.conf", "/etc/pip.conf"])
def test_a_chosen_file_that_is_not_in_the_directory_is_refused(home: Path, name: str) -> None:
    (home / ".config/ipydeps/repo1.conf").touch()
    with pytest.raises(ConfigError, match="could not find pip config named"):
        chosen(read({"HOME": str(home)}), name)
