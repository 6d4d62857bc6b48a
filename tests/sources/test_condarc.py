"""Conda's configuration is read as conda reads it, with no conda installed."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condadeps.errors import ConfigError
from condadeps.sources.condarc import NOT_SUPPORTED, SETTINGS, CondaConfig
from condadeps.sources.condarc_files import search
from condadeps.sources.cutoff import moment


@pytest.fixture
def home(tmp_path: Path) -> Path:
    path = tmp_path / "home"
    path.mkdir()
    return path


def read(home: Path, prefix: Path | None = None, **variables: str) -> CondaConfig:
    return CondaConfig.read(prefix, {"HOME": str(home), **variables})


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_with_nothing_configured_the_channel_is_conda_forge_and_priority_flexible(home: Path) -> None:
    config = read(home)
    assert config.channels == ("conda-forge",)
    assert config.channel_priority == "flexible"
    assert config.ssl_verify is True
    assert not config.offline


def test_an_empty_list_of_channels_is_as_if_nothing_were_configured(home: Path) -> None:
    write(home / ".condarc", "channels: []\n")
    assert read(home).channels == ("conda-forge",)
    write(home / ".condarc", "channels:\n")
    assert read(home).channels == ("conda-forge",)


def test_every_documented_place_is_read_the_later_ones_weightier(home: Path, tmp_path: Path) -> None:
    root, xdg, prefix = tmp_path / "root", tmp_path / "xdg", tmp_path / "env"
    extra = write(tmp_path / "extra.yml", "channels: [z]\n")
    places = [
        root / ".condarc",
        root / "condarc",
        root / "condarc.d" / "a.yml",
        xdg / "conda" / ".condarc",
        xdg / "conda" / "condarc",
        xdg / "conda" / "condarc.d" / "b.yaml",
        home / ".config/conda/.condarc",
        home / ".conda/.condarc",
        home / ".conda/condarc.d/1.yml",
        home / ".conda/condarc.d/2.yml",
        home / ".condarc",
        prefix / ".condarc",
        prefix / "condarc.d/c.yml",
        extra,
    ]
    for number, place in enumerate(places[:-1]):
        write(place, f"channels: [c{number}]\n")
    variables = {
        "HOME": str(home),
        "CONDA_ROOT": str(root),
        "XDG_CONFIG_HOME": str(xdg),
        "CONDARC": str(extra),
    }
    found = [path for path in search(prefix, variables) if not str(path).startswith(("/etc", "/var"))]
    assert found == places
    config = CondaConfig.read(prefix, variables)
    assert config.channels == ("z", *(f"c{number}" for number in reversed(range(len(places) - 1))))


def test_a_file_that_is_neither_condarc_nor_yaml_is_not_read(home: Path) -> None:
    write(home / ".conda/condarc.d/notes.txt", "channels: [a]\n")
    assert read(home, CONDARC=str(write(home / "rc", "channels: [a]\n"))).channels == ("conda-forge",)


def test_the_environment_worked_on_counts_not_the_one_that_is_active(home: Path, tmp_path: Path) -> None:
    write(tmp_path / "active/.condarc", "channels: [wrong]\n")
    write(tmp_path / "target/.condarc", "channels: [right]\n")
    config = read(home, tmp_path / "target", CONDA_PREFIX=str(tmp_path / "active"))
    assert config.channels == ("right",)


def test_condas_own_environment_is_found_from_its_executable_and_from_an_environment_in_it(
    home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "conda"
    (root / "conda-meta").mkdir(parents=True)
    write(root / ".condarc", "channels: [site]\n")
    assert read(home, CONDA_EXE=str(root / "bin/conda")).channels == ("site",)
    assert read(home, root / "envs" / "work").channels == ("site",)


def test_lists_are_joined_and_maps_merged_key_by_key(home: Path, tmp_path: Path) -> None:
    lighter = write(home / ".conda/.condarc", "channels: [a, b]\nproxy_servers: {http: one, https: two}\n")
    write(home / ".condarc", "channels: [b, c]\nproxy_servers: {https: three}\n")
    config = read(home)
    assert config.channels == ("b", "c", "a")
    assert config.proxy_servers == {"http": "one", "https": "three"}
    assert config.places == (str(lighter), str(home / ".condarc"))


def test_marks_move_items_to_the_top_and_the_bottom_and_make_settings_final(home: Path) -> None:
    write(
        home / ".conda/.condarc",
        "channels:\n  - first #!top\n  - last #!bottom\n  - low\nssl_verify: false #!final\n"
        "proxy_servers:\n  http: site #!final\n  https: site\n",
    )
    write(
        home / ".condarc",
        "channels:\n  - mine\nssl_verify: true\nproxy_servers: {http: me, https: me}\n",
    )
    config = read(home)
    assert config.channels == ("first", "mine", "low", "last")
    assert config.ssl_verify is False
    assert config.proxy_servers == {"http": "site", "https": "me"}


def test_a_final_list_cannot_be_added_to(home: Path) -> None:
    write(home / ".conda/.condarc", "channels: #!final\n  - site\n")
    write(home / ".condarc", "channels: [mine]\n")
    assert read(home, CONDA_CHANNELS="more").channels == ("site",)


def test_an_item_that_is_marked_top_and_bottom_comes_last(home: Path) -> None:
    write(home / ".conda/.condarc", "channels:\n  - a #!top\n  - b\n")
    write(home / ".condarc", "channels:\n  - a #!bottom\n")
    assert read(home).channels == ("b", "a")


def test_variables_are_weightier_than_files(home: Path) -> None:
    write(home / ".condarc", "channels: [a]\nchannel_priority: strict\nremote_max_retries: 7\n")
    config = read(
        home,
        CONDA_CHANNELS="x, y",
        CONDA_CHANNEL_PRIORITY="disabled",
        CONDA_OFFLINE="yes",
        CONDA_SSL_VERIFY="0",
        CONDA_REMOTE_READ_TIMEOUT_SECS="5",
        CONDA_PINNED_PACKAGES="python=3.11&numpy<2",
    )
    assert config.channels == ("x", "y", "a")
    assert config.channel_priority == "disabled"
    assert config.offline is True
    assert config.ssl_verify is False
    assert config.remote_read_timeout_secs == 5.0
    assert config.remote_max_retries == 7
    assert config.pinned_packages == ("python=3.11", "numpy<2")


def test_old_names_of_settings_still_count(home: Path, tmp_path: Path) -> None:
    bundle = write(tmp_path / "ca.pem", "")
    write(home / ".condarc", f"verify_ssl: {bundle}\nwhitelist_channels: [a]\nchannel_priority: true\n")
    config = read(home)
    assert config.ssl_verify == str(bundle)
    assert config.allowlist_channels == ("a",)
    assert config.channel_priority == "flexible"


def test_variables_inside_values_are_expanded_and_unset_ones_left_as_written(home: Path) -> None:
    write(
        home / ".condarc",
        "channels: ['https://$USER_X:${SECRET}@host/%TEAM%/main', '$MISSING']\n"
        "pkgs_dirs: ['${SCRATCH}/pkgs', '~/pkgs']\n",
    )
    config = read(home, USER_X="me", SECRET="pw", TEAM="t", SCRATCH="/scratch")
    assert config.channels == ("https://me:pw@host/t/main", "$MISSING")
    assert config.pkgs_dirs == (Path("/scratch/pkgs"), home / "pkgs")


def test_secrets_do_not_show_when_a_configuration_is_printed(home: Path) -> None:
    write(
        home / ".condarc",
        "channels: ['https://me:hush@host/t/tk-hush/c']\nproxy_servers: {http: 'http://u:hush@p'}\n"
        "channel_alias: https://me:hush@alias\ncustom_channels: {a: 'https://x:hush@h'}\n",
    )
    assert "hush" not in repr(read(home))


@pytest.mark.parametrize(
    ("text", "line"),
    [("channels: [a\n", 2), ("channels:\n\t- a\n", 2), ("a: b: c\n", 1), ("channels: {a: b\n", 2)],
)
def test_broken_yaml_is_an_error_that_names_file_and_line(home: Path, text: str, line: int) -> None:
    path = write(home / ".condarc", text)
    with pytest.raises(ConfigError) as caught:
        read(home)
    assert str(path) in caught.value.message
    assert f"line {line}" in caught.value.message
    assert caught.value.data["place"] == str(path)


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n"])
def test_a_file_without_settings_in_it_is_an_error(home: Path, text: str) -> None:
    path = write(home / ".condarc", text)
    with pytest.raises(ConfigError, match=r"holds no settings") as caught:
        read(home)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("channels: conda-forge\n", "channels must be a list"),
        ("channels: [[a]]\n", "channels must be a list of strings"),
        ("ssl_verify: /no/such/bundle.pem\n", "ssl_verify"),
        ("channel_priority: tight\n", "strict, flexible or disabled"),
        ("remote_max_retries: many\n", "remote_max_retries cannot be 'many'"),
        ("offline: perhaps\n", "offline cannot be 'perhaps'"),
        ("proxy_servers: [a]\n", "proxy_servers must be a map"),
        ("channel_alias: host/path\n", "must be a URL"),
        ("client_ssl_cert: /no/such/cert\n", "client_ssl_cert names a file that is not there"),
        ("exclude_newer: sometime\n", "no date or age"),
        ("custom_multichannels: {a: b}\n", "custom_multichannels cannot be"),
    ],
)
def test_a_setting_of_the_wrong_kind_is_an_error(home: Path, text: str, says: str) -> None:
    write(home / ".condarc", text)
    with pytest.raises(ConfigError, match=says):
        read(home)


def test_a_wrong_variable_is_named_as_a_variable(home: Path) -> None:
    with pytest.raises(ConfigError, match="CONDA_OFFLINE"):
        read(home, CONDA_OFFLINE="perhaps")


def test_settings_without_effect_here_are_noted_and_unknown_ones_ignored(home: Path) -> None:
    write(home / ".condarc", "track_features: [x]\nchangeps1: false\nno_such_thing: 1\n")
    config = read(home, CONDA_REPODATA_FNS="current_repodata.json", CONDA_PREFIX="/x", CONDA_SHLVL="1")
    assert len(config.notes) == 2
    assert config.notes[0].startswith(f"track_features in {home / '.condarc'} has no effect here")
    assert config.notes[1].startswith("CONDA_REPODATA_FNS has no effect here")


def test_local_channels_are_the_build_directories_that_exist(home: Path, tmp_path: Path) -> None:
    built = tmp_path / "bld"
    built.mkdir()
    (home / "conda-bld").mkdir()
    write(home / ".condarc", f"croot: {built}\nuse_local: true\n")
    config = read(home)
    assert config.local_channels == (built.as_uri(), (home / "conda-bld").as_uri())
    assert config.channels == ("local", "conda-forge")


@pytest.mark.conda
@pytest.mark.skipif("CONDA_EXE" not in os.environ, reason="CONDA_EXE names no conda to compare with")
def test_a_real_conda_reads_the_same(home: Path, tmp_path: Path) -> None:
    write(
        home / ".conda/.condarc",
        "channels:\n  - top #!top\n  - low\n  - last #!bottom\nssl_verify: false #!final\n"
        "proxy_servers: {http: 'http://a', https: 'http://b'}\nchannel_priority: strict\n",
    )
    write(
        home / ".condarc",
        "channels: [mine, low, '$TEAM']\nssl_verify: true\nproxy_servers: {https: 'http://c'}\n"
        "custom_channels: {team: 'https://host/conda'}\npinned_packages: [python=3.11]\n",
    )
    variables = {"HOME": str(home), "TEAM": "t", "CONDA_CHANNELS": "x,y", "CONDA_REMOTE_MAX_RETRIES": "9"}
    shown = subprocess.run(
        [os.environ["CONDA_EXE"], "config", "--show", "--json"],
        env={**variables, "PATH": os.environ["PATH"], "CONDA_PREFIX": str(tmp_path)},
        check=True,
        capture_output=True,
    )
    theirs = json.loads(shown.stdout)
    ours = CondaConfig.read(tmp_path, {**variables, "CONDA_EXE": os.environ["CONDA_EXE"]})
    for name in ("channels", "pinned_packages"):
        assert list(getattr(ours, name)) == theirs[name], name
    for name in (
        "ssl_verify",
        "channel_priority",
        "remote_max_retries",
        "remote_read_timeout_secs",
        "offline",
    ):
        assert getattr(ours, name) == theirs[name], name
    assert dict(ours.proxy_servers) == theirs["proxy_servers"]


NOW = datetime(2026, 11, 22, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-04-01", "2026-04-02T00:00:00+00:00"),
        ("2026-04-01T12:00:00Z", "2026-04-01T12:00:00+00:00"),
        ("2026-04-01T12:00:00", "2026-04-01T12:00:00+00:00"),
        ("2026-04-01T12:00:00+02:00", "2026-04-01T12:00:00+02:00"),
        ("7d", "2026-11-15T12:00:00+00:00"),
        ("1w 12h", "2026-11-15T00:00:00+00:00"),
        ("P7D", "2026-11-15T12:00:00+00:00"),
        ("PT30M", "2026-11-22T11:30:00+00:00"),
        ("3600", "2026-11-22T11:00:00+00:00"),
    ],
)
def test_a_cut_off_is_a_date_a_time_or_an_age(text: str, meant: str) -> None:
    assert moment(text, NOW) == datetime.fromisoformat(meant)


def test_a_cut_off_can_be_lifted_for_one_package(home: Path) -> None:
    write(
        home / ".condarc",
        "exclude_newer: 2026-01-01\nexclude_newer_package: {mine: false, slow: 2025-01-01}\n",
    )
    newer = read(home).exclude_newer
    late = datetime(2026, 5, 1, tzinfo=timezone.utc)
    assert newer.allows("mine", late)
    assert not newer.allows("other", late)
    assert newer.allows("other", None)
    assert newer.allows("other", datetime(2026, 1, 1, 23, tzinfo=timezone.utc))
    assert not newer.allows("slow", datetime(2025, 6, 1, tzinfo=timezone.utc))


def test_every_setting_is_in_the_documentation() -> None:
    page = Path(__file__).parents[2] / "docs" / "conda-configuration.md"
    text = page.read_text(encoding="utf-8")
    missing = [s.name for s in SETTINGS if f"`{s.name}`" not in text]
    missing += [name for name in NOT_SUPPORTED if f"`{name}`" not in text]
    assert not missing
