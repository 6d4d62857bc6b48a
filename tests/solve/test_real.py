"""The same promises on the real channel and the real index."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condadeps.asked.job import Asked, Options
from condadeps.asked.parse import parse
from condadeps.names.homes import Homes
from condadeps.prefix import installed
from condadeps.prefix.target import read
from condadeps.solve.plan import Plan
from condadeps.solve.solve import solve
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource
from tests.solve.world import installs, linked, why

if TYPE_CHECKING:
    from tests.channel.fixture import Channel
    from tests.conftest import CondaPrefix

pytestmark = [pytest.mark.slow, pytest.mark.network]


def planned(prefix: Path, url: str, *texts: str, **options: Any) -> Plan:
    target = read(prefix)

    async def run() -> Plan:
        conda = CondaSource(CondaConfig.read(None, {}), target.subdir, channels=[url], override_channels=True)
        pypi = PypiSource(PipConfig.read(prefix=target.prefix), target)
        try:
            return await solve(
                [parse(Asked(text)) for text in texts],
                target,
                conda=conda,
                pypi=pypi,
                homes=Homes(),
                packages=installed.packages(prefix),
                distributions=installed.distributions(target),
                options=Options(**options),
                verb="install",
            )
        finally:
            conda.close()
            await pypi.close()

    return asyncio.run(run())


def test_pandas_comes_from_conda_and_seaborn_from_pypi_with_matplotlib_from_conda(
    channel: Channel, conda_prefix: CondaPrefix
) -> None:
    plan = planned(conda_prefix("python"), channel.url, "pandas", "seaborn", "rich>=13")
    assert {"pandas", "matplotlib-base", "numpy", "rich"} <= set(linked(plan))
    assert set(installs(plan)) == {"seaborn"}
    assert all(item.artifact.sha256 for item in plan.install)
    assert why(plan)["matplotlib-base"].startswith("needed by")
    assert Plan.from_json(plan.to_json()) == plan


def test_a_real_pip_project_holds_conda_s_numpy_back(channel: Channel, conda_prefix: CondaPrefix) -> None:
    """numba 0.59 needs numpy <1.27; conda has 1.26 and 2.x, and pandas for both."""
    plan = planned(conda_prefix("python"), channel.url, "pandas", "numba==0.59.1")
    assert linked(plan)["numpy"].startswith("1.26") and linked(plan)["pandas"].startswith("2.")
    assert set(installs(plan)) == {"numba", "llvmlite"}


def test_extras_go_conda_first(channel: Channel, conda_prefix: CondaPrefix) -> None:
    plan = planned(conda_prefix("python"), channel.url, "uvicorn[standard]", "requests[socks]")
    assert {"requests", "click", "pyyaml"} <= set(linked(plan))
    assert {"uvicorn", "h11", "pysocks", "httptools"} <= set(installs(plan))
    assert why(plan)["pip httptools"].startswith("needed by uvicorn")


def test_the_same_names_over_shards_and_over_files(channel: Channel, conda_prefix: CondaPrefix) -> None:
    prefix = conda_prefix("python")
    one = planned(prefix, channel.url, "pandas")
    other = planned(prefix, channel.file_url, "pandas")
    assert linked(one) == linked(other)
