"""On real channels with thousands of packages the answers are those that conda's own tests expect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from condadeps.asked.job import Asked, Options
from condadeps.asked.parse import parse
from condadeps.errors import ConflictError, UnsatisfiableError
from condadeps.names.homes import Homes
from condadeps.prefix.target import planned
from condadeps.solve.plan import Plan
from condadeps.solve.python import choose_python
from condadeps.solve.solve import solve
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from tests.solve import old_channels
from tests.solve.old_channels import listed
from tests.solve.world import FakePypi, World, installs, linked, why

pytestmark = [pytest.mark.slow, pytest.mark.network]


def made(
    directory: Path,
    channels: Sequence[str],
    *asked: str,
    pypi: FakePypi | None = None,
    pinned: Sequence[str] = (),
    priority: str = "flexible",
) -> Plan:
    """The plan of a new environment."""
    requests = [parse(Asked(text)) for text in asked]
    urls = [(old_channels.directory() / name).as_uri() for name in channels]
    config = CondaConfig.read(None, {"CONDA_CHANNEL_PRIORITY": priority})

    async def run() -> Plan:
        conda = CondaSource(config, "linux-64", channels=urls, override_channels=True)
        try:
            version = await choose_python(requests, conda, Homes(), "linux-64")
            return await solve(
                requests,
                planned(directory, version, "linux-64"),
                conda=conda,
                pypi=pypi,
                homes=Homes(),
                packages={},
                distributions={},
                options=Options(pip="auto" if pypi else "never"),
                verb="create",
                pinned=tuple(pinned),
            )
        finally:
            conda.close()

    return asyncio.run(run())


def as_asked(spec: str) -> str:
    """A bare name as a person types it, anything else as a conda spec."""
    return spec if spec.replace("-", "").replace("_", "").isalnum() else f"conda:{spec}"


def given(case: dict[str, Any], directory: Path) -> Plan:
    told = case["input"]
    return made(
        directory,
        listed(told["channels"]),
        *map(as_asked, listed(told["specs_to_add"])),
        pinned=listed(told.get("pinned_packages")),
        priority=told.get("channel_priority", "flexible"),
    )


@pytest.mark.parametrize(
    "case",
    [
        *("B001", "B004", "B008", "B015", "B025", "B028", "B033", "B036", "I000", "I001", "I010"),
        *("C001", "C002", "C005", "C006"),
    ],
)
def test_a_new_environment_is_the_one_conda_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """``B004`` has 107 packages; ``C…`` say which CUDA the machine has (``CONDA_OVERRIDE_CUDA``).

    Not among them are cases for what condadeps has not: pip added to every Python (``add_pip``), only the
    dependencies (``only_deps``), and features that are turned off (``B044``).
    """
    told: Any = old_channels.cases()[case]
    if "override_cuda" in told["input"]:
        monkeypatch.setenv("CONDA_OVERRIDE_CUDA", told["input"]["override_cuda"])
        monkeypatch.setenv("CONDA_OVERRIDE_GLIBC", told["input"].get("override_glibc", "2.35"))
    expected = {item.rpartition("::")[2] for item in told["output"]["final_state"]}
    assert {link.package.dist_name for link in given(told, tmp_path).link} == expected


@pytest.mark.parametrize("case", ["C003", "C004"])
def test_a_machine_without_the_cuda_that_is_needed_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    told: Any = old_channels.cases()[case]
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", told["input"]["override_cuda"])
    with pytest.raises(UnsatisfiableError) as error:
        given(told, tmp_path)
    assert "__cuda" in str(error.value) and "this machine" in str(error.value)


def test_names_are_projects_on_a_real_channel_and_their_homes_are_found(tmp_path: Path) -> None:
    """Graphviz the project is python-graphviz; the program of that name comes along, as its dependency."""
    plan = made(tmp_path, ["channel-4"], "python=3.6", "graphviz>=0.8", "msgpack")
    assert {"python-graphviz", "graphviz", "msgpack-python"} <= linked(plan).keys()
    assert [answer.name for answer in plan.answers[1:]] == ["python-graphviz", "msgpack-python"]


def test_a_project_of_pypi_holds_a_real_channel_s_numpy_back(tmp_path: Path) -> None:
    world = World(tmp_path / "world", is_conda=False)
    world.pypi("app", "1.0", requires=["numpy<1.14", "pandas", "matplotlib>=2", "attrs"])
    newest = linked(made(tmp_path / "env", ["channel-4"], "python=3.6", "pandas"))["numpy"]
    plan = made(tmp_path / "env", ["channel-4"], "python=3.6", "pandas", "app", pypi=world.index)
    assert installs(plan) == {"app": "1.0"}
    assert newest == "1.15.0" and linked(plan)["numpy"].startswith("1.13")
    assert why(plan)["attrs"] == "needed by app 1.0"
    assert world.index.pages_read == ["app"]


def test_what_cannot_be_is_explained_on_a_real_channel_in_short(tmp_path: Path) -> None:
    world = World(tmp_path / "world", is_conda=False)
    world.pypi("app", "1.0", requires=["numpy<1.9"])
    with pytest.raises(ConflictError) as error:
        made(tmp_path / "env", ["channel-4"], "python=3.6", "pandas>=0.22", "app", pypi=world.index)
    assert len(str(error.value).splitlines()) <= 12
    assert any("app 1.0 needs numpy <1.9" in line for line in error.value.detail)


def test_a_plan_over_a_real_channel_takes_no_longer_than_a_person_notices(tmp_path: Path) -> None:
    """A generous bound, for busy machines: the benchmarks measure."""
    names = ("pandas", "matplotlib", "jupyter", "scipy", "dask", "bokeh", "flask", "boto3")
    started = time.monotonic()
    plan = made(tmp_path, ["channel-4"], "python=3.6", *names)
    assert len(plan.link) > 80 and time.monotonic() - started < 20
