"""``condadeps migrate``: notebooks and folders of them, rewritten in place or only looked at.

Exit status: 0 when nothing is (any more) to be rewritten, 1 when ``--check`` or ``--diff`` found something,
2 when a file could not be read or written; so it can be a pre-commit hook either way.
"""

from __future__ import annotations

import os
import re
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any

from condadeps.errors import UsageError
from condadeps.migration.document import InvalidNotebook, Notebook
from condadeps.migration.rewrite import Change, Left, rewritten

_WORTH_A_LOOK = re.compile(rb"\b(?:ipydeps|pip[0-9.]*|conda|mamba|micromamba)\b|\\u00[67]", re.IGNORECASE)
_SKIPPED = frozenset({".ipynb_checkpoints", "node_modules", "__pycache__"})
MAX_BYTES = 256 * 2**20


@dataclass(frozen=True, slots=True)
class File:
    """What became of one notebook."""

    path: str
    changes: tuple[Change, ...] = ()
    left: tuple[Left, ...] = ()
    problem: str | None = None
    """Why it could not be read or written."""
    diff: str = ""

    def lines(self, done: bool) -> Iterator[str]:
        """For a person: a line for the file, one for each thing to look at."""
        if self.problem:
            yield f"{self.path}: {self.problem}"
            return
        if self.changes:
            count = len(self.changes)
            places = "place" if count == 1 else "places"
            yield f"{self.path}: {count} {places} {'rewritten' if done else 'to rewrite'}"
            for change in self.changes:
                for remark in change.remarks:
                    yield f"  cell {change.cell}, line {change.line}: {remark}"
        for left in self.left:
            yield f"{self.path}, cell {left.cell}, line {left.line}: left as it is: {left.text} ({left.why})"


@dataclass(frozen=True, slots=True)
class Report:
    """What became of all of them. Prints as text; :meth:`to_json` gives it as data."""

    files: tuple[File, ...]
    """Those that there is something to tell of."""
    seen: int
    """How many notebooks were looked at."""
    written: bool
    diff: bool = False

    @property
    def exit_code(self) -> int:
        """As the module says."""
        if any(file.problem for file in self.files):
            return 2
        return int(not self.written and any(file.changes for file in self.files))

    def to_json(self) -> dict[str, Any]:
        """Plain data, under stable keys."""
        return {
            "success": self.exit_code == 0,
            "notebooks": self.seen,
            "written": self.written,
            "files": [
                {
                    "path": file.path,
                    "problem": file.problem,
                    "changes": [
                        {
                            "cell": one.cell,
                            "line": one.line,
                            "before": one.before,
                            "after": one.after,
                            "remarks": list(one.remarks),
                        }
                        for one in file.changes
                    ],
                    "left": [
                        {"cell": one.cell, "line": one.line, "text": one.text, "why": one.why}
                        for one in file.left
                    ],
                }
                for file in self.files
            ],
        }

    def __str__(self) -> str:
        diffs = [file.diff for file in self.files if file.diff] if self.diff else []
        changed = sum(bool(file.changes) and not file.problem for file in self.files)
        done = "rewritten" if self.written else "to rewrite"
        total = f"{self.seen} notebook{'' if self.seen == 1 else 's'}, {changed} {done}"
        return "\n".join([*diffs, *(line for file in self.files for line in file.lines(self.written)), total])

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))


def migrate(
    paths: Sequence[str | Path], *, check: bool = False, diff: bool = False, directory: Path | None = None
) -> Report:
    """Rewrite the notebooks at ``paths``, and below those that are folders, to install by ``%condadeps``.

    Nothing is written with ``check`` or ``diff``. Relative paths are meant from ``directory``. A notebook
    that cannot be read or written is told in the report; the others are done. Raises UsageError for no path,
    or one that is not there.
    """
    if not paths:
        raise UsageError("name a notebook or a folder of notebooks", help="condadeps migrate analysis.ipynb")
    seen = 0
    files: list[File] = []
    write = not (check or diff)
    for shown, path in _notebooks(paths, directory or Path()):
        seen += 1
        file = _one(shown, path, write=write, diff=diff)
        if file.changes or file.left or file.problem:
            files.append(file)
    return Report(tuple(files), seen, write, diff)


def _notebooks(paths: Sequence[str | Path], directory: Path) -> Iterator[tuple[str, Path]]:
    """Every notebook once, with the name it is shown by."""
    known: set[Path] = set()
    for shown in map(Path, paths):
        path = directory / shown.expanduser()
        if not path.exists():
            raise UsageError(f"there is no {shown}", help="condadeps migrate NOTEBOOK…")
        for one in _below(path) if path.is_dir() else [path]:
            real = one.resolve()
            if real not in known:
                known.add(real)
                yield str(shown / one.relative_to(path)) if one != path else str(shown), one


def _below(folder: Path) -> Iterator[Path]:
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in _SKIPPED and not name.startswith("."))
        for name in sorted(names):
            if name.endswith(".ipynb"):
                yield Path(parent, name)


def _one(shown: str, path: Path, *, write: bool, diff: bool) -> File:
    try:
        if path.stat().st_size > MAX_BYTES:
            return File(shown, problem=f"is larger than {MAX_BYTES // 2**20} MB")
        content = path.read_bytes()
        if not _WORTH_A_LOOK.search(content):
            return File(shown)
        text = content.decode("utf-8")
        result = rewritten(Notebook.read(text))
        if result.changes and write:
            _write(path, result.text.encode("utf-8"))
    except OSError as error:
        return File(shown, problem=error.strerror or str(error))
    except UnicodeDecodeError:
        return File(shown, problem="is not UTF-8 text")
    except InvalidNotebook as error:
        return File(shown, problem=str(error))
    shown_diff = _diff(shown, text, result.text) if diff and result.changes else ""
    return File(shown, result.changes, result.left, diff=shown_diff)


def _write(path: Path, content: bytes) -> None:
    """Put ``content`` in the file's place: all of it or none. Links and permissions stay."""
    path = path.resolve()
    mode = stat.S_IMODE(path.stat().st_mode)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(temporary).chmod(mode)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _diff(shown: str, before: str, after: str) -> str:
    """A unified diff. What both begin and end with is left out of the search: pictures are long lines."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    context = 3
    start = next(
        (n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new))
    )
    start = max(0, start - context)
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    end = max(0, end - context)
    lines = unified_diff(old[start : len(old) - end], new[start : len(new) - end], shown, shown, n=context)
    shifted = (_shifted(line, start) for line in lines)
    return "".join(line if line.endswith("\n") else f"{line}\n" for line in shifted).rstrip("\n")


def _shifted(line: str, by: int) -> str:
    """A hunk's head with its line numbers counted from the file's beginning."""
    if not line.startswith("@@"):
        return line
    return re.sub(r"([-+])(\d+)", lambda found: f"{found[1]}{int(found[2]) + by}", line)
