"""Which projects may come from PyPI, and which may come from conda: the site's and the user's word.

The fields have the names of the settings. A project that is there already stays, whoever brought it:
a policy says where what is installed comes from, and removes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from condadeps.names.namespaces import ProjectName

if TYPE_CHECKING:
    from condadeps.config import Configuration


@dataclass(frozen=True)
class Policy:
    """What is configured about the two worlds. The default lets conda come first and PyPI second."""

    pip: Literal["auto", "known", "never"] = "auto"
    """``known``: only ``known_projects`` may come from PyPI, asked for or needed by others."""
    known_projects: frozenset[ProjectName] = frozenset()
    only_conda: frozenset[ProjectName] = frozenset()
    """Projects that never come from PyPI."""
    only_pypi: frozenset[ProjectName] = frozenset()
    """Projects that never come from a conda channel."""
    places: Mapping[str, str] = field(default_factory=dict)
    """Where each setting was made ("/etc/condadeps/config.toml:3"), by its key, as far as known."""

    @staticmethod
    def of(configuration: Configuration) -> Policy:
        """What is configured about the two worlds."""
        settings = configuration.settings
        return Policy(
            pip=settings.pip,
            known_projects=frozenset(settings.known_projects),
            only_conda=frozenset(settings.only_conda),
            only_pypi=frozenset(settings.only_pypi),
            places=configuration.written,
        )

    def barred(self, project: ProjectName) -> str:
        """Why conda may not bring ``project``, a clause naming the setting; ``""`` when it may."""
        return f"{self.setting('only_pypi')} names it" if project in self.only_pypi else ""

    def closed(self, project: ProjectName) -> str:
        """Why ``project`` may not come from PyPI, a clause naming the setting; ``""`` when it may."""
        if project in self.only_conda:
            return f"{self.setting('only_conda')} names it"
        if self.pip == "known" and project not in self.known_projects:
            return f'pip = "known" and {self.setting("known_projects")} does not name it'
        return ""

    def place(self, project: ProjectName) -> str:
        """Where the setting was made that keeps ``project`` off PyPI."""
        return self.places.get("only_conda" if project in self.only_conda else "known_projects", "")

    def setting(self, key: str) -> str:
        """A setting for a person: its key, and where it was made."""
        return f"{key} ({self.places[key]})" if key in self.places else key
