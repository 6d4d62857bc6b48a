"""Where a notebook imports ipydeps and calls it, by whatever name."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from condadeps.migration.cell import Cell

_MODULES = ("ipydeps", "condadeps.ipydeps")


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement that imports ipydeps, among others perhaps."""

    cell: Cell
    statement: ast.Import | ast.ImportFrom
    removable: bool
    """It stands where a line may go."""

    def without(self) -> str:
        """The statement without ipydeps; ``""`` when nothing else is imported."""
        rest = [alias for alias in self.statement.names if not _is_ours(self.statement, alias)]
        if not rest:
            return ""
        names = ", ".join(f"{one.name} as {one.asname}" if one.asname else one.name for one in rest)
        if isinstance(self.statement, ast.Import):
            return f"import {names}"
        return f"from {'.' * self.statement.level}{self.statement.module or ''} import {names}"


@dataclass(slots=True)
class Calls:
    """The names under which a notebook has ``ipydeps.pip``, and its imports of them."""

    functions: set[str] = field(default_factory=lambda: {"ipydeps.pip"})
    imports: list[Import] = field(default_factory=list)
    _names: set[str] = field(default_factory=set)
    _uses: list[ast.Name] = field(default_factory=list)

    @staticmethod
    def of(cells: Iterable[Cell]) -> Calls:
        """Of the notebook with these code cells."""
        calls = Calls()
        several = list(cells)
        for cell in several:
            if "ipydeps" not in cell.text:
                continue
            for body, of in cell.blocks:
                within_try = isinstance(of, ast.Try | ast.ExceptHandler)
                for statement in body:
                    if isinstance(statement, ast.Import | ast.ImportFrom):
                        calls._import(cell, statement, body, removable=not within_try)
        for cell in several:
            if any(name in cell.text for name in calls._names):
                names = (node for node in cell.nodes if isinstance(node, ast.Name))
                calls._uses.extend(node for node in names if node.id in calls._names)
        return calls

    def mentioned(self, text: str) -> bool:
        """Whether a cell's text may have to do with it."""
        return any(name in text for name in self._names)

    def is_one(self, node: ast.Call) -> bool:
        """Whether it calls ``ipydeps.pip``."""
        return isinstance(node.func, ast.Name | ast.Attribute) and ast.unparse(node.func) in self.functions

    def of_statement(self, node: ast.AST) -> ast.Call | None:
        """The call that a statement consists of."""
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and self.is_one(node.value):
            return node.value
        return None

    def needed_beside(self, done: Sequence[ast.Call]) -> bool:
        """Whether anything but these calls uses what the imports bind."""
        theirs = {id(node) for call in done for node in ast.walk(call.func)}
        return any(id(use) not in theirs for use in self._uses)

    def _import(
        self, cell: Cell, statement: ast.Import | ast.ImportFrom, body: list[ast.stmt], *, removable: bool
    ) -> None:
        ours = [alias for alias in statement.names if _is_ours(statement, alias)]
        for alias in ours:
            name = alias.asname or alias.name
            is_function = isinstance(statement, ast.ImportFrom) and statement.module in _MODULES
            self.functions.add(name if is_function else f"{name}.pip")
            self._names.add(name.partition(".")[0])
        if ours:
            top = cell.tree is not None and body is cell.tree.body
            self.imports.append(Import(cell, statement, removable and (top or len(body) > 1)))


def comments(text: str) -> Iterator[str]:
    """The comments within a call, each as a line of its own."""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.rstrip()
    except (tokenize.TokenError, SyntaxError):
        return


def _is_ours(statement: ast.Import | ast.ImportFrom, alias: ast.alias) -> bool:
    if isinstance(statement, ast.Import):
        return alias.name in _MODULES
    if statement.level:
        return False
    return (statement.module in _MODULES and alias.name == "pip") or (
        statement.module == "condadeps" and alias.name == "ipydeps"
    )
