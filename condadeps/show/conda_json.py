"""Results in the shape of conda's own ``--json`` (as of conda 26.7), with what conda has no word for added.

Success: ``success``, ``prefix``, ``actions`` (``FETCH`` full records; ``UNLINK`` and ``LINK`` when not
empty; ``PREFIX``; ours: ``PIP``, ``RUN``), ``dry_run`` for a dry run; ``message`` and no ``actions`` when
there was nothing to do. Failure: ``error``, ``exception_name``, ``exception_type``, ``message``,
``caused_by``, no ``success``. What is condadeps' alone is under ``condadeps``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from condadeps.asked.credentials import masked
from condadeps.errors import CondadepsError
from condadeps.show.changes import base_url
from condadeps.solve.plan import Install, Package, Plan, Uninstall
from condadeps.transaction.outcome import Outcome, Status

NOTHING_TO_DO = "All requested packages already installed."


def result(result: object) -> Any:
    """Any verb's result as one JSON document."""
    if isinstance(result, Outcome):
        return outcome(result)
    if isinstance(result, str):
        return {"success": True, "text": result}
    if isinstance(result, list | tuple):
        return [_one(item) for item in result]
    return _one(result)


def outcome(outcome: Outcome) -> dict[str, Any]:
    """An outcome as conda's ``install --json`` says it."""
    document: dict[str, Any] = {"success": True, "prefix": outcome.plan.prefix}
    if outcome.status is Status.PLANNED:
        document["dry_run"] = True
    if outcome.plan:
        document["actions"] = actions(outcome.plan)
    else:
        document["message"] = NOTHING_TO_DO
    plain = outcome.plan.to_json()
    document["condadeps"] = {
        "status": outcome.status.value,
        "answers": [{**answer, "text": masked(answer["text"])} for answer in plain["answers"]],
        "reasons": _reasons(outcome.plan),
        "warnings": list(outcome.warnings),
        "notes": list(outcome.plan.notes),
        "recorded": outcome.recorded,
        "restart": list(outcome.restart),
        "kernel": outcome.kernel,
        "seconds": round(outcome.seconds, 3),
    }
    return _plain(document)  # type: ignore[no-any-return]


def actions(plan: Plan) -> dict[str, Any]:
    """A plan as conda's ``actions``."""
    replaced = [link.previous for link in plan.link if link.previous is not None]
    found: dict[str, Any] = {
        "FETCH": [dict(link.package.record) for link in plan.link],
        "PREFIX": plan.prefix,
    }
    unlink = [item(package, plan) for package in (*(gone.package for gone in plan.unlink), *replaced)]
    link = [item(link.package, plan) for link in plan.link]
    pip = [_uninstall(gone) for gone in plan.uninstall] + [_install(new) for new in plan.install]
    run = [{"argv": list(one.argv), "for": one.name} for one in plan.commands]
    several = (("UNLINK", unlink), ("LINK", link), ("PIP", pip), ("RUN", run))
    return found | {key: rows for key, rows in several if rows}


def item(package: Package, plan: Plan) -> dict[str, Any]:
    """One ``LINK`` or ``UNLINK`` item: exactly conda's eight keys."""
    base = base_url(package)
    named = (name for name in plan.channels if "://" not in name and base.endswith(f"/{name.strip('/')}"))
    return {
        "base_url": base,
        "build_number": package.build_number,
        "build_string": package.build,
        "channel": next(named, base),
        "dist_name": package.dist_name,
        "name": str(package.name),
        "platform": package.subdir,
        "version": package.version,
    }


def error(error: CondadepsError) -> dict[str, Any]:
    """An error as conda's ``--json`` says one, its data's keys beside the usual five."""
    kind = type(error)
    cause = error.__cause__
    document = {
        **error.data,
        "caused_by": "None" if cause is None else type(cause).__name__,
        "detail": list(error.detail),
        "error": f"{kind.__name__}: {error.message}",
        "exception_name": kind.__name__,
        "exception_type": f"<class '{kind.__module__}.{kind.__qualname__}'>",
        "help": error.help,
        "message": error.message,
    }
    return _plain(document)  # type: ignore[no-any-return]


def _install(new: Install) -> dict[str, Any]:
    artifact = new.artifact
    return {
        "action": "install",
        "build": artifact.build,
        "editable": artifact.editable,
        "filename": artifact.filename,
        "name": str(artifact.project),
        "previous": new.previous,
        "requested": new.requested,
        "sha256": artifact.sha256,
        "size": artifact.size,
        "url": artifact.url,
        "version": artifact.version,
    }


def _uninstall(gone: Uninstall) -> dict[str, Any]:
    return {"action": "uninstall", "name": str(gone.project), "version": gone.version}


def _reasons(plan: Plan) -> dict[str, str]:
    from condadeps.show.changes import changes

    return {row.name: row.reason for row in changes(plan)}


def _one(thing: object) -> Any:
    to_json = getattr(thing, "to_json", None)
    return _plain(to_json() if callable(to_json) else thing)


def _plain(value: object) -> Any:
    """``value`` with nothing in it that ``json.dumps`` does not know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return [_plain(inner) for inner in items]
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)
