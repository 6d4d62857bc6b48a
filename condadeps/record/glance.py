"""Reading an environment file quickly: remembered, and without a YAML library when it is laid out plainly.

"Run all" asks each time whether everything is recorded; that must not cost what loading
a YAML library costs. What :func:`_plain` does not surely understand, the library reads.
"""

from __future__ import annotations

import re
from pathlib import Path

from condadeps.record.file import Read, read
from condadeps.record.sheet import Line, Sheet

_ITEM = re.compile(
    r"([A-Za-z0-9_.][^\s#:'\"{}\[\]&*!|%@`]*(?:\[[A-Za-z0-9_,.-]*\][^\s#:'\"{}\[\]&*!|%@`]*)?)"
)
_URL = re.compile(r"[a-z]+://[A-Za-z0-9_.~/:%+-]*[A-Za-z0-9_~/%+-]")
"""A colon that no space follows is text to YAML."""
_LINE = re.compile(r"( *)(- )?(.*?)(?: +(#.*))?")
_KEYS = {"channels", "dependencies"}
_NULL = {"null", "~"}

_seen: dict[str, tuple[Read, Sheet]] = {}


def sheet(path: Path, most: int) -> Sheet | None:
    """What ``path`` says, None when there is no such file. The result is shared: do not change it.

    Raises RecordError when it is no environment file, OSError when it cannot be looked at.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    key = str(path.absolute())
    known = _seen.get(key)
    if known and known[0].state == (status.st_ino, status.st_mtime_ns, status.st_size):
        return known[1]
    found = read(path, most)
    if found.text is None:
        return None
    said = parsed(found.text, path)
    if len(_seen) >= 64:
        _seen.clear()
    _seen[key] = (found, said)
    return said


def name(text: str, path: Path) -> str | None:
    """The ``name:`` of a file of this text. Raises RecordError when it is no environment file."""
    return parsed(text, path).name


def parsed(text: str, path: Path) -> Sheet:
    """What a file of this text says. Raises RecordError when it is no environment file."""
    return _plain(text) or _whole(text, path)


def _whole(text: str, path: Path) -> Sheet:
    from condadeps.record.document import Document

    return Document(text, path).sheet


def _plain(text: str) -> Sheet | None:
    """The sheet of a file in the form this program writes, None when there is anything else in it."""
    said = Sheet()
    section = ""
    seen: set[str] = set()
    indents: dict[str, int] = {}
    for raw in text.split("\n"):
        line = raw.removesuffix("\r").rstrip(" ")
        if not line or line.lstrip(" ").startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None or not match[3]:
            return None
        indent, dash, content, comment = len(match[1]), match[2], match[3], match[4] or ""
        if dash is None:
            section = _key(said, indent, content, seen)
        elif section == "dependencies" and content == "pip:" and "pip" not in seen:
            if indents.setdefault("dependencies", indent) != indent:
                return None
            said.conda.append(Line("", source=len(said.conda), opaque=True))
            section = "pip"
            seen.add("pip")
        else:
            section = _item(said, section, indent, content, comment, indents)
        if section == "?":
            return None
    return said if "dependencies" in seen else None


def _key(said: Sheet, indent: int, content: str, seen: set[str]) -> str:
    """Take in ``key: value`` at the margin; the section that begins, ``"?"`` when it is not plain."""
    key, colon, value = content.partition(":")
    value = value.strip()
    if indent or not colon or key in seen:
        return "?"
    seen.add(key)
    if key == "name" and _ITEM.fullmatch(value) and value not in _NULL:
        said.name = value
        return ""
    return key if key in _KEYS and not value else "?"


def _item(said: Sheet, section: str, indent: int, content: str, comment: str, indents: dict[str, int]) -> str:
    """Take in ``- content``; the section it belongs to, ``"?"`` when it is not plain."""
    if section == "pip" and indent == indents["dependencies"]:
        section = "dependencies"
    lists = {"channels": said.channels, "dependencies": said.conda, "pip": said.pip}
    if section not in lists or indents.setdefault(section, indent) != indent:
        return "?"
    if section == "pip" and indent <= indents["dependencies"]:
        return "?"
    if not _ITEM.fullmatch(content) and not (section == "channels" and _URL.fullmatch(content)):
        return "?"
    lines = lists[section]
    lines.append(Line(content, comment, len(lines)))
    return section
