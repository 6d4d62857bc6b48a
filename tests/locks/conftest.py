from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.launch import environments
from tests.transaction import tiny
from tests.transaction.road import Road


@pytest.fixture
def road(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
    """``app`` needs ``six`` in conda's world; ``tool`` is PyPI's alone, has two versions, and needs ``six``.

    The index has ``six`` and ``app`` as well, as the real one has most of what conda has. ``late`` needs
    a newer ``six``.
    """
    road = Road.at(tmp_path, monkeypatch)
    tiny.python(road.channel)
    for version in ("1.0", "2.0"):
        tiny.noarch(road.channel, "six", version)
        tiny.wheel(road.wheels, "six", version)
        tiny.wheel(road.wheels, "tool", version, requires=["six", "other; extra == 'x'"])
    tiny.noarch(road.channel, "app", "1.0", depends=["six"], requires=["six"])
    tiny.wheel(road.wheels, "app", "1.0", requires=["six"])
    tiny.noarch(road.channel, "extra", "1.0")
    tiny.noarch(road.channel, "late", "1.0", depends=["six >=2"])
    tiny.package(road.channel, "pip", "1.0")
    road.open()
    _index_anew(road.channel)  # making the environment made the Python anew
    return road


def _index_anew(channel: Path) -> None:
    from rattler.index import index_fs

    asyncio.run(index_fs(channel, force=True))


@pytest.fixture(scope="session")
def conda_lock_python() -> Path:
    """A Python with conda-lock, as PyPI has it: the model that owns ``conda-lock.yml``."""
    return environments.made(environments.CONDA_LOCK) / "bin" / "python"
