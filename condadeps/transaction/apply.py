"""One plan applied to one environment: whole, or not at all.

:func:`apply` reads top to bottom as the order of things. Nothing of the environment changes
before the journal says so, and until it says that all is done every end (an error, kill -9,
a full disk) is taken back, by this call or by :func:`recover` in the next one.
"""

from __future__ import annotations

import contextlib
import errno
import re
import shlex
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from condadeps.asked.credentials import masked, without
from condadeps.errors import PrefixError, SpaceError, TransactionError
from condadeps.prefix import installed
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter, Silent
from condadeps.solve.plan import Plan
from condadeps.transaction import conda as condas
from condadeps.transaction import fresh, journal
from condadeps.transaction import pip as pips
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.change import Change
from condadeps.transaction.checkpoints import Checkpoints, Unchecked
from condadeps.transaction.commands import Begun
from condadeps.transaction.executable import Executable
from condadeps.transaction.journal import Journal, Occasion, State
from condadeps.transaction.keeping import Kept
from condadeps.transaction.room import Room
from condadeps.transaction.staging import Staging

_CREATION_TIMEOUT = 60.0
"""Seconds to wait for another process that makes the same environment at the same moment."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a plan came to, beyond the plan itself."""

    warnings: tuple[str, ...] = ()
    stamp: str = ""
    """What the change is known by among the past ones (:mod:`condadeps.transaction.past`)."""


async def recover(prefix: Path, *, reporter: Reporter | None = None) -> journal.Recovered | None:
    """Put ``prefix`` right if a change to it was cut short, and say so; None when nothing was to be done.

    Call it with the lock held, before the environment is read. Raises TransactionError when it cannot.
    """
    recovered = journal.recover(prefix)
    if recovered and reporter:
        reporter.notice(str(recovered))
    return recovered


async def apply(
    plan: Plan,
    target: Target,
    *,
    conda: condas.Packages | None,
    pypi: pips.Files | None,
    reporter: Reporter | None = None,
    cancel: Cancel | None = None,
    occasion: Occasion | None = None,
    kept: Kept | None = None,
    executable: Executable | None = None,
    uv: Path | None = None,
    keep: Collection[str] = (),
    link_scripts: bool = True,
    begun: Begun | None = None,
    checkpoints: Checkpoints | None = None,
) -> Applied:
    """Apply ``plan`` to the environment of ``target``, whose lock the caller holds.

    An environment that does not exist yet is made, and locked here unless the caller did
    (:func:`condadeps.transaction.fresh.making`). ``occasion`` is told by the histories. ``kept`` is what a
    past change kept, for the plan that takes it back. ``executable`` applies conda's part, where a site
    wants that, and ``uv`` PyPI's. ``keep``: files, relative to the environment, to keep beside the journal
    when they are displaced. ``link_scripts``: run the scripts that packages bring, as conda does. A stop is
    honoured until the first file changes. ``begun`` is a change whose commands have run: this is the rest
    of it, and what fails here takes them back too.

    Raises HashError, SourceError, SpaceError, PrefixError, TransactionError or CancelledError;
    the environment is then as it was (``restored`` in a TransactionError's data says otherwise).
    """
    cancel = cancel or Cancel()
    reporter = reporter or Silent()
    target = _afterwards(plan, target)
    with _made(target.prefix, reporter, cancel), _explained(target.prefix):
        if begun is None:
            journal.recover(target.prefix)
        _check_current(plan)
        entry = Journal(
            State.CHANGING,
            _discreet(plan).to_json(),
            fresh=fresh.is_vacant(target.prefix),
            occasion=occasion or Occasion(_command(plan)),
            keep=tuple(keep),
        )
        room = Room.of(target.prefix)
        if begun is None:
            room.make()
        else:
            entry = replace(begun.entry, plan=entry.plan, keep=entry.keep)
        staging = Staging(plan, target, room, conda, pypi, reporter, cancel, kept, executable, uv)
        change = Change(staging, entry, checkpoints or Unchecked(), begun=begun is not None)
        try:
            if executable and (plan.link or plan.unlink):
                await _hand_over(staging, change, entry, executable)
            else:
                staging.executable = None
                await _carry_out(staging, change, entry, link_scripts)
        except BaseException:
            change.take_back()
            raise
    return Applied(tuple(staging.warnings), entry.stamp)


