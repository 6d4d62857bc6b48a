"""What a bare name means: a project's home, else a conda package, else PyPI; and its notes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condadeps.errors import NotFoundError, RequestError
from condadeps.names import PackageName, ProjectName
from condadeps.names.homes import Homes
from condadeps.names.reading import Reading, looked_for, read
from condadeps.names.table import SHIPPED, Table
from tests.names import whole_table

HOMES = Homes(Table.load(SHIPPED))


def channel(*packages: str) -> Callable[[PackageName], bool]:
    return {PackageName(name) for name in packages}.__contains__


def conda_forge(package: PackageName) -> bool:
    return HOMES.ships(package) is not None


def meaning(name: str, in_channel: Callable[[PackageName], bool] = conda_forge) -> tuple[str, str | None]:
    reading = read(name, HOMES, in_channel)
    return reading.means, reading.package or reading.project


@pytest.mark.parametrize(
    ("name", "expected"),
    {
        "pandas": ("home", "pandas"),
        "Pandas": ("home", "pandas"),
        "scikit_learn": ("home", "scikit-learn"),
        "ruamel.yaml": ("home", "ruamel.yaml"),
        "torch": ("home", "pytorch"),
        "graphviz": ("home", "python-graphviz"),
        "modal": ("home", "modal-client"),
        "ffmpeg": ("package", "ffmpeg"),
        "pytorch": ("package", "pytorch"),
        "r-base": ("package", "r-base"),
        "R-Base": ("package", "r-base"),
        "tree": ("package", "tree"),
        "mamba": ("package", "mamba"),
        "_libgcc_mutex": ("package", "_libgcc_mutex"),
        "no-such-project-at-all": ("pypi", "no-such-project-at-all"),
        "opencv-contrib-python": ("pypi", "opencv-contrib-python"),
    }.items(),
)
def test_a_bare_name_is_a_projects_home_else_a_package_else_pypis(
    name: str, expected: tuple[str, str]
) -> None:
    assert meaning(name) == expected


@given(st.sampled_from([*whole_table.ships(), *whole_table.shippers()]) | st.text(max_size=12))
def test_no_package_is_asked_about_that_was_not_looked_for(name: str) -> None:
    found = looked_for(name, HOMES)
    for there in (True, False):
        asked: list[PackageName] = []

        def in_channel(package: PackageName, there: bool = there, asked: list[PackageName] = asked) -> bool:
            asked.append(package)
            return there

        with suppress(NotFoundError, RequestError):
            read(name, HOMES, in_channel)
        assert {*asked} <= {*found}


def test_a_home_no_channel_has_is_not_used() -> None:
    assert meaning("torch", channel("numpy")) == ("pypi", "torch")
    assert meaning("graphviz", channel("graphviz")) == ("package", "graphviz")
    assert meaning("pandas", channel()) == ("pypi", "pandas")


def test_a_home_tells_of_the_different_package_of_the_same_name() -> None:
    (note,) = read("graphviz", HOMES, conda_forge).notes
    assert note == (
        "graphviz is read as PyPI's project, which is conda's python-graphviz; "
        "for conda's own package graphviz, type `conda:graphviz`"
    )
    assert read("graphviz", HOMES, channel("python-graphviz")).notes == ()


def test_a_curated_home_tells_its_reason() -> None:
    (note,) = read("modal", HOMES, conda_forge).notes
    assert "modAL" in note and "`conda:modal`" in note


def test_a_package_tells_of_pypis_other_thing_of_the_same_name() -> None:
    (note,) = read("mamba", HOMES, conda_forge).notes
    assert "test runner" in note and "`pypi:mamba`" in note
    (note,) = read("pytorch-cpu", HOMES, conda_forge).notes
    assert "PyPI's torch" in note and "`pypi:pytorch-cpu`" in note


def test_plain_names_have_no_notes() -> None:
    for name in ("pandas", "torch", "r-base", "zlib", "no-such-project-at-all", "pyqt5", "typing-extensions"):
        assert read(name, HOMES, conda_forge).notes == (), name


def test_a_program_no_channel_here_has_is_named_before_pypi_is_asked() -> None:
    reading = read("samtools-of-acme", HOMES, channel())
    assert reading.notes == ()
    reading = read("zlib", HOMES, channel("numpy"))
    assert reading.means == "pypi"
    assert "conda-forge's package zlib is another thing" in reading.notes[0]


def test_an_overridden_home_is_obeyed_without_comment() -> None:
    homes = Homes(HOMES.table, {ProjectName("acme"): "acme-internal", ProjectName("graphviz"): None})
    assert read("acme", homes, channel("acme-internal")) == Reading(
        "home", ProjectName("acme"), PackageName("acme-internal"), (), homes.home(ProjectName("acme"))
    )
    reading = read("graphviz", homes, conda_forge)
    assert (reading.means, reading.package, reading.notes) == ("package", "graphviz", ())


def test_without_conda_a_project_comes_from_pypi_whatever_its_home() -> None:
    for name in ("torch", "graphviz", "pandas", "modal", "no-such-project-at-all"):
        reading = read(name, HOMES, channel(), conda=False)
        assert (reading.means, reading.project) == ("pypi", ProjectName(name))


@pytest.mark.parametrize("name", ["ffmpeg", "r-base", "tree", "zlib", "pytorch", "mamba", "_libgcc_mutex"])
def test_without_conda_a_conda_package_is_refused_rather_than_fetched_from_pypi(name: str) -> None:
    with pytest.raises(NotFoundError) as caught:
        read(name, HOMES, channel(), conda=False)
    assert str(caught.value).startswith(f"{name} is a conda package, and this environment is not conda's")
    assert "condadeps create" in str(caught.value.help)


@pytest.mark.parametrize("name", ["cmake", "ninja", "faiss-cpu", "tensorflow-cpu"])
def test_without_conda_pypis_project_is_taken_where_it_is_the_same_thing(name: str) -> None:
    reading = read(name, HOMES, channel(), conda=False)
    assert (reading.means, reading.project, reading.notes) == ("pypi", ProjectName(name), ())
    assert read(name, HOMES, channel(name)).means == "package"


def test_without_conda_a_refused_package_names_what_it_is_on_pypi() -> None:
    with pytest.raises(NotFoundError) as caught:
        read("pytorch", HOMES, channel(), conda=False)
    assert str(caught.value) == (
        "pytorch is a conda package, and this environment is not conda's\n"
        "  PyPI's pytorch is a placeholder; the project is torch, conda's package of it pytorch\n"
        "help: ask for torch; or `condadeps create -p DIR` makes a conda environment, which can have it"
    )
    assert caught.value.data["near"] == ["torch"]


@pytest.mark.parametrize("name", ["", " ", "-x", "--index-url", "a b", "a/b", "nümpy", ".", "a" + "\n"])
def test_what_is_no_name_is_a_request_error(name: str) -> None:
    with pytest.raises(RequestError):
        read(name, HOMES, conda_forge)


def test_a_name_only_conda_can_have_is_not_sought_on_pypi() -> None:
    with pytest.raises(NotFoundError, match="no PyPI project can be so named"):
        read("_no_such_thing", HOMES, conda_forge)


@given(st.sampled_from(sorted(whole_table.ships())), st.booleans())
def test_a_name_is_never_read_as_a_home_that_does_not_ship_it(name: str, there: bool) -> None:
    try:
        reading = read(name, HOMES, lambda package: there)
    except NotFoundError:
        assert name.startswith("_") and not there
        return
    if reading.means == "home":
        assert reading.project in whole_table.ships()[str(reading.package)]
    else:
        assert (reading.package is None) == (reading.means == "pypi")
    assert reading.means == "pypi" or there
