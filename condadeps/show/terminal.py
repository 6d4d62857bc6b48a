"""For a terminal: a bar on stderr while work is done, the result on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, TextIO

from condadeps.show.progress import WORDS
from condadeps.show.reporter import Phase, Reporter, Silent

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


@contextmanager
def progress(*, quiet: bool = False, stream: TextIO | None = None) -> Iterator[Reporter]:
    """The reporter for one command: a bar when ``stream`` (stderr) is a terminal, else notices only.

    Nothing at all when ``quiet``; nothing on stdout ever.
    """
    stream = stream or sys.stderr
    if quiet:
        yield Silent()
    elif not stream.isatty():
        yield Notices(stream)
    else:
        with Bar(stream) as bar:
            yield bar


def show(result: Any, *, verbosity: int = 0) -> None:
    """Print any verb's result on stdout."""
    if type(result) in (list, tuple):  # a list of a kind of its own prints itself
        for item in result:
            show(item, verbosity=verbosity)
        return
    shown = str(result)
    sys.stdout.write(shown if shown.endswith("\n") else f"{shown}\n")
    if verbosity > 0 and getattr(result, "plan", None) is not None:
        from condadeps.show import text

        sys.stdout.write("".join(f"  {line}\n" for line in text.answers(result.plan)))


class Notices(Silent):
    """Says only what a person should read now: for logs and pipes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def notice(self, message: str) -> None:
        self._stream.write(f"condadeps: {message}\n")
        self._stream.flush()


class Bar(Reporter):
    """Rich's progress display, gone when the work is done. A context manager."""

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console

        self._console = Console(file=stream)
        self._bars: Progress | None = None
        self._title: TaskID | None = None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Take the bar away; what was noticed stays."""
        if self._bars is not None:
            self._bars.stop()

    def phase(self, phase: Phase, message: str = "") -> None:
        bars = self._started()
        for task in self._tasks.values():
            bars.remove_task(task)
        self._tasks.clear()
        title = WORDS.get(phase, phase) + (f": {message}" if message else "")
        if self._title is None:
            self._title = bars.add_task(title, total=None, amount="")
        else:
            bars.update(self._title, description=title)

    def progress(
        self, item: str, done: int, total: int | None, unit: Literal["bytes", "items"] = "items"
    ) -> None:
        bars = self._started()
        if total is not None and done >= total:
            task = self._tasks.pop(item, None)
            if task is not None:
                bars.remove_task(task)
            return
        from condadeps.show.progress import Item

        amount = str(Item(done, total, unit))
        if item in self._tasks:
            bars.update(self._tasks[item], completed=done, total=total, amount=amount)
        else:
            self._tasks[item] = bars.add_task(f"  {item}", completed=done, total=total, amount=amount)

    def notice(self, message: str) -> None:
        self._console.print(f"condadeps: {message}", markup=False, highlight=False)

    def _started(self) -> Progress:
        # Only when there is work: what is already there answers without loading rich's live display.
        if self._bars is None:
            from rich.progress import BarColumn, Progress, TextColumn

            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(bar_width=24),
                TextColumn("{task.fields[amount]}", markup=False),
                console=self._console,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bars.start()
        return self._bars


class Shell(Reporter):
    """A terminal's IPython: progress as for a command, the result printed."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter

    def phase(self, phase: Phase, message: str = "") -> None:
        self._reporter.phase(phase, message)

    def progress(
        self, item: str, done: int, total: int | None, unit: Literal["bytes", "items"] = "items"
    ) -> None:
        self._reporter.progress(item, done, total, unit)

    def notice(self, message: str) -> None:
        self._reporter.notice(message)

    def result(self, result: Any, *, json: bool = False) -> None:
        """Print ``result``, any verb's, in place of the bar; as one JSON document if asked."""
        if isinstance(self._reporter, Bar):
            self._reporter.end()
        if json:
            from json import dumps

            from condadeps.show import conda_json

            print(dumps(conda_json.result(result), indent=2))
        else:
            show(result)
