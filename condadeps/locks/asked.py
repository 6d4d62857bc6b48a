"""What was asked for, of what a lock has: told by who made the lock, to count where that is followed.

In ``conda-lock.yml`` it is under ``metadata.custom_metadata``, the place its owner keeps for others, a key a
platform; the other formats have no place for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from condadeps.asked import matchspec
from condadeps.asked.credentials import masked
from condadeps.locks.lock import Locked, Requested
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.solve.plan import Answer, Plan

_KEY = "condadeps-asked-"
"""Of ``custom_metadata``; the platform follows."""


def of_plan(plan: Plan) -> Requested:
    """What the requests of a plan came to."""
    conda = [f"{one.name}{one.constraint}" for one in plan.answers if one.manager == "conda"]
    pip = [_requirement(one) for one in plan.answers if one.manager == "pip"]
    return Requested(tuple(dict.fromkeys(map(masked, conda))), tuple(dict.fromkeys(pip)))


def _requirement(answer: Answer) -> str:
    extras = f"[{','.join(answer.extras)}]" if answer.extras else ""
    # The place that something was asked from is the locked file's.
    constraint = "" if answer.constraint.lstrip().startswith("@") else answer.constraint
    return f"{answer.name}{extras}{constraint}"


def metadata(platforms: tuple[Locked, ...]) -> dict[str, str]:
    """``custom_metadata`` of a lock's platforms: values are text there."""
    return {
        f"{_KEY}{one.subdir}": json.dumps({"conda": one.asked.conda, "pip": one.asked.pip})
        for one in platforms
        if one.asked is not None
    }


def read(custom: object, subdir: str) -> Requested | None:
    """What ``custom_metadata`` tells of one platform; None when it tells nothing that is understood."""
    text = custom.get(f"{_KEY}{subdir}") if isinstance(custom, Mapping) else None
    try:
        told: Any = json.loads(text) if isinstance(text, str) else None
        return Requested(tuple(map(str, told["conda"])), tuple(map(str, told["pip"]))) if told else None
    except (ValueError, KeyError, TypeError):
        return None


def with_answers(plan: Plan, locked: Locked, file: str) -> Plan:
    """``plan``, which follows ``locked``, with what was asked for as answers; else it says nobody knows."""
    if locked.asked is None:
        return replace(plan, untold=file)
    answers = (*_condas(plan, locked, file), *_pips(plan, locked, file))
    wanted = {one.name for one in answers if one.manager == "pip"}
    install = tuple(
        replace(one, requested=one.requested or str(one.artifact.project) in wanted) for one in plan.install
    )
    return replace(plan, answers=answers, install=install)


def _condas(plan: Plan, locked: Locked, file: str) -> Iterator[Answer]:
    assert locked.asked is not None
    versions = {one.name: one.version for one in locked.packages}
    linked = {one.package.name for one in plan.link}
    for text in locked.asked.conda:
        try:
            spec = matchspec.read(text)
        except matchspec.InvalidMatchSpec:
            continue
        name = PackageName(spec.name)
        if name in versions:
            constraint, there = spec.constraint, name not in linked
            yield Answer(text, file, "conda", name, versions[name], constraint, already=there)


def _pips(plan: Plan, locked: Locked, file: str) -> Iterator[Answer]:
    assert locked.asked is not None
    versions = {one.project: one.artifact.version for one in locked.files}
    new = {one.artifact.project for one in plan.install}
    for text in locked.asked.pip:
        try:
            asked = Requirement(text)
            project = ProjectName(asked.name)
        except (InvalidRequirement, ValueError):
            continue
        if project in versions:
            yield Answer(
                text,
                file,
                "pip",
                project,
                versions[project],
                str(asked.specifier),
                extras=tuple(sorted(asked.extras)),
                project=project,
                already=project not in new,
            )
