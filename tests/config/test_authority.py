"""Who may say what: a project's file names no sources, runs nothing, and overrides no policy."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import pytest

from condadeps.asked.job import Job, Options
from condadeps.config import SETTINGS, Setting, of_call, places, resolved, settle
from condadeps.config.places import EVERYONE, OWNERS, Scope
from condadeps.config.trust import trusted
from condadeps.errors import ConfigError
from tests.config.conftest import Machine

EXAMPLES = {
    "channels": '["https://evil.example/channel"]',
    "override_channels": "true",
    "trust": '["https://evil.example/"]',
    "known_projects": '["evil"]',
    "homes": '{ numpy = "evil" }',
    "link_scripts": "true",
    "installer": '"conda"',
    "pip_installer": '"uv"',
    "undo.keep": "0",
    "undo.megabytes": "0",
    "overrides": '"https://evil.example/overrides.json"',
    "overrides_required": "true",
    "pki": "true",
    "site": '"cluster"',
    "ipydeps_alias": "true",
    "engine_python": '"./evil"',
    "cache_dir": '"./poisoned"',
    "data_dir": '"./poisoned"',
    "kernels_dir": '"./poisoned"',
}
GUARDED = [setting for setting in SETTINGS.values() if setting.by == OWNERS and not setting.tightens]


def test_every_setting_is_everyones_or_the_owners() -> None:
    the_site = frozenset({Scope.SITE})
    assert {setting.by for setting in SETTINGS.values()} == {EVERYONE, OWNERS, the_site}
    assert {setting.key for setting in SETTINGS.values() if setting.by == the_site} == {"allow_commands"}
    assert {setting.key for setting in GUARDED} == set(EXAMPLES)
    harmless = {setting.key for setting in SETTINGS.values() if setting.by == EVERYONE}
    assert harmless == {
        "only_conda",
        "only_pypi",
        "record.enabled",
        "record.pin",
        "record.env_file",
        "lock_timeout",
    }


@pytest.mark.parametrize("scope", ["project", "prefix"])
@pytest.mark.parametrize("setting", GUARDED, ids=lambda setting: setting.key)
def test_a_projects_file_cannot_say_where_things_come_from_or_what_is_run(
    machine: Machine, setting: Setting, scope: str
) -> None:
    path = machine.write(scope, f"\n{setting.key} = {EXAMPLES[setting.key]}")
    found = machine.read()
    assert setting.of(found.settings) == setting.default
    (warning,) = found.warnings
    assert warning.startswith(f"{path}:2: {setting.key} is not obeyed")


@pytest.mark.parametrize("setting", GUARDED, ids=lambda setting: setting.key)
def test_the_user_and_the_site_can_say_all_of_it(machine: Machine, setting: Setting) -> None:
    more = '\nchannels = ["lab"]' if setting.key == "override_channels" else ""
    for scope in ("site", "user"):
        path = machine.write(scope, f"{setting.key} = {EXAMPLES[setting.key]}{more}")
        found = machine.read()
        assert found.origins[setting.key][-1].place == str(path)
        assert not [line for line in found.warnings if "not obeyed" in line]


def test_the_table_in_pyproject_has_no_more_say(machine: Machine) -> None:
    machine.write(
        "project", "[tool.condadeps]\nchannels = ['evil']\nonly_conda = ['numpy']", "pyproject.toml"
    )
    found = machine.read()
    assert (found.settings.channels, found.settings.only_conda) == ((), ("numpy",))
    assert "pyproject.toml [tool.condadeps]:2: channels is not obeyed" in found.warnings[0]


@pytest.mark.parametrize(
    ("users", "projects", "come_to"),
    [
        ("pip = 'auto'", "pip = 'known'", {"pip": "known"}),
        ("pip = 'known'", "pip = 'never'", {"pip": "never"}),
        ("pip = 'never'", "pip = 'auto'", {"pip": "never"}),
        ("pip = 'known'", "pip = 'auto'", {"pip": "known"}),
        ("", "offline = true", {"offline": True}),
        ("offline = true", "offline = false", {"offline": True}),
        ("", "exclude_newer = 2026-01-01", {"exclude_newer": "2026-01-01"}),
        ("exclude_newer = '7d'", "exclude_newer = '14d'", {"exclude_newer": "14d"}),
        ("exclude_newer = '14d'", "exclude_newer = '7d'", {"exclude_newer": "14d"}),
    ],
)
def test_a_project_can_be_stricter_and_not_laxer(
    machine: Machine, users: str, projects: str, come_to: dict[str, Any]
) -> None:
    machine.write("user", users)
    machine.write("project", projects)
    found = machine.read()
    ((key, value),) = come_to.items()
    assert SETTINGS[key].of(found.settings) == value
    assert bool(found.warnings) == (found.origins[key][-1].place == str(machine.user / "condadeps.toml"))


def test_a_project_records_within_itself_only(machine: Machine) -> None:
    for outside in (
        "../other.yml",
        "/etc/environment.yml",
        "~/environment.yml",
        "a/../../x.yml",
        ".git/hook",
        ".",
    ):
        path = machine.write("project", f"record.env_file = '{outside}'")
        found = machine.read()
        assert found.settings.record.env_file is None
        assert found.warnings == (
            f"{path}:1: record.env_file is not obeyed: a project's file may name only a .yml file within "
            f"{machine.project}",
        )
    machine.write("project", "record.env_file = 'envs/base.yml'")
    (machine.project / "deep").mkdir()
    found = machine.read(machine.project / "deep")
    assert found.settings.record.env_file == str(machine.project / "envs" / "base.yml")


def test_an_environment_can_keep_its_own_record(machine: Machine) -> None:
    machine.write("prefix", "record.env_file = 'environment.yml'")
    assert machine.read().settings.record.env_file == str(machine.prefix / "environment.yml")


@pytest.mark.parametrize(
    ("site", "below"),
    [
        ("channels = ['corp']\nfinal = ['channels']", "channels = ['elsewhere']"),
        ("channels = ['corp']\nfinal = ['channels']", "channels = ['mine']\noverride_channels = true"),
        ("pip = 'known'\nknown_projects = ['six']\nfinal = ['pip']", "pip = 'auto'"),
        ("pip = 'known'\nknown_projects = ['six']\nfinal = ['pip']", "known_projects = ['evil']"),
        ("only_conda = ['torch']\nfinal = ['only_conda']", "only_pypi = ['torch']"),
        ("final = ['link_scripts']", "link_scripts = false"),
        ("final = ['record']", "[record]\nenabled = false"),
        ("exclude_newer = '14d'\nfinal = ['exclude_newer']", "exclude_newer = '1d'"),
        ("offline = false\ntrust = []\nfinal = ['trust']", "trust = ['https://elsewhere.example/']"),
    ],
)
def test_what_the_site_made_final_nobody_overrides(machine: Machine, site: str, below: str) -> None:
    machine.write("site", site)
    alone = machine.read().settings
    machine.write("user", below)
    found = machine.read()
    assert found.settings == alone
    assert "makes" in found.warnings[0] and "final" in found.warnings[0]


def test_a_variable_cannot_override_what_is_final_either(machine: Machine) -> None:
    site = machine.write("site", "channels = ['corp']\nfinal = ['channels']")
    machine.environ["CONDADEPS_CHANNELS"] = "elsewhere"
    found = machine.read()
    assert found.settings.channels == ("corp",)
    assert found.warnings == (f"CONDADEPS_CHANNELS: channels is not obeyed: {site} makes it final",)


def test_a_call_that_asks_for_what_is_final_otherwise_is_refused(machine: Machine) -> None:
    site = machine.write("site", "channels = ['corp']\nfinal = ['channels', 'trust']")
    with pytest.raises(ConfigError) as refused:
        machine.read(call=of_call(Options(channels=("elsewhere",))))
    assert str(refused.value) == (
        f"the site lets nobody change channels\n  {site}:2 makes it final\n"
        "help: condadeps config shows what holds"
    )
    with pytest.raises(ConfigError, match="trust"):
        machine.read().require_free("trust")
    machine.read().require_free("pip")


def test_stricter_than_the_site_overrides_nothing(machine: Machine) -> None:
    machine.write("site", "pip = 'known'\noffline = false\nfinal = ['pip', 'offline']")
    found = machine.read(call=of_call(Options(pip="never", offline=True)))
    assert (found.settings.pip, found.settings.offline, found.warnings) == ("never", True, ())


def test_saying_what_is_final_again_is_no_offence(machine: Machine) -> None:
    machine.write("site", "channels = ['corp', 'conda-forge']\nfinal = ['channels']")
    machine.write("user", "channels = ['corp']")
    assert machine.read().warnings == ()


def test_only_the_site_makes_final_and_a_wrong_name_there_is_told(machine: Machine) -> None:
    site = machine.write("site", "final = ['chanels']")
    user = machine.write("user", "final = ['pip']")
    found = machine.read()
    assert found.finals == {}
    assert found.warnings == (
        f"{site}:1: there is no setting chanels to make final (near: channels)",
        f"{user}:1: final is not obeyed: only the site can make a setting final",
    )


def test_a_setting_can_be_the_sites_alone(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    narrower = dataclasses.replace(SETTINGS["link_scripts"], by=frozenset({Scope.SITE}))
    monkeypatch.setitem(cast(dict[str, Setting], SETTINGS), "link_scripts", narrower)
    machine.write("site", "link_scripts = true")
    user = machine.write("user", "link_scripts = false")
    machine.environ["CONDADEPS_LINK_SCRIPTS"] = "false"
    found = machine.read()
    assert found.settings.link_scripts
    assert found.warnings == (
        f"{user}:1: link_scripts is not obeyed: the user may not set it, only the site may",
        "CONDADEPS_LINK_SCRIPTS: link_scripts is not obeyed: a variable may not set it, only the site may",
    )


def test_channels_of_several_places_are_joined_the_weightiest_first(machine: Machine) -> None:
    machine.write("site", "channels = ['corp', 'conda-forge']")
    machine.write("user", "channels = ['mine', 'conda-forge']")
    machine.environ["CONDADEPS_CHANNELS"] = "env"
    found = machine.read(call=of_call(Options(channels=("asked",))))
    assert found.settings.channels == ("asked", "env", "mine", "conda-forge", "corp")
    assert len(found.origins["channels"]) == 4


def test_overriding_leaves_lighter_channels_out_and_never_none(machine: Machine) -> None:
    machine.write("site", "channels = ['corp']")
    user = machine.write("user", "channels = ['mine']\noverride_channels = true")
    found = machine.read()
    assert (found.settings.channels, found.settings.override_channels) == (("mine",), True)
    assert found.origins["channels"][0].place == str(user)
    machine.write("user", "override_channels = true")
    with pytest.raises(ConfigError, match="override_channels without channels leaves none"):
        machine.read()


def test_where_two_lists_disagree_the_weightier_place_counts(machine: Machine) -> None:
    machine.write("user", "only_conda = ['torch', 'numpy']")
    machine.write("project", "only_pypi = ['torch']")
    found = machine.read().settings
    assert (found.only_conda, found.only_pypi) == (("numpy",), ("torch",))
    machine.write("project", "only_conda = ['rich']\nonly_pypi = ['Rich']")
    with pytest.raises(ConfigError, match="rich cannot be in only_pypi and in only_conda"):
        machine.read()


def test_homes_of_several_places_are_joined_by_project(machine: Machine) -> None:
    machine.write("site", "[homes]\ntorch = 'corp-torch'\nfiat = 'fenics'")
    machine.write("user", "[homes]\nfiat = false\n'zope.interface' = 'zope.interface >=5'")
    assert machine.read().settings.homes == {
        "torch": "corp-torch",
        "fiat": None,
        "zope-interface": "zope.interface >=5",
    }


def test_a_call_that_says_nothing_changes_nothing(machine: Machine) -> None:
    assert of_call(Options()) == {}
    assert resolved(Options(), machine.read().settings) == Options()


def test_what_a_call_does_not_say_the_configuration_does(machine: Machine) -> None:
    machine.write("user", "channels = ['mine']\npip = 'never'\nrecord.enabled = false")
    machine.write("project", "record.env_file = 'envs.yml'\noffline = true")
    options = Options(channels=("asked",), dry_run=True)
    found = resolved(options, machine.read(call=of_call(options)).settings)
    assert found == Options(
        channels=("asked", "mine"),
        pip="never",
        record=False,
        env_file=str(machine.project / "envs.yml"),
        offline=True,
        dry_run=True,
    )


def test_a_job_is_settled_by_the_configuration(machine: Machine) -> None:
    machine.write("user", "channels = ['mine']")
    job = Job("install", str(machine.prefix), options=Options(offline=True), directory=str(machine.project))
    settled, configuration = settle(job, machine.environ)
    assert settled == dataclasses.replace(job, options=Options(channels=("mine",), offline=True))
    assert configuration.settings.channels == ("mine",)


def test_what_the_site_makes_final_no_option_gets_around(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.write("site", "final = ['record', 'trust', 'overrides']")
    monkeypatch.setattr(places, "site_directories", lambda: (machine.site,))
    unasked = Job(
        "create", str(machine.prefix), options=Options(record=False), directory=str(machine.project)
    )
    assert not settle(unasked, machine.environ)[0].options.record
    with pytest.raises(ConfigError, match=r"record\.enabled"):
        settle(dataclasses.replace(unasked, verb="install"), machine.environ)
    with pytest.raises(ConfigError, match="trust"):
        settle(dataclasses.replace(unasked, options=Options(trust=True)), machine.environ)
    with pytest.raises(ConfigError, match="the site lets nobody change overrides"):
        settle(dataclasses.replace(unasked, options=Options(record=False, overrides=False)), machine.environ)


def test_naming_the_file_to_record_in_asks_for_the_record(machine: Machine) -> None:
    machine.write("user", "record.enabled = false")
    assert machine.read(call=of_call(Options(env_file="x.yml"))).settings.record.enabled
    machine.write("site", "record.enabled = false\nfinal = ['record.enabled']")
    with pytest.raises(ConfigError, match=r"the site lets nobody change record\.enabled"):
        machine.read(call=of_call(Options(env_file="x.yml")))


def test_every_option_of_a_call_that_is_a_setting_is_one(machine: Machine) -> None:
    options = Options(
        channels=("lab",),
        override_channels=True,
        pip="never",
        env_file="x.yml",
        record=False,
        offline=True,
        exclude_newer="7d",
    )
    found = machine.read(call=of_call(options)).settings
    assert (found.channels, found.override_channels, found.pip) == (("lab",), True, "never")
    assert (found.record.env_file, found.record.enabled) == (str(machine.project / "x.yml"), False)
    assert (found.offline, found.exclude_newer) == (True, "7d")


@pytest.mark.parametrize(
    ("entry", "name", "expected"),
    [
        ("bioconda", "bioconda", True),
        ("bioconda", "bioconda-evil", False),
        ("srv/lab", "/srv/lab", False),
        ("https://conda.example/lab", "https://conda.example/lab/", True),
        ("https://conda.example/lab", "https://conda.example/lab/more", False),
        ("https://conda.example/lab/", "https://conda.example/lab/more", True),
        ("https://conda.example/lab/", "https://conda.example/laboratory", False),
        ("https://conda.example/", "https://CONDA.example:443/anything", True),
        ("https://conda.example/", "http://conda.example/anything", False),
        ("https://conda.example/", "https://conda.example:8443/anything", False),
        ("https://conda.example/", "https://conda.example.evil.example/lab", False),
        ("https://conda.example/", "https://conda.example@evil.example/lab", False),
        ("https://conda.example/", "https://ada:secret@conda.example/lab", True),
        ("https://conda.example/lab/", "https://conda.example/t/secret-token/lab/main", True),
        ("https://conda.example/lab/", "https://conda.example/lab/../other", False),
        ("https://conda.example/lab/", "https://conda.example/lab/%2e%2e/other", False),
        ("https://conda.example/", r"https://evil.example\@conda.example/", False),
        ("https://conda.example/", "bioconda", False),
    ],
)
def test_trust_covers_what_it_says_and_no_lookalike(entry: str, name: str, expected: bool) -> None:
    assert trusted([entry], name) is expected


def test_a_name_is_trusted_by_its_url_too() -> None:
    assert trusted(["https://conda.example/"], "lab", "https://conda.example/lab")


@pytest.mark.parametrize("scope", ["user", "project", "prefix"])
def test_only_the_site_allows_commands(machine: Machine, scope: str) -> None:
    path = machine.write(scope, "allow_commands = true")
    machine.environ["CONDADEPS_ALLOW_COMMANDS"] = "1"
    found = machine.read()
    assert found.settings.allow_commands is False
    assert f"{path}:1: allow_commands is not obeyed" in found.warnings[0]
    assert "CONDADEPS_ALLOW_COMMANDS" in found.warnings[1] and "only the site may" in found.warnings[1]
    machine.write("site", "allow_commands = true")
    assert machine.read().settings.allow_commands is True
