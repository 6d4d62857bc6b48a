"""How a result shows where nobody prints it: as its own text."""

from __future__ import annotations

from typing import Any


class Shown:
    """At IPython's prompt and in a notebook a result of this kind is its ``str``, not its ``repr``."""

    __slots__ = ()

    def __init_subclass__(cls) -> None:
        # IPython takes the first class that has either: a dataclass has a repr of its own.
        cls._repr_pretty_ = Shown._repr_pretty_  # type: ignore[method-assign]

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        printer.text(str(self))
