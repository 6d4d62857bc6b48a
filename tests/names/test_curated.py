"""The curated list holds only what the rules get wrong, each with a reason, and no stranger."""

from __future__ import annotations

import pytest

from condadeps.names import PackageName, ProjectName, curated
from tests.names.whole_table import ruled_home, ships


def test_a_curated_home_ships_its_project_by_the_table() -> None:
    for project, listed in curated.homes().items():
        if listed.package is not None:
            assert project in ships()[listed.package], project


def test_no_line_says_only_what_the_rules_say_already() -> None:
    for project, listed in curated.homes().items():
        if ruled_home(project) is None and listed.package is None:
            # A trap: the reason is the point, and it warns of something that can be typed.
            assert "PyPI's" in listed.reason or "conda's" in listed.reason or "conda has" in listed.reason
        else:
            assert (listed.package, listed.constraint) != (ruled_home(project), ""), project


def test_each_line_has_a_reason_that_can_stand_in_a_sentence() -> None:
    for listed in curated.homes().values():
        assert 15 < len(listed.reason) < 130, listed
        assert not listed.reason.endswith("."), listed
        assert "`" not in listed.reason, listed


def test_a_curated_home_is_a_spec_the_engine_reads() -> None:
    rattler = pytest.importorskip("rattler")
    for listed in curated.homes().values():
        if listed.package is not None:
            spec = rattler.MatchSpec(f"{listed.package} {listed.constraint}".rstrip())
            assert spec.name.normalized == listed.package


@pytest.mark.parametrize(
    "line", ["torch pytorch because", "torch\tpytorch", "torch\t\twhy", "to rch\t-\twhy"]
)
def test_a_line_that_cannot_be_read_is_an_error(line: str) -> None:
    with pytest.raises(ValueError):
        curated.read(line)


def test_a_project_listed_twice_is_an_error_with_its_line() -> None:
    with pytest.raises(ValueError, match="line 3: tree"):
        curated.read("tree\t-\twhy\n# a remark\nTree\ttree\tno")


def test_a_line_gives_project_home_and_constraint() -> None:
    listed = curated.read("PyQt5\tpyqt =5\tall of it")[ProjectName("pyqt5")]
    assert (listed.package, listed.constraint, listed.reason) == (PackageName("pyqt"), "=5", "all of it")
