"""Making an environment: conda packages into an empty directory, and a kernel that Jupyter knows."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from condadeps.asked.job import IMPLIED, Asked, Job
from condadeps.errors import RequestError, UsageError
from condadeps.kernels import registered
from condadeps.names.namespaces import PackageName
from condadeps.prefix.target import read
from condadeps.show.reporter import Reporter
from condadeps.transaction.fresh import is_free, taken
from condadeps.transaction.outcome import Outcome

if TYPE_CHECKING:
    from condadeps.asked.request import Request
    from condadeps.names.homes import Homes

_KERNEL_NAME = re.compile(r"[a-z0-9._-]+", re.IGNORECASE)
"""What jupyter_client accepts."""

_MARK = "# Written by condadeps: %condadeps is there in every session of this environment.\n"
_IPYTHON_CONFIG = (
    _MARK + 'c = get_config()  # noqa: F821\nc.InteractiveShellApp.extensions.append("condadeps")\n'
)


def create(
    job: Job,
    *,
    kernel: str | None,
    display_name: str | None,
    bare: bool,
    reporter: Reporter | None,
    kernel_prefix: str | None = None,
) -> Outcome:
    """Make the environment ``job`` asks for; unless ``bare``, with ipykernel and this condadeps in it.

    With ``kernel``, registers it with Jupyter under that name: for this user, or below ``kernel_prefix``,
    where a Jupyter that is installed there finds it. Raises PrefixError when there is something at the
    prefix already, UsageError when the kernel's name is taken; on any failure nothing is left there.
    """
    from condadeps.api import travel

    prefix = Path(job.prefix)
    _check(prefix, kernel, bare)
    if kernel is not None:
        registered.check_free(kernel, prefix, kernel_prefix)
    with TemporaryDirectory(prefix="condadeps-") as directory:
        if kernel or not (bare or _needs_no_python(job, reporter)):
            job = _with_kernel(job, Path(directory), registered=kernel is not None)
        outcome = travel(job, reporter)
    if outcome.changed and not bare and _has_condadeps(prefix):
        load_magic(prefix)
    if kernel is None:
        return outcome
    where = registered.folder(kernel_prefix) / kernel
    if outcome.changed:
        python = read(prefix).python
        where = registered.register(python, prefix, kernel, display_name or kernel, kernel_prefix)
    return replace(
        outcome,
        kernel={
            "name": kernel,
            "display_name": display_name or kernel,
            "directory": str(where),
            "remove": shlex.join(registered.removal(kernel, kernel_prefix)),
        },
    )


def _check(prefix: Path, kernel: str | None, bare: bool) -> None:
    if kernel is not None and not _KERNEL_NAME.fullmatch(kernel):
        raise UsageError(f"{kernel!r} is no name for a kernel", help="letters, digits, '.', '_' and '-'")
    if kernel is not None and bare:
        raise UsageError("a kernel needs ipykernel: --kernel and --bare exclude each other")
    if not is_free(prefix):
        raise taken(prefix)


def _with_kernel(job: Job, directory: Path, *, registered: bool) -> Job:
    """What a kernel needs beside what was asked for; a lock is added nothing but this condadeps."""
    from condadeps.kernels.this_wheel import pack

    wheel = pack(directory)
    if "lock" in job.settings:
        return replace(job, settings={**job.settings, "own": str(wheel), "kernel": registered})
    implied = ["pip", "ipykernel", f"condadeps @ {wheel.as_uri()}"]
    if not any(_names_python(asked) for asked in job.asked):
        implied.insert(0, "python")
    return replace(job, asked=(*job.asked, *(Asked(text, place=IMPLIED) for text in implied)))


def _names_python(asked: Asked) -> bool:
    from condadeps.asked.request import Bare, Spec

    request = _request(asked)
    return isinstance(request, Bare | Spec) and request.name == "python"


def _needs_no_python(job: Job, reporter: Reporter | None) -> bool:
    """Whether all that is asked for are conda packages that hold no Python project, and bring no Python."""
    from condadeps.api import travel
    from condadeps.names.homes import Homes

    homes = Homes()
    if not job.asked or any(
        _names_python(asked) or not _ships_nothing(_request(asked), homes) for asked in job.asked
    ):
        return False
    # A package that only brings others (opencv) holds nothing itself: the plan tells.
    plan = travel(replace(job, options=replace(job.options, dry_run=True)), reporter).plan
    return all(one.package.name != "python" for one in plan.link)


def _ships_nothing(request: Request | None, homes: Homes) -> bool:
    from condadeps.asked.request import Bare, Spec

    if isinstance(request, Spec):
        return homes.ships(PackageName(request.name)) == ()
    if not isinstance(request, Bare):
        return False
    from condadeps.names.reading import read as means

    reading = means(request.name, homes, lambda package: homes.ships(package) is not None)
    return reading.package is not None and homes.ships(reading.package) == ()


def _request(asked: Asked) -> Request | None:
    from condadeps.asked.parse import parse

    try:
        return parse(asked)
    except RequestError:
        return None  # the road will say so, with its reason


def _has_condadeps(prefix: Path) -> bool:
    from condadeps.names.namespaces import ProjectName
    from condadeps.prefix.installed import distribution

    return distribution(read(prefix), ProjectName("condadeps")) is not None


def load_magic(prefix: Path) -> None:
    """Have IPython load the magic in this environment; a configuration that is not ours stays."""
    config = prefix / "etc" / "ipython" / "ipython_config.py"
    if not config.exists():
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(_IPYTHON_CONFIG, encoding="utf-8")
