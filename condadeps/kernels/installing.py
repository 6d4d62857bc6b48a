"""Installing a language into an environment of its own, once, whoever else starts it meanwhile.

Run as a process by the kernel that waits for it (:mod:`condadeps.kernels.waiting`): what happens goes out
as the engine's events, one JSON object a line (:mod:`condadeps.engine.protocol`); an Interrupt stops it.
"""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from condadeps.asked.job import Asked, Job, Options
from condadeps.engine import protocol
from condadeps.errors import CancelledError, CondadepsError, EngineError, TransactionError
from condadeps.kernels import activation, creation, parent, place
from condadeps.kernels.definition import Definition
from condadeps.prefix import lock
from condadeps.show.reporter import Phase, Reporter, Silent
from condadeps.transaction.fresh import is_free
from condadeps.transaction.outcome import Outcome

_LAST_LINES = 12
_SHOWN = 100
_LINE = 500


@dataclass(frozen=True, slots=True)
class Installed:
    """What an installation came to."""

    prefix: Path
    outcome: Outcome | None = None
    """What was installed; None when it was there already."""


def install(definition: Definition, reporter: Reporter | None = None, *, offline: bool = False) -> Installed:
    """Have ``definition``'s environment whole: installed now, waited for, or there already.

    An installation that was cut short is taken up anew. Raises CondadepsError, CancelledError among them;
    what conda and pip installed is then as the transaction left it, whole or not at all, and the next call
    goes on from there.
    """
    reporter = reporter or Silent()
    prefix = place.prefix(definition.name)
    if place.is_installed(prefix):
        return Installed(prefix)
    room = place.waiting_room(prefix)
    try:
        room.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TransactionError(
            f"{definition.display_name} cannot be installed below {prefix.parent}: {error.strerror}",
            help="the setting kernels_dir names another directory",
            restored=True,
        ) from error
    with lock.hold(room, math.inf, _Wait(reporter, definition)):
        if place.is_installed(prefix):  # whoever was waited for did it
            return Installed(prefix)
        shutil.rmtree(room / "removed", ignore_errors=True)
        outcome = _make(definition, prefix, reporter, offline=offline)
        for step in definition.steps:
            _step(definition, prefix, step, reporter)
        _check_program(definition, prefix)
        place.mark(prefix, definition)
        return Installed(prefix, outcome)


def plan(definition: Definition, reporter: Reporter | None = None) -> Outcome | None:
    """What :func:`install` would do, without doing it; None when it is there already."""
    prefix = place.prefix(definition.name)
    if place.is_installed(prefix):
        return None
    return _make(definition, prefix, reporter or Silent(), dry_run=True)


def _make(
    definition: Definition, prefix: Path, reporter: Reporter, *, offline: bool = False, dry_run: bool = False
) -> Outcome:
    """The environment; where a killed installation left one, that is made what it should be."""
    from condadeps.api import travel

    options = Options(channels=definition.channels, record=False, offline=offline, dry_run=dry_run)
    fresh = is_free(prefix)
    # Meant from its own directory: nothing of a notebook's project counts.
    job = Job("create" if fresh else "install", str(prefix), _asked(definition), options, str(prefix.parent))
    if fresh:
        return creation.create(
            job, kernel=None, display_name=None, bare=not definition.condadeps, reporter=reporter
        )
    outcome = travel(job, reporter)
    if definition.condadeps and not dry_run:
        creation.load_magic(prefix)
    return outcome


def _asked(definition: Definition) -> tuple[Asked, ...]:
    """What a definition asks for, each said to be asked there."""
    origin = str(definition.file)
    conda = (Asked(text if "::" in text else f"conda:{text}", place=origin) for text in definition.conda)
    return (*conda, *(Asked(text, place=origin, metadata=True) for text in definition.pip))


def check(definition: Definition) -> None:
    """Raises RequestError, with the definition's file, for a package or project that nobody could ask for."""
    from condadeps.asked.parse import parse

    for asked in _asked(definition):
        parse(asked)


