"""Putting kernels that install themselves into the launcher, and taking their environments away."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from condadeps.config.places import site_directories, user_directories
from condadeps.errors import PrefixError, UsageError
from condadeps.kernels import offered, place, registered, start
from condadeps.kernels.definition import CONNECTION_FILE, Definition
from condadeps.show.reporter import Reporter
from condadeps.transaction.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Added:
    """One kernel that was put into the launcher, or would be."""

    name: str
    kernel: str
    directory: str
    """Its kernelspec."""
    prefix: str
    """Where its environment is, or will be."""
    installed: bool
    dry_run: bool = False
    plan: Outcome | None = None
    """What ``--now`` installed, or would."""
    checked: str | None = None
    """What the first cell came to, with ``--now``."""
    failed: bool = False
    """Whether it came to something else than it should."""
    remove: str = ""
    """The command that takes it away."""
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """1 when the kernel is there and does not work."""
        return int(self.failed)

    def __str__(self) -> str:
        would = "would be " if self.dry_run else ""
        lines = [
            f"{self.name}: {would}in the launcher as {self.kernel} ({self.directory})",
            f"  {self.remove} takes it away",
        ]
        if self.plan is not None:
            lines.append(str(self.plan))
        if self.checked is not None:
            lines.append(self.checked)
        elif not self.installed:
            lines.append(f"  its first start installs it into {self.prefix}; --now does so at once")
        lines += [f"warning: {line}" for line in self.warnings]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Plain data; ``plan`` as ``condadeps create --json`` has it."""
        from condadeps.show import conda_json

        return {
            "success": not self.failed,
            "name": self.name,
            "kernel": self.kernel,
            "directory": self.directory,
            "prefix": self.prefix,
            "installed": self.installed,
            "dry_run": self.dry_run,
            "plan": conda_json.outcome(self.plan) if self.plan else None,
            "check": self.checked,
            "remove": self.remove,
            "warnings": list(self.warnings),
        }


def add(
    names: Sequence[str],
    where: str | None = None,
    *,
    now: bool = False,
    offline: bool = False,
    dry_run: bool = False,
    reporter: Reporter | None = None,
) -> list[Added]:
    """Register the kernels of these definitions with Jupyter, for this user or below the prefix ``where``.

    With ``now`` each is installed as well, and its first cell run. Raises NotFoundError, ConfigError,
    RequestError (a definition asks for what cannot be read) or UsageError before anything is done; what is
    raised later leaves what was added before it.
    """
    from condadeps.kernels import installing

    if not names:
        raise UsageError("name at least one kernel", help="condadeps kernels available")
    definitions = [offered.find(name) for name in dict.fromkeys(names)]
    for definition in definitions:
        installing.check(definition)
    _check_able()
    folder = registered.folder(where)
    for definition in definitions:
        _check_free(definition, folder / definition.kernel)
    return [
        replace(
            _added(definition, folder, now=now, offline=offline, dry_run=dry_run, reporter=reporter),
            remove=shlex.join(registered.removal(definition.kernel, where)),
            warnings=_warnings(definition, where),
        )
        for definition in definitions
    ]


def _added(
    definition: Definition,
    folder: Path,
    *,
    now: bool,
    offline: bool,
    dry_run: bool,
    reporter: Reporter | None,
) -> Added:
    from condadeps.kernels import installing

    directory = folder / definition.kernel
    prefix = place.prefix(definition.name)
    outcome: Outcome | None = None
    checked: str | None = None
    failed = False
    if dry_run:
        outcome = installing.plan(definition, reporter) if now else None
    else:
        _register(definition, directory)
        if now:
            from condadeps.kernels import checking

            outcome = installing.install(definition, reporter, offline=offline).outcome
            checked, failed = checking.first_cell(definition, directory)
    return Added(
        definition.name,
        definition.kernel,
        str(directory),
        str(prefix),
        place.is_installed(prefix),
        dry_run,
        outcome,
        checked,
        failed,
    )


