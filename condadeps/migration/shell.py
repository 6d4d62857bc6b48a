"""The words of a command as a shell takes them apart, as far as that can be told without running it.

IPython expands ``{…}`` and ``$name`` before a shell sees the line; the caller says what those are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_OPERATOR = re.compile(r"&&|\|\||[;|]|&>>?|[0-9]*(?:>>|>&|>)|[0-9]*<|&")
_EXPANSION = re.compile(r"\{([^{}\n]*)\}|\$\{(\w+)\}|\$([A-Za-z_][\w.]*)")
_UNKNOWABLE = re.compile(r"\$\(|`|\$|<<")
_SPECIFIER = re.compile(r"(?:[<>]=?)[0-9A-Za-z]")

Expand = Callable[[str], str]
"""What a Python expression in a command comes to, as text. Raises :class:`Unknowable`."""


class Unknowable(ValueError):
    """Only running the notebook tells; the message says what cannot be known, for a person."""


@dataclass(frozen=True, slots=True)
class Part:
    """One program with its words, between operators."""

    words: tuple[str, ...]
    joined_by: str = ""
    """The operator before it."""
    silent: bool = False
    """Its output goes nowhere."""
    redirected: bool = False
    """Its output goes into a file."""
    mended: tuple[str, ...] = ()
    """Versions that a shell would have taken for files: ``numpy>=2`` without quotes."""


def parts(line: str, expand: Expand) -> tuple[list[Part], int]:
    """The programs that ``line`` runs, and where the comment at its end begins (its length without one).

    Raises Unknowable for what depends on more than ``expand`` knows.
    """
    lexer = _Lexer(line, expand)
    lexer.run()
    return lexer.parts, lexer.end


class _Lexer:
    def __init__(self, line: str, expand: Expand) -> None:
        self.line = line
        self.expand = expand
        self.at = 0
        self.end = len(line)
        self.parts: list[Part] = []
        self.words: list[str] = []
        self.word: list[str] | None = None
        self.joined_by = ""
        self.silent = False
        self.redirected = False
        self.mended: list[str] = []

    def run(self) -> None:
        line = self.line
        while self.at < len(line):
            char = line[self.at]
            if char.isspace():
                self._end_word()
                self.at += 1
            elif char == "#" and self.word is None:
                self.end = self.at
                break
            elif char == "'":
                self._single_quoted()
            elif char == '"':
                self._double_quoted()
            elif char == "\\":
                self._add(line[self.at + 1 : self.at + 2])
                self.at += 2
            elif self._version_unquoted() or self._operator() or self._expansion():
                continue
            else:
                if char in "*?~" and (self.word is None or char != "~") and not self._after_operator():
                    raise Unknowable(f"'{char}' stands for files there may be")
                self._add(char)
                self.at += 1
        self._end_part("")

    def _after_operator(self) -> bool:
        """``numpy==1.*``, ``~=``: the letters of a version."""
        return self.word is not None and bool(re.search(r"[=<>!~]", "".join(self.word)))

    def _add(self, text: str) -> None:
        self.word = [*(self.word or []), text]

    def _end_word(self) -> None:
        if self.word is not None:
            self.words.append("".join(self.word))
        self.word = None

    def _end_part(self, operator: str) -> None:
        self._end_word()
        if self.words or operator:
            self.parts.append(
                Part(tuple(self.words), self.joined_by, self.silent, self.redirected, tuple(self.mended))
            )
        self.words, self.mended = [], []
        self.joined_by, self.silent, self.redirected = operator, False, False

    def _single_quoted(self) -> None:
        end = self.line.find("'", self.at + 1)
        if end < 0:
            raise Unknowable("a quotation mark is not closed")
        self._add(self._ipython(self.line[self.at + 1 : end]))
        self.at = end + 1

    def _double_quoted(self) -> None:
        found = re.compile(r'"((?:[^"\\]|\\.)*)"').match(self.line, self.at)
        if not found:
            raise Unknowable("a quotation mark is not closed")
        text = re.sub(r'\\(["\\$`])', r"\1", self._ipython(found[1]))
        self._add(text)
        self.at = found.end()

    def _ipython(self, text: str) -> str:
        if _UNKNOWABLE.search(_EXPANSION.sub("", text)):
            raise Unknowable("the shell's own expansions")
        return _EXPANSION.sub(lambda found: self._expanded(found), text)

    def _expanded(self, found: re.Match[str]) -> str:
        if found[2]:
            raise Unknowable(f"the shell's variable ${{{found[2]}}}")
        return self.expand(found[1] or found[3])

    def _expansion(self) -> bool:
        found = _EXPANSION.match(self.line, self.at)
        if not found:
            if _UNKNOWABLE.match(self.line, self.at):
                raise Unknowable("the shell's own expansions")
            return False
        text = self._expanded(found)
        self.at = found.end()
        # Not quoted: a shell splits what an expansion gave.
        first, *rest = re.split(r"\s+", text.strip()) if text.strip() else [""]
        self._add(first)
        for word in rest:
            self._end_word()
            self._add(word)
        if text != text.rstrip():
            self._end_word()
        return True

    def _version_unquoted(self) -> bool:
        """``numpy>=2``: a shell writes a file ``=2``; what was meant is clear."""
        if self.word is None or not re.fullmatch(r"[A-Za-z][\w.\[\],-]*(?:[<>=!].*)?", "".join(self.word)):
            return False
        found = _SPECIFIER.match(self.line, self.at)
        if not found:
            return False
        whole = re.compile(r"[^\s;&|#'\"]+").match(self.line, self.at)
        assert whole
        self._add(whole[0])
        self.mended.append(whole[0])
        self.at = whole.end()
        return True

    def _operator(self) -> bool:
        digits = self.word is None or "".join(self.word).isdigit()
        found = _OPERATOR.match(self.line, self.at)
        if not found or (found[0][0].isdigit() and not digits):
            return False
        operator = found[0]
        if operator[0].isdigit() and self.word is not None:
            return False
        self.at = found.end()
        if "<" in operator:
            raise Unknowable("its input is a file")
        if ">" not in operator:
            self._end_part(operator)
            return True
        self._end_word()
        target = re.compile(r"\s*(\S+)").match(self.line, self.at)
        if not target:
            raise Unknowable("its output goes nowhere that is named")
        self.at = target.end()
        if target[1].rstrip(";") in ("/dev/null", "NUL", "nul") or operator.endswith("&"):
            self.silent = self.silent or not operator.startswith("2")
        else:
            self.redirected = True
        return True
