"""Asking the solver: one question, one answer or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from condadeps.solve.encode import Encoded
from condadeps.solve.seams import CondaCandidates

if TYPE_CHECKING:
    from rattler import RepoDataRecord


@dataclass(frozen=True)
class Question:
    """What is asked of the solver beside the candidates."""

    specs: tuple[str, ...]
    """In order of weight: when wishes clash softly, earlier ones keep what they prefer."""
    constraints: tuple[str, ...] = ()
    locked: tuple[RepoDataRecord, ...] = ()
    """Preferred over any other version."""
    pinned: tuple[RepoDataRecord, ...] = ()
    """No other version will do."""


@dataclass(frozen=True)
class Refusal:
    """There is no answer; ``message`` is the solver's own explanation."""

    message: str
    before: str = ""
    """The explanation of an earlier, stricter question that failed too."""


async def ask(
    question: Question, encoded: Encoded, conda: CondaCandidates | None, subdir: str
) -> list[RepoDataRecord] | Refusal:
    """The records that should be present, virtual ones among them, or a refusal.

    Raises SourceError when a channel did not answer.
    """
    from rattler import ChannelPriority, MatchSpec, solve
    from rattler.exceptions import SolverError

    channels: Sequence[Any] = conda.solver_sources() if conda else ()
    try:
        with encoded.source() as ours, conda.answering() if conda else nullcontext():
            return await solve(
                [*channels, *ours],
                [MatchSpec(text) for text in question.specs],
                gateway=conda.gateway if conda else None,
                platforms=conda.platforms if conda else [subdir, "noarch"],  # type: ignore[list-item]
                locked_packages=list(question.locked),
                pinned_packages=list(question.pinned),
                virtual_packages=conda.virtual_packages() if conda else [],
                channel_priority=conda.solver_priority if conda else ChannelPriority.Strict,
                constraints=[MatchSpec(text) for text in question.constraints],
                channel_relations="disabled",
            )
    except SolverError as error:
        return Refusal(str(error))
