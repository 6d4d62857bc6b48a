"""The changes an environment has seen, oldest first: what was asked, what changed, how to get back.

Each finished change leaves ``past/STAMP.json`` (its journal, :mod:`journal`); with it, when there
is need, ``past/STAMP/files/`` (:mod:`keeping`) and ``past/STAMP/recorded.json`` (the
environment file before and after).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from condadeps.errors import PrefixError
from condadeps.names.namespaces import ProjectName
from condadeps.prefix import installed
from condadeps.prefix.installed import Distribution
from condadeps.prefix.target import Target
from condadeps.solve.plan import Install, Plan
from condadeps.transaction import distributions, keeping, pip
from condadeps.transaction.journal import Journal
from condadeps.transaction.owners import Owners
from condadeps.transaction.room import Room, write_durably


@dataclass(frozen=True, slots=True)
class Recording:
    """An environment file that a change wrote: its text before (None: there was none) and after."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Past:
    """One finished change. ``number`` counts from 1, the oldest."""

    number: int
    journal: Journal
    plan: Plan
    recording: Recording | None = None
    undone_by: int | None = None
    """The number of the change that took it back."""
    undoes: int | None = None
    """The number of the change that it took back."""

    @property
    def stamp(self) -> str:
        """What it is known by on the disk."""
        return self.journal.stamp


def read(prefix: Path) -> tuple[Past, ...]:
    """The changes of ``prefix``, oldest first. Raises PrefixError for one that cannot be read."""
    room = Room.of(prefix)
    found: list[Past] = []
    for path in sorted(room.past.glob("*.json")) if room.past.is_dir() else ():
        try:
            journal = Journal.from_json(json.loads(path.read_text(encoding="utf-8")))
            plan = Plan.from_json(journal.plan)
            recording = _recording(room, journal.stamp)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise PrefixError(
                f"a past change cannot be read: {path}",
                detail=[f"{type(error).__name__}: {error}"],
                help="remove that file: the change can then not be undone, all else goes on",
                prefix=str(prefix),
                path=str(path),
            ) from error
        found.append(Past(len(found) + 1, journal, plan, recording))
    return tuple(_linked(found))


def _linked(found: Sequence[Past]) -> Iterator[Past]:
    """With who undid whom."""
    numbers = {one.stamp: one.number for one in found}
    undone = {one.journal.occasion.undoes: one.number for one in found if one.journal.occasion.undoes}
    for one in found:
        undoes = one.journal.occasion.undoes
        yield replace(one, undone_by=undone.get(one.stamp), undoes=numbers.get(undoes) if undoes else None)


def _recording(room: Room, stamp: str) -> Recording | None:
    try:
        document = json.loads((room.past / stamp / "recorded.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Recording(**document)


@contextmanager
def recording(prefix: Path, stamp: str, path: Path) -> Iterator[None]:
    """Around the writing of the environment file ``path``: keeps what it was and what it became."""
    before = _text(path)
    yield
    after = _text(path)
    room = Room.of(prefix)
    if after != before and (room.past / f"{stamp}.json").exists():
        (room.past / stamp).mkdir(exist_ok=True)
        document = asdict(Recording(str(path.absolute()), before, after))
        write_durably(room.past / stamp / "recorded.json", json.dumps(document))


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def leaving(
    plan: Plan, target: Target, owners: Owners
) -> tuple[Mapping[str, dict[str, Any] | None], tuple[str, ...]]:
    """How each project of pip's that leaves was installed, and which displaced paths are to be kept.

    A project counts as known when this program laid out exactly what is there now, from a file
    that can be fetched again by its hash.
    """
    keep = {f"{keeping.RECORDS}{path.name}" for path in (target.prefix / "conda-meta").glob("*.json")}
    found: dict[str, dict[str, Any] | None] = {}
    there = installed.distributions(target) if target.has_python else {}
    changes = read(target.prefix)
    for project in _leaving(plan):
        one = there.get(project)
        if one is None:
            continue
        known = _known(project, _record_hash(one), changes)
        found[str(project)] = asdict(known) if known else None
        if known is None:
            keep |= distributions.gone(target, [project], owners)
    return found, tuple(sorted(keep))


def laid(plan: Plan, target: Target) -> dict[str, str]:
    """The SHA-256 of the ``RECORD`` of every project that ``plan`` installed."""
    there = installed.distributions(target) if plan.install else {}
    projects = [one.artifact.project for one in plan.install]
    return {str(project): _record_hash(there[project]) for project in projects if project in there}


def _leaving(plan: Plan) -> Collection[ProjectName]:
    gone = [one.project for one in plan.uninstall]
    return dict.fromkeys([*gone, *(one.artifact.project for one in plan.install if one.previous)])


def _known(project: ProjectName, record: str, changes: Sequence[Past]) -> Install | None:
    for change in reversed(changes):
        if change.journal.laid.get(str(project)) == record:
            install = next(one for one in change.plan.install if one.artifact.project == project)
            again = install.artifact
            fetchable = again.sha256 and not again.build and not again.editable and again.url != pip.KEPT
            return install if fetchable and is_there(again.url) else None
    return None


def is_there(url: str) -> bool:
    """Whether a file may be had from ``url``: a local one (``create``'s own wheel) is looked for."""
    parts = urlsplit(url)
    return parts.scheme != "file" or Path(url2pathname(parts.path)).is_file()


def _record_hash(one: Distribution) -> str:
    try:
        return hashlib.sha256((one.location / "RECORD").read_bytes()).hexdigest()
    except OSError:
        return ""
