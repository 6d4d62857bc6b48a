"""Why it cannot be done, in the words of who asked."""

from __future__ import annotations

import re

from condadeps.errors import ConflictError
from condadeps.solve.attempt import Refusal
from condadeps.solve.problem import Problem

LINES = 12


async def conflict(refusal: Refusal, problem: Problem) -> ConflictError:
    """The error that explains a refusal."""
    asked = [item.shown for item in problem.items]
    return ConflictError(
        f"{' and '.join(asked)} cannot be had here",
        detail=re.sub(r"\*? ?condadeps_never", "", refusal.message).splitlines()[:LINES],
        chains=[],
        relax=[],
    )
