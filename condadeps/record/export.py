"""An environment file of what *is* in a prefix, whatever put it there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from condadeps.names.homes import Homes
from condadeps.prefix.installed import distributions, packages
from condadeps.prefix.owner import owner
from condadeps.prefix.target import Target, read
from condadeps.record import environment
from condadeps.record.place import environment_name
from condadeps.solve.plan import Answer
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.credentials import split_credentials


@dataclass(frozen=True, slots=True)
class Export:
    """The text of an environment file (CEP 24)."""

    text: str

    def __str__(self) -> str:
        return self.text.rstrip("\n")

    def to_json(self) -> dict[str, str]:
        """The text under ``environment-yaml``."""
        return {"environment-yaml": self.text}


def environment_yaml(prefix: Path, *, everything: bool = False) -> Export:
    """What was asked for in ``prefix``, or ``everything`` in it, each at its installed version.

    Builds are left out, so that the file holds on other platforms. Raises PrefixError.
    """
    target = read(prefix)
    answers = (*_packages(target, everything), *_distributions(target, everything))
    with TemporaryDirectory(prefix="condadeps-") as directory:
        path = Path(directory, "environment.yml")
        environment.write(
            path,
            environment=environment_name(target.prefix),
            python=target.minor if target.has_python else None,
            channels=_channels(target),
            answers=answers,
            needed=(),
        )
        return Export(path.read_text("utf-8"))


def _packages(target: Target, everything: bool) -> Iterator[Answer]:
    for name, package in sorted(packages(target.prefix).items()):
        if name not in {"python", "pip"} and (everything or package.requested_specs):
            yield _answer("conda", name, package.version)


def _distributions(target: Target, everything: bool) -> Iterator[Answer]:
    condas, homes = packages(target.prefix), Homes()
    for project, found in sorted(distributions(target).items()):
        asked = everything or found.requested
        if asked and found.exists and owner(found, condas, homes) is None:
            yield _answer("pip", project, found.version)


def _answer(manager: Literal["conda", "pip"], name: str, version: str) -> Answer:
    return Answer(text=name, origin="", manager=manager, name=name, version=version, constraint="")


def _channels(target: Target) -> list[str]:
    """The channels its packages came from, most used first, by name where the alias has one."""
    alias = CondaConfig.read(target.prefix).channel_alias.rstrip("/") + "/"
    used = Counter(
        split_credentials(package.channel)[0]
        .rstrip("/")
        .removesuffix(f"/{package.subdir}")
        .removeprefix(alias)
        for package in packages(target.prefix).values()
    )
    return [channel for channel, _ in used.most_common()]
