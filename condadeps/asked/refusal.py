"""How a request that cannot be read is refused: which one, where in it, what to type instead."""

from __future__ import annotations

from typing import Any

from condadeps.asked.credentials import masked
from condadeps.asked.job import Asked
from condadeps.asked.request import Origin
from condadeps.errors import RequestError

_SHOWN = 72
"""Characters of a request that an error shows, around the position where reading it failed."""

_LONGEST_REASON = 160


def refuse(asked: Asked, why: str, position: int | None = None, *, help: str | None = None) -> RequestError:
    """The error for ``asked``; ``position`` counts characters of its text from 0 (None: all of it)."""
    origin = Origin(asked.place, asked.line)
    text = _printable(asked.text)
    why = masked(why) if len(why) <= _LONGEST_REASON else masked(why)[:_LONGEST_REASON] + "…"
    shown, caret = _excerpt(text, position)
    where = "" if asked.place == "command" and asked.line is None else f" ({origin})"
    message = (
        f"cannot read the request{where}: {why}"
        if not text.strip()
        else (f"cannot read the request '{shown}'{where}: {why}")
    )
    data: dict[str, Any] = {"text": text if len(text) <= 200 else shown, "position": position}
    detail = () if caret is None else (shown, " " * caret + "^")
    return RequestError(message, detail=detail, help=help, origin=str(origin), **data)


def _excerpt(text: str, position: int | None) -> tuple[str, int | None]:
    """At most ``_SHOWN`` characters of ``text`` around ``position``, and where the position is in them."""
    if len(text) <= _SHOWN:
        return text, position
    if position is None:
        return text[:_SHOWN] + "…", None
    start = max(0, min(position, len(text)) - _SHOWN // 2)
    before, after = "…" if start else "", "…" if start + _SHOWN < len(text) else ""
    return before + text[start : start + _SHOWN] + after, position - start + len(before)


def _printable(text: str) -> str:
    """``text`` without secrets, one visible character for each of its own; of a huge one, its beginning."""
    return "".join(char if char.isprintable() else "\ufffd" for char in masked(text[:20_000]))
