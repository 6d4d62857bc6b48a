"""One notebook rewritten: what installs by ipydeps, pip or conda becomes ``%condadeps``.

What cannot be followed is left as it is, and named.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from condadeps.migration import command as commands
from condadeps.migration.cell import Cell, Command
from condadeps.migration.command import Ours
from condadeps.migration.document import Edit, Notebook
from condadeps.migration.ipydeps_calls import Calls, Import, comments
from condadeps.migration.shell import Expand, Unknowable
from condadeps.migration.values import Known, Values

LOAD = "%load_ext condadeps"
_SHELL_CELLS = frozenset({"bash", "sh", "script", "cmd", "system", "sx", "!", "pip", "conda"})
_INSTALLS = re.compile(r"(?:^|[\s!%/;&|'\"(])(?:pip[0-9.]*|conda|mamba|micromamba)\s+(?:-\S+\s+)*install\b")
_WORTH_A_LOOK = re.compile(r"pip|conda|mamba")
_TALKS = re.compile(r"[!%]*\s*(?:echo|grep|cat|man|which|printf|ls|history|writefile|load)\b")
_RUNNERS = frozenset(
    {"system", "popen", "run", "call", "check_call", "check_output", "Popen", "getoutput", "getstatusoutput"}
    | {"run_line_magic", "run_cell_magic", "magic", "main"}
)
_EXPANDED_ALWAYS = frozenset({"sys.executable", "sys.prefix"})


@dataclass(frozen=True, slots=True)
class Change:
    """One place that was rewritten."""

    cell: int
    """Its place among all cells, from 1."""
    line: int
    before: str
    after: str
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """One place that installs and was left as it is."""

    cell: int
    line: int
    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What became of a notebook."""

    text: str
    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()


def rewritten(notebook: Notebook) -> Rewritten:
    """The notebook with its installs by ``%condadeps``; of another language than Python, as it is."""
    if notebook.language not in ("python", "python3", "ipython"):
        return Rewritten(notebook.text)
    cells = [Cell(source.number, source.text, source.tags) for source in notebook.sources]
    work = _Work(cells)
    work.run()
    pairs = [
        (source, work.edits.get(source.number, []))
        for source in notebook.sources
        if source.number in work.edits
    ]
    return Rewritten(
        notebook.with_edits(pairs),
        tuple(sorted(work.changes, key=_place)),
        tuple(sorted(work.left, key=_place)),
    )


def _place(item: Change | Left) -> tuple[int, int]:
    return item.cell, item.line


