"""An environment file (CEP 24) as text: read with its places, changed only where it must be.

A YAML library that dumps what it loaded reflows quotes, indents and blank lines. A file that
a person wrote should come back with a line more, not as another file: so the parser tells
where each item stands, and the changes are made in the text itself, then read again to see
that they say what was meant.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from condadeps.asked.yaml_nodes import InvalidYaml, compose, is_list, is_mapping, is_null
from condadeps.errors import RecordError
from condadeps.record.sheet import Line, Sheet

_BLANK_OR_COMMENT = re.compile(r"[ \t]*(#[^\r\n]*)?")
_DASH = re.compile(r"[ \t]*-(?=[ \t])")
_PLAIN = re.compile(r"[A-Za-z0-9_.][^\r\n\t]*")
_RESERVED = re.compile(r"(?:~|null|true|false|yes|no|on|off|y|n|[-+.0-9][0-9_.:eE+-]*)", re.IGNORECASE)


class Document:
    """The text of one file and where its lists stand in it."""

    def __init__(self, text: str, path: Path) -> None:
        """Raises RecordError when the text is no YAML, no mapping, or its lists are none."""
        self.path = path
        self.text = text
        self.eol = "\r\n" if "\r\n" in text else "\n"
        self.root = _compose(text, path)
        self.channels = self._list("channels")
        self.dependencies = self._list("dependencies")
        self.pip_holder = self._pip_holder()
        self.sheet = self._read()

    def _value(self, key: str) -> Any:
        """The node of ``key``'s value, None when the file has no such key."""
        if self.root is None:
            return None
        found = [value for name, value in self.root.value if name.value == key]
        if len(found) > 1:
            raise RecordError(f"{self.path}: '{key}:' is there twice", path=str(self.path))
        if not found and key == "dependencies" and any(name.value == "<<" for name, _ in self.root.value):
            raise RecordError(f"{self.path}: a file with '<<:' merges is not changed", path=str(self.path))
        return found[0] if found else None

    def _list(self, key: str) -> Any:
        node = self._value(key)
        if node is not None and not is_list(node) and not is_null(node):
            raise RecordError(
                f"{self.path}: '{key}:' is not a list", help="items begin with '- '", path=str(self.path)
            )
        return node

    def _pip_holder(self) -> Any:
        """The ``- pip:`` item of the dependencies, if there is one."""
        holders = [
            item
            for item in _items(self.dependencies)
            if is_mapping(item) and item.value and item.value[0][0].value == "pip"
        ]
        if len(holders) > 1:
            raise RecordError(f"{self.path}: 'pip:' is there twice", path=str(self.path))
        if holders and not is_list(holders[0].value[0][1]) and not is_null(holders[0].value[0][1]):
            raise RecordError(f"{self.path}: 'pip:' is not a list", path=str(self.path))
        return holders[0] if holders else None

    @property
    def pip(self) -> Any:
        """The node of the ``pip:`` list, None when there is none."""
        return self.pip_holder.value[0][1] if self.pip_holder is not None else None

    def end_of_key(self, value: Any) -> int:
        """Where the key of ``value`` ends: a missing value's own mark is at whatever comes next."""
        mappings = [self.root] if self.pip_holder is None else [self.root, self.pip_holder]
        return next(
            int(key.end_mark.index) for mapping in mappings for key, node in mapping.value if node is value
        )

    def _read(self) -> Sheet:
        name = self._value("name")
        return Sheet(
            name=name.value
            if name is not None and isinstance(name.value, str) and not is_null(name)
            else None,
            channels=self._lines(self.channels),
            conda=self._lines(self.dependencies),
            pip=self._lines(self.pip),
        )

    def _lines(self, node: Any) -> list[Line]:
        found: list[Line] = []
        aliases = _aliases(node)
        for place, item in enumerate(_items(node)):
            text = item.value if isinstance(item.value, str) else ""
            plain = place not in aliases and text != ""
            comment = self.comment(item) if plain and not node.flow_style else ""
            found.append(Line(text, comment, place, opaque=not plain))
        return found

    def comment(self, item: Any) -> str:
        """The comment behind an item, with its ``#``, or nothing."""
        found = _BLANK_OR_COMMENT.match(self.text, item.end_mark.index)
        return (found[1] or "").rstrip() if found else ""

    def rewritten(self, sheet: Sheet) -> str:
        """The text with what ``sheet`` changes, all else as it was.

        ``sheet`` is this document's own, its lines changed, dropped and added. Raises RecordError
        when the file is laid out in a way that cannot be changed safely.
        """
        edits = _Edits(self)
        edits.sequence("channels", self.channels, sheet.channels)
        edits.dependencies(sheet)
        text = edits.applied()
        if text != self.text:
            self._check(text, sheet)
        return text

    def _check(self, text: str, sheet: Sheet) -> None:
        """Read ``text`` again: it must say what was meant, or the file is left alone."""
        again = Document(text, self.path).sheet
        for meant, said in (
            (sheet.channels, again.channels),
            (sheet.conda, again.conda),
            (sheet.pip, again.pip),
        ):
            wanted = [line.text for line in meant if not line.dropped and not line.opaque]
            if wanted != [line.text for line in said if not line.opaque]:
                raise self.cannot("its layout is unusual")

    def cannot(self, why: str) -> RecordError:
        """The refusal to change this file."""
        return RecordError(
            f"{self.path} cannot be changed safely: {why}",
            help="one item a line after '- ', or another file: --env-file FILE",
            path=str(self.path),
        )


