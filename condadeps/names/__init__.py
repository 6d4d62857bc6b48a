"""The two namespaces, PyPI's projects and conda's packages, and the table between them.

>>> from condadeps import names
>>> names.home("torch"), names.home("snappy")
('pytorch', None)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from condadeps.names.namespaces import PackageName, ProjectName

if TYPE_CHECKING:
    from condadeps.names.lookup import Answers

__all__ = ["PackageName", "ProjectName", "home", "which"]


def home(name: str) -> str | None:
    """The conda package that ships the PyPI project ``name``, or None when none does.

    Raises ValueError when ``name`` is not the name of a project (PEP 508).
    """
    from condadeps.names.lookup import shipped_homes

    package = shipped_homes().home(ProjectName(name)).package
    return None if package is None else str(package)


def which(names: str | Iterable[str]) -> Answers:
    """What each bare name means, why, and which traps lie near it, by the table alone.

    The answers are a list that prints as text. Raises RequestError for what is no name.

    >>> print(which("torch"))
    torch: PyPI's torch, conda's pytorch
        conda's package pytorch ships it (pytorch-cpu does too)
    """
    from condadeps.names import lookup

    return lookup.which([names] if isinstance(names, str) else names)
