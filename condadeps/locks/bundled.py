"""A bundle: a directory that is a conda channel and a Python index at once, for machines without a network.

DIR/linux-64/…  DIR/noarch/…     the channel, with repodata
DIR/pypi/…                       the files from PyPI: for find-links
DIR/simple/PROJECT/index.html    the same as an index (PEP 503)
DIR/conda-lock.yml               the lock it was made of (CEP 37)
DIR/condadeps-bundle.json        the manifest: every file with its size and SHA-256
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from condadeps.show.shown import Shown

MANIFEST = "condadeps-bundle.json"
LOCK = "conda-lock.yml"
PYPI = "pypi"
SIMPLE = "simple"
VERSION = 1


@dataclass(frozen=True, slots=True)
class Bundle(Shown):
    """What became of bundling."""

    directory: str
    platforms: tuple[str, ...]
    files: int
    size: int
    """Bytes, of all its files."""
    fetched: int
    """How many files were not there before."""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        from condadeps.show.units import size

        lines = [
            f"{self.directory}: {self.files} files, {size(self.size)}, for {', '.join(self.platforms)}"
            f" ({self.fetched} fetched)",
            f"to use it: condadeps create --offline -c {self.directory} -f {self.directory}/{LOCK} -p PREFIX",
        ]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        return {"success": True, **asdict(self)}

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Bundle:
        """The bundle that :meth:`to_json` described."""
        told = {one.name: document[one.name] for one in fields(Bundle)}
        return Bundle(**{**told, "platforms": tuple(told["platforms"]), "notes": tuple(told["notes"])})


def among(channels: Iterable[str], directory: str | Path = ".") -> tuple[Path, ...]:
    """The bundles among ``channels`` as written, paths meant from ``directory``."""
    found = []
    for text in channels:
        path = _path(text, Path(directory))
        if path is not None and is_bundle(path):
            found.append(path)
    return tuple(found)


def is_bundle(path: Path) -> bool:
    """Whether a bundle is at ``path``."""
    try:
        document = json.loads((path / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and document.get("version") == VERSION


def _path(text: str, directory: Path) -> Path | None:
    """Where a channel written as a path or ``file:`` URL is; a plain name is a channel's, as with conda."""
    if text.startswith("file:"):
        from urllib.request import url2pathname  # takes 15 ms to import

        return Path(url2pathname(urlsplit(text).path))
    return Path(directory, Path(text).expanduser()) if _PATH.match(text) else None


_PATH = re.compile(r"\.{1,2}(?:[/\\]|$)|~|/|[a-zA-Z]:[/\\]|\\\\")