class _Edits:
    """Changes of a document's text, collected first, applied from the end to the beginning."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.eol = document.eol
        self.text = document.text
        if self.text and not self.text.endswith("\n"):
            self.text += self.eol
        self.found: list[tuple[int, int, str]] = []
        self.json = document.root is not None and bool(document.root.flow_style)

    def applied(self) -> str:
        if not self.found:
            return self.document.text
        text = self.text
        in_order = sorted(enumerate(self.found), key=lambda edit: (edit[1][0], edit[1][1], edit[0]))
        for _, (start, end, new) in reversed(in_order):
            text = text[:start] + new + text[end:]
        return text

    def dependencies(self, sheet: Sheet) -> None:
        document = self.document
        holder = document.pip_holder
        wanted = [line for line in sheet.pip if not line.dropped]
        if holder is None:
            self.sequence("dependencies", document.dependencies, sheet.conda, wanted)
            return
        place = next(i for i, item in enumerate(_items(document.dependencies)) if item is holder)
        own_line = next(line for line in sheet.conda if line.source == place)
        if not wanted and sheet.pip and len(holder.value) == 1:
            own_line.dropped = True
        elif not document.dependencies.flow_style:
            self.sequence("pip", document.pip, sheet.pip)
        elif any(self._differs(document.pip, line) for line in sheet.pip):
            if len(holder.value) > 1:
                raise document.cannot("its 'pip:' shares brackets")
            own_line.text = self._pip_in_braces(self._flow_parts(document.pip, sheet.pip))
        self.sequence("dependencies", document.dependencies, sheet.conda)

    def sequence(self, key: str, node: Any, lines: Sequence[Line], pip: Sequence[Line] = ()) -> None:
        """Make the list at ``node`` say ``lines``, and after them a new ``pip:`` list if ``pip`` has any."""
        if not pip and not any(self._differs(node, line) for line in lines):
            return
        if node is not None and is_list(node) and node.flow_style and (_items(node) or self.json):
            self._flow(node, lines, pip)
        elif _items(node):
            self._block(node, lines, pip)
        else:
            self._fresh(key, node, lines, pip)

    def _differs(self, node: Any, line: Line) -> bool:
        if line.dropped or line.source is None:
            return line.source is not None or not line.dropped
        item = _items(node)[line.source]
        if line.opaque:
            return bool(line.text) and isinstance(item.value, list)
        flow = bool(node.flow_style)
        return bool(item.value != line.text) or (not flow and self.document.comment(item) != line.comment)

    def _block(self, node: Any, lines: Sequence[Line], pip: Sequence[Line]) -> None:
        items = _items(node)
        column = self._dash_column(node)
        aliases = _aliases(node)
        after: Any = None
        pending: list[Line] = []
        for line in lines:
            if line.source is None:
                if not line.dropped:
                    pending.append(line)
                continue
            item = items[line.source]
            if line.source not in aliases:
                self._insert(after, item, pending, column)
                pending, after = [], item
            if line.dropped:
                self._drop(item)
            elif not line.opaque:
                self._replace(item, line)
        self._insert(after, None, pending, column, pip)

    def _insert(
        self, after: Any, before: Any, lines: Sequence[Line], column: int, pip: Sequence[Line] = ()
    ) -> None:
        new = "".join(f"{' ' * column}- {self._item(line)}{self.eol}" for line in lines)
        new += self._new_pip(pip, column)
        if not new:
            return
        if after is None and before is None:
            raise self.document.cannot("it has only aliases")
        at = self._line_start(before) if after is None else self._after(after)
        self.found.append((at, at, new))

    def _new_pip(self, pip: Sequence[Line], column: int) -> str:
        if not pip:
            return ""
        deeper = " " * (column + 4)
        head = f"{' ' * column}- pip:{self.eol}"
        return head + "".join(f"{deeper}- {self._item(line)}{self.eol}" for line in pip)

    def _fresh(self, key: str, node: Any, lines: Sequence[Line], pip: Sequence[Line]) -> None:
        """A list where there is none yet: an empty one, a key without value, no key at all."""
        if key == "pip":
            column = self._dash_column(self.document.dependencies) + 4
        else:
            column = self._root_column() + 2
        body = "".join(f"{' ' * column}- {self._item(line)}{self.eol}" for line in lines if not line.dropped)
        body += self._new_pip(pip, column)
        if node is None:
            at = self._place_of_new_key(key)
            self.found.append((at, at, f"{' ' * self._root_column()}{key}:{self.eol}{body}"))
            return
        start, end = node.start_mark.index, node.end_mark.index
        if start < end:  # [], ~ or null: the value goes, what holds it stays
            if node.anchor or self.text[start:end] not in ("[]", "~", "null"):
                raise self.document.cannot(f"'{key}:' is unusual")
            self.found.append((start, end, ""))
        at = self._line_end(end if start < end else self.document.end_of_key(node))
        self.found.append((at, at, body))

    def _place_of_new_key(self, key: str) -> int:
        """Where a key that the file has not is put: channels before the dependencies, all else at the end."""
        if self.json:
            raise self.document.cannot(f"it has no '{key}'")
        if self.document.root is None:
            return len(self.text)
        places = {name.value: (name, value) for name, value in self.document.root.value}
        if key == "channels" and "name" in places:
            return self._line_end(_last_scalar_end(places["name"][1]))
        if key == "channels" and "dependencies" in places:
            return self._line_start(places["dependencies"][0])
        end = int(self.document.root.end_mark.index)
        return end if self.text[end - 1] == "\n" else self._line_end(end)

    def _flow(self, node: Any, lines: Sequence[Line], pip: Sequence[Line]) -> None:
        """A list in brackets, written again."""
        parts = self._flow_parts(node, lines)
        if pip:
            parts.append(self._pip_in_braces([self._scalar(line.text, flow=True) for line in pip]))
        anchor = f"&{node.anchor} " if node.anchor else ""
        self.found.append((node.start_mark.index, node.end_mark.index, f"{anchor}[{', '.join(parts)}]"))

    def _flow_parts(self, node: Any, lines: Sequence[Line]) -> list[str]:
        """The items of a list in brackets; those that stay keep their spelling."""
        items = _items(node)
        inside = self.text[node.start_mark.index : node.end_mark.index]
        if re.search(r"(?:^|\s)#", inside) or _aliases(node):
            raise self.document.cannot("it has comments or aliases inside brackets")
        parts: list[str] = []
        for line in lines:
            if line.dropped:
                continue
            item = items[line.source] if line.source is not None else None
            if line.opaque and line.text:
                parts.append(line.text)
            elif item is not None and (line.opaque or item.value == line.text):
                parts.append(self.text[item.start_mark.index : item.end_mark.index].rstrip())
            else:
                parts.append(self._scalar(line.text, flow=True))
        return parts

    def _pip_in_braces(self, parts: Sequence[str]) -> str:
        key = '"pip"' if self.json else "pip"
        return f"{{{key}: [{', '.join(parts)}]}}"

    def _replace(self, item: Any, line: Line) -> None:
        start, end = item.start_mark.index, item.end_mark.index
        if item.value != line.text:
            old = self.text[start:end]
            kept = re.match(r"(?:[&!]\S*\s+)*", old)
            lead = kept[0] if kept else ""
            first = old[len(lead) : len(lead) + 1]  # the quote, when there is one: it is kept
            self.found.append((start, end, lead + self._scalar(line.text, quote=first)))
        if self.document.comment(item) != line.comment:
            rest = _BLANK_OR_COMMENT.match(self.text, end)
            stop = rest.end() if rest else end
            self.found.append((end, stop, f"  {line.comment}" if line.comment else ""))

    def _drop(self, item: Any) -> None:
        start, end = self._line_start(item), self._after(item)
        dash = _DASH.match(self.text, start)
        if not dash:
            raise self.document.cannot("an item is not on a line of its own")
        self.found.append((start, end, ""))

    def _item(self, line: Line) -> str:
        return self._scalar(line.text) + (f"  {line.comment}" if line.comment else "")

    def _scalar(self, text: str, *, flow: bool = False, quote: str = "") -> str:
        return scalar(text, flow=flow, quote='"' if self.json else quote)

    def _dash_column(self, node: Any) -> int:
        for item in _items(node):
            if found := _DASH.match(self.text, self._line_start(item)):
                return found.end() - 1 - self._line_start(item)
        raise self.document.cannot("its items are not on lines of their own")

    def _root_column(self) -> int:
        root = self.document.root
        return int(root.start_mark.column) if root is not None else 0

    def _line_start(self, item: Any) -> int:
        return self.text.rfind("\n", 0, item.start_mark.index) + 1

    def _after(self, item: Any) -> int:
        """Where the line after an item begins; a block's own end mark is past blank lines and comments."""
        return self._line_end(_last_scalar_end(item))

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1


