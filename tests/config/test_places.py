"""Where configuration is read from, and which place weighs more."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from condadeps import config
from condadeps.config import places
from condadeps.config.places import Scope
from condadeps.errors import ConfigError
from tests.config.conftest import Machine

POSIX = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the XDG directories of Linux")


def test_with_nothing_configured_everything_is_its_default(machine: Machine) -> None:
    found = machine.read()
    assert found.settings == config.Settings()
    assert (found.origins, found.finals, found.warnings) == ({}, {}, ())


def test_the_nearer_the_place_the_more_it_weighs(machine: Machine) -> None:
    timeouts: list[float] = []
    for scope in ("site", "user", "prefix", "project"):
        machine.write(scope, f"lock_timeout = {len(timeouts)}")
        timeouts.append(machine.read().settings.lock_timeout)
    machine.environ["CONDADEPS_LOCK_TIMEOUT"] = "4"
    timeouts.append(machine.read().settings.lock_timeout)
    timeouts.append(machine.read(call={"lock_timeout": 5}).settings.lock_timeout)
    assert timeouts == [0, 1, 2, 3, 4, 5]


def test_each_value_tells_the_file_and_line_it_came_from(machine: Machine) -> None:
    user = machine.write("user", "# mine\npip = 'never'\n[record]\n\npin = 'minor'\n")
    machine.environ["CONDADEPS_OFFLINE"] = "yes"
    written = machine.read(call={"record.enabled": False}).written
    assert written == {
        "pip": f"{user}:2",
        "record.pin": f"{user}:5",
        "offline": "CONDADEPS_OFFLINE",
        "record.enabled": "the call",
    }


def test_a_project_is_found_from_any_directory_within_it(machine: Machine) -> None:
    machine.write("project", "record.pin = 'none'")
    inner = machine.project / "notebooks" / "2026"
    inner.mkdir(parents=True)
    assert machine.read(inner).settings.record.pin == "none"


def test_the_nearest_project_is_the_project(machine: Machine) -> None:
    machine.write("project", "record.pin = 'none'\nonly_conda = ['numpy']")
    machine.put(machine.project / "inner" / "condadeps.toml", "record.pin = 'minor'")
    found = machine.read(machine.project / "inner").settings
    assert (found.record.pin, found.only_conda) == ("minor", ())


def test_a_projects_pyproject_has_a_table_for_it(machine: Machine) -> None:
    path = machine.write(
        "project",
        "[project]\nname = 'analysis'\n\n[tool.condadeps]\nonly_pypi = ['Rich']\n"
        "[tool.condadeps.record]\npin = 'minor'\n",
        name="pyproject.toml",
    )
    found = machine.read()
    assert (found.settings.only_pypi, found.settings.record.pin) == (("rich",), "minor")
    assert str(found.origins["record.pin"][0]) == f"{path} [tool.condadeps]:7"


def test_a_projects_own_file_weighs_more_than_its_pyproject(machine: Machine) -> None:
    machine.write("project", "[tool.condadeps]\nrecord.pin = 'minor'\nlock_timeout = 1", "pyproject.toml")
    machine.write("project", "record.pin = 'none'")
    found = machine.read().settings
    assert (found.record.pin, found.lock_timeout) == ("none", 1)


def test_a_pyproject_that_says_nothing_to_us_does_not_end_the_search(machine: Machine) -> None:
    machine.write("project", "record.pin = 'none'")
    machine.put(machine.project / "package" / "pyproject.toml", "[project]\nname = 'condadeps-user'")
    machine.put(machine.project / "package" / "other" / "pyproject.toml", "this is no TOML, and not ours")
    assert machine.read(machine.project / "package" / "other").settings.record.pin == "none"


def test_the_search_ends_where_a_repository_begins(machine: Machine) -> None:
    machine.write("project", "record.pin = 'none'")
    repository = machine.project / "cloned"
    machine.put(repository / ".git" / "HEAD", "")
    (repository / "src").mkdir()
    assert machine.read(repository / "src").settings.record.pin == "exact"
    machine.put(repository / "condadeps.toml", "record.pin = 'minor'")
    assert machine.read(repository / "src").settings.record.pin == "minor"


def test_the_search_ends_with_the_home(machine: Machine) -> None:
    machine.put(machine.home.parent / "condadeps.toml", "record.pin = 'none'")
    assert machine.read().settings.record.pin == "exact"
    machine.put(machine.home / "condadeps.toml", "record.pin = 'minor'")
    assert machine.read().settings.record.pin == "minor"


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_file_that_anybody_could_have_put_above_us_is_not_read(machine: Machine) -> None:
    shared = machine.root / "scratch"
    machine.put(shared / "condadeps.toml", "only_pypi = ['internal']")
    mine = shared / "mine"
    mine.mkdir()
    shared.chmod(0o1777)
    assert machine.read(mine).settings.only_pypi == ()
    assert machine.read(shared).settings.only_pypi == ("internal",)


@POSIX
@pytest.mark.parametrize(
    "environ",
    [
        {"HOME": "/home/ada"},
        {"HOME": "/home/ada", "XDG_CONFIG_HOME": "/home/ada/settings"},
        {"HOME": "/home/ada", "XDG_CONFIG_HOME": "relative", "XDG_CONFIG_DIRS": "/opt/first:/opt/second"},
    ],
)
def test_the_directories_are_those_of_platformdirs(environ: dict[str, str]) -> None:
    program = (
        "import platformdirs\n"
        "print(platformdirs.user_config_dir('condadeps', appauthor=False))\n"
        "print(platformdirs.site_config_dir('condadeps', appauthor=False, multipath=True))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True)
    user, sites = done.stdout.splitlines()
    *shared, own = map(str, places.user_directories(environ))
    assert own == user
    assert shared[::-1] == [path for path in sites.split(":") if path != "/etc/xdg/condadeps"]
    assert [str(path) for path in places.site_directories()] == ["/etc/xdg/condadeps", "/etc/condadeps"]


@POSIX
def test_a_directory_that_a_variable_names_is_the_users_word_not_the_sites(machine: Machine) -> None:
    machine.environ["XDG_CONFIG_DIRS"] = f"{machine.root}/first:{machine.root}/second"
    machine.put(machine.root / "first" / "condadeps" / "condadeps.toml", "final = ['pip']\nlock_timeout = 1")
    machine.put(machine.root / "second" / "condadeps" / "condadeps.toml", "lock_timeout = 2")
    found = machine.read()
    assert found.settings.lock_timeout == 1
    assert found.origins["lock_timeout"][0].scope is Scope.USER
    assert found.finals == {}
    assert "only the site can make a setting final" in found.warnings[0]


def test_what_is_no_file_is_not_read(machine: Machine) -> None:
    (machine.project / "condadeps.toml").mkdir()
    assert machine.read().settings == config.Settings()


def test_a_changed_file_counts_at_the_next_call(machine: Machine) -> None:
    machine.write("user", "lock_timeout = 1")
    first = machine.read()
    assert machine.read() is first
    machine.write("user", "lock_timeout = 10")
    assert machine.read().settings.lock_timeout == 10
    machine.write("project", "lock_timeout = 3")
    assert machine.read().settings.lock_timeout == 3
    (machine.project / "condadeps.toml").unlink()
    assert machine.read().settings.lock_timeout == 10
    machine.environ["CONDADEPS_LOCK_TIMEOUT"] = "4"
    assert machine.read().settings.lock_timeout == 4


def test_an_empty_variable_is_not_set(machine: Machine) -> None:
    machine.environ |= {"CONDADEPS_ENV_FILE": "", "CONDADEPS_OFFLINE": " "}
    assert machine.read().settings == config.Settings()


def test_the_variables_of_the_first_release_still_work(machine: Machine) -> None:
    machine.environ |= {
        "CONDADEPS_ENV_FILE": "env.yml",
        "CONDADEPS_LOCK_TIMEOUT": "2.5",
        "CONDADEPS_ENGINE_PYTHON": "python3.12",
        "CONDADEPS_CACHE_DIR": "~/cache",
        "CONDADEPS_DATA_DIR": str(machine.root / "data"),
    }
    found = machine.read().settings
    assert found.record.env_file == str(machine.project / "env.yml")
    assert found.lock_timeout == 2.5
    assert found.engine_python == "python3.12"
    assert (found.cache_dir, found.data_dir) == (machine.home / "cache", machine.root / "data")


def test_paths_are_meant_from_the_file_that_has_them(machine: Machine) -> None:
    machine.write(
        "user",
        "cache_dir = 'kept'\nchannels = ['./lab', 'conda-forge']\nengine_python = 'bin/python'\n"
        "record.env_file = 'deps.yml'",
    )
    found = machine.read().settings
    assert found.cache_dir == machine.user / "kept"
    assert found.channels == (str(machine.user / "lab"), "conda-forge")
    assert found.engine_python == str(machine.user / "bin" / "python")
    assert found.record.env_file == str(machine.project / "deps.yml"), "one name for every directory"


def test_own_settings_do_not_depend_on_a_project(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    machine.write("project", "lock_timeout = 1")
    machine.write("user", "cache_dir = '/var/cache/mine'\nlock_timeout = 2")
    monkeypatch.chdir(machine.project)
    found = config.own(machine.environ)
    assert (found.cache_dir, found.lock_timeout) == (Path("/var/cache/mine"), 2)


@POSIX
def test_a_file_that_cannot_be_read_is_an_error_not_an_absence(machine: Machine) -> None:
    (machine.site / "condadeps.toml").symlink_to("condadeps.toml")
    with pytest.raises(ConfigError, match="cannot be looked at"):
        machine.read()
    (machine.site / "condadeps.toml").unlink()
    machine.write("site", "#" * (2 << 20))
    with pytest.raises(ConfigError, match="is larger than 1 MiB"):
        machine.read()
