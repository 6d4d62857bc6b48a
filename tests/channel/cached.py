"""The channel this machine keeps between runs, one for each recipe and Python.

Kept in the user's cache directory, or where CONDADEPS_TEST_CHANNEL says; safe with several processes at once.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

import platformdirs
from filelock import FileLock

from tests.channel import recipe
from tests.channel.build import Say, build

_UNUSED = 14 * 24 * 3600
"""Seconds after which a channel nobody asked for is deleted."""


def _to_stderr(message: str) -> None:
    print(f"test channel: {message}", file=sys.stderr, flush=True)


def root() -> Path:
    """The directory that holds the channels."""
    told = os.environ.get("CONDADEPS_TEST_CHANNEL")
    return (
        Path(told) if told else Path(platformdirs.user_cache_dir("condadeps-test-channel", appauthor=False))
    )


def channel(say: Say = _to_stderr) -> Path:
    """The whole channel's directory, built now if this recipe's is not there yet.

    It is called ``channel``, since a channel's last part is the name that people are shown.
    """
    kept = root()
    finished = kept / recipe.key()
    if not finished.is_dir():
        kept.mkdir(parents=True, exist_ok=True)
        with FileLock(kept / f"{recipe.key()}.lock"):
            if not finished.is_dir():
                _build(finished, say)
    os.utime(finished)
    return finished / "channel"


def _build(finished: Path, say: Say) -> None:
    started = time.monotonic()
    say(f"building {finished} (about a minute, once)")
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=finished.parent))
    try:
        build(partial / "channel", say=say)
        partial.chmod(0o755)
        partial.rename(finished)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _sweep(finished.parent)
    say(f"built in {time.monotonic() - started:.0f} s")


def _sweep(kept: Path) -> None:
    """Deletes channels that were not used for long, and what killed builds left."""
    for path in kept.iterdir():
        if path.is_dir() and time.time() - path.stat().st_mtime > _UNUSED:
            shutil.rmtree(path, ignore_errors=True)
