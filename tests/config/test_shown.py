"""``condadeps config`` shows every value and where it came from."""

from __future__ import annotations

import json
import os
from pathlib import Path

from condadeps.config import SETTINGS
from condadeps.show import conda_json
from tests.config.conftest import Machine


def test_every_setting_is_shown_with_where_it_came_from(machine: Machine) -> None:
    site = machine.write("site", "pip = 'known'\nknown_projects = ['six']\nfinal = ['pip']")
    project = machine.write("project", "only_conda = ['numpy', 'pandas']\nchanels = []")
    machine.environ["CONDADEPS_RECORD_PIN"] = "none"
    text = str(machine.read(call={"offline": True}))
    rows = {line.split()[0]: line for line in text.splitlines()[: len(SETTINGS)]}
    assert set(rows) == set(SETTINGS)
    assert rows["pip"].split("  ")[-1] == f"{site}:1 (final: {site}:3)"
    assert '["numpy", "pandas"]' in rows["only_conda"] and str(project) in rows["only_conda"]
    assert rows["record.pin"].split() == ["record.pin", '"none"', "CONDADEPS_RECORD_PIN"]
    assert rows["offline"].endswith("the call")
    assert rows["lock_timeout"].split() == ["lock_timeout", "600", "default"]
    assert f"  user     {machine.user / 'condadeps.toml'} (none)" in text
    assert f"  project  {project}\n" in text
    assert f"warning: {project}:2: there is no setting chanels (near: channels)" in text


def test_as_json_it_is_plain_data_by_key(machine: Machine) -> None:
    user = machine.write("user", "cache_dir = '/srv/cache'\n[homes]\nfiat = false")
    document = json.loads(json.dumps(machine.read().to_json()))
    assert set(document) == {"settings", "places", "warnings", "notes"}
    assert list(document["settings"]) == list(SETTINGS)
    assert document["settings"]["cache_dir"] == {
        "value": "/srv/cache",
        "default": None,
        "from": [{"scope": "user", "place": str(user), "line": 1}],
        "final": False,
    }
    assert document["settings"]["homes"]["value"] == {"fiat": None}
    assert [place["path"] for place in document["places"] if place["read"]] == [str(user)]
    assert conda_json.result(machine.read()) == document


def test_in_a_notebook_it_is_a_table_and_nothing_in_it_is_markup(machine: Machine) -> None:
    machine.write("user", "channels = ['<script>']\n'<b>' = 1")
    markup = machine.read()._repr_html_()
    assert "<script>" not in markup and "&lt;script&gt;" in markup
    assert "<b>Warning</b>" in markup and "<b> " not in markup
    assert all(f">{key}<" in markup for key in SETTINGS)


def test_no_secret_is_shown(machine: Machine) -> None:
    urls = "['https://ada:hunter2@conda.example/lab', 'https://conda.example/t/tok3n/lab']"
    machine.write("user", f"channels = {urls}\ntrust = {urls}")
    found = machine.read()
    assert "hunter2" in found.settings.channels[0], "the program itself needs it"
    shown = f"{found} {found._repr_html_()} {found.to_json()} {found!r} {found.settings!r}"
    assert "hunter2" not in shown
    assert "tok3n" not in shown
    assert "conda.example" in shown


def test_what_ipydeps_files_still_say_is_shown_with_what_replaces_it(machine: Machine) -> None:
    assert "note: " not in str(machine.read())
    directory = Path(os.environ["HOME"], ".config", "ipydeps")
    directory.mkdir(parents=True)
    (directory / "ipydeps.conf").write_text("[ipydeps]\ndependencies_link = https://trusted.example/o.json\n")
    found = machine.read()
    told = f'dependencies_link is read from {directory / "ipydeps.conf"}; in condadeps: overrides = "URL"'
    assert f"note: {told}" in str(found)
    assert found.to_json()["notes"] == [told] and "dependencies_link is read" in found._repr_html_()
