"""Commands of a site's overrides, run within a change: recorded before, watched, and taken back if they fail.

A command can do anything, so a copy of the whole environment is taken first; a failure, an interrupt, a
kill -9 or a later step that fails puts the environment back by it. What a command did elsewhere (a system's
packages, files, a server) nobody can take back, and every message about it says so.

There is no shell. Nothing can be asked: standard input is empty. The environment's programs come first on
PATH.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from condadeps.errors import CancelledError, CondadepsError, TransactionError
from condadeps.prefix import installed, restart
from condadeps.prefix import target as targets
from condadeps.prefix.restart import Replaced
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Command, Plan
from condadeps.sources.credentials import masked
from condadeps.transaction import journal, snapshot, verify
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.executable import die_with_parent
from condadeps.transaction.journal import Journal, Occasion, State
from condadeps.transaction.owners import Owners
from condadeps.transaction.room import Room

_KEPT_BYTES = 1 << 16
"""How much of a command's output is kept: its end."""
_SHOWN_LINES = 12
_SHOWN_PATHS = 3
_POLITE_SECONDS = 5.0
_LOOK_SECONDS = 0.05
_VITAL = ("python", "pip", "ipykernel", "condadeps")


class Begun:
    """A change whose commands have run and whose rest is still to come: all of it stands, or nothing."""

    def __init__(self, room: Room, entry: Journal, warnings: Sequence[str]) -> None:
        self.room = room
        self.entry = entry
        self.warnings = tuple(warnings)
        self.replaced: tuple[Replaced, ...] = ()
        """What the commands moved or removed, for who has imported it."""

    def take_back(self) -> None:
        """The environment as it was before the first command. Raises TransactionError when that fails."""
        journal.take_back(self.room, self.entry)
        self.room.sweep()

    def blame(self, error: CondadepsError) -> None:
        """Have the ``error`` of a later step tell what is to be known of the commands that ran before it."""
        error.detail = (*error.detail, left_behind(self.entry.commands))


async def run(
    commands: Sequence[Command],
    target: Target,
    *,
    reporter: Reporter,
    cancel: Cancel,
    occasion: Occasion,
    inside: bool = False,
) -> Begun:
    """Run ``commands``, one after the other, in a change of their own to the environment of ``target``.

    The caller holds the lock, and ends what is returned. ``inside``: the caller's own Python is that of the
    environment. Raises TransactionError when one fails or leaves the environment unusable, CancelledError
    when it is stopped, SpaceError, OSError; the environment is then as it was.
    """
    room = Room.of(target.prefix)
    journal.recover(target.prefix)
    room.make()
    told: list[dict[str, Any]] = [
        {"for": one.name, "argv": list(one.discreet().argv), "status": None, "output": []} for one in commands
    ]
    plan = Plan(str(target.prefix), target.subdir, commands=tuple(one.discreet() for one in commands))
    entry = Journal(State.CHANGING, plan.to_json(), occasion=occasion)
    begun = Begun(room, entry, ())
    try:
        before, code = _looked_at(target), restart.code(target)
        reporter.phase("run", "keeping a copy of the environment")
        await asyncio.to_thread(snapshot.take, room, reporter)
        cancel.check()
        for number, command in enumerate(commands):
            begun.entry = replace(entry, commands=tuple(told[: number + 1]))
            begun.entry.write(room)  # before it runs: what is here may have happened
            reporter.notice(f"the overrides' command for {command.name}: {command.discreet()}")
            reporter.phase("run", str(command.discreet()))
            status, output = await _run(command, target.prefix, room.current / "commands", cancel, told)
            told[number] |= {"status": status, "output": output}
            begun.entry = replace(entry, commands=tuple(told[: number + 1]))
            begun.entry.write(room)
            if status != 0:
                raise _failed(command, status, output, told)
        reporter.phase("verify")
        begun.replaced = restart.since(code, targets.read(target.prefix))
        begun.warnings = (*_verified(target, before, inside, told), *_touched(room))
    except BaseException:
        begun.take_back()
        raise
    return begun


async def _run(
    command: Command, prefix: Path, work: Path, cancel: Cancel, told: Sequence[Mapping[str, Any]]
) -> tuple[int, list[str]]:
    work.mkdir(exist_ok=True)  # empty: a notebook's directory may hold modules of any name
    try:
        process = await asyncio.create_subprocess_exec(
            *command.argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd=work,
            env=_environment(prefix),
            start_new_session=os.name == "posix",
            preexec_fn=die_with_parent if sys.platform == "linux" else None,
        )
    except OSError as error:
        raise _failed(command, None, [f"{error.strerror}: {command.argv[0]}"], told) from None
    output = bytearray()
    reading = asyncio.ensure_future(_read(process, output))
    ended = asyncio.ensure_future(process.wait())
    try:
        while not ended.done():
            await asyncio.wait({ended}, timeout=_LOOK_SECONDS)
            if cancel.requested and not ended.done():
                await _stop(process, ended)
                raise CancelledError(
                    "interrupted; the environment was put back as it was", detail=[left_behind(told)]
                )
        await asyncio.wait({reading}, timeout=1)  # what it started may hold the pipe for ever
    finally:
        reading.cancel()
        ended.cancel()
    lines = masked(output.decode(errors="replace")).strip().splitlines()
    return process.returncode or 0, lines


