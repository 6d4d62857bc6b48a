"""The whole road over tiny packages: a channel and an index of files, an environment, an environment file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from condadeps import api
from condadeps.transaction.outcome import Outcome
from tests.transaction import tiny
from tests.transaction.world import World


@dataclass
class Road(World):
    """A world whose environment is changed by the doors' own functions."""

    @staticmethod
    def at(root: Path, monkeypatch: pytest.MonkeyPatch) -> Road:
        """A road in ``root``; the working directory, where the environment file goes, is ``root/work``."""
        road = Road(root)
        road.work.mkdir()
        road.wheels.mkdir()
        monkeypatch.chdir(road.work)
        monkeypatch.setenv("PIP_NO_INDEX", "1")
        monkeypatch.setenv("PIP_FIND_LINKS", str(road.wheels))
        monkeypatch.setenv("CONDA_CHANNELS", road.channel.as_uri())
        monkeypatch.setenv("PIP_DISABLE_PIP_VERSION_CHECK", "1")
        return road

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def file(self) -> Path:
        return self.work / "environment.yml"

    def open(self) -> Road:
        """Make the environment with a Python, and index the channel, where that writes its Python anew."""
        self.create()
        tiny.index(self.channel)
        return self

    def install(self, *requests: str, **options: Any) -> Outcome:
        return api.install(*requests, prefix=self.prefix, **options)

    def remove(self, *names: str, **options: Any) -> Outcome:
        return api.remove(*names, prefix=self.prefix, **options)

    def undo(self, number: int | None = None, **options: Any) -> Outcome:
        return api.undo(number, prefix=self.prefix, **options)


def changed(outcome: Outcome) -> set[str]:
    """``+foo 1.0``, ``-bar 2.0``: what a plan brought and took, the managers aside."""
    plan = outcome.plan
    come = {f"+{one.package.name} {one.package.version}" for one in plan.link}
    come |= {f"+{one.artifact.project} {one.artifact.version}" for one in plan.install}
    gone = {f"-{one.package.name} {one.package.version}" for one in plan.unlink}
    return come | gone | {f"-{one.project} {one.version}" for one in plan.uninstall}
