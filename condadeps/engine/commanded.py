"""The overrides' commands on the road: run first where the site allows them, then the rest is planned.

What they bring counts as there. A name that nobody has but the commands (ipydeps' "labsetup") is done with
them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from condadeps.asked.job import Job
from condadeps.engine.applied import occasion
from condadeps.engine.planned import command_lines
from condadeps.errors import CancelledError, CondadepsError
from condadeps.names.homes import Homes
from condadeps.overrides.steered import Steered
from condadeps.prefix import already
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter
from condadeps.transaction import commands
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.commands import Begun


async def run(
    job: Job, wanted: Steered, target: Target, homes: Homes, reporter: Reporter, cancel: Cancel
) -> tuple[Steered, Begun | None]:
    """Run what is due; ``wanted`` with what is due alone, and the change that has begun, if one has.

    Raises as :func:`condadeps.transaction.commands.run`.
    """
    wanted = _due(job, wanted, target, homes)
    if not wanted.commands or job.options.dry_run:
        return wanted, None
    begun = await commands.run(
        command_lines(wanted),
        target,
        reporter=reporter,
        cancel=cancel,
        occasion=occasion(job),
        inside=job.inside,
    )
    return replace(wanted, warnings=(*wanted.warnings, *begun.warnings)), begun


@contextmanager
def whole(begun: Begun) -> Iterator[None]:
    """Around what follows the commands: when it fails, they are taken back too, and its error tells it."""
    try:
        yield
    except BaseException as error:
        begun.take_back()
        if isinstance(error, CancelledError):
            error.message = "interrupted; the environment was put back as it was"
        if isinstance(error, CondadepsError):
            begun.blame(error)
        raise


def _due(job: Job, wanted: Steered, target: Target, homes: Homes) -> Steered:
    """With those commands only whose requests are not met as they are, as ipydeps had it."""
    if job.options.update:
        return wanted
    met = already.answers([one.request for one in wanted.commands], target, homes)
    kept = tuple(one for one, answer in zip(wanted.commands, met, strict=True) if answer is None)
    return replace(wanted, commands=kept)
