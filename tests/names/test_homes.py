"""A project's home is the conda package that ships it, by the design's order, over the whole table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condadeps.errors import RequestError
from condadeps.names import PackageName, ProjectName, curated
from condadeps.names.homes import Homes, by_shippers
from condadeps.names.table import SHIPPED, Table
from tests.names.whole_table import normal, ruled_home, shippers, ships

HOMES = Homes(Table.load(SHIPPED))


def home(project: str) -> str | None:
    return HOMES.home(ProjectName(project)).spec


def without_namesake() -> list[str]:
    """The projects none of whose shippers has their name, however it is spelled."""
    return [p for p, by in shippers().items() if not any(normal(package) == p for package in by)]


def curated_home(project: str) -> str | None:
    listed = curated.homes()[ProjectName(project)]
    return listed.package


def test_the_figures_of_the_table_are_those_the_design_counted() -> None:
    exact = [p for p, by in shippers().items() if p in by]
    assert len(exact) == 18_586
    assert len(without_namesake()) == 791
    assert len(shippers()) - len(exact) - len(without_namesake()) == 1_144
    assert sum(1 for by in shippers().values() if len(by) > 1) == 517


def test_each_project_without_a_shipper_of_its_name_has_the_home_the_order_gives() -> None:
    for project in without_namesake():
        found = HOMES.home(ProjectName(project))
        expected = curated_home(project) if project in curated.homes() else ruled_home(project)
        assert found.package == expected, project


@pytest.mark.slow
def test_every_other_project_has_its_namesake_as_its_home_or_a_curated_one() -> None:
    for project, by in shippers().items():
        if project in curated.homes() or not any(normal(p) == project for p in by):
            continue
        found = HOMES.home(ProjectName(project))
        assert found.rule == "same name"
        assert found.package == ruled_home(project)
        assert normal(found.package or "") == project


def test_no_home_is_a_package_that_does_not_ship_the_project() -> None:
    for name in {*shippers(), *curated.homes(), *(p for p in map(normal, ships()) if p[0] not in "-_")}:
        found = HOMES.home(ProjectName(name))
        assert found.package is None or name in ships()[found.package], name


def test_a_package_of_a_projects_name_that_does_not_ship_it_is_never_its_home() -> None:
    strangers = [p for p in shippers() if p in ships() and p not in ships()[p]]
    empty = [p for p in strangers if not ships()[p]]
    assert len(empty) == 182
    assert all(home(project) is not None for project in empty if project not in curated.homes())
    for project in strangers:
        assert HOMES.home(ProjectName(project)).package != project

    homeless = [p for p, projects in ships().items() if not projects and p not in shippers() and p[0] != "_"]
    assert len(homeless) > 12_000
    for package in homeless:
        assert HOMES.home(ProjectName(package)).package != package


@pytest.mark.parametrize(
    ("project", "expected"),
    {
        "graphviz": "python-graphviz",
        "docker": "docker-py",
        "redis": "redis-py",
        "torch": "pytorch",
        "tables": "pytables",
        "msgpack": "msgpack-python",
        "opencv-python": "py-opencv",
        "opencv-python-headless": "py-opencv",
        "duckdb": "python-duckdb",
        "avro": "avro >=1.11",
        "brotli": "brotli-python",
        "tzdata": "python-tzdata",
        "ray": "ray-core",
        "vtk": "vtk-base",
        "uv": "python-uv",
        "modal": "modal-client",
        "pyqt5": "pyqt =5",
        "typing-extensions": "typing_extensions",
        "ruamel-yaml": "ruamel.yaml",
        "seaborn": "seaborn",
        "matplotlib": "matplotlib",
        "dask": "dask",
        "tensorflow": "tensorflow",
        "psycopg2-binary": "psycopg2-binary",
        "pillow": "pillow",
        "protobuf": "protobuf",
        "jaxlib": "jaxlib",
        "pyside6": "pyside6",
        "build": "python-build",
        "mss": "python-mss",
        "mamba": None,
        "snappy": None,
        "tk": None,
        "proj": None,
        "boost": None,
        "tree": None,
        "fiat": None,
        "hpy": None,
        "opencv-contrib-python": None,
        "no-such-project-at-all": None,
    }.items(),
)
def test_well_known_projects_have_the_home_a_person_would_name(project: str, expected: str | None) -> None:
    assert home(project) == expected


def test_an_override_comes_before_everything_and_may_say_none() -> None:
    homes = Homes(
        HOMES.table,
        {
            ProjectName("modal"): "acme-modal",
            ProjectName("numpy"): None,
            ProjectName("torch"): "",
            ProjectName("acme-tools"): "acme_tools =2",
        },
    )
    assert homes.home(ProjectName("modal")).package == "acme-modal"
    assert homes.home(ProjectName("numpy")).package is None
    assert homes.home(ProjectName("torch")).package is None
    assert homes.home(ProjectName("acme-tools")).spec == "acme_tools =2"
    assert {homes.home(ProjectName(p)).rule for p in ("modal", "numpy")} == {"override"}
    assert homes.home(ProjectName("pandas")).package == "pandas"


def test_an_override_that_names_no_package_is_refused_and_named() -> None:
    with pytest.raises(RequestError, match="the configured home of torch"):
        Homes(HOMES.table, {ProjectName("torch"): "py/torch"})


def test_another_channels_word_gives_a_home_to_what_conda_forge_does_not_have() -> None:
    told = {
        PackageName("acme-quux-py"): [ProjectName("acme-quux")],
        PackageName("tree"): [ProjectName("tree-of-acme")],
    }
    homes = Homes(HOMES.table, ships=told)
    assert homes.home(ProjectName("acme-quux")).package == "acme-quux-py"
    assert homes.home(ProjectName("tree-of-acme")).package == "tree"
    assert homes.ships(PackageName("tree")) == (ProjectName("tree-of-acme"),)
    assert homes.home(ProjectName("numpy")).package == "numpy"
    assert HOMES.home(ProjectName("acme-quux")).package is None


def test_a_channels_word_adds_to_what_the_table_knows_of_a_package() -> None:
    homes = Homes(HOMES.table, ships={PackageName("numpy"): [ProjectName("numpy-distutils")]})
    assert homes.ships(PackageName("numpy")) == (ProjectName("numpy"), ProjectName("numpy-distutils"))
    assert homes.shippers(ProjectName("numpy-distutils")) == (PackageName("numpy"),)


names = st.from_regex(r"(python-|py-|lib|_)?n(-python|-py|\.py|-core|-base|-gpu)?|x{1,3}", fullmatch=True)


@given(st.dictionaries(names.map(PackageName), st.integers(1, 6), max_size=8))
def test_the_home_among_shippers_does_not_depend_on_their_order(found: dict[PackageName, int]) -> None:
    backwards = dict(reversed(list(found.items())))
    chosen = by_shippers(ProjectName("n"), found)
    assert chosen == by_shippers(ProjectName("n"), backwards)
    assert chosen.package is None or chosen.package in found
    if any(count <= 3 for count in found.values()):
        assert chosen.package is not None


def test_a_package_that_carries_many_projects_along_is_not_their_home() -> None:
    for carrier in ("jupyter-sphinx", "finesse", "arm_pyart", "google-cloud-bigquery-storage-core", "fenics"):
        for project in ships()[carrier]:
            assert HOMES.home(ProjectName(project)).package != carrier or normal(carrier) == project
