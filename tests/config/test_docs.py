"""The page on configuration says what the program does."""

from __future__ import annotations

import re

from condadeps.config import SETTINGS
from tests.config import docs_table
from tests.config.conftest import Machine


def examples(after: str) -> str:
    """The TOML block that follows a heading of the page."""
    page = docs_table.PAGE.read_text("utf-8").partition(f"\n## {after}\n")[2]
    found = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert found
    return found[1]


def test_the_table_of_settings_is_the_programs_own() -> None:
    assert docs_table.parts()[1] == docs_table.table()


def test_the_example_of_a_users_file_is_understood(machine: Machine) -> None:
    machine.write("user", examples("A user's file"))
    found = machine.read()
    assert found.warnings == ()
    assert len(found.origins) > 4


def test_the_example_of_a_sites_file_is_understood_and_binds(machine: Machine) -> None:
    machine.write("site", examples("A site's policy"))
    machine.write("user", "channels = ['elsewhere']\noverride_channels = false\npip = 'auto'\ntrust = ['x']")
    found = machine.read()
    assert set(found.finals) == {"channels", "override_channels", "pip", "known_projects", "trust"}
    assert len(found.warnings) == 4
    assert found.settings.override_channels


def test_the_example_of_a_projects_file_is_understood(machine: Machine) -> None:
    machine.write("project", examples("A project's file"))
    found = machine.read()
    assert found.warnings == ()
    assert found.settings.record.env_file


def test_the_page_tells_every_final_setting_that_takes_another_with_it() -> None:
    page = docs_table.PAGE.read_text("utf-8")
    for setting in SETTINGS.values():
        if setting.part_of:
            assert f"`{setting.part_of}` takes `{setting.key}` along" in page
