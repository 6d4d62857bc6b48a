"""``condadeps doctor`` finds what is wrong, says what to type, and finds nothing where nothing is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import condadeps
from condadeps.health.findings import Finding, Health
from condadeps.prefix import lock
from condadeps.transaction.room import Room
from tests.conftest import RunCells
from tests.transaction import tiny
from tests.transaction.road import Road
from tests.transaction.world import listing

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """``app`` and ``six`` of conda's, ``tool`` of pip's, all in good health."""
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0", {"six.py": "", "sixth/__init__.py": ""})
    tiny.noarch(road.channel, "app", "1.0", depends=["six >=1"])
    tiny.package(road.channel, "lib", "1", {"lib/libx.so": Path("libx.so.1"), "lib/libx.so.1": "1"})
    tiny.wheel(road.wheels, "tool", "1.0", requires=["six"], scripts={"tool": "tool:version"})
    road.open()
    road.install("app", "tool", "lib")
    return road


def look(road: Road) -> Health:
    return condadeps.doctor(road.prefix)


def one(road: Road) -> Finding:
    """The one problem there is."""
    (found,) = look(road).problems
    return found


def record(road: Road, name: str) -> Path:
    (found,) = (road.prefix / "conda-meta").glob(f"{name}-*.json")
    return found


def test_what_is_as_it_was_installed_has_no_findings_and_is_not_touched(road: Road) -> None:
    before = listing(road.prefix)
    health = look(road)
    assert health.findings == () and health.exit_code == 0
    assert (health.packages, health.projects) == (4, 1) and health.files > 10
    assert "is as it was installed: 4 conda packages, 1 project from PyPI" in str(health)
    assert listing(road.prefix) == before


def test_files_that_are_missing_or_altered_are_named_of_both_worlds(road: Road) -> None:
    (road.site_packages / "six.py").unlink()
    (road.site_packages / "sixth" / "__init__.py").write_text("edited")
    (road.site_packages / "tool" / "__init__.py").write_text("edited")
    (road.prefix / "bin" / "tool").unlink()
    shutil.rmtree(road.site_packages / "app" / "__pycache__")  # bytecode is nobody's
    conda, pip = look(road).problems
    assert (conda.kind, conda.name, pip.kind, pip.name) == ("files", "six", "files", "tool")
    site = road.site_packages.relative_to(road.prefix)
    assert conda.message == "six 1.0 is not as it was installed: files: 1 missing, 1 altered"
    assert conda.detail == (f"missing {site}/six.py", f"altered {site}/sixth/__init__.py")
    assert pip.detail == ("missing bin/tool", f"altered {site}/tool/__init__.py")
    assert conda.help == f"condadeps restore -p {road.prefix} six"


def test_a_torn_record_and_two_records_of_one_package_are_found(road: Road) -> None:
    shutil.copy(record(road, "six"), road.prefix / "conda-meta" / "six-0.9-py_0.json")
    text = record(road, "lib").read_text()
    record(road, "lib").write_text(text[: len(text) // 2])
    found = {finding.kind: finding for finding in look(road).problems}
    assert found["record"].name == "lib" and "cannot be used" in found["record"].message
    assert found["twice"].detail == ("six-0.9-py_0.json", "six-1.0-py_0.json")


def test_a_dependency_that_is_gone_or_too_old_is_found(road: Road) -> None:
    record(road, "six").unlink()
    assert "app 1.0 lacks what it needs" in str(look(road))
    assert "it needs six >=1; it is not there" in str(look(road))
    shutil.rmtree(road.site_packages / "six-1.0.dist-info")
    pip = [finding for finding in look(road).problems if finding.name == "tool"]
    assert [finding.message for finding in pip] == ["tool 1.0 says it needs six"]


def test_a_project_installed_twice_and_a_folder_left_over_are_found(road: Road) -> None:
    info = road.site_packages / "six-0.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: six\nVersion: 0.5\n")
    (road.site_packages / "gone-1.0.dist-info" / "licenses").mkdir(parents=True)
    found = {finding.kind: finding for finding in look(road).problems}
    assert found["twice"].message == "six is installed 2 times"
    assert any(line.endswith("six-0.5.dist-info (pip's)") for line in found["twice"].detail)
    assert found["leftover"].name == "gone"


def test_what_is_not_as_pinned_is_found(road: Road) -> None:
    (road.prefix / "conda-meta" / "pinned").write_text("six >=2  # because\nnever =1\n")
    assert one(road).message == "six is 1.0; six >=2 is pinned (conda-meta/pinned)"


def test_a_change_cut_short_is_found_and_one_at_work_is_told(road: Road) -> None:
    plan = road.plan(unlink=[tiny.package(road.channel, "lib", "1", {"lib/libx.so.1": "1"})])
    assert road.apply(plan, at=4, command="condadeps remove lib").killed
    kinds = {finding.kind: finding for finding in look(road).problems}
    assert "(condadeps remove lib) was cut short" in kinds["unfinished"].message
    assert kinds["unfinished"].help == f"condadeps restore -p {road.prefix}"
    with lock.hold(road.prefix, 1):
        assert "is being made by process" in str(look(road))


def test_a_lock_whose_holder_died_is_told_and_is_no_problem(road: Road) -> None:
    (Room.of(road.prefix).home / "holder.json").write_text("{}")
    health = look(road)
    assert [finding.kind for finding in health.findings] == ["lock"] and health.exit_code == 0


def test_a_past_change_that_cannot_be_read_is_found(road: Road) -> None:
    (Room.of(road.prefix).past / "1.000.json").write_text("{")
    assert one(road).kind == "history" and "remove that file" in str(one(road).help)


def test_a_python_that_does_not_start_is_found(road: Road) -> None:
    (road.prefix / "bin" / "python").unlink()
    assert {finding.kind for finding in look(road).problems} == {"files", "python"}


def test_a_copy_in_the_users_site_that_hides_the_environments_is_found(road: Road) -> None:
    shutil.rmtree(road.prefix / "pyvenv.cfg", ignore_errors=True)
    user = Path.home() / ".local" / "lib" / f"python{tiny.PYTHON}" / "site-packages"
    info = user / "tool-9.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tool\nVersion: 9.0\n")
    (found,) = (finding for finding in look(road).problems if finding.kind == "shadowed")
    assert "tool 9.0 in" in found.message and "PYTHONNOUSERSITE=1" in str(found.help)


def test_the_command_ends_with_1_when_something_is_wrong_and_json_has_it_all(road: Road) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "condadeps", "doctor", "-p", str(road.prefix), *words]
        return subprocess.run(line, capture_output=True, text=True)

    well = run()
    assert (well.returncode, well.stderr) == (0, "") and "as it was installed" in well.stdout
    for n in range(9):
        (road.site_packages / f"six{n}").mkdir()
    (road.site_packages / "six.py").unlink()
    ill = run("--json")
    document = json.loads(ill.stdout)
    assert ill.returncode == 1 and document["success"] is False
    (found,) = document["findings"]
    assert found["kind"] == "files" and found["name"] == "six" and len(found["detail"]) == 1
    assert run("-q").stdout == "" and run("-q").returncode == 1
    assert "help: condadeps restore" in run().stdout


def test_it_is_a_magic_and_a_real_kernels_environment_is_in_good_health(
    kernel_prefix: Path, run_cells: RunCells
) -> None:
    told, found = run_cells(
        kernel_prefix,
        ["%load_ext condadeps\n%condadeps doctor", "import condadeps; condadeps.doctor().problems"],
    )
    assert told.error is None and found.error is None
    assert "is as it was installed" in str(told)
    assert "()" in str(found)
