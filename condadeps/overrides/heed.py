"""The overrides' one step on the road, in the engine: read the document, apply it to what was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from condadeps.asked.request import Request
from condadeps.names.homes import Homes
from condadeps.overrides import source
from condadeps.overrides.document import Place
from condadeps.overrides.steer import Steered, steer
from condadeps.sources.cache import cache_root


def heed(
    requests: Sequence[Request],
    link: str,
    place: Place,
    homes: Homes,
    *,
    required: bool = False,
    allow_commands: bool = False,
    offline: bool = False,
) -> Steered:
    """``requests`` as the document at ``link`` would have them; as they are when there is none to go by.

    ``allow_commands`` may only be a site's word. Raises ConfigError for a request that is refused, and, with
    ``required``, when there is no document to go by.
    """
    fetched = source.read(link, cache=cache_root() / "overrides", required=required, offline=offline)
    if fetched.document is None:
        return Steered(tuple(requests), warnings=fetched.warnings)
    steered = steer(requests, fetched.document, place, homes, allow_commands=allow_commands)
    return replace(steered, warnings=(*fetched.warnings, *steered.warnings))
