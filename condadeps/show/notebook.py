"""For a notebook: plain HTML that needs no script, no widget and no file, in light and in dark.

Everything that comes from outside is escaped. Colours are the page's own, by opacity.
"""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Protocol

from condadeps.errors import CondadepsError
from condadeps.show import text
from condadeps.show.changes import MARKS, Change, changes
from condadeps.show.progress import Progress
from condadeps.show.reporter import Phase, Reporter, Silent
from condadeps.show.spelling import as_magic
from condadeps.show.units import counted
from condadeps.solve.plan import Plan
from condadeps.transaction.outcome import Outcome, Status

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

TABLE = 'style="border-collapse:collapse;border:none;margin:0.3em 0;font-size:90%"'
_CELL = 'style="text-align:left;border:none;padding:0.1em 1.2em 0.1em 0;vertical-align:top;background:none"'
_FAINT = "opacity:0.65"
_BOX = "border-left:3px solid currentColor;padding:0.1em 0 0.1em 0.7em;margin:0.3em 0"
FOLD = 12
"""A longer table is folded, but for what was asked for."""
INTERVAL = 0.1
"""Seconds between two updates of a display, at least."""
_SHOWN_ITEMS = 4


def plan(plan: Plan) -> str:
    """A plan as HTML: what would change, and why."""
    rows = changes(plan)
    head, *_ = text.plan(plan).splitlines()
    return _div(_line(head) + _changes(rows) + _remarks(plan.warnings, plan.notes))


def outcome(outcome: Outcome) -> str:
    """An outcome as HTML: what changed and why, warnings, where it is recorded, whether to restart."""
    parts = [_line(text.headline(outcome))]
    if outcome.status is not Status.UNCHANGED:
        parts.append(_changes(changes(outcome.plan)))
    parts.append(_remarks(outcome.warnings, outcome.plan.notes))
    if outcome.recorded:
        parts.append(_line(f"recorded in {text.shortened(outcome.recorded)}", _FAINT))
    parts += [_line(line, _FAINT) for line in text.registered(outcome)]
    if outcome.restart:
        which = "; ".join(outcome.restart)
        parts.append(
            f'<div style="{_BOX}"><b>Restart the kernel</b>: {_e(which)} (already imported here)</div>'
        )
    return _div("".join(parts))


def error(error: CondadepsError) -> str:
    """An error as HTML: what was asked, what is in the way, what to type."""
    parts = [f"<div><b>{_e(error.message)}</b></div>"]
    parts += [_line(detail, "padding-left:1em;white-space:pre-wrap") for detail in error.detail]
    if error.help:
        parts.append(f"<div>help: <code>{_e(error.help)}</code></div>")
    return as_magic(f'<div style="{_BOX}">{"".join(parts)}</div>')


def progress(state: Progress) -> str:
    """What is under way, as HTML."""
    done = f" ({state.finished} done)" if state.finished else ""
    rows = "".join(
        _item(name, item.share, str(item)) for name, item in list(state.items.items())[:_SHOWN_ITEMS]
    )
    more = len(state.items) - _SHOWN_ITEMS
    parts = [_line(f"{state.title} …{done}"), f"<table {TABLE}><tbody>{rows}</tbody></table>" if rows else ""]
    parts += [_line(f"and {more} more", _FAINT)] if more > 0 else []
    return _div("".join(parts + [_line(notice) for notice in state.notices]))


class Handle(Protocol):
    """What IPython gives for a display that can be updated."""

    def update(self, obj: Any, **kwargs: Any) -> None:
        """Put ``obj`` where the display is."""


