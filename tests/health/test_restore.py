"""``condadeps restore`` lays out anew what the doctor found, in one transaction, and nothing else."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import condadeps
from condadeps.errors import NotFoundError, SourceError
from condadeps.transaction.outcome import Outcome, Status
from tests.conftest import RunCells
from tests.transaction import tiny
from tests.transaction.road import Road, changed
from tests.transaction.world import OWN, listing

pytestmark = pytest.mark.slow


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """``six`` and ``app`` of conda's, ``tool`` of pip's, all in good health."""
    road = Road.at(tmp_path, monkeypatch)
    # Other tests' packages of these names differ, and take each other's place in a cache that is shared.
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(tmp_path / "cache"))
    tiny.python(road.channel)
    tiny.noarch(road.channel, "six", "1.0", {"six.py": "", "sixth/__init__.py": ""})
    tiny.noarch(road.channel, "app", "1.0", depends=["six >=1"])
    tiny.noarch(road.channel, "linked", "1.0", {"linked.py": "as packed"})
    tiny.wheel(road.wheels, "six", "9.0", {"six.py": "pip's", "nine.py": ""})
    tiny.wheel(road.wheels, "tool", "1.0", requires=["six"], scripts={"tool": "tool:version"})
    road.open()
    road.install("app", "tool")
    return road


def restore(road: Road, *names: str, **options: object) -> Outcome:
    return condadeps.restore(*names, prefix=road.prefix, **options)


def state(road: Road) -> dict[str, str]:
    """The environment, less the history and bytecode."""
    there = listing(road.prefix, ignore=OWN)
    return {
        path: what
        for path, what in there.items()
        if path != "conda-meta/history" and "__pycache__" not in path
    }


def harm(road: Road) -> None:
    """Take files away and write to others, of both worlds."""
    (road.site_packages / "six.py").unlink()
    for path, text in {"sixth": "edited", "tool": "edited too"}.items():
        module = road.site_packages / path / "__init__.py"
        module.unlink()  # it shares its content with the package cache, which other tests use
        module.write_text(text)
    (road.prefix / "bin" / "tool").unlink()


def test_missing_and_altered_files_of_both_worlds_come_back_and_edits_are_kept_aside(road: Road) -> None:
    well, file = state(road), road.file.read_text()
    harm(road)
    dry = restore(road, dry_run=True)
    assert dry.status is Status.PLANNED and "files: 1 missing, 1 altered" in str(dry)
    assert state(road) != well

    outcome = restore(road)
    assert state(road) == well and road.file.read_text() == file
    assert condadeps.doctor(road.prefix).findings == ()
    (note,) = outcome.plan.notes
    aside = Path(note.removeprefix("what was altered is kept in "))
    assert {path.read_text() for path in aside.rglob("__init__.py")} == {"edited", "edited too"}
    assert restore(road).status is Status.UNCHANGED


def test_only_what_was_named_is_restored(road: Road) -> None:
    harm(road)
    assert changed(restore(road, "tool")) == {"+tool 1.0"}
    assert [finding.name for finding in condadeps.doctor(road.prefix).problems] == ["six"]
    with pytest.raises(NotFoundError, match="never is not installed"):
        restore(road, "never")


def test_it_needs_no_channel_when_all_is_cached(road: Road) -> None:
    well = state(road)
    harm(road)
    shutil.rmtree(road.channel)
    restore(road, offline=True)
    assert state(road) == well


def test_an_edit_through_a_hard_link_into_the_cache_is_undone_in_both(
    road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDADEPS_CACHE_DIR", str(road.root / "own-cache"))
    road.install("linked")
    module = road.site_packages / "linked.py"
    assert module.stat().st_nlink > 1
    module.write_text("edited in place")
    restore(road)
    assert module.read_text() == "as packed"
    again = [path.read_text() for path in (road.root / "own-cache").rglob("linked.py")]
    assert again and set(again) == {"as packed"}


def test_a_torn_record_and_a_second_one_are_put_right(road: Road) -> None:
    well = state(road)
    meta = road.prefix / "conda-meta"
    shutil.copy(meta / "app-1.0-py_0.json", meta / "app-0.9-py_0.json")
    torn = meta / "six-1.0-py_0.json"
    torn.write_text(torn.read_text()[:500])
    assert {one.kind for one in condadeps.doctor(road.prefix).problems} >= {"record", "twice"}
    restore(road)
    assert condadeps.doctor(road.prefix).problems == ()
    assert state(road).keys() == well.keys()


def test_what_pip_put_over_condas_package_leaves_and_condas_is_whole_again(road: Road) -> None:
    well = state(road)
    words = ["install", "-q", "--no-index", "--no-deps", "--disable-pip-version-check"]
    wheel = road.wheels / "six-9.0-py3-none-any.whl"
    python = road.prefix / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), *words, str(wheel)]
    subprocess.run(pip, check=True, env={**os.environ, "PIP_NO_INDEX": "1"})
    assert (road.site_packages / "six.py").read_text() == "pip's"
    assert {one.name for one in condadeps.doctor(road.prefix).problems} == {"six"}
    restore(road)
    assert state(road) == well
    assert condadeps.doctor(road.prefix).problems == ()


def test_a_folder_left_over_and_a_second_copy_leave(road: Road) -> None:
    well = state(road)
    second = road.site_packages / "tool-0.5.dist-info"
    second.mkdir()
    (second / "METADATA").write_text("Metadata-Version: 2.1\nName: tool\nVersion: 0.5\n")
    (second / "RECORD").write_text("tool-0.5.dist-info/METADATA,,\ntool-0.5.dist-info/RECORD,,\n")
    (second / "INSTALLER").write_text("pip\n")
    (road.site_packages / "gone-1.0.dist-info" / "licenses").mkdir(parents=True)
    (road.site_packages / "gone-1.0.dist-info" / "licenses" / "LICENSE").write_text("")
    restore(road)
    assert condadeps.doctor(road.prefix).problems == ()
    assert road.dist_infos("gone") == [] and len(road.dist_infos("tool")) == 1
    assert well.keys() >= state(road).keys()


def test_a_python_that_does_not_start_is_restored(road: Road) -> None:
    well = state(road)
    (road.prefix / "bin" / "python").unlink()
    harm(road)
    restore(road)
    (record,) = (road.prefix / "conda-meta").glob("python-*.json")
    mine = record.relative_to(road.prefix).as_posix()  # it tells in which cache the package was
    assert {**state(road), mine: ""} == {**well, mine: ""}


def test_a_change_cut_short_is_put_back_and_that_is_all(road: Road) -> None:
    well = state(road)
    foo = tiny.noarch(road.channel, "foo", "1.0", {f"foo{n}.py": "" for n in range(8)})
    assert road.apply(road.plan([foo]), at=6).killed
    assert state(road) != well
    outcome = restore(road)
    assert outcome.status is Status.UNCHANGED
    assert state(road) == well and condadeps.doctor(road.prefix).problems == ()


def test_a_restoring_that_is_killed_or_fails_leaves_what_was(road: Road) -> None:
    harm(road)
    before = state(road)
    plan = restore(road, dry_run=True).plan
    assert road.apply(plan, at=6).killed
    assert road.apply(plan, recover_only=True).error is None
    assert state(road) == before
    assert road.apply(plan, at=9, fault="full").error is not None
    assert state(road) == before


def test_undo_passes_over_a_restoring(road: Road) -> None:
    harm(road)
    restore(road)
    assert changed(road.undo()) == {"-app 1.0", "-six 1.0", "-tool 1.0"}


def test_what_nobody_can_have_again_is_left_and_told(road: Road) -> None:
    source = road.root / "mine"
    tiny.wheel(source, "mine", "1.0")
    road.install(str(source / "mine-1.0-py3-none-any.whl"))
    (road.site_packages / "mine" / "__init__.py").write_text("edited")
    shutil.rmtree(source)
    outcome = restore(road)
    assert outcome.status is Status.UNCHANGED
    assert any("mine 1.0 is left as it is" in line for line in outcome.warnings)


def test_one_that_cannot_be_fetched_is_named_and_nothing_is_restored_by_halves(road: Road) -> None:
    well = state(road)
    harm(road)
    before = state(road)
    (road.wheels / "tool-1.0-py3-none-any.whl").rename(road.root / "tool.whl")
    shutil.rmtree(road.root / "cache")
    (road.channel / "noarch" / "six-1.0-py_0.conda").unlink()
    (road.root / "tool.whl").rename(road.wheels / "tool-1.0-py3-none-any.whl")
    with pytest.raises(SourceError, match=r"six-1\.0-py_0\.conda could not be fetched") as caught:
        restore(road)
    assert state(road) == before
    assert caught.value.help and caught.value.help.endswith(f"condadeps restore -p {road.prefix} tool")
    restore(road, "tool")
    assert state(road).keys() - before.keys() == {"bin/tool"} and state(road)["bin/tool"] == well["bin/tool"]


def test_a_restart_is_asked_for_when_an_edited_module_was_imported(
    kernel_prefix: Path, run_cells: RunCells
) -> None:
    (edited,) = kernel_prefix.glob("lib/python3.*/site-packages/pexpect/fdpexpect.py")
    (other,) = kernel_prefix.glob("lib/python3.*/site-packages/ptyprocess/_fork_pty.py")
    for module in (edited, other):
        text = module.read_text()
        module.unlink()  # it shares its content with the package cache
        module.write_text(f"{text}edited = True\n")
    _, told, again = run_cells(
        kernel_prefix,
        [
            "%load_ext condadeps\nimport pexpect.fdpexpect",
            "%condadeps restore",
            "import condadeps; print(condadeps.restore().restart)",
        ],
    )
    assert told.error is None
    assert "pexpect" in again.text and "(altered)" in again.text, again.text
    assert "ptyprocess" not in again.text, "its edited module is not imported"


def test_the_three_doors_restore(road: Road, kernel_prefix: Path, run_cells: RunCells) -> None:
    harm(road)
    line = [sys.executable, "-m", "condadeps", "restore", "-p", str(road.prefix)]
    done = subprocess.run(line, capture_output=True, text=True)
    assert done.returncode == 0 and "~ six   1.0" in done.stdout, done.stdout + done.stderr
    (module,) = kernel_prefix.glob("lib/python3.*/site-packages/pexpect/fdpexpect.py")
    module.unlink()
    ill, told, well = run_cells(
        kernel_prefix,
        [
            "%load_ext condadeps\n%condadeps doctor",
            "%condadeps restore",
            "import condadeps; print(condadeps.doctor().exit_code)",
        ],
    )
    assert "pexpect" in ill.text and "files: 1 missing" in ill.text
    assert told.error is None and "pexpect" in told.text
    assert well.text.strip() == "0" and module.exists()
