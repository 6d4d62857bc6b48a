"""``python -m tests.channel OUT [NAME …]``: builds a channel of all listed, or of NAMEs and their needs.

``--cached`` prints the directory of the channel kept for the tests (built if need be) instead.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tests.channel import cached
from tests.channel.build import build


def main() -> int:
    """The command; 0, or 1 with the reason on stderr."""
    parser = argparse.ArgumentParser(prog="python -m tests.channel", description=__doc__)
    parser.add_argument(
        "out", nargs="?", type=Path, metavar="OUT", help="directory to make; must be new or empty"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="conda packages or projects of wheels.txt")
    parser.add_argument("--cached", action="store_true", help="print the kept channel's directory")
    given = parser.parse_args()
    try:
        if given.cached:
            print(cached.channel())
            return 0
        if given.out is None:
            parser.error("OUT is missing")
        if given.out.exists() and any(given.out.iterdir()):
            parser.error(f"{given.out} is not empty")
        build(given.out.resolve(), given.names, say=lambda message: print(message, file=sys.stderr))
    except RuntimeError as error:
        print(f"tests.channel: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
