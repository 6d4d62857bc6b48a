"""A notebook: what its cells install, and, as guesses, what they import.

Nothing is run. ``%condadeps``, ``%pip``, ``%conda`` (``%mamba``, ``%micromamba``), the same after
``!``, ``ipydeps.pip(…)`` and ``condadeps.install(…)`` with literal arguments are understood.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from pathlib import Path
from typing import Any

from condadeps.asked.files import MAX_NOTEBOOK_BYTES, Listing, failure, text_of
from condadeps.asked.job import Asked
from condadeps.asked.parse import lines, parse, split
from condadeps.asked.request import Bare, Direct, Project
from condadeps.asked.requirements_txt import Reader
from condadeps.asked.verbs import VERBS
from condadeps.errors import RequestError
from condadeps.names.imports import project_of
from condadeps.names.namespaces import ProjectName

_MAGIC = re.compile(
    r"\s*(?:%(?=[A-Za-z])|!{1,2}\s*(?=\S)|(?=(?:pip|conda|mamba|micromamba|condadeps)\s+install\s))(?P<rest>.*)"
)
_SHELL = re.compile(r"&&|\|\|?|;|&|[12]?>.*|<.*")
_EXPANDED = re.compile(r"[{}$]")
_PIP = re.compile(r"(?:\{?\s*sys\.executable\s*\}?|\S*python[0-9.]*|py)\s+-m\s+(?=pip\s)")
_PROGRAM = re.compile(r"(?:\S*/)?(condadeps|pip[0-9.]*|conda|mamba|micromamba)(?:\.exe)?(?:\s+(.*))?")
_TRANSPARENT = {"capture", "time", "timeit", "prun"}
"""Cell magics whose body is still Python."""
_INSTALLING = {"install", "update", "plan"}
_CONDA_VALUED = {"-c", "--channel", "-n", "--name", "-p", "--prefix", "--solver", "--file", "-f", "--freeze"}
_OURS_VALUED = {"-c", "--channel", "-p", "--prefix", "--env-file"}


def read(path: Path) -> Listing:
    """What the notebook asks for. Raises RequestError when it is no notebook, or a request in it is none."""
    reader = _Notebook(path)
    for number, source in _code_cells(path):
        reader.cell(number, source)
    return reader.listing()


def _code_cells(path: Path) -> Iterator[tuple[int, str]]:
    """The code cells, with their place among all cells, from 1."""
    try:
        document = json.loads(text_of(path, MAX_NOTEBOOK_BYTES))
        cells = document.get("cells")
        if cells is None:  # nbformat 3
            cells = [cell for sheet in document["worksheets"] for cell in sheet["cells"]]
        found = [
            (number, cell.get("source", cell.get("input", "")))
            for number, cell in enumerate(cells, 1)
            if cell.get("cell_type") == "code"
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise failure(path, "is not a notebook") from None
    for number, source in found:
        text = "".join(map(str, source)) if isinstance(source, list) else str(source)
        yield number, text.replace("\r\n", "\n")


@dataclass(slots=True)
class _Notebook:
    """What was found so far."""

    path: Path
    channels: list[str] = field(default_factory=list)
    imports: list[tuple[str, Asked]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    reader: Reader = field(init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(os.environ, paths_from=self.path.absolute().parent)

    def listing(self) -> Listing:
        asked = list(dict.fromkeys(self.reader.asked))
        known = {name for item in asked if (name := self._project(item))}
        guesses = dict.fromkeys(guess for project, guess in self.imports if project not in known)
        return Listing(
            asked=tuple(asked),
            constraints=tuple(self.reader.constraints),
            guesses=tuple(guesses),
            channels=tuple(dict.fromkeys(self.channels)),
            indexes=self.reader.indexes,
            warnings=(*self.warnings, *self.reader.warnings),
        )

    def _project(self, asked: Asked) -> str | None:
        try:
            request = parse(asked, self.path.parent)
        except RequestError:
            return None  # refused when it is parsed to be installed
        if isinstance(request, Bare | Project | Direct) and request.name:
            return ProjectName(request.name)
        return None if isinstance(request, Direct) else request.name

    def cell(self, number: int, source: str) -> None:
        """Take in one code cell."""
        place = f"{self.path}, cell {number}"
        magic = re.match(r"\s*%%([A-Za-z]\w*)[ \t]*(.*)", source)
        if magic and magic[1] == "condadeps":
            head, _, body = source.lstrip().partition("\n")
            self._command(head.removeprefix("%%"), place, 1)
            self.reader.asked.extend(lines(body, place=place))
            return
        if magic and magic[1] not in _TRANSPARENT:
            return
        code = self._without_magics(source.replace("%%", "#", 1) if magic else source, place)
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            self.warnings.append(f"{place}: not understood as Python; its imports are not looked at")
            return
        for node in ast.walk(tree):
            self._node(node, place)

    def _without_magics(self, source: str, place: str) -> str:
        """The cell's Python, line by line; its magics and commands are taken in on the way."""
        kept: list[str] = []
        physical = source.split("\n")
        at = 0
        while at < len(physical):
            line, first = physical[at], at + 1
            at += 1
            found = _MAGIC.fullmatch(line)
            if (
                not found
                and not line.lstrip().startswith("?")
                and not re.fullmatch(r"[\w.]+\?{1,2}\s*", line)
            ):
                kept.append(line)
                continue
            while line.endswith("\\") and at < len(physical):
                line = line[:-1] + " " + physical[at].strip()
                at += 1
                kept.append("")
            kept.append(line[: len(line) - len(line.lstrip())] + "pass")
            if found := _MAGIC.fullmatch(line):
                self._command(found["rest"], place, first)
        return "\n".join(kept)

    def _command(self, command: str, place: str, line: int) -> None:
        found = _PROGRAM.fullmatch(_PIP.sub("", command.strip()))
        if not found:
            return
        program = found[1]
        try:
            words = split(found[2] or "")
        except RequestError:
            self.warnings.append(f"{place}: a quotation mark is not closed in: {command.strip()}")
            return
        if any(_EXPANDED.search(word) for word in words):
            self.warnings.append(f"{place}: what this installs is only known when it runs: {command.strip()}")
            return
        if program != "condadeps":
            words = list(takewhile(lambda word: not _SHELL.fullmatch(word), words))
            words = list(dropwhile(lambda word: word.startswith("-"), words))
        if program == "condadeps":
            self._condadeps(words, place, line)
        elif words[:1] == ["install"] and program.startswith("pip"):
            self._pip(words[1:], place, line)
        elif words[:1] in (["install"], ["create"], ["update"]) and not program.startswith("pip"):
            self._conda(words[1:], place, line)

    def _condadeps(self, words: list[str], place: str, line: int) -> None:
        if words[:1] and words[0] in VERBS:
            if words[0] not in _INSTALLING:
                return
            words = words[1:]
        texts = self._channels_and_rest(words, _OURS_VALUED)
        self.reader.asked.extend(Asked(text, place, line) for text in texts)

    def _conda(self, words: list[str], place: str, line: int) -> None:
        texts = self._channels_and_rest(words, _CONDA_VALUED)
        self.reader.asked.extend(Asked(f"conda:{text}", place, line) for text in texts)

    def _channels_and_rest(self, words: list[str], valued: set[str]) -> list[str]:
        """What is no option; the channels that options name are taken in."""
        texts: list[str] = []
        rest = iter(words)
        for word in rest:
            name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            if name in valued:
                value = value if equals else next(rest, "")
                if name in ("-c", "--channel") and value:
                    self.channels.append(value)
            elif not word.startswith("-"):
                texts.append(word)
        return texts

    def _pip(self, words: list[str], place: str, line: int) -> None:
        """The arguments of ``pip install``; a file it names is read from the notebook's directory."""
        rest = iter(words)
        for word in rest:
            name, equals, value = word.partition("=") if word.startswith("--") else (word, "", "")
            if name in _PIP_VALUED:
                value = value if equals else next(rest, "")
                if name in _PIP_KNOWN:
                    self._line(f"{_PIP_KNOWN[name]} {_shell_quoted(value)}", place, line)
            elif not word.startswith("-") or word in _PIP_FLAGS:
                self._line(word, place, line)

    def _line(self, text: str, place: str, line: int) -> None:
        self.reader.line(text, Path(place), line)  # a nested file is meant from the notebook's directory

    def _node(self, node: ast.AST, place: str) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                self._import(alias.name, place, node.lineno)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            self._import(node.module, place, node.lineno)
        elif isinstance(node, ast.Call):
            self._call(node, place)

    def _call(self, node: ast.Call, place: str) -> None:
        called = ast.unparse(node.func) if isinstance(node.func, ast.Attribute) else ""
        if called not in ("ipydeps.pip", "condadeps.install", "condadeps.update", "condadeps.plan"):
            return
        old = called == "ipydeps.pip"
        arguments = node.args[:1] if old else node.args
        if old and not arguments:
            arguments = [keyword.value for keyword in node.keywords if keyword.arg == "requested"]
        for argument in arguments:
            texts = _literals(argument)
            if texts is None:
                self.warnings.append(f"{place}: what {called}() is given is only known when it runs")
                continue
            self.reader.asked.extend(Asked(text, place, node.lineno, metadata=old) for text in texts)

    def _import(self, module: str, place: str, line: int) -> None:
        top = module.partition(".")[0]
        beside = self.path.parent
        local = (beside / f"{top}.py").is_file() or (beside / top).is_dir()
        if local or top in sys.stdlib_module_names or top in ("IPython", "condadeps", "ipydeps"):
            return
        project = project_of(module)
        self.imports.append((ProjectName(project), Asked(project, place, line, metadata=True)))


