"""A restart is asked for only when something this process has loaded was replaced; then it is named."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.prefix import restart, target
from condadeps.prefix.restart import Imported, Replaced
from condadeps.solve.plan import Artifact, Install, Link, Package, Plan, Uninstall, Unlink
from tests.prefix import made


def package(name: str, version: str, build: str = "0") -> Package:
    return Package(
        PackageName(name), version, build, 0, made.SUBDIR, "https://c.example/x", "", "", None, None, {}
    )


def artifact(project: str, version: str) -> Artifact:
    return Artifact(ProjectName(project), version, "", "", None, None)


def plan(at: target.Target, **changes: Any) -> Plan:
    return Plan(str(at.prefix), at.subdir, **changes)


NUMPY = Replaced("numpy", "1.26.4", "2.1.0", ("/env/numpy/__init__.py", "/env/numpy/core.so"))


def test_only_what_is_loaded_counts() -> None:
    assert restart.changed([NUMPY], {"/env/scipy/__init__.py"}) == ()
    assert restart.changed([NUMPY], {"/env/numpy/core.so"}) == (NUMPY,)
    assert str(NUMPY) == "numpy 1.26.4 → 2.1.0"
    assert str(Replaced("six", "1.16", None, ())) == "six 1.16 was removed"


def test_a_conda_package_in_place_of_another_is_replaced_with_its_code(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.package(tmp_path, "numpy", "1.26.4", "0", ("lib/x/numpy.py", "lib/x/numpy.txt", "lib/liby.so.3"))
    link = Link(package("numpy", "2.1.0"), "asked", package("numpy", "1.26.4"))
    (found,) = restart.replaced(plan(at, link=(link,)), at)
    root = tmp_path.resolve()
    assert found == Replaced("numpy", "1.26.4", "2.1.0", (f"{root}/lib/x/numpy.py", f"{root}/lib/liby.so.3"))


def test_a_rebuild_of_the_same_version_is_told_by_its_build(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    link = Link(package("numpy", "2.1.0", "mkl_1"), "moved", package("numpy", "2.1.0", "openblas_0"))
    (found,) = restart.replaced(plan(at, link=(link,)), at)
    assert str(found) == "numpy 2.1.0 (openblas_0) → 2.1.0 (mkl_1)"


def test_what_pip_moves_or_removes_is_replaced(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.distribution(at.site_packages, "rich", "13.0", modules={"rich/__init__.py": ""})
    made.distribution(at.site_packages, "six", "1.16", modules={"six.py": ""})
    change = plan(
        at,
        install=(Install(artifact("rich", "14.0"), "asked", previous="13.0"),),
        uninstall=(Uninstall(ProjectName("six"), "1.16", "asked"),),
    )
    assert list(map(str, restart.replaced(change, at))) == ["rich 13.0 → 14.0", "six 1.16 was removed"]
    assert restart.replaced(change, at)[0].files == (str(at.site_packages.resolve() / "rich/__init__.py"),)


def test_a_project_that_conda_takes_over_under_another_name_keeps_its_name(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.distribution(at.site_packages, "torch", "2.4.0", modules={"torch/__init__.py": ""})
    change = plan(
        at,
        link=(Link(package("pytorch", "2.5.0"), "asked"),),
        uninstall=(Uninstall(ProjectName("torch"), "2.4.0", "conda's takes over"),),
    )
    assert list(map(str, restart.replaced(change, at))) == ["torch 2.4.0 → 2.5.0"]


def test_changing_hands_at_one_version_replaces_nothing(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.distribution(at.site_packages, "packaging", "24.1")
    change = plan(
        at,
        link=(Link(package("packaging", "24.1"), "needed"),),
        uninstall=(Uninstall(ProjectName("packaging"), "24.1", "conda's takes over"),),
    )
    assert restart.replaced(change, at) == ()


def test_what_is_laid_out_anew_counts_where_somebody_had_written_to_it(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    made.package(tmp_path, "numpy", "2.1.0", "0", ("lib/numpy.py", "lib/other.py"))
    link = Link(package("numpy", "2.1.0"), "restored", package("numpy", "2.1.0"))
    assert restart.replaced(plan(at, link=(link,)), at, ["lib/numpy.txt"]) == ()
    (found,) = restart.replaced(plan(at, link=(link,)), at, ["lib/numpy.py"])
    assert found == Replaced("numpy", "2.1.0 (altered)", "2.1.0", (f"{tmp_path.resolve()}/lib/numpy.py",))


def test_what_only_arrives_replaces_nothing(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    change = plan(
        at,
        link=(Link(package("scipy", "1.14"), "asked"),),
        install=(Install(artifact("rich", "14.0"), "asked"),),
    )
    assert restart.replaced(change, at) == ()


def test_a_change_elsewhere_never_asks_this_process_to_restart(tmp_path: Path) -> None:
    at = made.conda(tmp_path)
    gone = Unlink(package("json", "1.0"), "asked")
    before = [Replaced("json", "1.0", None, (str(json.__file__),))]
    assert restart.needed(plan(at, unlink=(gone,)), before) == ()


def test_in_this_process_only_the_imported_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restart, "_imported", restart.Imported())
    here = Plan(sys.prefix, "")
    assert "pytest" in sys.modules
    before = [
        Replaced("pytest", "1", "2", (str(Path(pytest.__file__).resolve()),)),
        Replaced("not-imported", "1", "2", ("/nowhere/x.py",)),
    ]
    assert restart.needed(here, before) == ("pytest 1 → 2",)
    assert restart.still_needed(sys.prefix) == ("pytest 1 → 2",)
    assert restart.needed(here) == ("pytest 1 → 2",)
    back = [Replaced("pytest", "2", "1", (str(Path(pytest.__file__).resolve()),))]
    assert restart.needed(here, back) == () == restart.still_needed(sys.prefix)


def test_what_comes_back_as_it_was_imported_needs_no_restart() -> None:
    there = Imported()
    loaded = {"/click.py"}
    there.learn([Replaced("click", "8.5", "8.1", ("/click.py", "/termui.py"))], {"click": "8.1"}, loaded)
    assert there.lines() == ("click 8.5 → 8.1",)
    there.learn([Replaced("click", "8.1", None, ("/click.py", "/termui.py"))], {}, loaded)
    assert there.lines() == ("click 8.5 was removed",)
    there.learn([], {"click": "8.3"}, loaded)
    assert there.lines() == ("click 8.5 → 8.3",)
    there.learn([Replaced("click", "8.3", "8.5", ("/click.py",))], {"click": "8.5"}, loaded)
    assert there.lines() == ()


def test_what_was_imported_of_the_version_in_between_still_needs_one() -> None:
    there = Imported()
    files = ("/click.py", "/termui.py")
    there.learn([Replaced("click", "8.5", "8.1", files)], {"click": "8.1"}, {"/click.py"})
    there.learn([Replaced("click", "8.1", "8.5", files)], {"click": "8.5"}, {"/click.py", "/termui.py"})
    assert there.lines() == ("click 8.1 → 8.5",)


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_loaded_shared_library_counts_though_no_module_of_it_is() -> None:
    loaded = restart.loaded_libraries()
    libc = next(path for path in loaded if "libc.so" in path or "libc-" in path)
    assert restart.changed([Replaced("libc", "1", "2", (libc,))], loaded)


def test_a_library_that_was_already_replaced_on_disk_is_still_known_as_loaded(tmp_path: Path) -> None:
    maps = tmp_path / "maps"
    maps.write_text(
        "7f00-7f01 r-xp 00000000 08:01 99 /env/lib/libblas.so.3 (deleted)\n7f02-7f03 rw-p 0 0:0 0 [heap]\n"
    )
    assert restart.loaded_libraries(maps) == {"/env/lib/libblas.so.3"}


FRESH = """
import sys, importlib.metadata
from pathlib import Path
from condadeps.prefix import restart, target
site = target.running().site_packages
assert Path(sys.prefix) in site.parents

