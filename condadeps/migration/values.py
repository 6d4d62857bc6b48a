"""What a notebook's variables hold, as far as that can be told without running it.

A name counts when the whole notebook binds it once, outside functions, to something that can be told; when
nothing could change it in place; and when no cell is papermill's to override (tagged ``parameters``).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from condadeps.migration.cell import Cell
from condadeps.migration.shell import Unknowable

Text = str
Value = Text | tuple[Text, ...]
"""A text, or several in a list or tuple."""
Known = Mapping[str, Value]
_NOTHING: Known = {}

_HARMLESS = frozenset(
    {
        "print",
        "len",
        "sorted",
        "set",
        "list",
        "tuple",
        "str",
        "display",
        "enumerate",
        "zip",
        "any",
        "all",
        "repr",
    }
)
_HARMLESS_METHODS = frozenset({"index", "count", "copy", "join", "split", "format", "strip", "lower", "pip"})
_DEEPEST = 20


@dataclass(slots=True)
class _Bound:
    """A name's one binding."""

    value: ast.expr | None
    cell: int
    line: int


@dataclass(slots=True)
class Values:
    """The variables of one notebook."""

    cells: Sequence[Cell]
    """The notebook's code cells; looked at when the first name is asked for."""
    _looked: bool = False
    _bound: dict[str, list[_Bound]] = field(default_factory=dict)
    _changed: set[str] = field(default_factory=set)

    def text(self, expression: str | ast.expr, cell: int, line: int, known: Known = _NOTHING) -> str:
        """What ``expression`` comes to at a line of a cell, as text. Raises Unknowable."""
        value = self.value(expression, cell, line, known)
        if not isinstance(value, str):
            raise Unknowable(f"{_shown(expression)} is no text")
        return value

    def value(self, expression: str | ast.expr, cell: int, line: int, known: Known = _NOTHING) -> Value:
        """What ``expression`` comes to at a line of a cell; ``known``: a loop's names. Raises Unknowable."""
        if isinstance(expression, str):
            try:
                expression = ast.parse(expression.strip(), mode="eval").body
            except (SyntaxError, ValueError, RecursionError, MemoryError):
                raise Unknowable(f"{expression!r} is no Python expression") from None
        return _Evaluation(self, cell, line, known).value(expression, 0)

    def binding(self, name: str, cell: int, line: int) -> _Bound:
        """The one binding of ``name``, which stands before that line. Raises Unknowable."""
        if not self._looked:
            self._looked = True
            for one in self.cells:
                self._take(one)
        bound = self._bound.get(name, [])
        if len(bound) != 1:
            raise Unknowable(f"{name} is set {'more than once' if bound else 'nowhere that can be followed'}")
        [found] = bound
        if found.value is None or (found.cell, found.line) >= (cell, line):
            raise Unknowable(f"what {name} holds is only known when it runs")
        constant = isinstance(found.value, ast.Constant | ast.JoinedStr)
        if name in self._changed and not constant:
            raise Unknowable(f"{name} may be changed on the way")
        return found

    def _take(self, cell: Cell) -> None:
        followed = self._followed(cell)
        for node in cell.nodes:
            for name, line in _binds(node):
                if (name, id(node)) not in followed:
                    self._bound.setdefault(name, []).append(_Bound(None, cell.number, line))
            self._changed.update(_changes(node))

    def _followed(self, cell: Cell) -> set[tuple[str, int]]:
        """Take in plain assignments outside functions and blocks; which names of which nodes those are."""
        taken: set[tuple[str, int]] = set()
        if cell.tree is None or "parameters" in cell.tags:
            return taken
        for statement in cell.tree.body:
            target: ast.expr | None = None
            if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
                target = statement.targets[0]
            elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
                target = statement.target
            if isinstance(target, ast.Name) and isinstance(statement, ast.Assign | ast.AnnAssign):
                bound = _Bound(statement.value, cell.number, statement.lineno)
                self._bound.setdefault(target.id, []).append(bound)
                taken.add((target.id, id(target)))
        return taken


