"""What values can be, and what is said when they are something else."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from condadeps.config import SETTINGS
from condadeps.config.settings import Pin
from condadeps.errors import ConfigError
from condadeps.record import constraints
from tests.config.conftest import Machine

WRONG = {
    "override_channels": ("1", "override_channels must be true or false, not 1"),
    "channels": ('"lab"', "channels must be a list of channels (names, URLs, paths), not 'lab'"),
    "trust": (
        '["a b"]',
        "trust must be a list of channels' names and of channels' and indexes' URLs, not ['a b']",
    ),
    "pip": ('"sometimes"', 'pip must be "auto", "known" or "never", not \'sometimes\''),
    "known_projects": ("[1]", "known_projects must be a list of projects' names, not [1]"),
    "only_conda": (
        '["a b"]',
        "only_conda must be a list of projects' names, not ['a b']\n  'a b' is not the name of a project",
    ),
    "only_pypi": ("{}", "only_pypi must be a list of projects' names, not {}"),
    "homes": (
        "{ zope = { interface = 'x' } }",
        "homes must be a table of projects, each with a conda package or false, "
        "not {'zope': {'interface': 'x'}}"
        '\n  a name with a dot is quoted: "zope.interface"',
    ),
    "exclude_newer": (
        "'soon'",
        "exclude_newer must be a date, a time or an age, such as 2026-04-01, 2026-04-01T12:00:00Z or 7d, "
        "not 'soon'",
    ),
    "offline": ("'yes'", "offline must be true or false, not 'yes'"),
    "lock_timeout": ("-1", "lock_timeout must be a number of seconds, 0 or more, not -1"),
    "link_scripts": ("[]", "link_scripts must be true or false, not []"),
    "installer": ("'pip'", 'installer must be "rattler", "conda", "mamba" or "micromamba", not \'pip\''),
    "pip_installer": ("'conda'", 'pip_installer must be "pip" or "uv", not \'conda\''),
    "undo.keep": ("1.5", "undo.keep must be a whole number, 0 or more, not 1.5"),
    "undo.megabytes": ("-1", "undo.megabytes must be a whole number, 0 or more, not -1"),
    "overrides": (
        '"ftp://example.com/a.json"',
        "overrides must be a URL (https://, file://) or the path of a file, not 'ftp://example.com/a.json'",
    ),
    "overrides_required": ("'yes'", "overrides_required must be true or false, not 'yes'"),
    "pki": ("'yes'", "pki must be true or false, not 'yes'"),
    "site": ('" "', "site must be a name, not ' '"),
    "ipydeps_alias": ("1", "ipydeps_alias must be true or false, not 1"),
    "engine_python": ("3.11", "engine_python must be a program's path or name, not 3.11"),
    "cache_dir": ("true", "cache_dir must be a directory, not True"),
    "data_dir": ("1", "data_dir must be a directory, not 1"),
    "kernels_dir": ("[]", "kernels_dir must be a directory, not []"),
    "record.enabled": ("'no'", "record.enabled must be true or false, not 'no'"),
    "record.pin": ("'tight'", 'record.pin must be "exact", "minor", "compatible" or "none", not \'tight\''),
    "record.env_file": ("7", "record.env_file must be the path of a file, not 7"),
}


def test_every_setting_but_the_sites_own_has_a_wrong_value_here() -> None:
    assert WRONG.keys() == SETTINGS.keys() - {"allow_commands"}


@pytest.mark.parametrize("key", WRONG)
def test_a_wrong_value_is_an_error_that_names_file_line_and_key(machine: Machine, key: str) -> None:
    written, message = WRONG[key]
    path = machine.write("user", f"# settings\n{key} = {written}\n")
    with pytest.raises(ConfigError) as raised:
        machine.read()
    assert str(raised.value) == f"{path}:2: {message}"
    assert raised.value.data == {"place": str(path), "line": 2, "setting": key}


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("CONDADEPS_LOCK_TIMEOUT", "soon", "CONDADEPS_LOCK_TIMEOUT must be a number of seconds, 0 or more"),
        ("CONDADEPS_LOCK_TIMEOUT", "nan", "CONDADEPS_LOCK_TIMEOUT must be a number of seconds, 0 or more"),
        ("CONDADEPS_OFFLINE", "maybe", "CONDADEPS_OFFLINE must be true or false, not 'maybe'"),
        ("CONDADEPS_RECORD_PIN", "Exact", "CONDADEPS_RECORD_PIN must be"),
        ("CONDADEPS_HOMES", "torch", "CONDADEPS_HOMES must be a table"),
    ],
)
def test_a_wrong_variable_is_an_error_that_names_it(
    machine: Machine, variable: str, text: str, message: str
) -> None:
    machine.environ[variable] = text
    with pytest.raises(ConfigError) as raised:
        machine.read()
    assert str(raised.value).startswith(message)
    assert raised.value.data["place"] == variable


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        (
            "CONDADEPS_CHANNELS",
            "lab, https://conda.example/x",
            "channels",
            ("lab", "https://conda.example/x"),
        ),
        ("CONDADEPS_ONLY_PYPI", "Rich,typing_extensions", "only_pypi", ("rich", "typing-extensions")),
        ("CONDADEPS_HOMES", "pyqt5=pyqt =5, fiat=false", "homes", {"pyqt5": "pyqt =5", "fiat": None}),
        ("CONDADEPS_OFFLINE", "on", "offline", True),
        ("CONDADEPS_RECORD_ENABLED", "0", "record.enabled", False),
        ("CONDADEPS_RECORD_PIN", "compatible", "record.pin", "compatible"),
        ("CONDADEPS_EXCLUDE_NEWER", "7d", "exclude_newer", "7d"),
    ],
)
def test_every_kind_can_be_a_variable(
    machine: Machine, variable: str, text: str, key: str, value: Any
) -> None:
    machine.environ[variable] = text
    assert SETTINGS[key].of(machine.read().settings) == value


@pytest.mark.parametrize("written", ["2026-04-01", "2026-04-01T12:00:00Z", "'2026-04-01'", "'P7D'"])
def test_a_date_may_be_tomls_own(machine: Machine, written: str) -> None:
    machine.write("user", f"exclude_newer = {written}")
    assert machine.read().settings.exclude_newer
    machine.write("user", "exclude_newer = 12:00:00")
    with pytest.raises(ConfigError, match="exclude_newer must be a date"):
        machine.read()


def test_broken_toml_is_an_error_that_names_file_and_line(machine: Machine) -> None:
    path = machine.write("project", "only_conda = ['numpy']\nrecord.pin = minor\n")
    with pytest.raises(ConfigError) as raised:
        machine.read()
    assert str(raised.value).startswith(
        f"the configuration file {path} is not TOML: Invalid value (at line 2"
    )
    assert (raised.value.help, raised.value.data["line"]) == (f"mend or remove {path}", 2)


def test_what_is_not_text_is_an_error_that_names_file_and_line(machine: Machine) -> None:
    path = machine.write("user", "")
    path.write_bytes(b"# caf\xc3\xa9\n# caf\xe9\n")
    with pytest.raises(ConfigError, match="is not UTF-8, line 2"):
        machine.read()


def test_a_table_must_be_one(machine: Machine) -> None:
    path = machine.write("user", "record = true")
    with pytest.raises(ConfigError) as raised:
        machine.read()
    assert raised.value.message == f"{path}: record must be a table"
    machine.write("user", "")
    path = machine.write("project", "[tool]\ncondadeps = 1", "pyproject.toml")
    with pytest.raises(ConfigError, match=r"\[tool.condadeps\] is no table"):
        machine.read()


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (
            "recrod.pin = 'minor'",
            "there is no setting recrod (near: record)",
        ),
        ("[record]\npim = 'minor'", "there is no setting record.pim (near: record.pin)"),
        ("pin = 'minor'", "there is no setting pin (near: record.pin, pki, pip)"),
        ("env-file = 'x.yml'", "there is no setting env-file (near: record.env_file)"),
        ("chanels = ['x']", "there is no setting chanels (near: channels)"),
        ("weather = 'fine'", "there is no setting weather"),
    ],
)
def test_an_unknown_key_is_told_with_those_near_it(machine: Machine, written: str, told: str) -> None:
    path = machine.write("user", written)
    (warning,) = machine.read().warnings
    assert warning.split(": ", 1)[1] == told
    assert warning.startswith((f"{path}:1: ", f"{path}:2: "))


def test_an_unknown_variable_is_told_with_those_near_it(machine: Machine) -> None:
    machine.environ |= {"CONDADEPS_OFLINE": "1", "CONDADEPS_TEST_CHANNEL": "/x"}
    assert machine.read().warnings == ("there is no setting CONDADEPS_OFLINE (near: CONDADEPS_OFFLINE)",)


def test_no_secret_is_in_an_error(machine: Machine) -> None:
    machine.write("user", "channels = 'https://ada:hunter2@conda.example/t/tok3n/lab'")
    with pytest.raises(ConfigError) as raised:
        machine.read()
    assert "hunter2" not in str(raised.value) + str(raised.value.to_json())
    assert "tok3n" not in str(raised.value) + str(raised.value.to_json())


def test_the_pins_are_those_of_the_record() -> None:
    assert get_args(Pin) == get_args(constraints.Pin)
    assert SETTINGS["record.pin"].default == "exact"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://conda.example/overrides.json", "https://conda.example/overrides.json"),
        ("file:///srv/overrides.json", "file:///srv/overrides.json"),
        ("overrides.json", "{user}/overrides.json"),
        ("~/overrides.json", "{home}/overrides.json"),
    ],
)
def test_the_overrides_are_a_link_or_a_path_beside_the_file(
    machine: Machine, written: str, meant: str
) -> None:
    machine.write("user", f"overrides = {written!r}")
    assert machine.read().settings.overrides == meant.format(user=machine.user, home=machine.home)