def _step(definition: Definition, prefix: Path, step: Sequence[str], reporter: Reporter) -> None:
    """Run one of the definition's commands. Raises TransactionError with its last words when it fails."""
    words = [definition.filled(word, prefix) for word in step]
    told = " ".join(words)
    reporter.phase("build", told[:_SHOWN])
    variables = _variables(definition, prefix)
    running = subprocess.Popen(
        activation.command(prefix, words, variables),
        env=variables,
        cwd=prefix,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    lines: list[str] = []
    try:
        assert running.stdout
        for line in running.stdout:
            if line.strip():
                lines = [*lines[1 - _LAST_LINES :], line.rstrip()[:_LINE]]
                reporter.phase("build", f"{words[0]}: {lines[-1]}"[:_SHOWN])
        code = running.wait()
    except BaseException:
        with suppress(OSError):
            os.killpg(running.pid, signal.SIGTERM)
        running.wait()
        raise
    if code != 0:
        raise TransactionError(
            f"{definition.display_name} is not installed: a step of it failed",
            detail=[told, *lines],
            help="it may need the network; the next start tries again",
            restored=False,
            exit_code=code,
        )


def _variables(definition: Definition, prefix: Path) -> dict[str, str]:
    own = {name: definition.filled(value, prefix) for name, value in definition.env.items()}
    # What registers a kernel of its own with Jupyter does so in here, not with the user.
    return activation.environment(prefix, {"JUPYTER_DATA_DIR": str(prefix / "share" / "jupyter"), **own})


def _check_program(definition: Definition, prefix: Path) -> None:
    argv = [definition.filled(word, prefix) for word in definition.argv]
    activation.command(prefix, argv, _variables(definition, prefix))


class _Wait(Silent):
    """Says in a notebook's words whose installation is waited for."""

    def __init__(self, reporter: Reporter, definition: Definition) -> None:
        self._reporter = reporter
        self._definition = definition

    def notice(self, message: str) -> None:
        holder = lock.holder(place.waiting_room(place.prefix(self._definition.name)))
        by = f" ({holder})" if holder else ""
        name = self._definition.display_name
        self._reporter.phase("lock", f"{name} is being installed by another notebook{by}; this one waits")


class _Events(Reporter):
    """Turns a reporter's calls into events on a pipe; whoever read it may be gone."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe

    def send(self, event: Mapping[str, object]) -> None:
        with suppress(OSError):
            self._pipe.write(protocol.encode(event))
            self._pipe.flush()

    def phase(self, phase: Phase, message: str = "") -> None:
        self.send({"event": "phase", "phase": phase, "message": message})

    def progress(
        self, item: str, done: int, total: int | None, unit: Literal["bytes", "items"] = "items"
    ) -> None:
        self.send({"event": "progress", "item": item, "done": done, "total": total, "unit": unit})

    def notice(self, message: str) -> None:
        self.send({"event": "notice", "message": message})


def main() -> None:
    """``NAME PARENT``: install that definition, as long as the process PARENT lives."""
    from condadeps.kernels import offered

    name, starter = sys.argv[1:3]
    events = _Events(os.fdopen(os.dup(1), "wb"))
    os.dup2(2, 1)  # a stray print of a library is no event
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # whoever started it had it wait
        parent.follow(int(starter), signal.SIGINT)
        done = install(offered.find(name), events)
        events.send(
            {"event": "answer", "answer": {"prefix": str(done.prefix), "new": done.outcome is not None}}
        )
    except KeyboardInterrupt:
        events.send({"event": "error", "error": CancelledError("interrupted").to_json()})
    except CondadepsError as error:
        events.send({"event": "error", "error": error.to_json()})
    except Exception as error:
        traceback.print_exc()
        mistake = EngineError(
            f"a mistake in condadeps itself: {type(error).__name__}: {error}",
            detail=traceback.format_exc().splitlines()[-6:],
            help="please report it",
        )
        events.send({"event": "error", "error": mistake.to_json()})
