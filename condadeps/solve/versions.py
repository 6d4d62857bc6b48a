"""PEP 440 decides which versions meet a project's requirement; the solver is told numbers.

A project's versions, whoever offers them, are put in one order and numbered from 1. A
specifier becomes the set of numbers it admits, written as ranges that conda's grammar reads
the one way there is to read small integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version


@dataclass(frozen=True, slots=True)
class Offered:
    """A version as its source writes it, and as PEP 440 reads it (None: it does not)."""

    text: str
    version: Version | None


def parsed(text: str) -> Version | None:
    """The PEP 440 version, or None when the text (a conda version such as ``9e``) is none."""
    try:
        return Version(text)
    except InvalidVersion:
        return None


class Order:
    """A project's versions, numbered from 1, oldest first.

    ``versions`` are those PEP 440 reads. ``others`` are conda versions that it does not, oldest
    first, each with the version it comes right after (None: before all).
    """

    def __init__(
        self, versions: Iterable[Version], others: Iterable[tuple[str, Version | None]] = ()
    ) -> None:
        # A page's versions come sorted: that is seen, and costs a comparison each.
        self._items: list[Version | str] = [*sorted(dict.fromkeys(versions))]
        after_position: dict[Version | None, int] = {}
        for text, after in others:
            place = 0 if after is None else self._items.index(after) + 1
            place += after_position.get(after, 0)
            after_position[after] = after_position.get(after, 0) + 1
            self._items.insert(place, text)
        self._admitted: dict[tuple[str, frozenset[Version]], frozenset[int]] = {}

    def __len__(self) -> int:
        return len(self._items)

    @cached_property
    def numbers(self) -> dict[Version | str, int]:
        """From version (or the text of one PEP 440 does not read) to number."""
        return {item: number for number, item in enumerate(self._items, 1)}

    @cached_property
    def versions(self) -> list[Version]:
        """Those that PEP 440 reads, oldest first."""
        return [item for item in self._items if isinstance(item, Version)]

    def at(self, number: int) -> str:
        """The version of that number, as text."""
        return str(self._items[number - 1])

    @cached_property
    def prereleases(self) -> list[Version]:
        """The pre-releases among them, oldest first."""
        return [version for version in self.versions if version.is_prerelease]

    def admitted(
        self,
        specifier: SpecifierSet,
        always: frozenset[Version] = frozenset(),
        usable: Callable[[Version], bool] | None = None,
    ) -> frozenset[int]:
        """The numbers of the versions the specifier admits, by :meth:`SpecifierSet.filter`.

        Pre-releases are admitted as pip does: when the specifier names one, or when no final
        version that is ``usable`` meets it. ``always`` are versions (what is installed, what another
        requirement names) whose being a pre-release is no obstacle.
        """
        key = (str(specifier), always)
        known = self._admitted.get(key)
        if known is None:
            found = list(specifier.filter(self.versions))
            if usable is not None and self.prereleases and not any(map(usable, reversed(found))):
                found = list(specifier.filter(self.versions, prereleases=True))
            chosen = set(found)
            chosen.update(v for v in always if specifier.contains(v, prereleases=True))
            known = frozenset(self.numbers[v] for v in chosen if v in self.numbers)
            if not str(specifier):
                known |= {self.numbers[item] for item in self._items if isinstance(item, str)}
            self._admitted[key] = known
        return known

    def newest_first(self, numbers: frozenset[int]) -> Iterator[Version]:
        """The versions of those numbers that PEP 440 reads."""
        for number in sorted(numbers, reverse=True):
            item = self._items[number - 1]
            if isinstance(item, Version):
                yield item

    def ranges(self, numbers: frozenset[int]) -> str:
        """Numbers as a version spec of conda's grammar; ``""`` for all, ``"==0"`` (never) for none."""
        if len(numbers) == len(self._items):
            return ""
        return ranges(sorted(numbers))


def ranges(numbers: Sequence[int]) -> str:
    """Sorted numbers as ranges.

    >>> ranges([1, 2, 3, 7])
    '>=1,<4|==7'
    """
    if not numbers:
        return "==0"
    parts: list[str] = []
    start = previous = numbers[0]
    for number in [*numbers[1:], None]:
        if number is not None and number == previous + 1:
            previous = number
            continue
        parts.append(f"=={start}" if start == previous else f">={start},<{previous + 1}")
        if number is not None:
            start = previous = number
    return "|".join(parts)
