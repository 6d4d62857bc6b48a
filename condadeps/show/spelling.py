"""How a command is typed: ``condadeps`` in a terminal, ``%condadeps`` in a notebook, and for what."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import replace

from condadeps.asked.verbs import VERBS
from condadeps.errors import CondadepsError
from condadeps.transaction.outcome import Outcome

_COMMAND = rf"(?<![\w%./~-])condadeps(?= (?:{'|'.join(sorted(VERBS))})\b)"


def as_magic(text: str) -> str:
    """``text`` with the commands in it as they are typed in a notebook.

    >>> as_magic("`condadeps create -p DIR` makes one; condadeps is not in it")
    '`%condadeps create -p DIR` makes one; condadeps is not in it'
    """
    if "condadeps " not in text:
        return text
    return re.sub(_COMMAND, "%condadeps", text)


_WITH_CHANNELS = frozenset({"install", "update", "plan", "sync", "create", "lock", "bundle"})
_WITHOUT_PREFIX = frozenset({"lock", "bundle", "strip", "migrate", "kernels", "cache"})
_WHOLE = rf"{_COMMAND} (?P<verb>[a-z]+)(?P<rest>(?:(?!condadeps )[^`&\n])*)"


def repeating(text: str, prefix: str | None, channels: Sequence[str] = ()) -> str:
    """``text``, the commands in it being for the environment and the channels that the call named.

    >>> repeating("to have it again: condadeps undo 3", "/srv/env")
    'to have it again: condadeps undo -p /srv/env 3'
    >>> repeating("`condadeps install numpy` lets it move", None, ["-c", "bioconda"])
    '`condadeps install -c bioconda numpy` lets it move'
    """

    def whole(found: re.Match[str]) -> str:
        verb, rest = found["verb"], found["rest"]
        there = verb in _WITHOUT_PREFIX or re.search(r" (-p|--prefix)\b", rest)
        words = [] if prefix is None or there else ["-p", prefix]
        words += channels if verb in _WITH_CHANNELS and " -c " not in rest else []
        return f"condadeps {shlex.join([verb, *words])}{rest}"

    return re.sub(_WHOLE, whole, text) if "condadeps " in text else text


def error_repeating(error: CondadepsError, prefix: str | None, channels: Sequence[str]) -> None:
    """Let the commands that an error proposes be for the call's environment and channels."""
    error.message = repeating(error.message, prefix, channels)
    error.detail = tuple(repeating(line, prefix, channels) for line in error.detail)
    error.help = repeating(error.help, prefix, channels) if error.help else error.help


def outcome_repeating(outcome: Outcome, prefix: str | None, channels: Sequence[str]) -> Outcome:
    """The same of what an outcome notes and warns of."""

    def lines(texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(repeating(line, prefix, channels) for line in texts)

    plan = replace(outcome.plan, notes=lines(outcome.plan.notes), warnings=lines(outcome.plan.warnings))
    return replace(outcome, plan=plan, warnings=lines(outcome.warnings))
