"""``python -m tests.channel.index DIRECTORY``: indexes a channel with py-rattler, in a process of its own."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from rattler.index import index_fs


def main() -> None:
    """Writes the index of ``sys.argv[1]`` and ends without py-rattler's exit, which can crash."""
    asyncio.run(index_fs(Path(sys.argv[1]), write_zst=True, write_shards=True, force=True))
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
