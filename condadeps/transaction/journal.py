"""The journal: what was and what will be, on the disk before the first file changes.

:func:`recover` is all there is to putting an environment right again: after an error in
the same process, and at the next call after a process that was killed.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import Enum
from pathlib import Path
from typing import Any

from condadeps.errors import TransactionError
from condadeps.prefix import lock
from condadeps.transaction import changes, keeping, listing, snapshot
from condadeps.transaction.changes import Changes
from condadeps.transaction.room import Room, write_durably

VERSION = 1


class State(Enum):
    """How far a transaction is. Before the journal exists nothing is changed."""

    CHANGING = "changing"
    """Files may be changed: an end here is taken back."""
    DONE = "done"
    """All of it is in place and verified: only sweeping is left."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who asked for a change, where and in which words: what the history tells of it."""

    command: str = ""
    """What the person typed."""
    verb: str = ""
    who: str = ""
    where: str = ""
    """``cell in /home/ada/work``."""
    undoes: str | None = None
    """The stamp of the past change that this one takes back."""


@dataclass(frozen=True, slots=True)
class Journal:
    """One transaction, as it is written down."""

    state: State
    plan: Mapping[str, Any]
    waves: tuple[Changes, ...] = ()
    """Sets of changes, made one after the other."""
    fresh: bool = False
    """The environment was not there before: taking back removes it."""
    started: float = field(default_factory=time.time)
    """Seconds since the epoch."""
    occasion: Occasion = field(default_factory=Occasion)
    leaving: Mapping[str, Any] = field(default_factory=dict)
    """Per project of pip's that leaves: how it was installed (a plan's ``Install``); None: files are kept."""
    keep: tuple[str, ...] = ()
    """The displaced paths that an undo will want back from here."""
    laid: Mapping[str, str] = field(default_factory=dict)
    """Per project that pip laid out: the SHA-256 of its ``RECORD``."""
    let_go: bool = False
    """A past change that is too old to be undone (:mod:`condadeps.transaction.pruning`)."""
    commands: tuple[Mapping[str, Any], ...] = ()
    """The overrides' commands that were begun: ``for``, ``argv``; once ended ``status`` and ``output``."""

    @property
    def stamp(self) -> str:
        """What a past change is known by: its files' name."""
        return f"{self.started:.3f}"

    def write(self, room: Room) -> None:
        """To the disk, whole or not at all."""
        write_durably(room.journal, json.dumps(self.to_json()))

    def to_json(self) -> dict[str, Any]:
        """Plain data, as the file holds it."""
        return {
            "version": VERSION,
            "state": self.state.value,
            "pid": os.getpid(),
            "started": self.started,
            **asdict(self.occasion),
            "fresh": self.fresh,
            "leaving": self.leaving,
            "keep": self.keep,
            "laid": self.laid,
            "let_go": self.let_go,
            "commands": list(self.commands),
            "waves": [wave.to_json() for wave in self.waves],
            "plan": self.plan,
        }

    @staticmethod
    def read(room: Room) -> Journal | None:
        """The journal of the change at work, None when there is none.

        Raises TransactionError for one this version cannot read: nothing may be done then.
        """
        try:
            document = json.loads(room.journal.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise _unreadable(room) from error
        if document.get("version") != VERSION:
            raise _unreadable(room)
        return Journal.from_json(document)

    @staticmethod
    def from_json(document: Mapping[str, Any]) -> Journal:
        """The journal :meth:`to_json` described. Raises KeyError or TypeError when it is another thing."""
        return Journal(
            state=State(document["state"]),
            plan=document["plan"],
            waves=tuple(Changes.from_json(wave) for wave in document["waves"]),
            fresh=document["fresh"],
            started=document["started"],
            occasion=Occasion(**{one.name: document[one.name] for one in fields(Occasion)}),
            leaving=document["leaving"],
            keep=tuple(document["keep"]),
            laid=document["laid"],
            let_go=document.get("let_go", False),
            commands=tuple(document.get("commands", ())),
        )

    def with_wave(self, wave: Changes) -> Journal:
        """This journal with one more set of changes."""
        return replace(self, waves=(*self.waves, wave))


@dataclass(frozen=True, slots=True)
class Recovered:
    """What :func:`recover` found and did."""

    command: str
    """What the change was, as its caller put it."""
    started: float
    """Seconds since the epoch."""
    commands: tuple[Mapping[str, Any], ...] = ()
    """The overrides' commands that had been begun."""

    def __str__(self) -> str:
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.started))
        what = f" ({self.command})" if self.command else ""
        ran = "; ".join(shlex.join(one["argv"]) for one in self.commands)
        stays = f"; what was done outside of it stays done: {ran}" if ran else ""
        return (
            f"a change of {when}{what} was cut short; the environment was put back as it was before it{stays}"
        )


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A change that is half in place: what is read now may be half of it."""

    command: str
    """What the change is, as its caller put it; empty when its journal cannot be read."""
    started: float | None
    """Seconds since the epoch."""
    by: lock.Holder | None = None
    """Who is at work on it; None: nobody is, it was cut short."""

    def __str__(self) -> str:
        what = f" ({self.command})" if self.command else ""
        if self.by is not None:
            return f"a change{what} is being made by {self.by}: what is here now may be half of it"
        when = time.strftime(" of %Y-%m-%d %H:%M", time.localtime(self.started)) if self.started else ""
        return (
            f"a change{when}{what} was cut short: what is here now may be half of it; "
            "the next change puts it back first, and so does `condadeps restore`"
        )


def unfinished(prefix: Path) -> Unfinished | None:
    """The change that is half in place at ``prefix``, if there is one. Reads, waits for nobody."""
    room = Room.of(prefix)
    if not room.journal.exists():
        return None
    try:
        journal = Journal.read(room)
    except TransactionError:
        return Unfinished("", None, lock.at_work(prefix))
    if journal is None or journal.state is State.DONE:
        return None
    return Unfinished(journal.occasion.command, journal.started, lock.at_work(prefix))


def recover(prefix: Path) -> Recovered | None:
    """Put ``prefix`` right if a change to it was cut short; None when there was nothing to put right.

    Call it with the environment's lock held, before anything is read for a plan. A change
    that was verified is kept, any other is taken back whole. Raises TransactionError when
    that fails; the journal then stays for the next call.
    """
    room = Room.of(prefix)
    if not room.home.exists():
        return None
    journal = Journal.read(room)
    recovered = None
    if journal is not None and journal.state is State.CHANGING:
        take_back(room, journal)
        recovered = Recovered(journal.occasion.command, journal.started, journal.commands)
    elif journal is not None:
        file_away(room, journal)
    room.sweep()
    return recovered


def file_away(room: Room, journal: Journal) -> None:
    """Keep a finished journal among the past ones, with what an undo needs and no more."""
    room.past.mkdir(exist_ok=True)
    keeping.take(room, journal.stamp, journal.waves, frozenset(journal.keep))
    path = room.past / f"{journal.stamp}.json"
    write_durably(path, json.dumps(replace(journal, waves=()).to_json()))


def take_back(room: Room, journal: Journal) -> None:
    """Undo every wave of ``journal``, the last first. Raises TransactionError; the journal then stays."""
    try:
        for number, wave in reversed(tuple(enumerate(journal.waves))):
            changes.take_back(room.prefix, room.tree(number), room.kept(number), wave)
        listing.remove_others(room)
        snapshot.restore(room)
        if journal.fresh:
            room.clear_around()
    except OSError as error:
        raise TransactionError(
            f"the environment {room.prefix} could not be put back: {error}",
            help="remove what is in the way and repeat the call: it goes on putting it back",
            restored=False,
            prefix=str(room.prefix),
        ) from error


def _unreadable(room: Room) -> TransactionError:
    return TransactionError(
        f"a change to {room.prefix} was cut short, and its journal cannot be read: {room.journal}",
        help="use the condadeps that made it",
        restored=False,
        prefix=str(room.prefix),
    )
