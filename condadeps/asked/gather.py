"""Files named on a command line, read into the job they are part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from condadeps.asked.files import Kind, Listing, read
from condadeps.asked.job import LOCK, Asked, Job, Named
from condadeps.call import Files
from condadeps.errors import UsageError


def gather(job: Job, files: Files, subdir: str | None = None, *, solve: bool = False) -> Job:
    """``job`` with what ``files`` ask for, after what was typed; for the platform ``subdir``, or this one.

    ``solve``: it is to be solved for, so that of a notebook the environment file counts, not the lock.
    Raises RequestError, which names file and line, for what cannot be read.
    """
    for path in files.requirements:
        job = _with(job, path, _read(job, path, "requirements"))
    for path in files.constraints:
        listing = _read(job, path, "requirements")
        job = _with(job, path, replace(listing, asked=(), constraints=(*listing.constraints, *listing.asked)))
    locks = [path for path in files.files if _is_lock(job, path, solve)]
    if locks:
        return _with_lock(job, files, locks)
    for path in files.files:
        chosen = (files.extras, files.groups) if path.endswith(".toml") else ((), ())
        job = _with(job, path, _read(job, path, None, *chosen, subdir=subdir))
    return job


def _is_lock(job: Job, path: str, solve: bool) -> bool:
    """Whether ``path`` is to be followed as a lock; a notebook's is when all of an environment is wanted."""
    from condadeps.locks.files import kind_of

    kind = kind_of(Path(job.directory, path).expanduser())
    whole = job.verb in ("create", "sync", "bundle") and not job.asked and not solve
    return kind is not None and (kind != "notebook" or whole)


def _with_lock(job: Job, files: Files, locks: Sequence[str]) -> Job:
    """A lock says all there is to say: it is followed alone."""
    if job.asked or len(files.files) > 1 or files.requirements or files.constraints:
        raise UsageError(
            f"{locks[0]} is a lock, which is followed exactly: nothing can be asked for beside it",
            help=f"first the lock, then the rest: condadeps {job.verb} -f {locks[0]}",
        )
    from condadeps.locks.files import python_asked

    path = Path(job.directory, locks[0]).expanduser().absolute()
    python = python_asked(path) if job.verb == "create" else None
    asked = (Asked(f"conda:python{python}", str(path)),) if python is not None else ()
    return replace(job, asked=asked, settings={**job.settings, LOCK: str(path)})


def _read(
    job: Job,
    path: str,
    kind: Kind | None,
    extras: Sequence[str] = (),
    groups: Sequence[str] = (),
    subdir: str | None = None,
) -> Listing:
    where = Path(job.directory, path).expanduser()
    if where.suffix.lower() == ".ipynb":
        from condadeps.record import embedding

        carried = embedding.read(where)
        if carried is not None:
            from condadeps.asked import environment_yml

            return environment_yml.parsed(carried.environment, where, subdir)
    return read(where, kind, extras=extras, groups=groups, subdir=subdir)


def _with(job: Job, path: str, listing: Listing) -> Job:
    indexes = listing.indexes
    named = Named(
        path,
        listing.channels,
        indexes.index_url,
        indexes.extra_index_urls,
        indexes.find_links,
        trusted_hosts=indexes.trusted_hosts,
        no_index=indexes.no_index,
        no_binary=indexes.no_binary,
        only_binary=indexes.only_binary,
        prefer_binary=indexes.prefer_binary,
        pre=indexes.pre,
    )
    asked = list(listing.asked)
    if listing.requires_python and job.verb == "create":
        asked.insert(0, Asked(f"python{listing.requires_python.replace(' ', '')}", path))
    return replace(
        job,
        asked=(*job.asked, *asked),
        constraints=(*job.constraints, *listing.constraints),
        named=(*job.named, named),
        notes=(*job.notes, *listing.warnings, *_guesses(path, listing)),
    )


def _guesses(path: str, listing: Listing) -> Sequence[str]:
    """What a notebook's imports may mean is said, never installed unasked."""
    if not listing.guesses:
        return ()
    names = " ".join(dict.fromkeys(guess.text for guess in listing.guesses))
    return (f"{path} also imports what these may be (a guess; nothing was done about it): {names}",)
