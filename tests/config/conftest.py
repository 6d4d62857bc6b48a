"""A machine of the test's own: a site, a home, an environment and a project, each with a place for a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from condadeps import config
from condadeps.config import Configuration

FILE = "condadeps.toml"


@dataclass
class Machine:
    """Directories with nothing in them; the methods write files and read what they come to."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for directory in (self.home, self.project, self.prefix, self.site):
            directory.mkdir(parents=True, exist_ok=True)
        self.environ = {"HOME": str(self.home)}

    @property
    def site(self) -> Path:
        return self.root / "etc" / "condadeps"

    @property
    def home(self) -> Path:
        return self.root / "home" / "ada"

    @property
    def user(self) -> Path:
        return self.home / ".config" / "condadeps"

    @property
    def project(self) -> Path:
        return self.home / "work"

    @property
    def prefix(self) -> Path:
        return self.root / "env"

    def write(self, scope: str, text: str, name: str = FILE) -> Path:
        """Write the file of ``scope`` and return its path."""
        directory = {
            "site": self.site,
            "user": self.user,
            "prefix": self.prefix / "etc" / "condadeps",
            "project": self.project,
        }[scope]
        return self.put(directory / name, text)

    def put(self, path: Path, text: str) -> Path:
        """Write any file and return its path."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def read(self, directory: Path | None = None, call: Mapping[str, object] | None = None) -> Configuration:
        """What all of it comes to, from ``directory`` (the project's)."""
        return config.read(self.prefix, directory or self.project, self.environ, call=call, site=(self.site,))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)
