"""A cell taken apart as IPython does: its magics and commands, and the Python that remains around them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

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


@dataclass
class Cell:
    """One code cell, taken apart when something asks for that: of most cells only the text is looked at."""

    number: int
    """Its place among all cells, from 1."""
    text: str
    tags: frozenset[str] = frozenset()
    _commands: list[Command] = field(default_factory=list)

    @cached_property
    def magic(self) -> str | None:
        """The cell magic it begins with, without ``%%``."""
        found = _CELL_MAGIC.match(self.text)
        return found[1] if found else None

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins."""
        return [0, *(found.end() for found in re.finditer("\n", self.text))]

    @cached_property
    def tree(self) -> ast.Module | None:
        """Its Python, with commands as ``pass``; None when that cannot be read, or another language's."""
        if self.magic is not None and self.magic not in TRANSPARENT:
            return None
        return self._take_apart()

    @cached_property
    def commands(self) -> list[Command]:
        """Its magics and commands."""
        _ = self.tree  # which finds them on the way
        return self._commands

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """All of its Python."""
        return tuple(ast.walk(self.tree)) if self.tree is not None else ()

    @cached_property
    def blocks(self) -> list[tuple[list[ast.stmt], ast.AST]]:
        """Every block of statements, with what it belongs to."""
        found: list[tuple[list[ast.stmt], ast.AST]] = []
        for node in self.nodes:
            for name in ("body", "orelse", "finalbody"):
                body = getattr(node, name, None)
                if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                    found.append((body, node))
        return found

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

    def _take_apart(self) -> ast.Module | None:
        spared: set[int] = set()
        while True:
            self._commands = list(self._found(spared))
            try:
                tree = ast.parse(self._python())
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                return None
            lines = {command.line for command in self._commands}
            inside = lines and (lines & set(_inside_strings(tree))) - spared
            if not inside:
                return tree
            spared |= inside  # text of a string, however it begins

    def _found(self, spared: set[int]) -> Iterator[Command]:
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
        for command in self._commands:
            last = self.line_of(command.end)
            lines[command.line - 1] = f"{command.indent}pass"
            for at in range(command.line, last):
                lines[at] = ""
        return "\n".join(lines)


def _inside_strings(tree: ast.Module) -> Iterator[int]:
    """The lines that are, or begin, within a string of several lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) or (
            isinstance(node, ast.Constant) and isinstance(node.value, str)
        ):
            yield from range(node.lineno + 1, (node.end_lineno or node.lineno) + 1)
