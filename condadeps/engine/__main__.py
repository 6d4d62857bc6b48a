"""``python -m condadeps.engine``: one job in on standard input, events out on standard output.

The two pipes are moved away from the standard streams first, so that a stray print of
any library reaches standard error and never the protocol.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
import traceback
from typing import IO, Literal

from condadeps.engine import protocol
from condadeps.errors import CondadepsError, EngineError
from condadeps.show.reporter import Phase, Reporter
from condadeps.transaction.cancel import Cancel

ANSWERED = frozenset({"export", "lock", "bundle"})
"""The verbs that change no environment."""


class _Events(Reporter):
    """Turns a reporter's calls into events; callable from any thread."""

    def __init__(self, pipe: IO[bytes], cancel: Cancel) -> None:
        self._pipe = pipe
        self._cancel = cancel
        self._lock = threading.Lock()

    def send(self, **event: object) -> None:
        try:
            with self._lock:
                self._pipe.write(protocol.encode(event))
                self._pipe.flush()
        except OSError:
            self._cancel.request()  # nobody listens any more

    def phase(self, phase: Phase, message: str = "") -> None:
        self.send(event="phase", phase=phase, message=message)

    def progress(
        self, item: str, done: int, total: int | None, unit: Literal["bytes", "items"] = "items"
    ) -> None:
        self.send(event="progress", item=item, done=done, total=total, unit=unit)

    def notice(self, message: str) -> None:
        self.send(event="notice", message=message)


def main(ahead: bool = False) -> None:
    """Do the one job and leave, without the interpreter's shutdown.

    Started ``ahead`` of the job, it imports meanwhile what a plan takes.
    """
    commands, results = _take_the_pipes()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the door says "cancel" instead
    cancel = Cancel()
    events = _Events(results, cancel)
    lines: list[bytes] = []
    first = threading.Thread(target=lambda: lines.append(commands.readline()), daemon=True)
    first.start()
    try:
        if ahead:
            for name in ("rattler", "condadeps.engine.perform"):
                importlib.import_module(name)
            if first.is_alive():  # else the channels are asked before (perform.py)
                importlib.import_module("condadeps.engine.planned")
        first.join()
        opening = protocol.decode(lines[0])
        job = protocol.read_opening(opening)
        shown = protocol.read_identity(opening, commands)
        threading.Thread(target=_listen, args=(commands, cancel), daemon=True).start()
        from condadeps.pki import held

        held.hold(shown)
        if job.verb in ANSWERED:
            from condadeps.engine.answer import answer

            events.send(event="answer", answer=answer(job, events, cancel))
        else:
            from condadeps.engine.perform import perform

            events.send(event="outcome", outcome=perform(job, events, cancel).to_json())
    except CondadepsError as error:
        events.send(event="error", error=error.to_json())
    except BaseException as error:
        traceback.print_exc()
        mistake = EngineError(
            f"a mistake in condadeps itself: {type(error).__name__}: {error}",
            detail=traceback.format_exc().splitlines()[-6:],
            help="please report it, with what you asked for",
        )
        events.send(event="error", error=mistake.to_json())
    finally:
        if "condadeps.pki.held" in sys.modules:
            sys.modules["condadeps.pki.held"].release()
    sys.stderr.flush()
    os._exit(0)


def _take_the_pipes() -> tuple[IO[bytes], IO[bytes]]:
    commands = os.fdopen(os.dup(0), "rb")
    results = os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    return commands, results


def _listen(commands: IO[bytes], cancel: Cancel) -> None:
    """Until the door says cancel or is gone: both mean the same."""
    while True:
        line = commands.readline()
        if not line or b'"cancel"' in line:
            cancel.request()
            return


if __name__ == "__main__":
    main()
