"""Conda's rules for one setting that several places set.

Layers come lightest first. A scalar is the last one's; lists are joined, the weightiest
first, with ``#!top`` and ``#!bottom`` items moved; maps are merged key by key. A layer
that marks a setting ``#!final`` is the last that counts.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, TypeVar

from condadeps.sources.condarc_files import Flag, Marked

_T = TypeVar("_T", bound=Hashable)


def scalar(found: Sequence[Marked]) -> Any:
    """The value of the first final layer, else of the weightiest."""
    for marked in found:
        if marked.flag is Flag.FINAL:
            return marked.value
    return found[-1].value


def sequence(found: Sequence[Marked]) -> tuple[Any, ...]:
    """All items of all layers, the weightiest layer's first, none twice."""
    counting = _until_final(found)
    top = [item.value for layer in counting for item in layer.value if item.flag is Flag.TOP]
    bottom = [item.value for layer in reversed(counting) for item in layer.value if item.flag is Flag.BOTTOM]
    every = [item.value for layer in reversed(counting) for item in layer.value]
    from_top = _unique([*top, *every])
    # Read from the end, so that an item that is also marked bottom keeps its last place only.
    return tuple(reversed(_unique([*reversed(bottom), *reversed(from_top)])))


def mapping(found: Sequence[Marked]) -> dict[str, Any]:
    """Key by key: the weightiest layer's value, unless a lighter one marked that key final."""
    counting = _until_final(found)
    grouped: dict[str, list[Marked]] = {}
    for layer in counting:
        for key, item in layer.value.items():
            grouped.setdefault(key, []).append(item)
    return {key: _any(items) for key, items in grouped.items()}


def _any(items: Sequence[Marked]) -> Any:
    if all(isinstance(item.value, tuple) for item in items):
        return sequence(items)
    return scalar(items)


def _until_final(found: Sequence[Marked]) -> Sequence[Marked]:
    for index, marked in enumerate(found):
        if marked.flag is Flag.FINAL:
            return found[: index + 1]
    return found


def _unique(items: Iterable[_T]) -> list[_T]:
    return list(dict.fromkeys(items))
