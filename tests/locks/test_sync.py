"""sync makes an environment what a file asks for: what nobody asked for and nothing needs, goes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condadeps.errors import UnsatisfiableError
from tests.locks.test_rebuild import call
from tests.transaction import tiny
from tests.transaction.road import Road, changed

pytestmark = pytest.mark.slow


@pytest.fixture
def file(road: Road) -> Path:
    """Asks for app and tool; six comes along."""
    path = road.work / "wanted.yml"
    path.write_text("name: env\ndependencies:\n  - app\n  - pip:\n      - tool==1.0\n")
    return path


def test_what_is_not_asked_for_goes_and_what_is_needed_stays_as_it_is(road: Road, file: Path) -> None:
    tiny.wheel(road.wheels, "alien", "1.0")
    road.install("extra", "alien", "six=1.0", record=False)
    dry = call("sync", "-p", road.prefix, "-f", file, "--dry-run")
    outcome = call("sync", "-p", road.prefix, "-f", file)
    assert changed(dry) == changed(outcome) == {"+app 1.0", "+tool 1.0", "-extra 1.0", "-alien 1.0"}
    assert (road.prefix / "conda-meta" / "six-1.0-py_0.json").exists()
    assert not call("sync", "-p", road.prefix, "-f", file).changed


def test_python_and_what_a_kernel_stands_on_stay_though_no_file_names_them(road: Road, file: Path) -> None:
    tiny.noarch(road.channel, "ipykernel", "7.0", depends=["extra"])
    tiny.index(road.channel)
    road.install("ipykernel", "six", record=False)
    file.write_text("dependencies: [app]\n")
    outcome = call("sync", "-p", road.prefix, "-f", file)
    assert changed(outcome) == {"+app 1.0"}


def test_a_file_is_not_rewritten_by_being_followed(road: Road, file: Path) -> None:
    before = file.read_text()
    call("sync", "-p", road.prefix, "-f", file)
    assert file.read_text() == before and not road.file.exists()


def test_what_cannot_be_had_leaves_everything_as_it_is(road: Road, file: Path) -> None:
    road.install("extra", "six", record=False)
    file.write_text("dependencies: [app, 'six <1']\n")
    with pytest.raises(UnsatisfiableError, match="six"):
        call("sync", "-p", road.prefix, "-f", file)
    assert (road.prefix / "conda-meta" / "extra-1.0-py_0.json").exists()


def test_an_earlier_request_that_the_file_does_not_make_does_not_hold(road: Road, file: Path) -> None:
    road.install("six=1.0", record=False)
    file.write_text("dependencies: ['six >=2']\n")
    assert changed(call("sync", "-p", road.prefix, "-f", file)) == {"+six 2.0"}
    file.write_text("dependencies: ['python <3']\n")
    with pytest.raises(UnsatisfiableError, match="python <3"):
        call("sync", "-p", road.prefix, "-f", file)


def test_the_sites_overrides_are_heeded(
    road: Road, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = {"tool": {"provided": True}, "conda:app": {"instead": "conda:extra"}}
    document = tmp_path / "overrides.json"
    document.write_text(json.dumps({"python": rules}))
    monkeypatch.setenv("CONDADEPS_OVERRIDES", str(document))
    assert changed(call("sync", "-p", road.prefix, "-f", file)) == {"+extra 1.0"}
    as_written = call("sync", "-p", road.prefix, "-f", file, "--no-overrides")
    assert {"-extra 1.0", "+app 1.0", "+tool 1.0"} <= changed(as_written)
