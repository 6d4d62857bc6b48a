"""What was asked for earlier, as ``conda-meta/history`` tells: conda's own account of it.

Records carry it too (``requested_specs``), but not those that older tools wrote, nor
packages that were asked for when they were there already.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from condadeps.names.namespaces import PackageName

_SPECS = re.compile(r"#\s*(\w+)\s*specs:\s*(.*)")
_NAME = re.compile(r"[^\s=<>!~\[;]+")
_ASKED = {"update", "install", "create", "neutered"}
_GONE = {"remove", "uninstall"}

_read: dict[Path, tuple[int, Mapping[PackageName, str]]] = {}


def specs(prefix: Path) -> Mapping[PackageName, str]:
    """The last spec asked of each package that was not removed since; nothing without a history."""
    path = prefix / "conda-meta" / "history"
    try:
        stamp = path.stat().st_mtime_ns
        known = _read.get(path)
        if known is None or known[0] != stamp:
            known = (stamp, told(path.read_text("utf-8", "replace").splitlines()))
            _read[path] = known
    except OSError:
        return {}
    return known[1]


def told(lines: Iterable[str]) -> dict[PackageName, str]:
    """What the lines of a history come to. A line that cannot be read says nothing.

    >>> told(["# update specs: ['pandas=2', 'xz']", "# remove specs: ['xz']"])
    {PackageName('pandas'): 'pandas=2'}
    """
    found: dict[PackageName, str] = {}
    for line in lines:
        match = _SPECS.match(line)
        if match is None:
            continue
        for spec in _listed(match[2].strip()):
            name = _name(spec)
            if name is not None and match[1] in _ASKED:
                found[name] = spec
            elif name is not None and match[1] in _GONE:
                found.pop(name, None)
    return found


def _listed(text: str) -> list[str]:
    if not text.startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return []
    return [str(item) for item in value] if isinstance(value, list) else []


def _name(spec: str) -> PackageName | None:
    match = _NAME.match(spec.rpartition("::")[2])
    try:
        return PackageName(match[0]) if match else None
    except ValueError:
        return None
