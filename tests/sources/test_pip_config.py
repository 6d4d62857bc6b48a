"""pip's configuration is read as pip reads it, and handed on to no more than it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from condadeps.errors import ConfigError
from condadeps.names.namespaces import ProjectName
from condadeps.sources import pip_config
from condadeps.sources.pip_config import PipConfig


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A user with an empty home and no variables."""
    return {"HOME": str(tmp_path / "home"), "XDG_CONFIG_DIRS": str(tmp_path / "xdg")}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def read(environ: dict[str, str], tmp_path: Path) -> PipConfig:
    return PipConfig.read(environ, prefix=tmp_path / "prefix")


def test_the_default_index_is_pips_own() -> None:
    said = subprocess.run(
        [sys.executable, "-c", "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert pip_config.default_index() == said
    assert pip_config._default_index_of_help() == said


def test_a_later_file_overrides_an_earlier_one(environ: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    places = [
        tmp_path / "xdg" / "pip" / "pip.conf",
        home / ".pip" / "pip.conf",
        home / ".config" / "pip" / "pip.conf",
        tmp_path / "prefix" / "pip.conf",
    ]
    for number, place in enumerate(places):
        write(place, f"[global]\nindex-url = https://index-{number}.example/simple\n")
        assert read(environ, tmp_path).index_urls == (f"https://index-{number}.example/simple",)
    environ["PIP_CONFIG_FILE"] = str(
        write(tmp_path / "own.conf", "[global]\nindex_url = https://own.example\n")
    )
    assert read(environ, tmp_path).index_urls == ("https://own.example",)
    environ["PIP_INDEX_URL"] = "https://env.example"
    assert read(environ, tmp_path).index_urls == ("https://env.example",)


def test_the_install_section_overrides_the_global_one_and_variables_both(
    environ: dict[str, str], tmp_path: Path
) -> None:
    write(
        tmp_path / "prefix" / "pip.conf",
        "[install]\ntimeout = 7\nretries = 1\n[global]\ntimeout = 99\nretries = 9\n[list]\nretries = 5\n",
    )
    environ["PIP_RETRIES"] = "2"
    settings = read(environ, tmp_path)
    assert (settings.timeout, settings.retries) == (7, 2)


def test_the_users_files_do_not_count_beside_pip_config_file(environ: dict[str, str], tmp_path: Path) -> None:
    write(
        tmp_path / "home" / ".config" / "pip" / "pip.conf",
        "[global]\nextra-index-url = https://user.example\n",
    )
    environ["PIP_INDEX_URL"] = "https://env.example"
    environ["PIP_CONFIG_FILE"] = str(write(tmp_path / "own.conf", ""))
    assert read(environ, tmp_path).index_urls == ("https://env.example",)
    environ["PIP_CONFIG_FILE"] = str(tmp_path / "missing.conf")
    assert read(environ, tmp_path).index_urls == ("https://env.example", "https://user.example")
    write(tmp_path / "prefix" / "pip.conf", "[global]\nindex-url = https://prefix.example\n")
    environ["PIP_CONFIG_FILE"] = os.devnull
    assert read(environ, tmp_path).index_urls == ("https://env.example",)


def test_several_values_are_separated_by_space(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {
        "PIP_INDEX_URL": "https://a.example",
        "PIP_EXTRA_INDEX_URL": "https://b.example  https://c.example",
        "PIP_FIND_LINKS": "/wheels https://d.example/page.html",
        "PIP_TRUSTED_HOST": "b.example c.example:8443",
    }
    settings = read(environ, tmp_path)
    assert settings.index_urls == ("https://a.example", "https://b.example", "https://c.example")
    assert settings.find_links == ("/wheels", "https://d.example/page.html")
    assert settings.trusted_hosts == ("b.example", "c.example:8443")


def test_an_empty_value_is_as_if_not_set(environ: dict[str, str], tmp_path: Path) -> None:
    write(tmp_path / "prefix" / "pip.conf", "[global]\nindex-url = https://a.example\n")
    environ["PIP_INDEX_URL"] = ""
    assert read(environ, tmp_path).index_urls == ("https://a.example",)


def test_no_index_means_no_index(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {"PIP_NO_INDEX": "1", "PIP_EXTRA_INDEX_URL": "https://b.example", "PIP_FIND_LINKS": "/wheels"}
    settings = read(environ, tmp_path)
    assert settings.index_urls == ()
    assert settings.find_links == ("/wheels",)
    assert settings.environ({})["PIP_NO_INDEX"] == "1"


def test_what_would_move_an_install_never_reaches_a_pip_of_ours(
    environ: dict[str, str], tmp_path: Path
) -> None:
    hostile = {
        "PIP_TARGET": "/elsewhere",
        "PIP_USER": "1",
        "PIP_PREFIX": "/elsewhere",
        "PIP_ROOT": "/elsewhere",
        "PIP_REQUIREMENT": "/etc/passwd",
        "PIP_EDITABLE": ".",
        "PIP_PYTHON": "/bin/false",
        "PIP_CONFIG_FILE": str(write(tmp_path / "own.conf", "[install]\ntarget = /elsewhere\n")),
    }
    handed = read(environ | hostile, tmp_path).environ(environ | hostile)
    assert not {key for key in handed if key in hostile} - {"PIP_CONFIG_FILE"}
    assert handed["PIP_CONFIG_FILE"] == os.devnull


def test_a_pip_of_ours_reads_the_same_settings_back(environ: dict[str, str], tmp_path: Path) -> None:
    environ |= {
        "PIP_INDEX_URL": "https://me:secret@a.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://b.example",
        "PIP_CERT": "/ca.pem",
        "PIP_CLIENT_CERT": "/me.pem",
        "PIP_PROXY": "http://proxy.example:3128",
        "PIP_TRUSTED_HOST": "b.example",
        "PIP_TIMEOUT": "3.5",
        "PIP_RETRIES": "0",
        "PIP_KEYRING_PROVIDER": "subprocess",
        "PIP_NO_BINARY": "six",
        "PIP_ONLY_BINARY": ":all:",
        "PIP_PREFER_BINARY": "yes",
    }
    settings = read(environ, tmp_path)
    assert PipConfig.read(settings.environ(environ), prefix=tmp_path / "prefix") == settings
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("no_binary", "only_binary", "wheels", "sdists"),
    [
        ("", "", True, True),
        (":all:", "", False, True),
        ("", ":all:", True, False),
        ("six", ":all:", False, True),
        (":all:", "six", True, False),
        ("other", "", True, True),
        (":none:", "", True, True),
    ],
)
def test_formats_are_allowed_as_pip_allows_them(
    environ: dict[str, str], tmp_path: Path, no_binary: str, only_binary: str, wheels: bool, sdists: bool
) -> None:
    # pip takes the options in the order they come; here the general one comes first.
    pairs = [("PIP_NO_BINARY", no_binary), ("PIP_ONLY_BINARY", only_binary)]
    environ |= dict(sorted(pairs, key=lambda pair: ":all:" not in pair[1]))
    settings = read(environ, tmp_path)
    six = ProjectName("six")
    assert (settings.allows_wheels(six), settings.allows_sdists(six)) == (wheels, sdists)


@pytest.mark.parametrize(
    "text", ["index-url = x", "[global]\nretries = many\n", "[global]\nno-index = perhaps\n"]
)
def test_a_file_pip_would_refuse_is_refused(environ: dict[str, str], tmp_path: Path, text: str) -> None:
    write(tmp_path / "prefix" / "pip.conf", text)
    with pytest.raises(ConfigError):
        read(environ, tmp_path)


def test_importing_the_source_loads_nothing_heavy() -> None:
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, condadeps.sources.pypi; "
            "print([name for name in ('requests', 'pip._internal', 'rattler') if name in sys.modules])",
        ],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.strip() == "[]"