def _warnings(definition: Definition, where: str | None) -> tuple[str, ...]:
    """What somebody who adds it for others should know."""
    if where is None or not any(definition.file.is_relative_to(one) for one in user_directories(os.environ)):
        return ()
    return (
        f"{definition.file} is yours: others find no definition of {definition.name}, unless it is in "
        f"{site_directories()[-1] / 'kernels'}, too",
    )


def remove_environment(name: str) -> Path | None:
    """Remove the environment of the definition ``name``; returns it, None when there was none.

    Raises PrefixError when it cannot be removed, or is none that was installed on first use.
    """
    import math

    from condadeps.prefix import lock

    prefix = place.prefix(name)
    room = place.waiting_room(prefix)
    if not prefix.is_dir():
        return None
    if not place.is_installed(prefix) and not (prefix / "conda-meta").is_dir():
        raise PrefixError(f"{prefix} is no environment: it stays", prefix=str(prefix))
    try:
        room.mkdir(parents=True, exist_ok=True)
        with lock.hold(room, math.inf):
            gone = room / "removed"
            shutil.rmtree(gone, ignore_errors=True)
            prefix.rename(gone)  # at once, however long its files take
            shutil.rmtree(gone)
    except OSError as error:
        raise PrefixError(f"{prefix} cannot be removed: {error.strerror}", prefix=str(prefix)) from error
    return prefix


def _check_able() -> None:
    """Raises UsageError when this Python could not hold a kernel's ports while a language is installed."""
    try:
        import jupyter_client  # noqa: F401  is it there?
        import zmq  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"the Python that runs condadeps cannot start kernels: {error.name} is missing",
            help=start.HELP.removeprefix("help: "),
        ) from None


def _check_free(definition: Definition, directory: Path) -> None:
    """Raises UsageError when somebody else's kernel has that name."""
    for there in (directory, directory.with_name(directory.name.lower())):
        spec = registered.spec_of(there)
        if spec is None:
            continue
        ours = spec.get("metadata", {}).get("condadeps")
        other = ours.get("first_use") if isinstance(ours, dict) else None
        if other != definition.name:
            runs = f"it runs {' '.join(map(str, spec.get('argv') or []))[:200]}"
            raise UsageError(
                f"there is a kernel called {definition.kernel} already: {there}",
                detail=[f"it is that of the definition {other}" if isinstance(other, str) else runs],
                help="remove that one first; or write a definition with another kernel (docs/kernels.md)",
            )


def _register(definition: Definition, directory: Path) -> None:
    """Write the kernelspec: whole or not at all, in place of one of the same definition."""
    draft = directory.with_name(f".{directory.name}.{os.getpid()}")
    try:
        draft.mkdir(parents=True)
        (draft / "kernel.json").write_text(json.dumps(_spec(definition), indent=1), "utf-8")
        if definition.logo is not None:
            svg = definition.logo.suffix == ".svg"
            shutil.copyfile(definition.logo, draft / ("logo-svg.svg" if svg else "logo-64x64.png"))
        for path in (draft, *draft.iterdir()):
            path.chmod(0o755 if path.is_dir() else 0o644)
        shutil.rmtree(directory, ignore_errors=True)
        draft.rename(directory)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise PrefixError(
            f"the kernel {definition.kernel} cannot be registered at {directory}: {error.strerror}",
            help="--kernel-prefix DIR registers it elsewhere",
            prefix=str(directory),
        ) from error


def _spec(definition: Definition) -> dict[str, Any]:
    metadata: dict[str, Any] = {"condadeps": {"first_use": definition.name}}
    if definition.encryption:
        metadata["supported_encryption"] = "curve"
    if definition.debugger:
        metadata["debugger"] = True  # what JupyterLab goes by
    return {
        "argv": start.command("start", [definition.name, CONNECTION_FILE]),
        "display_name": definition.display_name,
        "language": definition.language,
        "interrupt_mode": definition.interrupt_mode,
        "metadata": metadata,
    }


def names_registered() -> frozenset[str]:
    """The definitions whose kernels Jupyter knows."""
    found = (one.first_use for one in registered.kernels().kernels)
    return frozenset(name for name in found if name)
