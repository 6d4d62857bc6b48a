"""A Python script that says what it needs, in its ``# /// script`` block (PEP 723)."""

from __future__ import annotations

import re
from pathlib import Path

from condadeps.asked.files import Listing, failure, text_of
from condadeps.asked.job import Asked
from condadeps.asked.pyproject import loads

_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
_HELP = '# /// script\\n# dependencies = ["pandas"]\\n# ///'


def read(path: Path) -> Listing:
    """What the script's block asks for. Raises RequestError when it has none, two, or one that is no TOML."""
    text = re.sub(r"\r\n?", "\n", text_of(path))
    blocks = [found for found in _BLOCK.finditer(text) if found["type"] == "script"]
    if len(blocks) != 1:
        how_many = "no" if not blocks else "more than one"
        raise failure(path, f"has {how_many} '# /// script' block (PEP 723)", help=_HELP)
    block = blocks[0]
    first = text.count("\n", 0, block.start()) + 1
    content = "".join(
        line[2:] if line.startswith("# ") else line[1:] for line in block["content"].splitlines(keepends=True)
    )
    document = loads(content, path, first)
    dependencies = document.get("dependencies", [])
    python = document.get("requires-python")
    if not isinstance(dependencies, list) or not all(isinstance(item, str) for item in dependencies):
        raise failure(path, "'dependencies' is no list of requirements", first)
    if python is not None and not isinstance(python, str):
        raise failure(path, "'requires-python' is no text", first)
    lines = text.splitlines()
    return Listing(
        asked=tuple(
            Asked(item, str(path), _line_of(item, lines, first), metadata=True) for item in dependencies
        ),
        requires_python=python,
    )


def _line_of(item: str, lines: list[str], first: int) -> int:
    """The line of the block that has ``item``, or the block's first."""
    for number in range(first, len(lines)):
        if item in lines[number]:
            return number + 1
        if lines[number].startswith("# ///"):
            break
    return first