@dataclass(slots=True)
class _Work:
    """The rewriting of one notebook, cell after cell."""

    cells: list[Cell]
    edits: dict[int, list[Edit]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    left: list[Left] = field(default_factory=list)
    values: Values = field(init=False)
    calls: Calls = field(init=False)

    def __post_init__(self) -> None:
        self.values = Values(self.cells)
        self.calls = Calls.of(self.cells)

    def run(self) -> None:
        planned: list[_Place] = []
        for cell in self.cells:
            planned += self._cell(cell)
        imports = self._imports(planned) if planned else []
        self._load(planned, imports)
        for place in [*planned, *imports]:
            self._apply(place)

    def _cell(self, cell: Cell) -> Iterator[_Place]:
        if not (_WORTH_A_LOOK.search(cell.text) or self.calls.mentioned(cell.text)):
            return
        if cell.magic in _SHELL_CELLS:
            self._shell_cell(cell)
            return
        if cell.tree is None:
            for command in cell.commands:
                if _INSTALLS.search(command.text) and "condadeps" not in command.text:
                    self._leave(cell, command.line, command.text, "the cell is not understood as Python")
            return
        done: set[int] = set()
        for loop in _loops(cell):
            yield from self._loop(cell, loop, done)
        for command in cell.commands:
            if command.line not in done:
                yield from self._command(cell, command)
        for body, _ in cell.blocks:
            for group in _groups(body):
                yield from self._statements(cell, group, done)
        self._stray_calls(cell)

    def _shell_cell(self, cell: Cell) -> None:
        for number, line in enumerate(cell.lines(), 1):
            if _INSTALLS.search(line) and not line.lstrip().startswith("#"):
                self._leave(cell, number, line, f"it is in a %%{cell.magic} cell")
                return

    # One kind of place each: commands, loops, calls.

    def _command(self, cell: Cell, command: Command) -> Iterator[_Place]:
        try:
            if command.assigned and _INSTALLS.search(command.text):
                raise Unknowable("its output is kept in a variable")
            ours = commands.translated(command.text, self._expander(cell, command.line))
            if ours is None:
                if _INSTALLS.search(command.text) and not _TALKS.match(command.text):
                    if "condadeps" in command.text:
                        return
                    raise Unknowable("it is within another magic or command")
                return
            yield self._rendered(cell, command, ours)
        except Unknowable as error:
            self._leave(cell, command.line, command.text, str(error))

    def _rendered(self, cell: Cell, command: Command, ours: Sequence[Ours]) -> _Place:
        comment_at = commands.comment_at(command.text, self._expander(cell, command.line))
        comment = command.text[comment_at:].strip()
        text = _lines(ours, command.indent)
        end = command.end
        if cell.text[command.start : end].rstrip() == command.text:  # one line: its comment stays where it is
            end = command.start + len(command.text[:comment_at].rstrip())
        elif comment:
            text += f"  {comment}"
        return _Place(cell, command.start, end, text, _remarks(ours))

    def _expander(self, cell: Cell, line: int, known: Known | None = None) -> Expand:
        def expand(expression: str) -> str:
            if expression.strip() in _EXPANDED_ALWAYS:
                return f"{{{expression.strip()}}}"
            return self.values.text(expression, cell.number, line, known or {})

        return expand

    def _loop(self, cell: Cell, loop: ast.For, done: set[int]) -> Iterator[_Place]:
        """``for name in names: install(name)`` is one install of all."""
        assert isinstance(loop.target, ast.Name)
        [inside] = loop.body
        command = next((one for one in cell.commands if one.line == inside.lineno), None)
        call = self.calls.of_statement(inside)
        if call is None and (command is None or command.assigned or not isinstance(inside, ast.Pass)):
            return
        if command is not None and not _INSTALLS.search(command.text):
            return
        try:
            items = self.values.value(loop.iter, cell.number, loop.lineno)
            if isinstance(items, str):
                raise Unknowable("it goes over the letters of a text")
            ours: list[Ours] = []
            for item in items:
                known = {loop.target.id: item}
                if call is not None:
                    ours.append(self._called(cell, call, inside.lineno, known))
                elif command is not None:
                    expander = self._expander(cell, inside.lineno, known)
                    ours += commands.translated(command.text, expander) or []
        except Unknowable:
            return  # the command or call inside is named with its own reason
        if not ours:
            return
        done.update(range(loop.lineno, (loop.end_lineno or loop.lineno) + 1))
        start = cell.offset(loop.lineno, loop.col_offset)
        end = command.end if command is not None else cell.offset(*_end(loop))
        indent = cell.text[cell.starts[loop.lineno - 1] : start]
        if not indent.strip():
            text = _lines(commands.joined(ours), indent)
            yield _Place(cell, start, end, text, _remarks(ours), calls=(call,) if call else ())

    def _statements(self, cell: Cell, group: Sequence[ast.stmt], done: set[int]) -> Iterator[_Place]:
        """Statements on the same line or lines, of which some are calls of ipydeps."""
        found = {id(one): call for one in group if (call := self.calls.of_statement(one)) is not None}
        if not found or group[0].lineno in done:
            return
        start, end = cell.offset(group[0].lineno, group[0].col_offset), cell.offset(*_end(group[-1]))
        indent = cell.text[cell.starts[group[0].lineno - 1] : start]
        texts: list[str] = []
        remarks: list[str] = []
        rewritten: list[ast.Call] = []
        previous = -1
        for at, statement in enumerate(group):
            own = cell.offset(statement.lineno, statement.col_offset), cell.offset(*_end(statement))
            call = found.get(id(statement))
            try:
                if call is None:
                    raise _Untouched
                if indent.strip():
                    raise Unknowable("it shares its line with what comes before")
                ours = self._called(cell, call, statement.lineno)
                texts += [*comments(cell.text[own[0] : own[1]]), _lines([ours], indent)]
                remarks += ours.remarks
                rewritten.append(call)
                previous = -1
            except (_Untouched, Unknowable) as error:
                if isinstance(error, Unknowable):
                    self._leave(cell, statement.lineno, cell.text[own[0] : own[1]], str(error))
                if previous < 0:
                    previous = own[0]
                    texts.append("")
                texts[-1] = cell.text[previous : own[1]]
            if at == len(group) - 1 and rewritten:
                rest = re.compile(r"[ \t]*;(?=[ \t]*(?:\r?\n|#|$))").match(cell.text, end)
                end = rest.end() if rest and previous < 0 else end
                yield _Place(
                    cell,
                    start,
                    end,
                    f"\n{indent}".join(texts),
                    tuple(remarks),
                    tuple(rewritten),
                    tuple(group),
                )

    def _called(self, cell: Cell, call: ast.Call, line: int, known: Mapping[str, str] | None = None) -> Ours:
        """A call of ``ipydeps.pip`` in our words. Raises Unknowable."""
        options: list[str] = []
        requested: list[ast.expr] = []
        if call.args[5:] or any(isinstance(one, ast.Starred) for one in call.args):
            raise Unknowable("its arguments are only known when it runs")
        names = ("requested_packages", "verbose", "use_pki", "use_overrides", "config")
        given = [*zip(names, call.args, strict=False), *((one.arg, one.value) for one in call.keywords)]
        for name, value in given:
            if name in ("requested_packages", "requested"):
                requested.append(value)
            elif isinstance(value, ast.Constant) and (name, bool(value.value)) in _OPTIONS:
                options.append(_OPTIONS[str(name), bool(value.value)])
            elif not (isinstance(value, ast.Constant) and (name, value.value) in _AS_USUAL):
                shown = f"{name}={ast.unparse(value)}" if name else "**"
                raise Unknowable(f"%condadeps has nothing for {shown}")
        if not requested:
            raise Unknowable("it names nothing")
        texts: list[str] = []
        for argument in requested:
            found = self.values.value(argument, cell.number, line, known or {})
            texts += [found] if isinstance(found, str) else list(found)
        ours = commands.called(texts)
        return Ours(ours.requests, (*options, *ours.options), ours.verb, ours.remarks)

    def _stray_calls(self, cell: Cell) -> None:
        """Name what installs by other ways: in expressions, by subprocess."""
        statements = {id(call) for node in cell.nodes if (call := self.calls.of_statement(node))}
        for node in cell.nodes:
            if not isinstance(node, ast.Call):
                continue
            if self.calls.is_one(node) and id(node) not in statements:
                self._leave(cell, node.lineno, ast.unparse(node), "it is part of an expression")
            elif _runs_an_installer(node):
                self._leave(cell, node.lineno, ast.unparse(node), "it is Python's own way to run a program")

    # Afterwards: the import of ipydeps, the loading of the magic.

    def _imports(self, planned: Sequence[_Place]) -> list[_Place]:
        """What becomes of ``import ipydeps``, once nothing needs it any more."""
        done = [call for place in planned for call in place.calls]
        if not self.calls.imports or self.calls.needed_beside(done):
            return []
        places: list[_Place] = []
        for found in self.calls.imports:
            within = next((p for p in planned if any(one is found.statement for one in p.group)), None)
            if within is not None:
                _without_import(within, found)
            elif found.removable:
                start = found.cell.offset(found.statement.lineno, found.statement.col_offset)
                end = found.cell.offset(*_end(found.statement))
                places.append(_Place(found.cell, start, end, found.without()))
            else:
                why = "nothing needs it any more; it stays for what is around it"
                self._leave(found.cell, found.statement.lineno, ast.unparse(found.statement), why)
        return places

    def _load(self, planned: list[_Place], imports: list[_Place]) -> None:
        """See to it that the magic is there before its first use."""
        if not planned:
            return
        first = min(planned, key=lambda place: (place.cell.number, place.start))
        for cell in self.cells:
            if cell.number > first.cell.number:
                break
            if _loads(cell, first.start if cell.number == first.cell.number else None):
                return
        for place in imports:
            before = (place.cell.number, place.start) < (first.cell.number, first.start)
            if before and not place.text and not place.indent:
                place.text = LOAD
                return
        assert first.cell.tree is not None
        line = first.cell.line_of(first.start)
        around = next((one for one in first.cell.tree.body if _first(one) <= line <= _end(one)[0]), None)
        top = first.cell.starts[(_first(around) if around else line) - 1]
        if first.indent or (around and first.cell.starts[_first(around) - 1] != first.start):
            self.edits.setdefault(first.cell.number, []).append(
                Edit(top, top, f"{LOAD}{_newline(first.cell)}")
            )
        else:
            first.text = f"{LOAD}\n{first.text}"

    def _apply(self, place: _Place) -> None:
        cell, start, end = place.cell, place.start, place.end
        text = place.text.replace("\n", _newline(cell))
        before = cell.text[start:end]
        if not text:  # the whole line goes
            start = cell.starts[cell.line_of(start) - 1]
            rest = re.compile(r"[ \t]*;?[ \t]*(?:\r?\n)?").match(cell.text, end)
            at_end = rest is not None and (rest.end() == len(cell.text) or cell.text[rest.end() - 1] == "\n")
            if rest is not None and at_end:
                end = rest.end()
            else:  # a comment stands behind it
                start = place.start
        self.edits.setdefault(cell.number, []).append(Edit(start, end, text))
        change = Change(cell.number, cell.line_of(place.start), before, place.text, place.remarks)
        self.changes.append(change)

    def _leave(self, cell: Cell, line: int, text: str, why: str) -> None:
        shown = " ".join(text.split())
        self.left.append(Left(cell.number, line, shown if len(shown) <= 80 else f"{shown[:79]}…", why))


class _Untouched(Exception):
    """A statement that stays."""


_OPTIONS = {
    ("verbose", True): "-v",
    ("use_pki", True): "--pki",
    ("use_overrides", False): "--no-overrides",
}
"""What arguments of a call are in our words."""
_AS_USUAL = {
    ("verbose", False),
    ("use_pki", False),
    ("use_overrides", True),
    ("config", None),
    ("strict", True),
    ("strict", False),
}


@dataclass(slots=True)
class _Place:
    """One place of a cell and what is to stand there."""

    cell: Cell
    start: int
    end: int
    text: str
    remarks: tuple[str, ...] = ()
    calls: tuple[ast.Call, ...] = ()
    group: tuple[ast.stmt, ...] = ()

    @property
    def indent(self) -> str:
        """What stands before it on its line."""
        return self.cell.text[self.cell.starts[self.cell.line_of(self.start) - 1] : self.start]


def _without_import(place: _Place, found: Import) -> None:
    """Take the import out of the lines that its statement's neighbours have become."""
    start, end = (found.statement.lineno, found.statement.col_offset), _end(found.statement)
    own = found.cell.text[found.cell.offset(*start) : found.cell.offset(*end)]
    lines = place.text.split(f"\n{place.indent}")
    kept = [found.without() if line == own else line for line in lines]
    place.text = f"\n{place.indent}".join(line for line in kept if line)


def _lines(ours: Sequence[Ours], indent: str) -> str:
    return f"\n{indent}".join(one.line(indent) for one in ours)


def _remarks(ours: Sequence[Ours]) -> tuple[str, ...]:
    return tuple(remark for one in ours for remark in one.remarks)


def _newline(cell: Cell) -> str:
    return "\r\n" if "\r\n" in cell.text else "\n"


def _groups(body: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Statements that share lines (``a; b``)."""
    group: list[ast.stmt] = []
    for statement in body:
        if group and statement.lineno > _end(group[-1])[0]:
            yield group
            group = []
        group.append(statement)
    if group:
        yield group


def _loops(cell: Cell) -> Iterator[ast.For]:
    """Loops over one name with one statement in them."""
    for node in cell.nodes:
        simple = isinstance(node, ast.For) and len(node.body) == 1 and not node.orelse
        if simple and isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            yield node


def _first(statement: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(one.lineno for one in decorators)])


def _end(statement: ast.stmt) -> tuple[int, int]:
    return statement.end_lineno or statement.lineno, statement.end_col_offset or 0


def _loads(cell: Cell, before: int | None) -> bool:
    """Whether the cell, as far as ``before``, loads the magic by itself."""
    text = cell.text if before is None else cell.text[:before]
    return bool(re.search(r"^\s*(?:%load_ext\s+condadeps\b|import\s+condadeps\s*$)", text, re.MULTILINE))


def _runs_an_installer(node: ast.Call) -> bool:
    called = getattr(node.func, "attr", None) or getattr(node.func, "id", None)
    if called not in _RUNNERS:
        return False
    words = [
        one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)
    ]
    text = " ".join(words)
    by_pip = called == "main" and "pip" in ast.unparse(node.func) and words[:1] == ["install"]
    return by_pip or bool(_INSTALLS.search(text))
