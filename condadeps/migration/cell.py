"""A cell taken apart as IPython does: its magics and commands, and the Python that remains around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_ESCAPED = re.compile(r"[ \t]*(?:%(?=[A-Za-z])|!{1,2}(?=\s*\S))")
_AUTOMAGIC = re.compile(
    r"[ \t]*(?=(?:pip3?|conda|mamba|micromamba)[ \t]+(?:-\S+[ \t]+)*(?:install|update)[ \t])"
)
_ASSIGNED = re.compile(r"[ \t]*[A-Za-z_][\w.,\[\]'\" \t]*=[ \t]*(?:%(?=[A-Za-z])|!(?!=)(?=\s*\S))")
_HELP = re.compile(r"[ \t]*\?{1,2}[\w.%*]+[ \t]*$|[ \t]*[\w.%*]+\?{1,2}[ \t]*$")
_CELL_MAGIC = re.compile(r"\s*%%([A-Za-z!]\w*)")
TRANSPARENT = frozenset({"capture", "time", "timeit", "prun"})
"""Cell magics whose body is a cell's Python."""


@dataclass(frozen=True, slots=True)
class Command:
    """One magic or command of a cell; a backslash at a line's end goes on with the next."""

    start: int
    """Of its first character that is no blank, in the cell's source."""
    end: int
    """Where its last line ends, before the newline."""
    line: int
    """From 1."""
    indent: str
    text: str
    """From its ``%`` or ``!`` on, without the backslashes that continue it."""
    assigned: bool = False
    """``x = !command``: its output is wanted."""


@dataclass(slots=True)
class Cell:
    """One code cell."""

    number: int
    text: str
    tags: frozenset[str] = frozenset()
    magic: str | None = None
    """The cell magic it begins with, without ``%%``."""
    commands: list[Command] = field(default_factory=list)
    tree: ast.Module | None = None
    """Its Python, with commands as ``pass``; None when that cannot be read, or another language's."""
    starts: list[int] = field(default_factory=list)
    """Where each line begins."""

    @staticmethod
    def read(number: int, text: str, tags: frozenset[str] = frozenset()) -> Cell:
        """The cell of that source."""
        cell = Cell(number, text, tags)
        cell.starts = [0, *(found.end() for found in re.finditer("\n", text))]
        magic = _CELL_MAGIC.match(text)
        if magic:
            cell.magic = magic[1]
        if cell.magic is None or cell.magic in TRANSPARENT:
            cell._take_apart()
        return cell

    def lines(self) -> list[str]:
        """Its lines, without their ends."""
        return [line.removesuffix("\r") for line in self.text.split("\n")]

    def offset(self, line: int, column: int) -> int:
        """The place in the source of what ``ast`` calls ``line`` and ``column`` (of UTF-8 bytes)."""
        start = self.starts[line - 1]
        end = self.starts[line] if line < len(self.starts) else len(self.text)
        return start + len(
            self.text[start:end].encode("utf-8", "surrogatepass")[:column].decode("utf-8", "ignore")
        )

    def line_of(self, offset: int) -> int:
        """The line that the character at ``offset`` is in, from 1."""
        return self.text.count("\n", 0, offset) + 1

    def _take_apart(self) -> None:
        spared: set[int] = set()
        while True:
            self.commands = list(self._commands(spared))
            try:
                self.tree = ast.parse(self._python())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                self.tree = None
                return
            inside = {line for line in self._inside_strings() if line not in spared}
            inside &= {command.line for command in self.commands}
            if not inside:
                return
            spared |= inside  # text of a string, however it begins

    def _commands(self, spared: set[int]) -> Iterator[Command]:
        lines = self.lines()
        at = 0 if self.magic is None else self._after_magic(lines)
        while at < len(lines):
            first = at
            line = lines[at]
            at += 1
            assigned = _ASSIGNED.match(line)
            found = _ESCAPED.match(line) or _AUTOMAGIC.match(line) or assigned
            if first + 1 in spared or not (found or _HELP.match(line)):
                continue
            parts = [line]
            while parts[-1].endswith("\\") and at < len(lines):
                parts.append(lines[at])
                at += 1
            indent = line[: len(line) - len(line.lstrip(" \t"))]
            text = " ".join([part.removesuffix("\\").strip() for part in parts])
            end = self.starts[at - 1] + len(lines[at - 1])
            yield Command(self.starts[first] + len(indent), end, first + 1, indent, text, bool(assigned))

    def _after_magic(self, lines: list[str]) -> int:
        return next((at + 1 for at, line in enumerate(lines) if line.lstrip().startswith("%%")), 0)

    def _python(self) -> str:
        """The cell with every command as ``pass``, lines where they were."""
        lines = self.lines()
        if self.magic is not None:
            for at in range(self._after_magic(lines)):
                lines[at] = ""
        for command in self.commands:
            last = self.line_of(command.end)
            lines[command.line - 1] = f"{command.indent}pass"
            for at in range(command.line, last):
                lines[at] = ""
        return "\n".join(lines)

    def _inside_strings(self) -> Iterator[int]:
        """The lines that are, or begin, within a string of several lines."""
        assert self.tree is not None
        for node in ast.walk(self.tree):
            if isinstance(node, ast.JoinedStr) or (
                isinstance(node, ast.Constant) and isinstance(node.value, str)
            ):
                yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
