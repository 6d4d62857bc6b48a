"""Every error condadeps raises, as one tree.

    CondadepsError
    ├── UsageError                the command line or a call was wrong (exit 2)
    ├── RequestError              a request, or a file of requests, cannot be read
    ├── ConfigError               a configuration file or variable cannot be read
    ├── UnsatisfiableError        the request is clear and cannot be met
    │   ├── NotFoundError         no source has anything of that name
    │   ├── NoVersionError        the name exists, no version fits
    │   └── ConflictError         each part exists, together they clash
    ├── SourceError               a channel or index did not answer, or not sensibly
    │   └── HashError             a fetched file is not the one that was promised
    ├── PrefixError               the environment cannot be worked on
    │   ├── FrozenError           it is frozen (CEP 22) or externally managed (PEP 668)
    │   ├── LockedError           another process holds it
    │   └── SpaceError            too little room on the disk
    ├── TransactionError          the change failed and was taken back
    ├── RecordError               the environment file cannot be read or written
    ├── EngineError               the engine process died or spoke nonsense
    └── CancelledError            the person interrupted; nothing was changed

An error carries its causes as data (:attr:`CondadepsError.data`) and renders
itself for a person: what was asked, what is in the way, what to type.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar


class CondadepsError(Exception):
    """What went wrong, for people and for programs.

    ``message`` is one line. ``detail`` are further lines, the shortest
    explanation first. ``help`` is what to type or do about it. ``data`` holds
    the causes, JSON-ready, under stable keys.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        detail: Iterable[str] = (),
        help: str | None = None,
        **data: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.detail = tuple(detail)
        self.help = help
        self.data: dict[str, Any] = data

    def __str__(self) -> str:
        lines = [self.message, *(f"  {line}" for line in self.detail)]
        if self.help:
            lines.append(f"help: {self.help}")
        return "\n".join(lines)

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback: where in condadeps it was raised helps nobody."""
        from condadeps.show.spelling import as_magic

        return [f"{type(self).__name__}: {as_magic(str(self))}"]

    def to_json(self) -> dict[str, Any]:
        """The error as plain data: ``exception_name``, ``message``, ``detail``, ``help``, ``data``."""
        return {
            "exception_name": type(self).__name__,
            "message": self.message,
            "detail": list(self.detail),
            "help": self.help,
            "data": self.data,
        }

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> CondadepsError:
        """The error that :meth:`to_json` described; an unknown name gives a plain CondadepsError."""
        kind = _by_name().get(str(document.get("exception_name")), CondadepsError)
        return kind(
            str(document.get("message", "")),
            detail=[str(line) for line in document.get("detail", ())],
            help=document.get("help"),
            **dict(document.get("data", {})),
        )


class UsageError(CondadepsError):
    """The command line or the call was wrong; nothing was looked at."""

    exit_code = 2


class RequestError(CondadepsError):
    """A request cannot be read. ``data``: ``text``, ``position`` (0-based, or None), ``origin``."""


class ConfigError(CondadepsError):
    """A setting cannot be read or forbids what was asked. ``data``: ``place`` (a file or a variable)."""


class UnsatisfiableError(CondadepsError):
    """The request is clear, and cannot be met."""


class NotFoundError(UnsatisfiableError):
    """No source has that name. ``data``: ``name``, ``looked_in`` (list), ``near`` (list)."""


class NoVersionError(UnsatisfiableError):
    """The name exists, no version fits. ``data``: ``name``, ``asked``, ``available`` (newest first)."""


class ConflictError(UnsatisfiableError):
    """Each part exists, together they clash. ``data``: ``chains`` (lists of steps), ``relax``."""


class SourceError(CondadepsError):
    """A channel or index did not answer, or not sensibly. ``data``: ``url``, ``status`` (or None)."""


class HashError(SourceError):
    """A fetched file is not the promised one. ``data``: ``url``, ``expected``, ``actual``."""


class PrefixError(CondadepsError):
    """The environment cannot be worked on. ``data``: ``prefix``."""


class FrozenError(PrefixError):
    """The environment is frozen (CEP 22) or externally managed (PEP 668)."""


class LockedError(PrefixError):
    """Another process holds the environment's lock. ``data``: ``prefix``, ``waited`` (seconds)."""


class SpaceError(PrefixError):
    """Too little room. ``data``: ``prefix``, ``needed``, ``free`` (bytes)."""


class TransactionError(CondadepsError):
    """A change failed part-way. ``data``: ``restored`` (whether the prefix is as it was)."""


class RecordError(CondadepsError):
    """The environment file cannot be read or written. ``data``: ``path``."""


class EngineError(CondadepsError):
    """The engine process died or spoke nonsense. ``data``: ``exit_code``, ``stderr`` (its last lines)."""


class CancelledError(CondadepsError):
    """The person interrupted: nothing was changed, or all of it was put back."""


def _by_name() -> dict[str, type[CondadepsError]]:
    found: dict[str, type[CondadepsError]] = {}
    todo: list[type[CondadepsError]] = [CondadepsError]
    while todo:
        kind = todo.pop()
        found[kind.__name__] = kind
        todo.extend(kind.__subclasses__())
    return found