class Live(Reporter):
    """One output that shows what happens while it happens and ends as the outcome.

    Nothing is shown before the first event, so what is already there leaves no flicker.
    ``show`` is IPython's ``display`` (another in tests), ``clock`` counts seconds. A front end that cannot
    update outputs shows the first state and the last.
    """

    def __init__(
        self, show: Callable[..., Handle | None] | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._show = show or _ipython_display
        self._clock = clock
        self._state = Progress()
        self._handle: Handle | None = None
        self._last = float("-inf")

    def phase(self, phase: Phase, message: str = "") -> None:
        self._state.begin(phase, message)
        self._update()

    def progress(
        self, item: str, done: int, total: int | None, unit: Literal["bytes", "items"] = "items"
    ) -> None:
        self._state.advance(item, done, total, unit)
        self._update()

    def notice(self, message: str) -> None:
        self._state.notices.append(as_magic(message))
        self._update(now=True)

    def result(self, result: Any, *, json: bool = False) -> None:
        """End as ``result``, any verb's, in place of the progress; as one JSON document if asked."""
        if json:
            self._finish("", "")
            _print_json(result)
        elif isinstance(result, str):
            self._finish("", "")
            print(result, end="" if result.endswith("\n") else "\n")
        else:
            self._finish(*_both(result))

    def end(self) -> None:
        """End without a result: an error is told elsewhere, what was noticed stays."""
        if self._handle is not None:
            notices = self._state.notices
            self._finish(_div("".join(map(_line, notices))) if notices else "", "\n".join(notices))

    def _update(self, now: bool = False) -> None:
        moment = self._clock()
        if not now and moment - self._last < INTERVAL:
            return
        self._last = moment
        self._put(progress(self._state), self._state.title)

    def _finish(self, markup: str, plain: str) -> None:
        if self._handle is not None or markup or plain:
            self._put(markup, plain)

    def _put(self, markup: str, plain: str) -> None:
        bundle = {"text/html": markup, "text/plain": plain}
        if self._handle is None:
            self._handle = self._show(bundle, raw=True, display_id=True)
        else:
            self._handle.update(bundle, raw=True)


class Quiet(Silent):
    """Shows no progress and no result; a JSON document that was asked for is still printed."""

    def result(self, result: Any, *, json: bool = False) -> None:
        """Nothing, or the document."""
        if json:
            _print_json(result)

    def end(self) -> None:
        """Nothing."""


@contextmanager
def live(shell: InteractiveShell | None, *, quiet: bool = False) -> Iterator[Any]:
    """The display for one magic in ``shell``: live in a notebook, a bar in a terminal, else nothing.

    Gives a Reporter with ``result(result, json=False)``, to be called once.
    """
    if quiet:
        yield Quiet()
    elif getattr(shell, "kernel", None) is not None:
        display = Live()
        try:
            yield display
        except BaseException:
            display.end()
            raise
    else:
        from condadeps.show import terminal

        with terminal.progress() as reporter:
            yield terminal.Shell(reporter)


def cell(content: str) -> str:
    """One cell of a table."""
    return f"<td {_CELL}>{_e(content)}</td>"


def heading(content: str) -> str:
    """One heading of a table."""
    return f"<th {_CELL}>{_e(content)}</th>"


def _both(result: Any) -> tuple[str, str]:
    """A result as HTML and as text."""
    if type(result) in (list, tuple):  # a list of a kind of its own prints itself
        pairs = [_both(item) for item in result]
        return "".join(markup for markup, _ in pairs), "\n".join(plain for _, plain in pairs)
    plain = as_magic(str(result)) if isinstance(result, Outcome | list) else str(result)
    render = getattr(result, "_repr_html_", None)
    markup = render() if callable(render) else None
    return markup or f"<pre>{_e(plain)}</pre>", plain


def _print_json(result: Any) -> None:
    import json

    from condadeps.show import conda_json

    print(json.dumps(conda_json.result(result), indent=2))


def _ipython_display(bundle: Any, **how: Any) -> Handle | None:
    import IPython.display

    display: Callable[..., Handle | None] = IPython.display.display
    return display(bundle, **how)


def _changes(rows: list[Change]) -> str:
    if len(rows) <= FOLD:
        return _table(rows)
    first = [row for row in rows if row.reason.startswith("asked")][:FOLD]
    rest = [row for row in rows if row not in first]
    summary = f'<summary style="cursor:pointer;{_FAINT}">and {counted(len(rest), "more change")}</summary>'
    return f"{_table(first) if first else ''}<details>{summary}{_table(rest)}</details>"


def _table(rows: Iterable[Change]) -> str:
    body = "".join(
        f"<tr>{cell(MARKS[row.kind])}{cell(row.name)}{cell(row.versions)}{cell(row.source)}{_faint(row.reason)}</tr>"
        for row in rows
    )
    return f"<table {TABLE}><tbody>{body}</tbody></table>" if body else ""


def _item(name: str, share: float | None, amount: str) -> str:
    value = "" if share is None else f' value="{share:.3f}"'
    bar = f'<progress max="1"{value} style="width:12em"></progress>'
    return f"<tr>{cell(name)}<td {_CELL}>{bar}</td>{_faint(amount)}</tr>"


def _remarks(warnings: Iterable[str], notes: Iterable[str]) -> str:
    lines = [f'<div style="{_BOX}"><b>Warning</b>: {_e(line)}</div>' for line in warnings]
    return as_magic("".join(lines + [_line(f"note: {line}", _FAINT) for line in notes]))


def _faint(content: str) -> str:
    return cell(content).replace('style="', f'style="{_FAINT};', 1)


def _line(content: str, style: str = "") -> str:
    attribute = f' style="{style}"' if style else ""
    return f"<div{attribute}>{_e(content)}</div>"


def _div(content: str) -> str:
    return f'<div style="line-height:1.4">{content}</div>'


def _e(content: str) -> str:
    return html.escape(content, quote=True)
