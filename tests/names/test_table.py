"""The packed table tells what the mapping it was made from tells, and tells it at once."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condadeps.names import PackageName, ProjectName
from condadeps.names.pack import main, mapping, pack
from condadeps.names.table import SHIPPED, BrokenTableError, Table, forget
from tests.names import whole_table

letters = "abcz019"
package_names = st.from_regex(rf"[{letters}_]([{letters}_.-]{{0,5}}[{letters}_])?", fullmatch=True).map(
    PackageName
)
project_names = st.from_regex(rf"[{letters}]([{letters}-]{{0,5}}[{letters}])?", fullmatch=True).map(
    ProjectName
)
mappings = st.dictionaries(package_names, st.lists(project_names, max_size=4), max_size=30)


@pytest.fixture(autouse=True)
def no_refreshed_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONDADEPS_DATA_DIR", str(tmp_path / "data"))
    forget()
    yield
    forget()


@given(mappings)
def test_a_packed_table_tells_what_its_mapping_told(ships: dict[PackageName, list[ProjectName]]) -> None:
    table = Table(pack(ships, "2026-08-19"))
    assert dict(table.packages()) == {name: tuple(sorted(set(by))) for name, by in ships.items()}
    for package, projects in ships.items():
        assert table.ships(package) == tuple(sorted(set(projects)))
    for project in {project for projects in ships.values() for project in projects}:
        assert table.shippers(project) == tuple(sorted(p for p in ships if project in ships[p]))


@given(mappings, package_names, project_names)
def test_a_name_the_table_does_not_hold_is_unknown_not_empty(
    ships: dict[PackageName, list[ProjectName]], package: PackageName, project: ProjectName
) -> None:
    table = Table(pack(ships, "2026-08-19"))
    assert (table.ships(package) is None) == (package not in ships)
    assert bool(table.shippers(project)) == any(project in projects for projects in ships.values())


@given(mappings)
def test_the_same_mapping_always_makes_the_same_file(ships: dict[PackageName, list[ProjectName]]) -> None:
    shuffled = {name: list(reversed(ships[name])) for name in reversed(list(ships))}
    assert pack(ships, "2026-08-19") == pack(shuffled, "2026-08-19")


def test_the_shipped_table_has_all_of_conda_forge_as_of_its_day() -> None:
    table = Table.load(SHIPPED)
    ships = dict(table.packages())
    assert table.date == "2026-08-19"
    assert len(ships) == 33_909
    assert sum(1 for projects in ships.values() if not projects) == 13_254
    assert len({project for projects in ships.values() for project in projects}) == 20_521


@pytest.mark.slow
def test_every_name_of_the_shipped_table_is_found_again() -> None:
    table = Table.load(SHIPPED)
    for package, projects in whole_table.ships().items():
        assert table.ships(PackageName(package)) == tuple(projects)
    for project, packages in whole_table.shippers().items():
        assert table.shippers(ProjectName(project)) == tuple(packages)


def test_a_package_is_found_by_its_own_name_not_by_a_normalised_one() -> None:
    table = Table.load(SHIPPED)
    assert table.ships(PackageName("typing-extensions")) == ()
    assert table.ships(PackageName("typing_extensions")) == (ProjectName("typing-extensions"),)


@pytest.mark.parametrize("name", ["", "nümpy", "numpy\t=", "=", "condadeps-names", "numpy\nnumpy"])
def test_a_strange_name_is_unknown_and_breaks_nothing(name: str) -> None:
    assert Table.load(SHIPPED).ships(str.__new__(PackageName, name)) is None


def test_a_torn_table_is_refused() -> None:
    whole = SHIPPED.read_bytes()
    for torn in (
        b"",
        whole[:-1],
        whole[: len(whole) // 2],
        whole + b"x",
        b"{}",
        whole.replace(b"size=", b"size=x", 1),
    ):
        with pytest.raises(BrokenTableError):
            Table(torn)


def test_opening_the_table_and_asking_it_is_a_matter_of_milliseconds() -> None:
    def seconds() -> float:
        started = time.perf_counter()
        Table.load(SHIPPED).shippers(ProjectName("torch"))
        return time.perf_counter() - started

    best = min(seconds() for _ in range(20))
    print(f"open and ask: {best * 1000:.2f} ms")
    # 0.2 ms on a quiet machine; far more than that means that it is parsed as a whole (12 to 25 ms).
    assert best < 0.010


def test_the_notice_of_the_tables_makers_is_beside_it() -> None:
    notice = (SHIPPED.parent / "LICENSE.parselmouth").read_text("utf-8")
    assert "Copyright (c) 2023, prefix.dev GmbH" in notice
    assert "Redistributions in binary form must reproduce" in notice
    assert "2026-08-19" in notice


def test_a_mapping_may_give_one_name_several_or_none() -> None:
    read = mapping({"graphviz": None, "python-graphviz": "graphviz", "pyside6": ["PySide6", "shiboken6"]})
    assert read == {
        PackageName("graphviz"): (),
        PackageName("python-graphviz"): (ProjectName("graphviz"),),
        PackageName("pyside6"): (ProjectName("pyside6"), ProjectName("shiboken6")),
    }


@pytest.mark.parametrize("document", [None, [], "numpy", {"numpy": 3}, {"numpy": {"name": "numpy"}}])
def test_what_is_no_mapping_is_refused(document: object) -> None:
    with pytest.raises(ValueError):
        mapping(document)


def test_names_that_cannot_be_are_left_out() -> None:
    assert mapping({"a b": ["x"], "ok": ["../../etc", "fine", "x\ty"]}) == {
        PackageName("ok"): (ProjectName("fine"),)
    }


def test_the_packing_command_writes_a_table_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out = tmp_path / "mapping.json", tmp_path / "some.names"
    source.write_text(json.dumps({"numpy": ["numpy"], "tree": None}))
    assert main([str(source), "--date", "2027-01-01", "-o", str(out)]) == 0
    assert "2 packages" in capsys.readouterr().out
    assert Table.load(out).shippers(ProjectName("numpy")) == (PackageName("numpy"),)

    source.write_text("[]")
    assert main([str(source), "--date", "2027-01-01", "-o", str(out)]) == 1
    assert str(source) in capsys.readouterr().err
