"""A door's end of the engine: start it, hand it a job, pass its events on, survive its death."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from typing import IO, Any

from condadeps.asked.job import Job
from condadeps.engine import launch, protocol
from condadeps.errors import EngineError
from condadeps.pki.identity import Identity, Missing
from condadeps.show.reporter import Reporter, Silent
from condadeps.transaction.outcome import Outcome

_STDERR_LINES = 20
_TOO_LATE = "interrupted too late to stop: the change was finished, to leave nothing half-done"


def run(job: Job, reporter: Reporter | None = None, *, python: str | None = None) -> Outcome:
    """Let an engine do ``job`` and return what came of it.

    ``python`` is the interpreter to run the engine with (this one by default). An Interrupt is
    passed on as a cancel: the engine stops when nothing was changed yet, and finishes
    otherwise.

    Raises the engine's own error, CancelledError when the person interrupted and nothing
    was changed, EngineError when the engine died.
    """
    outcome = _said(job, reporter, python)
    assert isinstance(outcome, Outcome)
    return outcome


def ask(job: Job, reporter: Reporter | None = None, *, python: str | None = None) -> dict[str, Any]:
    """What an engine answers to a job that changes no environment. Raises as :func:`run`."""
    answer = _said(job, reporter, python)
    assert isinstance(answer, dict)
    return answer


def _said(job: Job, reporter: Reporter | None, python: str | None) -> Outcome | dict[str, Any]:
    from condadeps.pki import loaded

    shown = loaded.of_job(job)
    with _started(python or sys.executable) as engine:
        return _converse(engine, job, shown, reporter or Silent())


@contextmanager
def _started(python: str) -> Iterator[subprocess.Popen[bytes]]:
    try:
        engine = launch.engine(python)
    except OSError as error:
        raise EngineError(f"the engine cannot be started: {error}", help=f"is {python} a Python?") from error
    try:
        yield engine
    finally:
        # A closed pipe means "cancel" to an engine still at work; it is waited for, never killed.
        _close(engine.stdin)
        engine.wait()
        _close(engine.stdout)
        _close(engine.stderr)


def _close(pipe: IO[bytes] | None) -> None:
    with suppress(OSError):  # what was still to be written has no reader left
        if pipe:
            pipe.close()


def _converse(
    engine: subprocess.Popen[bytes], job: Job, shown: Identity | Missing | None, reporter: Reporter
) -> Outcome | dict[str, Any]:
    assert engine.stdin and engine.stdout and engine.stderr
    last_words = _Tail(engine.stderr)
    events = _Lines(engine.stdout)
    _say(engine.stdin, protocol.opening(job, shown))
    interrupted = False
    line = b""
    while True:
        try:
            # A line is kept until it was read to its end: an Interrupt may come anywhere in here.
            line = line or events.next()
            if not line:
                break
            outcome = protocol.read_event(protocol.decode(line), reporter)
            line = b""
            if outcome is not None:
                if interrupted and isinstance(outcome, Outcome) and outcome.changed:
                    return replace(outcome, warnings=(*outcome.warnings, _TOO_LATE))
                return outcome
        except KeyboardInterrupt:
            if not interrupted:
                interrupted = True
                _say(engine.stdin, protocol.encode({"cancel": True}))
                reporter.notice("stopping …")
    raise _died(engine, last_words, job)


def _say(pipe: IO[bytes], line: bytes) -> None:
    with suppress(OSError):  # the engine is gone; reading from it will tell
        pipe.write(line)
        pipe.flush()


def _died(engine: subprocess.Popen[bytes], last_words: _Tail, job: Job) -> EngineError:
    code = engine.wait()
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    return EngineError(
        f"the engine died ({how}) before it could say what came of it",
        detail=last_words.lines(),
        help="the same call again puts the environment right first, if anything was half-done",
        exit_code=code,
        stderr=last_words.lines(),
        prefix=job.prefix,
    )


class _Lines:
    """Whole lines of a stream, read in the background: an Interrupt in the reader cannot tear one."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                if line.endswith(b"\n"):
                    self._queue.put(line)
        except ValueError:
            pass  # closed under us
        self._queue.put(b"")

    def next(self) -> bytes:
        """The next line, or nothing at the stream's end."""
        while True:
            # Short waits: an Interrupt does not wake a thread that waits on a lock everywhere.
            with suppress(Empty):
                return self._queue.get(timeout=0.2)


class _Tail:
    """The last lines of a stream, read in the background so that its writer never blocks."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: deque[str] = deque(maxlen=_STDERR_LINES)
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def _read(self, stream: IO[bytes]) -> None:
        try:
            for line in stream:
                self._lines.append(line.decode(errors="replace").rstrip()[:500])
        except ValueError:
            pass  # closed under us

    def lines(self) -> list[str]:
        self._thread.join(timeout=1)
        return list(self._lines)