async def _carry_out(staging: Staging, change: Change, entry: Journal, link_scripts: bool) -> None:
    staging.check_space()
    await staging.fetch()
    if not staging.python_comes:
        await staging.lay_out_pips()
    staging.add_records(entry.occasion, entry.started)
    staging.cancel.check()
    change.begin(link_scripts)
    change.make()
    if staging.python_comes and staging.plan.install:
        await staging.lay_out_pips()
        change.make()
    change.settle(link_scripts)
    change.verify()
    change.finish()


async def _hand_over(staging: Staging, change: Change, entry: Journal, executable: Executable) -> None:
    """As :func:`_carry_out`, conda's packages fetched, linked and unlinked by another program.

    pip's copies leave before conda's packages are linked over them, and come after.
    """
    staging.check_space()
    await staging.fetch()
    if not staging.python_comes:
        await staging.lay_out_pips()
    staging.add_records(entry.occasion, entry.started)
    staging.cancel.check()
    change.begin(False)
    change.make()
    change.hand_over(executable)
    if staging.python_comes:
        await staging.lay_out_pips()
    change.make()
    change.verify()
    change.finish()


def _made(prefix: Path, reporter: Reporter, cancel: Cancel) -> contextlib.AbstractContextManager[None]:
    if not fresh.is_untouched(prefix):
        return contextlib.nullcontext()
    return fresh.making(prefix, _CREATION_TIMEOUT, reporter, cancelled=lambda: cancel.requested)


def _command(plan: Plan) -> str:
    asked = [answer.text for answer in plan.answers if not answer.already]
    return " ".join(["condadeps", "install", *map(shlex.quote, asked)])


def _discreet(plan: Plan) -> Plan:
    """``plan`` as it may be written down: what a person typed, and where a file is, can hold a password."""
    answers = (replace(one, text=masked(one.text), constraint=masked(one.constraint)) for one in plan.answers)
    install = (
        replace(one, artifact=replace(one.artifact, url=without(one.artifact.url))) for one in plan.install
    )
    return replace(plan, answers=tuple(answers), install=tuple(install))


def _afterwards(plan: Plan, target: Target) -> Target:
    """The environment with the Python that the plan brings."""
    for link in plan.link:
        package = link.package
        if target.is_conda and package.name == "python":
            threaded = re.search(r"_cp\d+t$", package.build) is not None
            return target.with_python(package.version, free_threaded=threaded)
    return target


def _check_current(plan: Plan) -> None:
    """Raises TransactionError when conda's packages are not those that the plan was made for."""
    present = installed.packages(Path(plan.prefix))
    expected = [link.previous for link in plan.link if link.previous] + [one.package for one in plan.unlink]
    for package in expected:
        one = present.get(package.name)
        if one is None or (one.version, one.build) != (package.version, package.build):
            raise TransactionError(
                f"{package.name} has changed since the plan was made; nothing was changed",
                detail=[f"the plan knows {package.dist_name}"],
                help="make the same request again",
                restored=True,
            )


@contextlib.contextmanager
def _explained(prefix: Path) -> Iterator[None]:
    """The operating system's refusals as errors for a person."""
    try:
        yield
    except OSError as error:
        where = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise SpaceError(
                "the disk is full; the environment is as it was", detail=[where], prefix=str(prefix)
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise PrefixError(
                f"the environment {prefix} cannot be changed; it is as it was",
                detail=[where],
                prefix=str(prefix),
            ) from error
        raise TransactionError(
            "the change failed; the environment is as it was",
            detail=[where],
            restored=True,
            prefix=str(prefix),
        ) from error