def absent(name):
    try:
        __import__(name)
    except ImportError:
        return True

assert absent("newcomer") and absent("beside")
importlib.metadata.version("old")
before, count = restart.path_files(), sys.count
info = site / "newcomer-1.0.dist-info"
info.mkdir()
(info / "METADATA").write_text("Name: newcomer\\nVersion: 1.0\\n")
(site / "newcomer.py").write_text("x = 1\\n")
elsewhere = Path(sys.argv[1])
(elsewhere / "beside.py").write_text("x = 2\\n")
(site / "beside.pth").write_text(f"{elsewhere}\\nimport sys; sys.ran = getattr(sys, 'ran', 0) + 1\\n")
restart.refresh_imports(before)
import newcomer, beside
assert importlib.metadata.version("newcomer") == "1.0"
assert sys.ran == 1, sys.ran
assert sys.count == count, "a .pth file that was there before ran again"
restart.refresh_imports()
assert sys.ran == 1, "a .pth file ran again though nothing changed"
print("fine")
"""


def test_what_was_just_installed_can_be_imported_and_its_pth_files_work(tmp_path: Path) -> None:
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(venv)], check=True)
    at = target.read(venv)
    made.distribution(at.site_packages, "old", "1.0")
    # The library paths of this environment come after its own, so that condadeps runs there.
    ours = [str(Path(restart.__file__).parents[2]), *map(str, target.running().paths)]
    (at.site_packages / "zz_ours.pth").write_text("".join(f"{path}\n" for path in ours))
    (at.site_packages / "counts.pth").write_text("import sys; sys.count = getattr(sys, 'count', 0) + 1\n")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    done = subprocess.run(
        [str(at.python), "-c", textwrap.dedent(FRESH), str(elsewhere)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "fine\n", done.stderr
    shutil.rmtree(venv)


def test_two_changes_are_told_as_one() -> None:
    first = Replaced("lib", "1.0", "2.0", ("a.py",))
    assert restart.joined([first], [Replaced("lib", "2.0", "3.0", ("b.py",))]) == (
        Replaced("lib", "1.0", "3.0", ("a.py", "b.py")),
    )
    assert restart.joined([first], [Replaced("lib", "2.0", "1.0", ())]) == ()
    assert restart.joined([first], []) == (first,)
