"""A notebook's text, and where in it the sources of its code cells are, so that all the rest stays as it is.

A notebook is never written anew from what it means: indentation, escapes and the order of keys are its
author's. Only the characters that an :class:`Edit` names are replaced.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_CHARACTER = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|[^\\]", re.DOTALL
)
"""One character of a JSON string, as it is written."""


class InvalidNotebook(ValueError):
    """The text is no notebook."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace characters ``start`` to ``end`` of a cell's source by ``text``."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One JSON string of a source."""

    start: int
    """Of its first quotation mark in the document."""
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """The source of one code cell."""

    number: int
    """The cell's place among all cells, from 1."""
    start: int
    end: int
    """Where its JSON value is in the document."""
    pieces: tuple[Piece, ...]
    """Its lines, when they are listed; all of it in one, when it is one string."""
    tags: frozenset[str] = frozenset()

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(piece.text for piece in self.pieces)


@dataclass(slots=True)
class Notebook:
    """One notebook's text."""

    text: str
    sources: list[Source] = field(default_factory=list)
    """Of its code cells, in their order."""
    language: str = "python"
    cells: int = 0

    @staticmethod
    def read(text: str) -> Notebook:
        """The notebook ``text`` is. Raises InvalidNotebook when it is none."""
        notebook = Notebook(text)
        try:
            end = notebook._object(notebook._space(int(text.startswith("\ufeff"))), notebook._member)
            whole = notebook._space(end) == len(text)
        except (ValueError, IndexError, RecursionError):
            raise InvalidNotebook("it is no notebook") from None
        if not whole or not notebook.cells:
            raise InvalidNotebook("it is no notebook" if not whole else "it has no cells")
        return notebook

    def with_edits(self, edits: Sequence[tuple[Source, Sequence[Edit]]]) -> str:
        """The text with the edits in it."""
        text = self.text
        ascii_only = text.isascii()
        for source, own in sorted(edits, key=lambda pair: pair[0].start, reverse=True):
            if own:
                text = text[: source.start] + _value(self.text, source, own, ascii_only) + text[source.end :]
        return text

    # Reading: each method takes the place where something begins and gives the one where it ends.

    def _space(self, at: int) -> int:
        found = _SPACE.match(self.text, at)
        return found.end() if found else at

    def _value(self, at: int) -> tuple[Any, int]:
        value, end = _DECODER.raw_decode(self.text, at)
        return value, end

    def _object(self, at: int, member: Callable[[str, int], int]) -> int:
        return self._items(at, "{}", lambda at: member(*self._key(at)))

    def _key(self, at: int) -> tuple[str, int]:
        key, at = self._value(at)
        at = self._space(at)
        if not isinstance(key, str) or self.text[at] != ":":
            raise ValueError("no member of an object")
        return key, self._space(at + 1)

    def _items(self, at: int, brackets: str, item: Callable[[int], int]) -> int:
        if self.text[at] != brackets[0]:
            raise ValueError(f"no {brackets}")
        at = self._space(at + 1)
        if self.text[at] == brackets[1]:
            return at + 1
        while True:
            at = self._space(item(at))
            if self.text[at] == brackets[1]:
                return at + 1
            if self.text[at] != ",":
                raise ValueError("no comma")
            at = self._space(at + 1)

    def _member(self, key: str, at: int) -> int:
        if key == "cells":
            return self._items(at, "[]", self._cell)
        if key == "worksheets":  # nbformat 3
            return self._items(at, "[]", lambda at: self._object(at, self._member))
        value, end = self._value(at)
        if key == "metadata" and isinstance(value, dict):
            self.language = _language(value)
        return end

    def _cell(self, at: int) -> int:
        self.cells += 1
        found: dict[str, tuple[Any, int, int]] = {}

        def member(key: str, at: int) -> int:
            value, end = self._value(at)
            found[key] = (value, at, end)
            return end

        end = self._object(at, member)
        kind = found.get("cell_type", (None,))[0]
        source = found.get("source") or found.get("input")
        if kind == "code" and source is not None:
            metadata = found["metadata"][0] if "metadata" in found else None
            tags = metadata.get("tags") if isinstance(metadata, dict) else None
            told = frozenset(map(str, tags)) if isinstance(tags, list) else frozenset()
            pieces = tuple(self._pieces(source[0], source[1]))
            self.sources.append(Source(self.cells, source[1], source[2], pieces, told))
        return end

    def _pieces(self, value: object, at: int) -> Iterator[Piece]:
        if isinstance(value, str):
            yield Piece(at, self._value(at)[1], value)
            return
        found: list[Piece] = []

        def item(at: int) -> int:
            text, end = self._value(at)
            if not isinstance(text, str):
                raise ValueError("no text")
            found.append(Piece(at, end, text))
            return end

        self._items(at, "[]", item)
        yield from found


def _language(metadata: dict[str, Any]) -> str:
    for table, key in (("kernelspec", "language"), ("language_info", "name")):
        told = metadata.get(table)
        if isinstance(told, dict) and isinstance(told.get(key), str):
            return str(told[key]).lower()
    return "python"


def _value(text: str, source: Source, edits: Sequence[Edit], ascii_only: bool) -> str:
    """The source's JSON value with the edits in it; what they do not touch is spelled as before."""
    listed = text[source.start] == "["
    pieces = source.pieces
    separators = [text[one.end : two.start] for one, two in pairwise(pieces)]
    opening, closing = text[source.start : pieces[0].start], text[pieces[-1].end : source.end]
    usual = separators[0] if separators else f",{opening[1:] or ' '}"
    out = _Pieces(listed, usual)
    waiting = sorted(edits, key=lambda edit: (edit.start, edit.end))
    at, skip_to = 0, 0
    for number, piece in enumerate(pieces):
        if number and at >= skip_to:
            out.next(separators[number - 1])
        for found in _CHARACTER.finditer(text, piece.start + 1, piece.end - 1):
            while waiting and waiting[0].start <= at:
                skip_to = max(skip_to, waiting[0].end)
                out.write(waiting.pop(0).text, ascii_only)
            if at >= skip_to:
                out.keep(found[0])
            at += 1
    for edit in waiting:
        out.write(edit.text, ascii_only)
    return opening + out.joined() + closing


class _Pieces:
    """The strings of a new value."""

    def __init__(self, listed: bool, separator: str) -> None:
        self._listed = listed
        self._separator = separator
        self._done: list[str] = []
        self._piece: list[str] = []
        self._before = ""

    def keep(self, raw: str) -> None:
        """A character as it was written."""
        self._piece.append(raw)

    def write(self, text: str, ascii_only: bool) -> None:
        """New text; each of its lines is a string of its own in a list."""
        for line in re.findall(r"[^\n]*\n|[^\n]+", text):
            self._piece.append(json.dumps(line, ensure_ascii=ascii_only)[1:-1])
            if self._listed and line.endswith("\n"):
                self.next(self._separator)

    def next(self, separator: str) -> None:
        """The next string begins; one that has nothing in it is left out."""
        if self._piece:
            self._done.append(f'{self._before}"{"".join(self._piece)}"')
            self._before, self._piece = separator, []

    def joined(self) -> str:
        """All of them, with what stands between."""
        if self._piece or not self._done:
            self._done.append(f'{self._before}"{"".join(self._piece)}"')
        return "".join(self._done)