_PIP_KNOWN = {
    **{"-r": "-r", "--requirement": "-r", "-c": "-c", "--constraint": "-c", "-e": "-e", "--editable": "-e"},
    **{
        "-i": "-i",
        "--index-url": "-i",
        "-f": "-f",
        "--find-links": "-f",
        "--extra-index-url": "--extra-index-url",
    },
    "--trusted-host": "--trusted-host",
}
_PIP_FLAGS = {"--pre", "--no-index", "--prefer-binary", "--require-hashes"}
_PIP_VALUED = {
    *_PIP_KNOWN,
    *("-t", "--target", "--prefix", "--root", "--src", "--platform", "--python-version", "--implementation"),
    *(
        "--abi",
        "--progress-bar",
        "--cache-dir",
        "--timeout",
        "--retries",
        "--proxy",
        "--cert",
        "--client-cert",
    ),
    *("--upgrade-strategy", "--root-user-action", "--python", "--log", "--exists-action", "--report"),
    *("--no-binary", "--only-binary", "--global-option", "--config-settings", "-C", "--use-feature"),
}


def _literals(node: ast.expr) -> list[str] | None:
    """The strings of a literal string, list or tuple; None for what only running tells."""
    try:
        value: Any = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    values = [value] if isinstance(value, str) else value
    if isinstance(values, list | tuple | set) and all(isinstance(item, str) for item in values):
        return [str(item) for item in values]
    return None


def _shell_quoted(value: str) -> str:
    import shlex

    return shlex.quote(value)
