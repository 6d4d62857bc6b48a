"""Where condadeps keeps its own files about an environment: the lock, the journal, what is kept for undo."""

from __future__ import annotations

from pathlib import Path


def directory(prefix: Path) -> Path:
    """condadeps' folder in ``prefix``, there or not."""
    meta = prefix / "conda-meta"
    return meta / "condadeps" if meta.is_dir() else prefix / ".condadeps"
