"""Tiny conda channels made on the spot: empty packages with the metadata a test wants."""

from __future__ import annotations

import asyncio
import io
import json
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig


@dataclass(frozen=True)
class Made:
    """One package to put in a channel."""

    name: str
    version: str = "1.0"
    depends: Sequence[str] = ()
    subdir: str = "linux-64"
    timestamp: int | None = 1_700_000_000_000
    """Milliseconds."""
    build: str = "0"


def channel(directory: Path, *packages: Made, shards: bool = True) -> Path:
    """A channel of ``packages`` in ``directory``, indexed: plain, zst and (with ``shards``) sharded."""
    from rattler.index import index_fs

    (directory / "noarch").mkdir(parents=True, exist_ok=True)
    for package in packages:
        _write(directory / package.subdir, package)
    asyncio.run(index_fs(directory, write_zst=True, write_shards=shards, force=True))
    return directory


def source(config: CondaConfig, tmp_path: Path, **options: Any) -> CondaSource:
    """A source for linux-64 with a cache of its own and none of the machine's variables."""
    options.setdefault("cache_dir", tmp_path / "cache")
    options.setdefault("environ", {})
    return CondaSource(config, "linux-64", **options)


def _write(folder: Path, package: Made) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    index: dict[str, Any] = {
        "name": package.name,
        "version": package.version,
        "build": package.build,
        "build_number": 0,
        "depends": list(package.depends),
        "subdir": package.subdir,
    }
    if package.subdir == "noarch":
        index["noarch"] = "generic"
    if package.timestamp is not None:
        index["timestamp"] = package.timestamp
    files = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({"paths": [], "paths_version": 1}),
        "info/about.json": "{}",
        "info/files": "",
    }
    path = folder / f"{package.name}-{package.version}-{package.build}.tar.bz2"
    with tarfile.open(path, "w:bz2") as archive:
        for name, text in files.items():
            content = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
