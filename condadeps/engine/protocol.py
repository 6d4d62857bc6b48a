"""What a door and the engine say to each other: one JSON object a line, both ways.

The door writes to the engine::

    {"protocol": "0.1.0", "job": {…}, "identity": false}
                                           once, first (asked/job.py); condadeps' own version
    {"pem": "…", "authorities": "…"}       then, when the first says so: a client certificate and its key
                                           (pki/identity.py), or {"why": "…"} there is none
    {"cancel": true}                       at most once, later: stop before linking, else finish

Closing the pipe means the door is gone, which counts as a cancel.

The engine writes to the door::

    {"event": "phase", "phase": "solve", "message": "…"}
    {"event": "progress", "item": "numpy-2.1.0-py311_0.conda", "done": 1, "total": 2, "unit": "bytes"}
    {"event": "notice", "message": "…"}
    {"event": "outcome", "outcome": {…}}   last (transaction/outcome.py), or
    {"event": "answer", "answer": {…}}     last, for a verb that changes no environment, or
    {"event": "error", "error": {…}}       last (errors.py)

After its last event the engine flushes and leaves by ``os._exit(0)``: an embedded
py-rattler may crash an orderly interpreter shutdown. An engine that ends without a
last event has died, whatever its exit code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from condadeps import __version__
from condadeps.asked.job import Job
from condadeps.errors import CondadepsError, EngineError
from condadeps.pki import identity
from condadeps.pki.identity import Identity, Missing
from condadeps.show.reporter import Reporter
from condadeps.transaction.outcome import Outcome

VERSION = __version__
"""Of the protocol: both ends are of one condadeps, and refuse another."""


def encode(message: Mapping[str, Any]) -> bytes:
    """One line, ending in a newline and holding no other."""
    return json.dumps(message, separators=(",", ":"), default=str).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """The message of one line. Raises EngineError when it is none."""
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        raise EngineError("the engine and its door do not understand each other", line=repr(line[:200]))
    return message


def opening(job: Job, shown: Identity | Missing | None = None) -> bytes:
    """The first lines to the engine. What ``shown`` holds is in a line of its own, which nobody repeats."""
    first = encode({"protocol": VERSION, "job": job.to_json(), "identity": shown is not None})
    return first if shown is None else first + encode(shown.to_json())


def read_opening(message: Mapping[str, Any]) -> Job:
    """The job of the first message. Raises EngineError when the versions differ or it is no job."""
    if message.get("protocol") != VERSION:
        raise EngineError(
            f"the engine is condadeps {VERSION}, its door is condadeps {message.get('protocol')}",
            help="both must be the same: restart the kernel after an upgrade, or mend engine_python",
        )
    try:
        return Job.from_json(message["job"])
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"the engine was handed no job: {error!r}") from error


def read_identity(opening: Mapping[str, Any], pipe: IO[bytes]) -> Identity | Missing | None:
    """The second message, read from ``pipe`` when the first announces it. Raises EngineError."""
    if not opening.get("identity"):
        return None
    try:
        message = json.loads(pipe.readline())
    except ValueError:
        message = {}
    return identity.from_json(message)


def read_event(message: Mapping[str, Any], reporter: Reporter) -> Outcome | dict[str, Any] | None:
    """Pass one event on to ``reporter``; the outcome, or answer, when it is the last.

    Raises the error the engine reports, or EngineError for an event it cannot have sent.
    """
    try:
        match message["event"]:
            case "phase":
                reporter.phase(message["phase"], message["message"])
            case "progress":
                reporter.progress(message["item"], message["done"], message["total"], message["unit"])
            case "notice":
                reporter.notice(message["message"])
            case "outcome":
                return Outcome.from_json(message["outcome"])
            case "answer":
                return dict(message["answer"])
            case "error":
                raise CondadepsError.from_json(message["error"])
            case other:
                raise EngineError(f"the engine sent an unknown event, {other!r}")
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"the engine sent an event without sense: {error!r}") from error
    return None
