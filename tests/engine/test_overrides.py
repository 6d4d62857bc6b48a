"""What a site's overrides make of requests, from a real server to a real environment."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from condadeps import api, config
from condadeps.asked.job import IMPLIED, Asked, Job, Options
from condadeps.asked.parse import parse
from condadeps.engine import steering
from condadeps.engine.steering import Overrides
from condadeps.errors import ConfigError
from condadeps.names.homes import Homes
from condadeps.overrides import document
from condadeps.prefix.target import planned
from tests.channel.fixture import Channel
from tests.channel.server import Fault, Server
from tests.conftest import CondaPrefix, Serve
from tests.doors.test_command import condadeps
from tests.doors.test_notebook import conda_records, dist_infos
from tests.sources.simple_index import wheel


class Site:
    """A server with an overrides document, and the configuration that names it."""

    def __init__(self, root: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        self.directory = root / "site"
        self.directory.mkdir()
        self.name = f"{root.name}.json"  # the cache knows documents by their URLs, and ports come again
        self.server: Server = serve(self.directory)
        monkeypatch.setenv("CONDADEPS_OVERRIDES", f"{self.server.url}/{self.name}")

    def says(self, rules: dict[str, Any], python: str = "python-3") -> None:
        (self.directory / self.name).write_text(json.dumps({python: rules}))


@pytest.fixture
def site(tmp_path: Path, serve: Serve, channel: Channel, monkeypatch: pytest.MonkeyPatch) -> Site:
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("CONDA_CHANNELS", channel.url)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return Site(tmp_path, serve, monkeypatch)


def channel_of(prefix: Path, package: str) -> str:
    [path] = (prefix / "conda-meta").glob(f"{package}-[0-9]*.json")
    return str(json.loads(path.read_text())["channel"])


@pytest.mark.slow
def test_rules_say_which_package_which_channel_and_which_versions(
    site: Site, conda_prefix: CondaPrefix, channel: Channel
) -> None:
    site.says(
        {
            "labclick": {"instead": "click", "reason": "it was renamed"},
            "attrs": {"channel": channel.file_url},
            "numpy": {"version": "<2"},
            "labtools": {"provided": "part of the lab's image"},
        }
    )
    prefix = conda_prefix("python")
    outcome = api.install("pandas", "labclick", "attrs", "labtools", prefix=prefix)
    there = conda_records(prefix)
    assert {"pandas", "click", "attrs"} <= there.keys()
    assert there["numpy"].startswith("1.26")  # it came unasked
    assert channel_of(prefix, "attrs").startswith(channel.file_url)
    assert channel_of(prefix, "click").startswith(channel.url)
    told = "\n".join(outcome.plan.notes)
    assert "labclick is replaced by click" in told and "it was renamed" in told
    assert "labtools is provided already (part of the lab's image)" in told
    assert not outcome.warnings
    recorded = Path("environment.yml").read_text()
    assert "click=" in recorded and "attrs" in recorded and "lab" not in recorded.partition("dependencies")[2]
    assert site.server.paths() == [f"/channel/{site.name}"]


@pytest.mark.slow
def test_nothing_else_is_updated_when_all_that_was_named_is_provided(
    site: Site, conda_prefix: CondaPrefix
) -> None:
    site.says({"labtools": {"provided": True}})
    prefix = conda_prefix("python", "numpy=1.26")
    before = conda_records(prefix)
    for verb in (api.update, api.install):
        outcome = verb("labtools", prefix=prefix)
        assert not outcome.changed and "labtools is provided already" in outcome.plan.notes[0]
    assert conda_records(prefix) == before and not Path("environment.yml").exists()


@pytest.mark.slow
def test_a_refusal_tells_the_sites_message_and_changes_nothing(
    site: Site, conda_prefix: CondaPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.says({"click": {"refuse": "use labclick; ask the helpdesk"}})
    prefix = conda_prefix("python")
    with pytest.raises(ConfigError, match="use labclick; ask the helpdesk"):
        api.install("attrs", "click", prefix=prefix)
    assert "attrs" not in conda_records(prefix) and not Path("environment.yml").exists()
    refused = condadeps("install", "-p", prefix, "click")
    assert refused.returncode == 1 and "ask the helpdesk" in refused.stderr
    allowed = condadeps("install", "-p", prefix, "--no-overrides", "click")
    assert allowed.returncode == 0 and "click" in conda_records(prefix)


@pytest.mark.slow
def test_a_required_document_that_cannot_be_had_stops_the_work_and_another_does_not(
    site: Site, conda_prefix: CondaPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.server.faults.append(Fault(status=503))
    prefix = conda_prefix("python")
    monkeypatch.setenv("CONDADEPS_OVERRIDES_REQUIRED", "true")
    with pytest.raises(ConfigError, match="required here"):
        api.install("click", prefix=prefix)
    assert "click" not in conda_records(prefix)
    monkeypatch.setenv("CONDADEPS_OVERRIDES_REQUIRED", "false")
    outcome = api.install("click", prefix=prefix)
    assert "click" in conda_records(prefix)
    assert any("not heeded: the server answered 503" in text for text in outcome.warnings)


@pytest.mark.slow
def test_overrides_that_are_required_and_configured_nowhere_are_an_error(
    site: Site, conda_prefix: CondaPrefix, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CONDADEPS_OVERRIDES")
    monkeypatch.setenv("CONDADEPS_OVERRIDES_REQUIRED", "true")
    with pytest.raises(ConfigError, match="none are configured"):
        api.install("click", prefix=conda_prefix("python"))


@pytest.mark.slow
def test_commands_of_the_old_form_are_shown_and_not_run(
    site: Site, conda_prefix: CondaPrefix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    site.says({"click": [["touch", str(ran)]]})
    monkeypatch.setenv("CONDADEPS_ALLOW_COMMANDS", "true")  # not a user's to say
    prefix = conda_prefix("python")
    outcome = api.install("click", prefix=prefix)
    assert any("were not run" in text and f"touch {ran}" in text for text in outcome.warnings)
    assert any("only the site may" in text for text in outcome.warnings)
    assert not ran.exists() and "click" in conda_records(prefix)


@pytest.mark.slow
def test_a_new_environment_heeds_the_rules_of_the_python_it_gets(
    site: Site, channel: Channel, tmp_path: Path
) -> None:
    site.says({"attrs": {"channel": channel.file_url}, "numpy": {"version": "<2"}}, python="python-3.11")
    prefix = tmp_path / "made"
    api.create(prefix, "python=3.11", "attrs", "pandas", bare=True)
    assert channel_of(prefix, "attrs").startswith(channel.file_url)
    assert conda_records(prefix)["numpy"].startswith("1.26")
    assert len(site.server.hits) == 1


@pytest.mark.parametrize("verb", ["create", "sync", "lock", "bundle"])
def test_verbs_that_make_what_a_file_says_run_no_commands_and_that_is_told(verb: str) -> None:
    rules = document.read('{"python": {"six": [["yum", "install", "six"]]}}', "https://site.example/o.json")
    steered = Overrides(rules, allow_commands=True, verb=verb).steer(
        [parse(Asked("six"))], planned(Path("env"), "3.11.4", "linux-64"), Homes()
    )
    assert [one.text for one in steered.requests] == ["six"] and not steered.commands
    assert f"were not run, since condadeps {verb} runs none: yum install six" in steered.warnings[0]


def test_offline_runs_no_command_since_nobody_knows_whom_it_asks() -> None:
    rules = document.read('{"python": {"six": [["yum", "install", "six"]]}}')
    for allowed, why in ((True, "this is offline"), (False, "configuration does not allow any")):
        steered = Overrides(rules, allow_commands=allowed, offline=True).steer(
            [parse(Asked("six"))], planned(Path("env"), "3.11.4", "linux-64"), Homes()
        )
        assert not steered.commands and why in steered.warnings[0]


def test_what_a_kernel_needs_unasked_is_not_taken_for_a_request() -> None:
    rules = document.read('{"python": {"ipykernel": {"channel": "lab"}}}')
    implied, asked = parse(Asked("ipykernel", place=IMPLIED)), parse(Asked("ipykernel"))
    target = planned(Path("env"), "3.11.4", "linux-64")
    assert Overrides(rules).steer([implied], target, Homes()).requests == (implied,)
    assert Overrides(rules).steer([asked], target, Homes()).requests[0].text == "lab::ipykernel"


class Machine:
    """A user, and a site of the test's own, whose configuration says where overrides are."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.site, self.user = root / "etc", root / "home"
        self.theirs = self.user / ".config" / "ipydeps"
        self.theirs.mkdir(parents=True)
        monkeypatch.setenv("HOME", str(self.user))

    def document(self, rules: dict[str, Any]) -> Path:
        path = self.user / "overrides.json"
        path.write_text(json.dumps({"python": rules}))
        return path

    def overrides(self, site: str = "", user: str = "", **options: Any) -> Overrides:
        for directory, text in ((self.site, site), (self.user / ".config" / "condadeps", user)):
            directory.mkdir(parents=True, exist_ok=True)
            (directory / "condadeps.toml").write_text(text)
        configuration = config.read(None, None, {"HOME": str(self.user)}, site=[self.site])
        job = Job("install", "/env", options=Options(**options))
        return asyncio.run(steering.overrides(job, configuration, offline=False))

    @staticmethod
    def texts(overrides: Overrides, *requests: str) -> list[str]:
        target = planned(Path("env"), "3.11.4", "linux-64")
        asked = [parse(Asked(text)) for text in requests]
        return [one.text for one in overrides.steer(asked, target, Homes()).requests]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


