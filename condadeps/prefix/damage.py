"""Which files are not as they were installed: conda's by their records, pip's by ``RECORD``.

Bytecode is left out, as ``conda doctor`` leaves it out: Python makes it anew.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from condadeps.errors import PrefixError
from condadeps.names.namespaces import PackageName
from condadeps.prefix.installed import Distribution, InstalledPackage
from condadeps.prefix.target import Target, inside
from condadeps.show.reporter import Reporter

_BYTECODE = (".pyc", ".pyo")
_AT_ONCE = 4
_STEP = 200
"""How many files are looked at between two words of progress."""


@dataclass(frozen=True, slots=True)
class Expected:
    """One file that ought to be there, relative to the environment."""

    path: str
    sha256: str | None = None
    """In hexadecimal; None when nobody wrote down what is in it."""


@dataclass(frozen=True)
class Damage:
    """What of one package or project is not as it was installed."""

    one: InstalledPackage | Distribution
    missing: tuple[str, ...]
    altered: tuple[str, ...]

    @property
    def what(self) -> str:
        """``2 files are missing, 1 is altered``."""
        parts = [(self.missing, "missing"), (self.altered, "altered")]
        told = [f"{len(paths)} {word}" for paths, word in parts if paths]
        return f"files: {', '.join(told)}"

    @property
    def detail(self) -> tuple[str, ...]:
        """One line a file."""
        return (*(f"missing {path}" for path in self.missing), *(f"altered {path}" for path in self.altered))


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look at the files came to."""

    damages: tuple[Damage, ...]
    files: int


def packages(prefix: Path, found: Mapping[PackageName, InstalledPackage], reporter: Reporter) -> Looked:
    """conda's packages whose files are not as they were linked; those with unreadable records aside."""
    return _looked(prefix, [(one, list(_of_record(one))) for one in _readable(found)], reporter)


def projects(
    target: Target, found: Iterable[Distribution], condas: Mapping[str, PackageName], reporter: Reporter
) -> Looked:
    """pip's projects whose files are not as ``RECORD`` has them. ``condas``: which files are conda's."""
    asked = [
        (one, [each for each in _of_distribution(one, target) if each.path not in condas]) for one in found
    ]
    return _looked(target.prefix, asked, reporter)


def owners(found: Mapping[PackageName, InstalledPackage]) -> dict[str, PackageName]:
    """Which conda package each file belongs to."""
    return {each.path: one.name for one in _readable(found) for each in _of_record(one, everything=True)}


def _readable(found: Mapping[PackageName, InstalledPackage]) -> Iterator[InstalledPackage]:
    for one in found.values():
        try:
            if one.record:
                yield one
        except PrefixError:
            continue


def _of_record(one: InstalledPackage, *, everything: bool = False) -> Iterator[Expected]:
    entries: Any = (one.record.get("paths_data") or {}).get("paths") or ()
    known = {entry["_path"]: entry for entry in entries if isinstance(entry, dict) and "_path" in entry}
    for path in one.files:
        if everything or not path.endswith(_BYTECODE):
            entry = known.get(path, {})
            packed = entry.get("sha256") if not entry.get("prefix_placeholder") else None
            link = entry.get("path_type") == "softlink" or _signed(entry, one)
            yield Expected(path, None if link else entry.get("sha256_in_prefix") or packed)


def _signed(entry: Mapping[str, Any], one: InstalledPackage) -> bool:
    """Whether the file was signed anew when it was patched, as macOS wants it: its hash is not told."""
    patched = bool(entry.get("prefix_placeholder")) and entry.get("file_mode") == "binary"
    return patched and one.subdir.startswith("osx-")


def _of_distribution(one: Distribution, target: Target) -> Iterator[Expected]:
    try:
        text = (one.location / "RECORD").read_text("utf-8", "replace")
    except OSError:
        return
    for row in csv.reader(text.splitlines()):
        if not row or row[0].endswith(_BYTECODE):
            continue
        path = inside(target.prefix, Path(os.path.normpath(one.location.parent / row[0])))
        if path is not None:
            yield Expected(path, _hexadecimal(row[1]) if len(row) > 1 else None)


def _hexadecimal(written: str) -> str | None:
    """The digest that ``RECORD`` writes as ``sha256=`` and URL-safe base64 (PEP 376)."""
    kind, _, value = written.partition("=")
    if kind != "sha256":
        return None
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).hex()
    except ValueError:
        return None


def _looked(
    prefix: Path, asked: Sequence[tuple[InstalledPackage | Distribution, list[Expected]]], reporter: Reporter
) -> Looked:
    total = sum(len(expected) for _, expected in asked)
    done, damages = 0, []
    with ThreadPoolExecutor(_AT_ONCE) as threads:  # hashing leaves the other threads alone
        for one, expected in asked:
            states = []
            for state in threads.map(lambda each: _state(prefix, each), expected):
                states.append(state)
                done += 1
                if done % _STEP == 0 or done == total:
                    reporter.progress("files", done, total, "items")
            missing = tuple(
                each.path for each, state in zip(expected, states, strict=True) if state == "missing"
            )
            altered = tuple(
                each.path for each, state in zip(expected, states, strict=True) if state == "altered"
            )
            if missing or altered:
                damages.append(Damage(one, missing, altered))
    return Looked(tuple(damages), total)


def _state(prefix: Path, expected: Expected) -> str:
    path = prefix / expected.path
    if not os.path.lexists(path):
        return "missing"
    if expected.sha256 is None or path.is_symlink() or path.is_dir():
        return "there"
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError:
        return "altered"
    return "there" if digest.hexdigest() == expected.sha256 else "altered"
