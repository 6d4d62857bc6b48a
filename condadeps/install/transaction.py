"""One plan applied to one environment: whole, or not at all.

:func:`apply` reads top to bottom as the order of things. Nothing of the environment changes
before the journal says so, and until it says that all is done every end (an error, kill -9,
a full disk) is taken back, by this call or by :func:`recover` in the next one.
"""

from __future__ import annotations

import contextlib
import errno
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from condadeps.errors import PrefixError, SpaceError, TransactionError
from condadeps.install import conda as condas
from condadeps.install import fresh, journal
from condadeps.install import pip as pips
from condadeps.install.cancel import Cancel
from condadeps.install.change import Change
from condadeps.install.checkpoints import Checkpoints, Unchecked
from condadeps.install.journal import Journal, State
from condadeps.install.room import Room
from condadeps.install.staging import Staging
from condadeps.prefix import installed
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter, Silent
from condadeps.solve.plan import Plan


@dataclass(frozen=True, slots=True)
class Applied:
    """What applying a plan came to, beyond the plan itself."""

    warnings: tuple[str, ...] = ()


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
    command: str = "",
    link_scripts: bool = True,
    checkpoints: Checkpoints | None = None,
) -> Applied:
    """Apply ``plan`` to the environment of ``target``, whose lock the caller holds.

    ``command`` is what the person typed, for the histories. ``link_scripts``: run the scripts
    that packages bring, as conda does. A stop is honoured until the first file changes.

    Raises HashError, SourceError, SpaceError, PrefixError, TransactionError or CancelledError;
    the environment is then as it was (``restored`` in a TransactionError's data says otherwise).
    """
    cancel = cancel or Cancel()
    command = command or _command(plan)
    points = checkpoints or Unchecked()
    room = Room.of(target.prefix)
    with _explained(target.prefix):
        journal.recover(target.prefix)
        _check_current(plan)
        new = fresh.is_vacant(target.prefix)
        started = time.time()
        room.make()
    staging = Staging(plan, target, room, conda, pypi, reporter or Silent(), cancel)
    entry = Journal(State.CHANGING, plan.to_json(), (), new, started, command)
    change = Change(staging, entry, points)
    try:
        with _explained(target.prefix):
            staging.check_space()
            await staging.fetch()
            if not staging.python_comes:
                await staging.lay_out_pips()
            staging.add_records(command, started)
            cancel.check()
            change.begin(link_scripts)
            change.make(removing=True)
            if staging.python_comes:
                await staging.lay_out_pips()
                change.make()
            change.settle(link_scripts)
            change.verify()
            change.finish()
    except BaseException:
        change.take_back()
        raise
    return Applied(tuple(staging.warnings))


def _command(plan: Plan) -> str:
    asked = [answer.text for answer in plan.answers if not answer.already]
    return " ".join(["condadeps", "install", *map(shlex.quote, asked)])


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
