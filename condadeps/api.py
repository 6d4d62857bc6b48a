"""The one road, from what was asked to what came of it; every door walks it.

The functions are what a notebook or a program calls, a verb each; the magic and the command
come by :mod:`condadeps.verbs` with what they parsed. What changes an environment takes :func:`travel`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps.asked import caller
from condadeps.asked.job import Asked, Job, Options, located
from condadeps.call import Files
from condadeps.errors import CondadepsError, UsageError

if TYPE_CHECKING:
    from condadeps.config import Settings
    from condadeps.health.findings import Health
    from condadeps.locks.bundled import Bundle
    from condadeps.names.lookup import Answers
    from condadeps.names.namespaces import ProjectName
    from condadeps.prefix.target import Target
    from condadeps.record.embedding import Written
    from condadeps.record.export import Export
    from condadeps.show.history import History
    from condadeps.show.listing import Listing
    from condadeps.show.reporter import Reporter
    from condadeps.solve.plan import Answer
    from condadeps.transaction.outcome import Outcome


def install(
    *requests: str,
    prefix: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """Install ``requests`` into an environment (the running interpreter's by default).

    Each request is one string as typed after ``%condadeps``: ``"pandas>=2"``, ``"conda:ffmpeg"``,
    ``"pypi:tree"``, ``"bioconda::samtools"``. ``options`` are the fields of
    :class:`condadeps.asked.job.Options` (``channels``, ``override_channels``, ``update``, ``pip``,
    ``env_file``, ``record``, ``offline``, ``dry_run`` …) and of :class:`condadeps.call.Files`
    (``files``, ``requirements``, ``constraints`` …: a path, or several).

    Returns the outcome: ``.changed``, ``.plan``, ``.restart_needed``, ``.recorded``.
    Raises a :class:`condadeps.errors.CondadepsError`; the environment is then as it was.
    """
    return travel(_job("install", requests, prefix, options), reporter)


def plan(
    *requests: str,
    prefix: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """What :func:`install` would do, without doing it: the same as ``dry_run=True``."""
    return install(*requests, prefix=prefix, reporter=reporter, **{**options, "dry_run": True})


def update(
    *requests: str,
    prefix: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """Move ``requests`` to the newest versions that fit, though older ones are installed."""
    return travel(_job("update", requests, prefix, {**options, "update": True}), reporter)


def remove(
    *names: str,
    prefix: str | os.PathLike[str] | None = None,
    keep_dependencies: bool = False,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """Remove ``names`` and what only they needed (not that with ``keep_dependencies``), conda's and pip's.

    Raises ConflictError when something that was asked for needs one of them.
    """
    options["keep_dependencies"] = keep_dependencies
    return travel(_job("remove", names, prefix, options), reporter)


def undo(
    number: int | None = None,
    *,
    prefix: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """Take back change ``number`` of :func:`history`, or the last that stands; the environment file too.

    Raises ConflictError when the environment has moved on so that it cannot be.
    """
    return travel(replace(_job("undo", (), prefix, options), number=number), reporter)


def history(prefix: str | os.PathLike[str] | None = None) -> History:
    """What condadeps changed in an environment (the running interpreter's by default), the oldest first."""
    from condadeps.show.history import history as read

    return read(located(prefix))


def restore(
    *names: str,
    prefix: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """Lay out anew what is not as it was installed (:func:`doctor` tells), or of that ``names`` only.

    A change that was cut short is put back first. Files that were edited are kept aside; the outcome
    says where.
    """
    return travel(_job("restore", names, prefix, options), reporter)


def doctor(prefix: str | os.PathLike[str] | None = None, *, reporter: Reporter | None = None) -> Health:
    """What is wrong with an environment (the running interpreter's by default); changes nothing.

    ``.problems`` are what something should be done about, each with what to type.
    """
    from condadeps.health.doctor import doctor as look

    return look(located(prefix), reporter)


def listing(prefix: str | os.PathLike[str] | None = None) -> Listing:
    """What is installed in an environment, conda's packages and pip's, by name: ``condadeps.list()``.

    Iterates over entries with ``name``, ``version``, ``build``, ``channel`` (``pypi`` for pip's).
    """
    from condadeps.show.listing import listing as read

    return read(located(prefix))


def which(*names: str) -> Answers:
    """What each of ``names`` means: its conda package, why, and its namesakes. A list, in their order.

    Raises RequestError for what is no name, NotFoundError for one that neither world can have.
    """
    return look_up([Asked(text, place="call") for text in _texts(names)], located(None), Path.cwd())


def sync(
    *files: str | os.PathLike[str],
    prefix: str | os.PathLike[str] | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """Make an environment what ``files`` say (an environment file, a lock …): what is not in them goes.

    What a running kernel stands on stays. ``dry_run=True`` shows what would go. The files are the record:
    none is written unless ``env_file`` names one. Raises as :func:`install`.
    """
    if not files and not options.get("requirements"):
        raise UsageError("say what it is to match", help='such as condadeps.sync("environment.yml")')
    options.setdefault("record", options.get("env_file") is not None)
    return travel(_job("sync", (), prefix, {**options, "files": [os.fspath(one) for one in files]}), reporter)


def lock(
    *requests: str,
    platforms: Sequence[str] = (),
    format: str = "conda-lock",
    output: str | None = None,
    kernel: bool = False,
    reporter: Reporter | None = None,
    **options: Any,
) -> Export:
    """Solve ``requests``, or what ``files=`` ask for, for each of ``platforms``; change nothing.

    Every file is in the lock by URL and hash. ``format`` is one of :data:`condadeps.call.LOCKS`; the text is
    ``.text`` of what is returned, and in the file ``output``, if one is named. ``kernel``: with what a
    kernel with %condadeps needs.
    """
    from condadeps.locks import make

    files = _files(options)
    job = _job("lock", requests, None, options)
    how: dict[str, Any] = {"platforms": platforms, "format": format, "output": output, "kernel": kernel}
    return make.lock(job, files, reporter, **how)


def bundle(
    *requests: str,
    output: str,
    platforms: Sequence[str] = (),
    kernel: bool = False,
    reporter: Reporter | None = None,
    **options: Any,
) -> Bundle:
    """Fetch all that a lock (``files=``) or ``requests`` need into the directory ``output``.

    It is a conda channel and a Python index at once, for machines without a network.
    """
    from condadeps.locks import make

    files = _files(options)
    job = _job("bundle", requests, None, options)
    return make.bundle(job, files, reporter, output=output, platforms=platforms, kernel=kernel)


def embed(
    notebook: str | os.PathLike[str],
    *,
    prefix: str | os.PathLike[str] | None = None,
    environment: str | None = None,
    lock: bool = True,
    reporter: Reporter | None = None,
    **options: Any,
) -> Written:
    """Write the environment file (``environment``, or the one beside it) and a lock into ``notebook``."""
    from condadeps.record import embedding

    job = _job("export", (), prefix, options)
    return embedding.embed(job, os.fspath(notebook), reporter, environment=environment, lock=lock)


def strip(notebook: str | os.PathLike[str]) -> Written:
    """Take what :func:`embed` wrote out of ``notebook``."""
    from condadeps.record import embedding

    return embedding.strip(_job("export", (), None, {}), os.fspath(notebook))


def export(
    prefix: str | os.PathLike[str] | None = None,
    *,
    format: str = "environment-yaml",
    everything: bool = False,
    hashes: bool = False,
    output: str | None = None,
    reporter: Reporter | None = None,
    **options: Any,
) -> Export:
    """What is installed in an environment, conda's packages and pip's, as a file that rebuilds it.

    ``format`` is one of :data:`condadeps.call.FORMATS`; the text is ``.text`` of what is returned, and
    in the file ``output``, if one is named. ``everything``: an environment file of all there is;
    ``hashes``: requirements with hashes.
    """
    from condadeps.record.export import export as write

    job = _job("export", (), prefix, options)
    return write(job, reporter, format=format, everything=everything, hashes=hashes, output=output)


def create(
    prefix: str | os.PathLike[str],
    *requests: str,
    kernel: str | None = None,
    display_name: str | None = None,
    kernel_prefix: str | None = None,
    bare: bool = False,
    reporter: Reporter | None = None,
    **options: Any,
) -> Outcome:
    """Make a conda environment at ``prefix``, with no conda installed.

    A Python environment also gets ipykernel and *this* condadeps, so that ``%condadeps``
    works in it, unless ``bare``. ``kernel`` registers it with Jupyter under that name, for this user or
    below ``kernel_prefix``.
    An environment file is written only when ``env_file`` names one.
    """
    from condadeps.kernels import creation

    options.setdefault("record", options.get("env_file") is not None)
    job = _job("create", requests, prefix, options)
    return creation.create(
        job,
        kernel=kernel,
        display_name=display_name,
        kernel_prefix=kernel_prefix,
        bare=bare,
        reporter=reporter,
    )


def travel(job: Job, reporter: Reporter | None = None) -> Outcome:
    """Walk the road with ``job``: at once when all of it is there already, by the engine otherwise."""
    prefix = job.prefix if job.prefix != str(located(None)) else None
    channels = job.options.channels
    if prefix is None and not channels:
        return _travel(job, reporter)
    from condadeps.asked.credentials import without
    from condadeps.show import spelling

    words = [word for one in channels for word in ("-c", without(one))]
    words += ["--override-channels"] if job.options.override_channels else []
    try:
        return spelling.outcome_repeating(_travel(job, reporter), prefix, words)
    except CondadepsError as error:
        spelling.error_repeating(error, prefix, words)
        raise


def _travel(job: Job, reporter: Reporter | None) -> Outcome:
    from condadeps import config
    from condadeps.record import place
    from condadeps.transaction.outcome import Status

    started = time.perf_counter()
    job, configuration = config.settle(job)
    place.check(job)
    outcome = _already(job, configuration.settings) or _by_engine(job, configuration.settings, reporter)
    warnings = (*configuration.warnings, *outcome.warnings)
    if outcome.status is Status.UNCHANGED and not job.options.dry_run:
        outcome = replace(outcome, restart=_stale(job))
    return replace(outcome, warnings=warnings, seconds=time.perf_counter() - started)


def _stale(job: Job) -> tuple[str, ...]:
    """What an earlier change left imported here at another version than is there."""
    import sys

    restart = sys.modules.get("condadeps.prefix.restart")  # not loaded: nothing was changed from here
    return restart.still_needed(job.prefix) if restart else ()


def _already(job: Job, settings: Settings) -> Outcome | None:
    """The outcome when every request is met, read from disk alone; None when there is work to do."""
    if job.verb != "install" or job.options.update or job.options.update_all or job.constraints:
        return None
    if job.settings:  # a lock says more than that its requests are met
        return None
    from condadeps.asked.credentials import masked
    from condadeps.asked.parse import parse
    from condadeps.names.homes import Homes
    from condadeps.prefix import already
    from condadeps.prefix.target import read
    from condadeps.solve.plan import MARKER, Plan
    from condadeps.transaction.outcome import Outcome, Status

    requests = [parse(asked, job.directory) for asked in job.asked]
    target = read(Path(job.prefix))
    if _was_cut_short(target.prefix):
        return None  # the engine puts it right first
    answers = already.answers(requests, target, Homes(overrides=settings.homes))
    met = [answer for answer in answers if answer is not None]
    if len(met) < len(requests):
        return None
    if job.options.exclude_newer and _too_new(met, target, job.options.exclude_newer):
        return None  # the engine says which
    # A request whose marker does not hold here is met, and comes to nothing.
    wanted = tuple(answer for answer in met if answer.version)
    idle = [answer for answer in met if not answer.version]
    notes = (*job.notes, *(MARKER.format(masked(answer.text)) for answer in idle))
    plan = Plan(prefix=job.prefix, subdir=target.subdir, answers=wanted, notes=notes)
    if job.options.dry_run:
        return Outcome(Status.UNCHANGED, plan)
    from condadeps.record.place import write_down

    recorded, warnings = write_down(job, target, plan, settings)
    return Outcome(Status.UNCHANGED, plan, recorded=recorded, warnings=warnings)


def _too_new(met: Sequence[Answer], target: Target, limit: str) -> bool:
    """Whether something that is there was published later than ``limit``."""
    from condadeps.prefix import installed, published
    from condadeps.sources.cutoff import moment

    names = {answer.name for answer in met if answer.manager == "conda"}
    there = (one for name, one in installed.packages(target.prefix).items() if name in names)
    return bool(published.after(there, moment(limit)))


def _was_cut_short(prefix: Path) -> bool:
    """Whether a change was killed half-way; one that is being made is waited for by nobody who reads."""
    from condadeps.transaction.room import Room

    if not Room.of(prefix).journal.exists():
        return False
    from condadeps.transaction.journal import unfinished

    found = unfinished(prefix)
    return found is not None and found.by is None


def _by_engine(job: Job, settings: Settings, reporter: Reporter | None) -> Outcome:
    from condadeps.engine import client
    from condadeps.prefix import restart
    from condadeps.prefix.target import is_running

    job = replace(job, inside=is_running(Path(job.prefix)))
    outcome = client.run(job, reporter, python=settings.engine_python)
    if outcome.changed and is_running(Path(job.prefix)):
        restart.refresh_imports()
        before = [restart.Replaced(**{**item, "files": tuple(item["files"])}) for item in outcome.replaced]
        outcome = replace(outcome, restart=restart.needed(outcome.plan, before))
    return outcome


def _job(
    verb: Any, requests: Sequence[str], prefix: str | os.PathLike[str] | None, options: dict[str, Any]
) -> Job:
    """The job of a call from Python, with what its files ask for. Raises UsageError, RequestError."""
    files = _files(options)
    asked = tuple(Asked(text, place="call") for text in _texts(requests))
    try:
        listed: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in options.items()}
        known = Options(**listed)
    except TypeError as error:
        raise UsageError(f"no such option: {error}") from error
    where = str(located(prefix))
    return with_files(Job(verb, where, asked, known, str(Path.cwd()), caller.notebook()), files)


def _texts(requests: Sequence[str]) -> list[str]:
    """The requests; a list where they should stand, as ipydeps takes one, is those requests."""
    texts = list(requests[0] if len(requests) == 1 and isinstance(requests[0], list | tuple) else requests)
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(f"a request is a string, not {type(text).__name__}", help='such as "pandas>=2"')
    return texts


def _files(options: dict[str, Any]) -> Files:
    """What ``options`` say of files, which they lose: each a path or several."""
    said = {one.name: options.pop(one.name, ()) for one in fields(Files)}
    return Files(
        **{
            name: tuple(map(os.fspath, [value] if isinstance(value, str | os.PathLike) else value))
            for name, value in said.items()
        }
    )


def with_files(job: Job, files: Files) -> Job:
    """``job`` with what ``files`` ask for. Raises RequestError."""
    if not files:
        return job
    from condadeps.asked.gather import gather

    return gather(job, files)


def look_up(asked: Sequence[Asked], prefix: Path, directory: Path) -> Answers:
    """What the names in ``asked`` mean by the table and the configuration. Raises as :func:`which`."""
    from condadeps import config
    from condadeps.names.homes import Homes
    from condadeps.names.lookup import which
    from condadeps.solve.policy import Policy

    configuration = config.read(prefix, directory)
    homes, policy = Homes(overrides=configuration.settings.homes), Policy.of(configuration)

    def not_pypi(project: ProjectName) -> str:
        never = f"{policy.setting('pip')} is never" if policy.pip == "never" else ""
        return never or policy.closed(project)

    found = which([_named(one) for one in asked], homes, not_conda=policy.barred, not_pypi=not_pypi)
    found.basis = (
        f"by the table of conda-forge's packages of {homes.table.date}: no channel and no index was asked "
        "(condadeps plan NAME asks them)"
    )
    return found


def _named(asked: Asked) -> str:
    """The name in a request, however much else it says. Raises RequestError for one without."""
    from condadeps.asked.parse import parse

    name = parse(asked).name
    if name is None:
        raise UsageError(f"there is no name in {asked.text}", help="condadeps which NAME")
    return name
