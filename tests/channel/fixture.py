"""What a test sees of the channel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tests.channel.server import Server


@dataclass(frozen=True)
class Channel:
    """A conda channel that is served over HTTP and readable on disk."""

    url: str
    """``http://127.0.0.1:PORT/channel``; what a condarc would name."""
    file_url: str
    directory: Path
    """Holds ``noarch/`` and ``SUBDIR/``. Never write there: copy it (hard links do) and serve the copy."""
    server: Server
