"""Which conda package a file of an environment belongs to."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from functools import cached_property
from pathlib import Path

from condadeps.names.namespaces import PackageName
from condadeps.prefix import installed

_FILES = re.compile(r'"files"\s*:\s*(?=\[)')


class Owners:
    """The files of the conda packages of ``prefix``, less those of ``leaving``; read when first asked."""

    def __init__(self, prefix: Path, leaving: Collection[PackageName] = ()) -> None:
        self._prefix = prefix
        self._leaving = frozenset(leaving)

    @cached_property
    def _files(self) -> dict[str, PackageName]:
        found: dict[str, PackageName] = {}
        for name, package in installed.packages(self._prefix).items():
            if name not in self._leaving:
                found.update(dict.fromkeys(files_of(package.path), name))
        return found

    def __contains__(self, path: str) -> bool:
        return path in self._files

    def of(self, path: str) -> PackageName | None:
        """The package that ``path`` (relative, forward slashes) belongs to; None when it is not conda's."""
        return self._files.get(path)


def files_of(record: Path) -> list[str]:
    """The files a ``conda-meta`` record lists. An unreadable record lists none.

    Only the list is decoded: the hashes beside it are most of a record.
    """
    try:
        text = record.read_text(encoding="utf-8")
        start = _FILES.search(text)
        files = json.JSONDecoder().raw_decode(text, start.end())[0] if start else []
    except (OSError, ValueError):
        return []
    return [file for file in files if isinstance(file, str)]
