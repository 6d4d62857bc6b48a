"""The one error of the launcher."""

from __future__ import annotations


class LaunchError(Exception):
    """Why nothing is started: the setting and what is wrong with it; ``help`` is what to type instead."""

    def __init__(self, message: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.help = help

    def __str__(self) -> str:
        return f"{self.message}\n  {self.help}" if self.help else self.message