async def _read(process: asyncio.subprocess.Process, output: bytearray) -> None:
    assert process.stdout is not None
    while block := await process.stdout.read(1 << 14):
        output += block
        del output[:-_KEPT_BYTES]


async def _stop(process: asyncio.subprocess.Process, ended: asyncio.Future[int]) -> None:
    """End it, and what it started: politely, then not."""
    for how in (signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "posix":
                os.killpg(process.pid, how)
            else:
                process.terminate()
        await asyncio.wait({ended}, timeout=_POLITE_SECONDS)
        if ended.done():
            return


def _environment(prefix: Path) -> dict[str, str]:
    """The caller's, with the environment's programs first, as where it is activated."""
    programs = prefix / ("Scripts" if os.name == "nt" else "bin")
    path = os.environ.get("PATH", os.defpath)
    return {**os.environ, "PATH": f"{programs}{os.pathsep}{path}", "CONDA_PREFIX": str(prefix)}


def left_behind(commands: Sequence[Mapping[str, Any]]) -> str:
    """What a person must know of commands whose change was taken back."""
    return f"what was done outside of the environment stays done: {told(commands)}"


def told(commands: Sequence[Mapping[str, Any]]) -> str:
    """The command lines of a journal's commands."""
    return "; ".join(shlex.join(one["argv"]) for one in commands)


def _failed(
    command: Command, status: int | None, output: Sequence[str], told: Sequence[Mapping[str, Any]]
) -> TransactionError:
    how = "cannot be started" if status is None else "was ended by a signal" if status < 0 else "failed"
    argv = list(command.discreet().argv)
    ran = [one for one in told if one["status"] is not None or one["argv"] == argv]
    return TransactionError(
        f"the overrides' command for {command.name} {how}; the environment was put back as it was",
        detail=[f"$ {command.discreet()}", *output[-_SHOWN_LINES:], left_behind(ran)],
        help="--no-overrides (use_overrides=False) goes without the overrides; or tell who keeps them",
        restored=True,
        exit_code=status,
        command=argv,
    )


def _looked_at(target: Target) -> tuple[set[str], set[verify.Problem]]:
    """What may not get lost, and what is broken anyway."""
    there = {str(project) for project in installed.distributions(target)} if target.has_python else set()
    problems = verify.problems(target) if target.has_python else set()
    return there.intersection(_VITAL), problems


def _verified(
    before: Target,
    known: tuple[set[str], set[verify.Problem]],
    inside: bool,
    told: Sequence[Mapping[str, Any]],
) -> list[str]:
    """Warnings about the environment as the commands left it. Raises TransactionError when it is unusable."""
    try:
        now = targets.read(before.prefix)
        _check_records(before.prefix, told)
        if _minor(now) != _minor(before):
            raise _broken(f"Python {before.python_version} is {now.python_version or 'gone'}", told)
        if not now.has_python:
            return []
        for project, one in installed.index(now).items():
            if len([each for each in (one, *one.others) if each.exists]) > 1 and project not in known[0]:
                raise _broken(f"{project} is there twice", told)
        lost = known[0] - {str(project) for project in installed.distributions(now)}
        if lost and inside:
            raise _broken(f"{' and '.join(sorted(lost))} is gone, and this Python runs on it", told)
        return verify.judge(verify.problems(now) - known[1], now)
    except TransactionError:
        raise
    except CondadepsError as error:
        raise _broken(error.message, told) from error


def _check_records(prefix: Path, told: Sequence[Mapping[str, Any]]) -> None:
    for path in sorted((prefix / "conda-meta").glob("*.json")):
        try:
            whole = isinstance(json.loads(path.read_bytes()).get("name"), str)
        except (OSError, ValueError, AttributeError):
            whole = False
        if not whole:
            raise _broken(f"conda-meta/{path.name} is no record of a package", told)


def _touched(room: Room) -> list[str]:
    """Warnings about conda's packages whose files are not theirs any more."""
    owners = Owners(room.prefix, ())
    found: dict[str, list[str]] = {}
    for path in sorted(snapshot.changed(room)):
        owner = owners.of(path) if not path.startswith("conda-meta/") else None
        if owner:
            found.setdefault(str(owner), []).append(path)
    return [
        f"the overrides' commands changed files of conda's {owner}: {', '.join(paths[:_SHOWN_PATHS])}"
        + (f" and {len(paths) - _SHOWN_PATHS} more" if len(paths) > _SHOWN_PATHS else "")
        for owner, paths in found.items()
    ]


def _broken(what: str, told: Sequence[Mapping[str, Any]]) -> TransactionError:
    return TransactionError(
        f"the overrides' commands left the environment unusable; it was put back as it was: {what}",
        detail=[left_behind(told)],
        help="--no-overrides (use_overrides=False) goes without the overrides; or tell who keeps them",
        restored=True,
    )


def _minor(target: Target) -> list[str]:
    return target.python_version.split(".")[:2]
