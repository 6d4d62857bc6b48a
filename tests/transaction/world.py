"""One environment from tiny packages, and plans for it, as the install tests need them."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps.names.namespaces import ProjectName
from condadeps.solve.plan import Answer, Artifact, Install, Link, Package, Plan, Uninstall, Unlink
from tests.transaction import engine, tiny


@dataclass
class World:
    """A channel, a cache, an index of wheels and one environment."""

    root: Path

    @property
    def channel(self) -> Path:
        return self.root / "channel"

    @property
    def wheels(self) -> Path:
        return self.root / "wheels"

    @property
    def cache(self) -> Path:
        return self.root / "pkgs"

    @property
    def prefix(self) -> Path:
        return self.root / "env"

    @property
    def site_packages(self) -> Path:
        return self.prefix / "lib" / f"python{tiny.PYTHON}" / "site-packages"

    def plan(
        self,
        link: Iterable[Package | tuple[Package, Package]] = (),
        *,
        unlink: Iterable[Package] = (),
        install: Iterable[Install] = (),
        uninstall: Iterable[tuple[str, str]] = (),
        answers: Sequence[Answer] = (),
    ) -> Plan:
        """A plan; a pair of packages is (the new one, the one it replaces)."""
        links = [one if isinstance(one, tuple) else (one, None) for one in link]
        return Plan(
            prefix=str(self.prefix),
            subdir=tiny.SUBDIR,
            link=tuple(Link(new, "asked", old) for new, old in links),
            unlink=tuple(Unlink(package, "asked") for package in unlink),
            install=tuple(install),
            uninstall=tuple(Uninstall(ProjectName(name), version, "asked") for name, version in uninstall),
            answers=tuple(answers),
        )

    def apply(self, plan: Plan, **how: Any) -> engine.Came:
        return engine.apply(plan, self.cache, **how)

    def create(self, *packages: Package, install: Iterable[Install] = ()) -> None:
        """Make the environment with the tiny Python and ``packages``. Fails the test when that fails."""
        plan = self.plan([tiny.python(self.channel), *packages], install=install)
        came = self.apply(plan, create="locked")
        assert came.error is None, came.error

    def wheel(
        self, name: str, version: str, *, previous: str | None = None, requested: bool = True, **more: Any
    ) -> Install:
        """A wheel made now, as a plan installs it."""
        path = tiny.wheel(self.wheels, name, version, **more)
        data = path.read_bytes()
        artifact = Artifact(
            ProjectName(name), version, path.name, path.as_uri(), tiny.sha256(data), len(data)
        )
        return Install(artifact, "asked", previous, requested)

    def python(self, code: str) -> str:
        """What the environment's Python prints."""
        done = subprocess.run(
            [str(self.prefix / "bin" / "python"), "-B", "-I", "-c", code],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def version(self, name: str) -> str:
        return self.python(f"import importlib.metadata as m; print(m.version({name!r}))")

    def dist_infos(self, name: str) -> list[str]:
        return sorted(path.name for path in self.site_packages.glob(f"{name}-*.dist-info"))


OWN = ("conda-meta/condadeps", ".condadeps")
"""The transaction's and the lock's own folder: not part of what a listing compares."""


def listing(prefix: Path, *, ignore: Sequence[str] = OWN) -> dict[str, str]:
    """Every path of ``prefix`` with its kind, mode, and the hash of what is in it."""
    found: dict[str, str] = {}
    for folder, directories, files in os.walk(prefix):
        here = Path(folder)
        directories[:] = [
            name for name in directories if (here / name).relative_to(prefix).as_posix() not in ignore
        ]
        for name in [*directories, *files]:
            path = here / name
            found[path.relative_to(prefix).as_posix()] = _described(path)
    return found


def _described(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    mode = oct(path.stat().st_mode & 0o777)
    if path.is_dir():
        return f"directory {mode}"
    return f"file {mode} {hashlib.sha256(path.read_bytes()).hexdigest()}"
