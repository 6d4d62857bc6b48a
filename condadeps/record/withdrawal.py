"""Taking out of an environment file what was removed, and putting it back as it was.

The counterpart of :mod:`condadeps.record.environment`: what a person wrote, and what other
calls recorded since, stays.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from condadeps.errors import RecordError
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.record import file
from condadeps.record.document import Document
from condadeps.record.environment import MAX_BYTES, Recorded
from condadeps.record.sheet import Line, Sheet, conda_name, pip_name


def withdraw(
    path: Path, *, environment: str, packages: Collection[PackageName], projects: Collection[ProjectName]
) -> Recorded:
    """Take the lines of ``packages`` and ``projects`` out of the environment file ``path``.

    So go the packages listed only because one of the projects needed them (``# for seaborn``).
    A file that is another environment's, or is not there, is left alone. Raises RecordError.
    """

    def without(text: str) -> str:
        document = Document(text, path)
        if document.sheet.name in (None, environment):
            _drop(document.sheet, packages, projects)
        return document.rewritten(document.sheet)

    return _changed(path, without)


def restore(path: Path, before: str | None, after: str | None) -> Recorded:
    """Take back what turned the text ``before`` into ``after``; what others wrote since stays.

    None stands for no file. Raises RecordError when the file cannot be read or changed.
    """
    if after is None:
        return Recorded(path, False)
    now = file.read(path, MAX_BYTES)
    if now.text == after and before is None:
        with file.hold(path):
            path.unlink(missing_ok=True)
        return Recorded(path, True)

    def back(text: str) -> str:
        if text == after:
            return before or ""
        document = Document(text, path)
        old = Document(before or "", path).sheet
        _revert(document.sheet, old, Document(after, path).sheet)
        return document.rewritten(document.sheet)

    return _changed(path, back)


def _changed(path: Path, change: Callable[[str], str]) -> Recorded:
    path = file.real(path)
    with file.hold(path):
        for _ in range(8):
            before = file.read(path, MAX_BYTES)
            if before.text is None:
                return Recorded(path, False)
            text = change(before.text)
            if text == before.text:
                return Recorded(path, False)
            if file.replace(path, before, text):
                return Recorded(path, True)
    raise RecordError(f"{path} keeps changing while it is written", path=str(path))


def _drop(sheet: Sheet, packages: Collection[PackageName], projects: Collection[ProjectName]) -> None:
    names = {str(name) for name in packages}
    for line in _plain(sheet.conda):
        left = [name for name in line.needed_by if _project(name) not in projects]
        if conda_name(line.text) in names or (line.needed_by and not left):
            line.dropped = True
        elif len(left) < len(line.needed_by):
            line.comment = f"# for {', '.join(left)}"
    for line in _plain(sheet.pip):
        if pip_name(line.text) in projects:
            line.dropped = True


def _revert(now: Sheet, before: Sheet, after: Sheet) -> None:
    for lines, old, new, key in (
        (now.conda, before.conda, after.conda, conda_name),
        (now.pip, before.pip, after.pip, pip_name),
        (now.channels, before.channels, after.channels, _itself),
    ):
        _revert_lines(lines, _keyed(old, key), _keyed(new, key), key)


def _revert_lines(
    lines: list[Line], old: dict[str, Line], new: dict[str, Line], key: Callable[[str], str | None]
) -> None:
    there = _keyed(lines, key)
    for name in new.keys() | old.keys():
        was, became, now = old.get(name), new.get(name), there.get(name)
        if _same(was, became) or not _same(now, became):
            continue  # not this change's doing, or somebody has written it anew since
        if was is None and now is not None:
            now.dropped = True
        elif was is not None and now is not None:
            now.text, now.comment = was.text, was.comment
        elif was is not None:
            place = next((i for i, line in enumerate(lines) if line.opaque), len(lines))
            lines.insert(place, Line(was.text, was.comment))


def _same(one: Line | None, other: Line | None) -> bool:
    if one is None or other is None:
        return one is other
    return (one.text, one.comment) == (other.text, other.comment)


def _keyed(lines: list[Line], key: Callable[[str], str | None]) -> dict[str, Line]:
    return {name: line for line in reversed(_plain(lines)) if (name := key(line.text)) is not None}


def _plain(lines: list[Line]) -> list[Line]:
    return [line for line in lines if not line.opaque and not line.dropped]


def _itself(text: str) -> str:
    return text


def _project(name: str) -> str:
    try:
        return ProjectName(name.partition("[")[0].strip())
    except ValueError:
        return name