def scalar(text: str, *, flow: bool = False, quote: str = "") -> str:
    """``text`` as YAML reads it back: plainly when that is possible, else quoted, as ``quote`` is."""
    if quote == '"':
        return json.dumps(text, ensure_ascii=False)
    plain = (
        _PLAIN.fullmatch(text)
        and not re.search(r":\s|:$|\s#|\s$", text)
        and not _RESERVED.fullmatch(text)
        and not (flow and re.search(r"[\[\]{},]", text))
    )
    return text if plain and quote != "'" else "'" + text.replace("'", "''") + "'"


def _last_scalar_end(node: Any) -> int:
    """The end of the last thing inside a node that is really written there."""
    if not isinstance(node.value, list) or node.flow_style or not node.value:
        return int(node.end_mark.index)
    children: Iterator[Any] = (
        part for child in node.value for part in (child if isinstance(child, tuple) else (child,))
    )
    inside = [
        child for child in children if node.start_mark.index <= child.start_mark.index < node.end_mark.index
    ]
    return max((_last_scalar_end(child) for child in inside), default=int(node.end_mark.index))


def _items(node: Any) -> list[Any]:
    return list(node.value) if node is not None and is_list(node) else []


def _aliases(node: Any) -> frozenset[int]:
    """Which items of a list are ``*aliases``: their text stands elsewhere."""
    found: set[int] = set()
    end = int(node.start_mark.index) if node is not None else 0
    for place, item in enumerate(_items(node)):
        if item.start_mark.index < end:
            found.add(place)
        end = max(end, item.end_mark.index)
    return frozenset(found)


def _compose(text: str, path: Path) -> Any:
    """The YAML node of the whole document, None when there is nothing in it."""
    try:
        root = compose(text)
    except InvalidYaml as error:
        where = f"{path}:{error.line}" if error.line else str(path)
        raise RecordError(f"{where} {error}", path=str(path)) from None
    if root is None or (is_null(root) and not text[root.start_mark.index : root.end_mark.index].strip()):
        return None
    if not is_mapping(root):
        raise RecordError(f"{path} is not an environment file: it is no mapping", path=str(path))
    return root
