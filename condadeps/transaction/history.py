"""``conda-meta/history``: conda's own log of an environment, appended to in conda's own format.

    ==> 2026-11-22 21:22:49 <==
    # cmd: condadeps install pandas
    -https://host/channel/noarch::pkga-1.0-0
    +https://host/channel/noarch::pkga-2.0-0
    # update specs: ['pandas']

conda reads the specs to know what somebody asked for. The version line that conda writes of
itself is left out: conda refuses to touch an environment that a later conda has changed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from condadeps import __version__
from condadeps.solve.plan import Package, Plan
from condadeps.sources.credentials import masked
from condadeps.sources.known_places import alias

PATH = "conda-meta/history"


def stage(
    prefix: Path,
    tree: Path,
    plan: Plan,
    specs: Sequence[str],
    command: str,
    when: float,
    removed: Sequence[str] = (),
) -> None:
    """Stage the log as it will be after ``plan``; nothing when conda's packages stay as they are."""
    lines = sorted(f"-{_dist(package)}" for package in _out(plan)) + sorted(
        f"+{_dist(link.package)}" for link in plan.link
    )
    if not lines and not specs:
        return
    entry = [time.strftime("==> %Y-%m-%d %H:%M:%S <==", time.localtime(when))]
    entry += [f"# cmd: {_one_line(command)}", f"# condadeps version: {__version__}", *lines]
    if specs:
        entry.append(f"# update specs: {list(specs)}")
    if removed:
        entry.append(f"# remove specs: {[str(name) for name in removed]}")
    before = _read(prefix / PATH)
    if before and not before.endswith("\n"):
        before += "\n"
    path = tree / PATH
    path.parent.mkdir(exist_ok=True)
    path.write_text(before + "\n".join(entry) + "\n", encoding="utf-8")


def _out(plan: Plan) -> list[Package]:
    return [link.previous for link in plan.link if link.previous] + [unlink.package for unlink in plan.unlink]


def _dist(package: Package) -> str:
    channel = package.channel.rstrip("/")
    return f"{channel.removeprefix(f'{alias()}/')}/{package.subdir}::{package.dist_name}"


def _one_line(command: str) -> str:
    return masked(" ".join(command.split()))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
