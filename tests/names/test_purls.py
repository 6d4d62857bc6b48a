"""What other channels tell of their packages, by the package URLs in their records."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from condadeps.names import PackageName, ProjectName
from condadeps.names.homes import Homes
from condadeps.names.purls import from_purls, likely, projects
from condadeps.names.table import SHIPPED, Table
from tests.names import whole_table


@pytest.mark.parametrize(
    ("purls", "expected"),
    [
        (None, None),
        ([], ()),
        (["pkg:github/acme/tools"], ()),
        (["pkg:pypi/acme"], ("acme",)),
        (["pkg:pypi/Acme_Tools@1.0?vcs_url=git%2Bhttps#x"], ("acme-tools",)),
        (["PKG:PyPI/acme", "pkg:pypi/acme@2"], ("acme",)),
        (["pkg:pypi/b", "pkg:pypi/a"], ("a", "b")),
        (["pkg:pypi/", "pkg:pypi/-r", "pkg:pypi/..%2f", "not a purl"], ()),
    ],
)
def test_a_package_url_of_pypis_names_a_project(
    purls: list[str] | None, expected: tuple[str, ...] | None
) -> None:
    assert projects(purls) == expected


def test_records_tell_what_their_packages_ship() -> None:
    @dataclass
    class Record:
        name: str
        purls: list[str] | None

    told = from_purls(
        [
            {"name": "acme-py", "version": "1", "purls": ["pkg:pypi/acme-quux@1"]},
            {"name": "acme-py", "version": "2", "purls": ["pkg:pypi/acme-quux@2", "pkg:pypi/acme-more@2"]},
            {"name": "silent", "version": "1"},
            {"name": "quiet", "version": "1", "purls": None},
            Record("libacme", []),
        ]
    )
    assert told == {
        PackageName("acme-py"): (ProjectName("acme-more"), ProjectName("acme-quux")),
        PackageName("libacme"): (),
    }
    homes = Homes(Table.load(SHIPPED), ships=told)
    assert homes.home(ProjectName("acme-quux")).package == "acme-py"
    assert homes.ships(PackageName("libacme")) == ()
    assert homes.ships(PackageName("silent")) is None


def test_a_record_of_the_engine_is_read_too(tmp_path: Path) -> None:
    rattler = pytest.importorskip("rattler")
    index = {"name": "acme-py", "version": "1.0", "build": "0", "build_number": 0, "subdir": "noarch"}
    (tmp_path / "index.json").write_text(json.dumps({**index, "purls": ["pkg:pypi/acme-quux@1.0"]}))
    record = rattler.PackageRecord.from_index_json(tmp_path / "index.json")
    assert from_purls([record]) == {PackageName("acme-py"): (ProjectName("acme-quux"),)}

    (tmp_path / "index.json").write_text(json.dumps(index))
    record = rattler.PackageRecord.from_index_json(tmp_path / "index.json")
    assert from_purls([record]) == {}


@pytest.mark.slow
def test_the_packages_worth_asking_about_hold_every_homes_name_that_follows_a_pattern() -> None:
    homes = Homes(Table.load(SHIPPED))
    for project in map(ProjectName, whole_table.shippers()):
        home = homes.home(project)
        if home.rule == "pattern" and not set("_.") & set(home.package or ""):
            assert home.package in likely(project), project
