"""``condadeps doctor``: is an environment as it was installed, and does it fit together? Changes nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from condadeps.errors import PrefixError
from condadeps.health import fitting
from condadeps.health.findings import Finding, Health, command
from condadeps.names.namespaces import PackageName
from condadeps.prefix import damage, installed, lock, own, shadow
from condadeps.prefix.damage import Damage
from condadeps.prefix.installed import Distribution
from condadeps.prefix.target import Target, read
from condadeps.show.reporter import Reporter, Silent
from condadeps.transaction import past, programs
from condadeps.transaction.journal import unfinished

_PATIENCE = 60
"""Seconds that a Python may take to start."""


def doctor(prefix: Path, reporter: Reporter | None = None) -> Health:
    """What is wrong with the environment at ``prefix``. Raises PrefixError where there is none."""
    reporter = reporter or Silent()
    target = read(prefix)
    reporter.phase("verify", "looking at every file")
    packages = installed.packages(target.prefix) if target.is_conda else {}
    condas = damage.owners(packages)
    own = [one for one in _projects(target) if not fitting.is_condas(one, target, condas)]
    files = damage.packages(target.prefix, packages, reporter)
    theirs = damage.projects(target, own, condas, reporter)
    found = [
        *_half_done(target.prefix),
        *_history(target.prefix),
        *fitting.records(target.prefix, packages),
        *(_damaged(one, target.prefix) for one in (*files.damages, *theirs.damages)),
        *fitting.dependencies(target.prefix, packages),
        *(fitting.pins(target.prefix, packages) if packages else ()),
        *(_of_python(target, condas) if target.has_python else ()),
    ]
    found.sort(key=lambda one: not one.problem)
    return Health(str(target.prefix), tuple(found), len(packages), len(own), files.files + theirs.files)


def _projects(target: Target) -> list[Distribution]:
    return list(installed.distributions(target).values()) if target.has_python else []


def _damaged(one: Damage, prefix: Path) -> Finding:
    name = one.one.name if isinstance(one.one, installed.InstalledPackage) else one.one.project
    editable = isinstance(one.one, Distribution) and one.one.editable
    return Finding(
        "files",
        f"{name} {one.one.version} is not as it was installed: {one.what}",
        one.detail,
        command(prefix, "restore", name) if not editable else "install it again from its sources",
        name=name,
    )


def _half_done(prefix: Path) -> Iterator[Finding]:
    half = unfinished(prefix)
    if half is not None:
        help = command(prefix, "restore") if half.by is None else "look again when that is done"
        yield Finding("unfinished", str(half), help=help)
    elif (own.directory(prefix) / "holder.json").exists() and lock.at_work(prefix) is None:
        told = "the process that last changed it ended without a word; its lock ended with it"
        yield Finding("lock", told, problem=False)


def _history(prefix: Path) -> Iterator[Finding]:
    try:
        past.read(prefix)
    except PrefixError as error:
        yield Finding("history", error.message, error.detail, error.help)


def _of_python(target: Target, condas: Mapping[str, PackageName]) -> Iterator[Finding]:
    yield from _starts(target)
    yield from fitting.twins(target, condas)
    yield from fitting.requirements(target, condas)
    hidden = shadow.shadowing(target, installed.distributions(target))
    for project, one in sorted(hidden.items()):
        message = f"{project} {one.version} in {one.location.parent} hides the environment's copy"
        help = f"python -m pip uninstall {project}; or set PYTHONNOUSERSITE=1"
        yield Finding("shadowed", message, help=help, name=project)


def _starts(target: Target) -> Iterator[Finding]:
    words = [str(target.python), "-I", "-c", "import encodings, site, sysconfig"]
    if target.is_running:
        return
    try:
        done = subprocess.run(
            words, env=programs.closed(), stdin=subprocess.DEVNULL, capture_output=True, timeout=_PATIENCE
        )
        said = done.stderr.decode(errors="replace").strip().splitlines()[-2:]
        failed = done.returncode != 0
    except (OSError, subprocess.TimeoutExpired) as error:
        said, failed = [str(error)], True
    if failed:
        help = command(target.prefix, "restore")
        yield Finding("python", f"its Python does not start: {target.python}", tuple(said), help)
