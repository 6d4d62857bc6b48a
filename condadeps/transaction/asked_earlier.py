"""What was asked for earlier, as the past changes of an environment tell: of the projects that pip installs.

conda keeps such a thing in its records and its history (:mod:`condadeps.prefix.asked_earlier`); nothing that
pip writes has a place for it. Nobody knows of what came with a lock that does not tell (:func:`untold`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from condadeps.names.namespaces import ProjectName
from condadeps.transaction.room import Room


def versions(prefix: Path) -> dict[ProjectName, str]:
    """The specifier (PEP 440) that was last asked for of each project, where one was.

    What was undone does not count, and what was taken away since was asked for by nobody. A past change that
    cannot be read says nothing here: the next change is refused for it.
    """
    past = Room.of(prefix).past
    return told(_documents(sorted(past.glob("*.json")) if past.is_dir() else ()))


def told(documents: Iterable[Mapping[str, Any]]) -> dict[ProjectName, str]:
    """What past changes come to, told by their journals (:class:`~condadeps.transaction.journal.Journal`).

    The oldest comes first.
    """
    found: dict[ProjectName, str] = {}
    for plan in _standing(list(documents)):
        for gone in plan["uninstall"]:
            found.pop(ProjectName(gone["project"]), None)
        asked: dict[ProjectName, list[str]] = {}
        for answer in plan["answers"]:
            if answer["manager"] == "pip":
                asked.setdefault(ProjectName(answer["name"]), []).append(answer["constraint"].strip())
        for project, texts in asked.items():
            # A place (" @ URL") says no version.
            found[project] = ",".join(text for text in texts if text and not text.startswith("@"))
    return {project: text for project, text in found.items() if text}


def extras(prefix: Path) -> dict[ProjectName, frozenset[str]]:
    """The extras that were asked for of each project that pip installs; as :func:`versions` in all else."""
    past = Room.of(prefix).past
    found: dict[ProjectName, frozenset[str]] = {}
    for plan in _standing(list(_documents(sorted(past.glob("*.json")) if past.is_dir() else ()))):
        for gone in plan["uninstall"]:
            found.pop(ProjectName(gone["project"]), None)
        for answer in plan["answers"]:
            if answer["manager"] == "pip" and answer["extras"]:
                project = ProjectName(answer["name"])
                found[project] = found.get(project, frozenset()) | frozenset(answer["extras"])
    return found


def untold(prefix: Path) -> dict[tuple[str, str], str]:
    """What came with a lock that does not tell what was asked for, and has stayed since.

    By manager and name the lock's name; as :func:`versions` in all else.
    """
    past = Room.of(prefix).past
    found: dict[tuple[str, str], str] = {}
    for plan in _standing(list(_documents(sorted(past.glob("*.json")) if past.is_dir() else ()))):
        names = [("conda", one["package"]["name"], one["previous"]) for one in plan["link"]]
        names += [("pip", one["artifact"]["project"], one["previous"]) for one in plan["install"]]
        gone = [("conda", one["package"]["name"]) for one in plan["unlink"]]
        for node in (*gone, *(("pip", one["project"]) for one in plan["uninstall"])):
            found.pop(node, None)
        if lock := plan.get("untold"):
            found |= {(manager, name): lock for manager, name, before in names if before is None}
    return found


def _standing(documents: list[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """The plans of the changes that were not taken back; nor was what took them back, if that was."""
    undone_by = {one["undoes"]: _stamp(one) for one in documents if one.get("undoes")}

    def stands(stamp: str) -> bool:
        return stamp not in undone_by or not stands(undone_by[stamp])

    yield from (one["plan"] for one in documents if stands(_stamp(one)))


def _stamp(document: Mapping[str, Any]) -> str:
    return f"{document['started']:.3f}"


def _documents(paths: Iterable[Path]) -> Iterator[Mapping[str, Any]]:
    for path in paths:
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            told([document])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        yield document
