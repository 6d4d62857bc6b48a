"""The same promises on the real channel and the real index."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from condadeps.asked.job import Asked, Options, Verb
from condadeps.asked.parse import parse
from condadeps.errors import ConflictError, NoVersionError
from condadeps.names.homes import Homes
from condadeps.prefix import installed
from condadeps.prefix.target import read
from condadeps.solve.plan import Plan
from condadeps.solve.solve import solve
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource
from tests.solve.test_reasons import check
from tests.solve.world import installs, linked, why

if TYPE_CHECKING:
    from tests.channel.fixture import Channel
    from tests.conftest import CondaPrefix

pytestmark = [pytest.mark.slow, pytest.mark.network]


def planned(
    prefix: Path,
    url: str,
    *asked: str | Asked,
    verb: Verb = "install",
    constraints: Sequence[str] = (),
    **options: Any,
) -> Plan:
    target = read(prefix)
    texts = [text if isinstance(text, Asked) else Asked(text) for text in asked]
    limits = [Asked(text, "constraints.txt", line, metadata=True) for line, text in enumerate(constraints, 1)]

    async def run() -> Plan:
        conda = CondaSource(CondaConfig.read(None, {}), target.subdir, channels=[url], override_channels=True)
        pypi = PypiSource(PipConfig.read(prefix=target.prefix), target)
        try:
            return await solve(
                [parse(text) for text in texts],
                target,
                conda=conda,
                pypi=pypi,
                homes=Homes(),
                packages=installed.packages(prefix),
                distributions=installed.distributions(target),
                options=Options(**options),
                verb=verb,
                constraints=[parse(text) for text in limits],
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
    assert plan.to_json() == asdict(plan)


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


def test_a_real_dependency_conda_has_only_too_old_or_too_new_comes_from_pypi(
    channel: Channel, conda_prefix: CondaPrefix
) -> None:
    """opencv-python 4.12 needs numpy >=2,<2.3; conda has 1.26 and newer ones than 2.3."""
    plan = planned(conda_prefix("python"), channel.url, "opencv-python==4.12.0.88")
    assert set(installs(plan)) == {"opencv-python", "numpy"} and "numpy" not in linked(plan)
    assert installs(plan)["numpy"].startswith("2.2.")
    assert why(plan)["pip numpy"].startswith("needed by opencv-python 4.12.0.88; conda has nothing for")
    assert any(warning.startswith("compiled wheels from PyPI") for warning in plan.warnings)


def test_a_real_installed_pip_project_is_not_broken_by_a_conda_upgrade(
    channel: Channel, conda_prefix: CondaPrefix
) -> None:
    """gTTS 2.5.4 needs click <8.2; conda has 8.1 and a newer one."""
    prefix = conda_prefix("python", "click=8.1", "requests")
    pip_install(prefix, "gTTS==2.5.4")
    assert "click" not in linked(planned(prefix, channel.url, "rich"))
    try:
        plan = planned(prefix, channel.url, "click>=8.2")
    except ConflictError as error:
        assert "gtts" in str(error) and len([error.message, *error.detail]) <= 12
    else:
        assert "gtts" in installs(plan), "a newer one allows it"


def test_real_constraints_hold_on_both_sides(channel: Channel, conda_prefix: CondaPrefix) -> None:
    plan = planned(
        conda_prefix("python"), channel.url, "pandas", "seaborn", constraints=["numpy<2", "seaborn<0.13"]
    )
    assert linked(plan)["numpy"].startswith("1.26") and installs(plan)["seaborn"].startswith("0.12")


def test_a_real_hash_is_of_pypi_s_file(channel: Channel, conda_prefix: CondaPrefix) -> None:
    prefix = conda_prefix("python")
    free = planned(prefix, channel.url, "pypi:six==1.17.0").install[0].artifact
    pinned = Asked("six==1.17.0", metadata=True, hashes=(f"sha256:{free.sha256}",))
    plan = planned(prefix, channel.url, pinned)
    assert plan.install[0].artifact == free and "six" not in linked(plan)
    with pytest.raises(NoVersionError):
        planned(prefix, channel.url, Asked("six==1.17.0", metadata=True, hashes=(f"sha256:{'0' * 64}",)))


def test_every_reason_of_real_plans_is_true(channel: Channel, conda_prefix: CondaPrefix) -> None:
    """pandas 3 needs numpy 2, on both sides; conda has pandas 2 for numpy 1."""
    conda, pip = conda_prefix("python", "pandas"), conda_prefix("python", "numpy", "python-dateutil")
    pip_install(pip, "pandas==3.1.0")
    for prefix in (conda, pip):
        target = read(prefix)
        packages = {str(n): p.version for n, p in installed.packages(prefix).items()}
        distributions = {str(n): d.version for n, d in installed.distributions(target).items()}
        for texts in (["numpy<2"], ["numba==0.59.1"], ["pandas==2.2.3"], ["seaborn", "rich"]):
            plan = planned(prefix, channel.url, *texts)
            check(plan, packages, distributions)
            moved = why(plan).get("pandas")
            if texts == ["numpy<2"]:
                assert moved and moved.endswith("needs numpy >=2.0.2, numpy<2 was asked for")


def test_updating_a_real_environment(channel: Channel, conda_prefix: CondaPrefix) -> None:
    prefix = conda_prefix("python", "rich=13", "numpy=1.26")
    pip_install(prefix, "tqdm==4.66.1")
    (record,) = (prefix / "conda-meta").glob("numpy-*.json")
    document = json.loads(record.read_text())
    assert document["requested_specs"]
    record.write_text(json.dumps({**document, "requested_specs": []}))
    plan = planned(prefix, channel.url, verb="update")
    assert set(linked(plan)) == {"numpy"}, "rich 13 was asked for, and python's minor version stays"
    assert set(installs(plan)) == {"tqdm"}, "it stays pip's, though conda has it"
    assert set(why(plan).values()) == {"the newest that fits"} and not plan.unlink


def pip_install(prefix: Path, text: str) -> None:
    """What a person does without condadeps."""
    command = [sys.executable, "-m", "pip", "--python", str(prefix / "bin" / "python"), "install", "-q"]
    subprocess.run([*command, "--no-deps", text], check=True)