@dataclass(frozen=True, slots=True)
class _Evaluation:
    """Works one expression out, at one place."""

    values: Values
    cell: int
    line: int
    known: Known

    def value(self, node: ast.expr, depth: int) -> Value:
        if depth > _DEEPEST:
            raise Unknowable("it goes in circles")
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name) if name in self.known:
                return self.known[name]
            case ast.Name(id=name):
                bound = self.values.binding(name, self.cell, self.line)
                assert bound.value is not None
                return _Evaluation(self.values, bound.cell, bound.line, _NOTHING).value(
                    bound.value, depth + 1
                )
            case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
                return tuple(self._items(items, depth))
            case ast.JoinedStr(values=parts):
                return "".join(self._part(part, depth) for part in parts)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._sum(self.value(left, depth + 1), self.value(right, depth + 1))
            case ast.Call(func=ast.Name(id="list" | "tuple" | "sorted" | "set"), args=[one], keywords=[]):
                return self._several(one, depth)
            case ast.Call(func=ast.Attribute(value=of, attr=method), args=arguments, keywords=[]):
                return self._method(of, method, arguments, depth)
        raise Unknowable(f"what {_shown(node)} comes to is only known when it runs")

    def _items(self, items: list[ast.expr], depth: int) -> Iterator[str]:
        for item in items:
            if isinstance(item, ast.Starred):
                yield from self._several(item.value, depth)
            else:
                yield self._text(item, depth)

    def _several(self, node: ast.expr, depth: int) -> tuple[str, ...]:
        value = self.value(node, depth + 1)
        if isinstance(value, str):
            raise Unknowable(f"{_shown(node)} is one text")
        return value

    def _text(self, node: ast.expr, depth: int) -> str:
        value = self.value(node, depth + 1)
        if not isinstance(value, str):
            raise Unknowable(f"{_shown(node)} is no text")
        return value

    def _part(self, part: ast.expr, depth: int) -> str:
        if isinstance(part, ast.FormattedValue):
            if part.conversion != -1 or part.format_spec is not None:
                raise Unknowable(f"what {_shown(part)} comes to is only known when it runs")
            return self._text(part.value, depth)
        return self._text(part, depth)

    def _sum(self, left: Value, right: Value) -> Value:
        if isinstance(left, str) and isinstance(right, str):
            return left + right
        if isinstance(left, tuple) and isinstance(right, tuple):
            return left + right
        raise Unknowable("a text and a list are added")

    def _method(self, of: ast.expr, method: str, arguments: list[ast.expr], depth: int) -> Value:
        match method, arguments:
            case "split", []:
                return tuple(self._text(of, depth).split())
            case "split", [separator]:
                return tuple(self._text(of, depth).split(self._text(separator, depth) or None))
            case "splitlines", []:
                return tuple(self._text(of, depth).splitlines())
            case "strip", []:
                return self._text(of, depth).strip()
            case "join", [several]:
                return self._text(of, depth).join(self._several(several, depth))
        raise Unknowable(f"what .{method}() comes to is only known when it runs")


def _binds(node: ast.AST) -> Iterator[tuple[str, int]]:
    """The names a node binds, in whatever scope, with its line."""
    match node:
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name, node.lineno
        case ast.arg(arg=name):
            yield name, node.lineno
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name, node.lineno
        case ast.Import(names=names) | ast.ImportFrom(names=names):
            for alias in names:
                yield alias.asname or alias.name.partition(".")[0], node.lineno
        case ast.ExceptHandler(name=str(name)):
            yield name, node.lineno


def _changes(node: ast.AST) -> Iterator[str]:
    """Names of what a node may change in place."""
    match node:
        case ast.Attribute(value=ast.Name(id=name), attr=method) if method not in _HARMLESS_METHODS:
            yield name
        case ast.Subscript(value=ast.Name(id=name), ctx=ast.Store() | ast.Del()):
            yield name
        case ast.AugAssign(target=ast.Name(id=name)):
            yield name
        case ast.Call(func=function, args=arguments, keywords=keywords):
            called = getattr(function, "id", None) or getattr(function, "attr", None)
            if called not in _HARMLESS | _HARMLESS_METHODS:
                for argument in (*arguments, *(keyword.value for keyword in keywords)):
                    if isinstance(argument, ast.Name):
                        yield argument.id


def _shown(node: str | ast.expr) -> str:
    text = node if isinstance(node, str) else ast.unparse(node)
    return text if len(text) <= 40 else text[:40] + "…"
