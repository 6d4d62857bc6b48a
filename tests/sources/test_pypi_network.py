"""The default index, as it is today: the same answers as pip's own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from packaging.version import Version

from condadeps.prefix import target
from condadeps.sources.metadata import Metadata
from condadeps.sources.pages import Page
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource
from tests.sources import simple_index as made

pytestmark = pytest.mark.network

_TWENTY = """
    six seaborn packaging rich uvicorn requests flask httpx pytest black
    click jinja2 markupsafe idna certifi pygments attrs pluggy tomli wheel
"""


async def newest(source: PypiSource, name: str) -> tuple[Page, Metadata]:
    page = await source.page(made.project(name))
    assert page is not None
    best = page.best(source.interpreter)
    version = next(version for version in best if not version.is_prerelease)
    return page, await source.metadata(best[version])


def test_known_projects_are_there_and_unknown_ones_are_not(tmp_path: Path) -> None:
    async def ask(source: PypiSource) -> None:
        page, found = await newest(source, "seaborn")
        assert Version("0.13.2") in page.versions
        assert {item.name for item in found.requires} >= {"numpy", "pandas", "matplotlib"}
        assert await source.page(made.project("no-such-project-at-all-2f6a")) is None

    made.use(PipConfig.read(), tmp_path, ask)


def test_a_file_arrives_whole(tmp_path: Path) -> None:
    async def fetch(source: PypiSource) -> Path:
        page = await source.page(made.project("six"))
        assert page is not None
        file = page.best(source.interpreter)[Version("1.17.0")]
        path = await source.fetch(file, tmp_path / "out")
        assert made.sha256(path) == file.sha256
        return path

    assert made.use(PipConfig.read(), tmp_path / "cache", fetch).name == "six-1.17.0-py2.py3-none-any.whl"


def test_the_same_files_are_chosen_as_by_pip(tmp_path: Path) -> None:
    names = ["six", "numpy<3", "pydantic-core", "docopt", "zope.interface"]
    report = tmp_path / "report.json"
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps"]
    subprocess.run(
        [*command, "--report", str(report), *names],
        check=True,
        env=PipConfig.read().environ(),
        capture_output=True,
    )
    theirs = {item["download_info"]["url"] for item in json.loads(report.read_text())["install"]}

    async def choose(source: PypiSource) -> set[str]:
        chosen = set()
        for name in names:
            page = await source.page(made.project(name.partition("<")[0]))
            assert page is not None
            best = page.best(target.running())
            chosen.add(next(best[version].url for version in best if not version.is_prerelease))
        return chosen

    assert made.use(PipConfig.read(), tmp_path / "cache", choose) == theirs


def test_twenty_projects_take_a_moment_and_then_nearly_none(tmp_path: Path) -> None:
    async def ask(source: PypiSource) -> float:
        start = time.monotonic()
        await asyncio.gather(*(newest(source, name) for name in _TWENTY.split()))
        return time.monotonic() - start

    cold = made.use(PipConfig.read(), tmp_path, ask)
    warm = made.use(PipConfig.read(), tmp_path, ask)
    assert cold < 15  # about one second on a quiet machine
    assert warm < 1  # about 50 ms
