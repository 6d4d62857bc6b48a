"""Which projects more candidates might help, by what the solver refused.

Metadata costs a request a version, so the window of a project is widened only where another version could
be the way out. It is not where every pip candidate fails for being beside the conda package that brings
the same project, nor where several versions in a row fail for needing something that is stuck itself.
"""

from __future__ import annotations

from collections.abc import Iterable

from condadeps.names.namespaces import ProjectName
from condadeps.solve.encode import NEVER, PIP, PROXY
from condadeps.solve.refusal_tree import Line, read

ENOUGH = 4
"""Versions that fail in one way before older ones are expected to fail so too."""


def named(*messages: str) -> list[ProjectName]:
    """Every project whose proxy a message names, each once."""
    found: dict[ProjectName, None] = {}
    for line in _lines(messages):
        if line.name.startswith((PROXY, PIP)):
            found[_project(line)] = None
    return list(found)


def promising(*messages: str) -> list[ProjectName]:
    """The projects of which versions not yet offered might lead out, each once."""
    judged = _Judged(messages)
    return [project for project in named(*messages) if not judged.stuck(project)]


class _Judged:
    """Each project's pip candidates in the messages, and why they fail."""

    def __init__(self, messages: Iterable[str]) -> None:
        self._lines: dict[ProjectName, dict[str, Line]] = {}
        for line in _lines(messages):
            if line.name.startswith(PIP) and line.fate in ("requires", "constrains"):
                self._lines.setdefault(_project(line), {}).setdefault(line.rest, line)
        self._known: dict[ProjectName, bool] = {}

    def stuck(self, project: ProjectName) -> bool:
        """Whether further versions of the project would fail like those there are."""
        if project not in self._known:
            self._known[project] = False  # two that need each other are not each other's excuse
            self._known[project] = self._is_stuck(list(self._lines.get(project, {}).values()))
        return self._known[project]

    def _is_stuck(self, lines: list[Line]) -> bool:
        if not lines:
            return False
        if all(below.rest.endswith(NEVER) for line in lines for below in line.below):
            return True
        if sum(line.rest.count("|") + 1 for line in lines) < ENOUGH:
            return False
        shared = set.intersection(*({self._text(below) for below in line.below} for line in lines))
        return all(self._hopeless(below, shared) for line in lines for below in line.below)

    def _hopeless(self, below: Line, shared: set[str]) -> bool:
        if below.name.startswith(PROXY):
            return self.stuck(_project(below))
        return below.rest.endswith(NEVER) or self._text(below) in shared

    @staticmethod
    def _text(line: Line) -> str:
        return f"{line.name} {line.rest}"


def _lines(messages: Iterable[str]) -> Iterable[Line]:
    for message in messages:
        for top in read(message):
            yield from _all(top)


def _all(line: Line) -> Iterable[Line]:
    yield line
    for below in line.below:
        yield from _all(below)


def _project(line: Line) -> ProjectName:
    return ProjectName(line.name.removeprefix(PROXY).removeprefix(PIP))
