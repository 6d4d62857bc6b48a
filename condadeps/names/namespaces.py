"""The two namespaces, as two types, so that neither is ever passed where the other is meant.

A *project* lives in PyPI's namespace (PEP 503), a *package* in conda's (CEP 26).
Both are strings, for printing and as keys; a type checker keeps them apart.
"""

from __future__ import annotations

import re

_PROJECT = re.compile(r"[A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9]", re.IGNORECASE)
_PACKAGE = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")
_SEPARATORS = re.compile(r"[-_.]+")


class ProjectName(str):
    """A project's name on PyPI, normalised as PEP 503 says.

    >>> ProjectName("Zope.Interface")
    ProjectName('zope-interface')
    """

    __slots__ = ()

    def __new__(cls, name: str) -> ProjectName:
        """Raises ValueError when ``name`` is no project name (PEP 508's grammar)."""
        if not _PROJECT.fullmatch(name):
            raise ValueError(f"{name!r} is not the name of a project")
        return super().__new__(cls, _SEPARATORS.sub("-", name).lower())

    def __repr__(self) -> str:
        return f"ProjectName({str(self)!r})"


class PackageName(str):
    """A conda package's name, lower case (CEP 26).

    >>> PackageName("R-Base")
    PackageName('r-base')
    """

    __slots__ = ()

    def __new__(cls, name: str) -> PackageName:
        """Raises ValueError when ``name`` is no package name."""
        lowered = name.lower()
        if not _PACKAGE.fullmatch(lowered):
            raise ValueError(f"{name!r} is not the name of a conda package")
        return super().__new__(cls, lowered)

    def __repr__(self) -> str:
        return f"PackageName({str(self)!r})"