def test_a_document_may_be_a_file_and_its_rules_for_one_site_hold_there_only(machine: Machine) -> None:
    path = machine.document({"six": {"site": "cluster", "instead": "seven"}})
    for link in (str(path), path.as_uri()):
        said = f"overrides = {link!r}\n"
        assert machine.texts(machine.overrides(said + "site = 'Cluster'"), "six") == ["seven"]
        assert machine.texts(machine.overrides(said), "six") == ["six"]
        assert machine.texts(machine.overrides(said + "site = 'cluster'", overrides=False), "six") == ["six"]


def test_ipydeps_link_counts_until_there_is_one_of_ours(machine: Machine) -> None:
    old = machine.theirs / "old.json"
    old.write_text('{"python": {"six": {"instead": "old"}}}')
    (machine.theirs / "ipydeps.conf").write_text(f"[ipydeps]\ndependencies_link = {old}\n")
    assert machine.texts(machine.overrides(), "six") == ["old"]
    ours = machine.document({"six": {"instead": "ours"}})
    assert machine.texts(machine.overrides(user=f"overrides = '{ours}'"), "six") == ["ours"]
    assert machine.overrides(site="final = ['overrides']").document is None


def test_a_chosen_file_of_ipydeps_may_have_its_own_link(machine: Machine) -> None:
    path = machine.document({"six": {"instead": "chosen"}})
    chosen = machine.theirs / "repo1.conf"
    chosen.write_text(
        f"[global]\n[ipydeps]\ndependencies_link = {path}\ndependencies_link_requires_pki = true\n"
    )
    found = machine.overrides(pip_config=str(chosen))
    assert machine.texts(found, "six") == ["chosen"]
    assert found.warnings == ()  # a file is read without any certificate
    assert machine.overrides().document is None


@pytest.mark.slow
def test_a_bound_moves_what_was_installed_before_there_was_one(site: Site, conda_prefix: CondaPrefix) -> None:
    prefix = conda_prefix("python", "numpy")
    assert not conda_records(prefix)["numpy"].startswith("1.")
    site.says({"numpy": {"version": "<2"}})
    outcome = api.install("click", prefix=prefix)
    assert "click" in conda_records(prefix) and conda_records(prefix)["numpy"].startswith("1.26")
    [moved] = [link for link in outcome.plan.link if link.previous]
    assert moved.package.name == "numpy"


@pytest.mark.slow
def test_a_rule_takes_a_project_from_pypi_though_conda_has_it(
    site: Site, conda_prefix: CondaPrefix, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel(tmp_path / "wheels", "click", "1.0")
    wheel(tmp_path / "wheels", "click", "2.0")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    site.says({"click": {"pip": "click<2"}})
    prefix = conda_prefix("python", "pip")
    api.install("click", prefix=prefix)
    assert "click" not in conda_records(prefix)
    assert [path.name for path in dist_infos(prefix, "click")] == ["click-1.0.dist-info"]
