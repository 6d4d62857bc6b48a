"""Files named on a command line, read into the job they are part of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from condadeps.asked.files import Kind, Listing, read
from condadeps.asked.job import Asked, Job, Named
from condadeps.call import Files


def gather(job: Job, files: Files) -> Job:
    """``job`` with what ``files`` ask for, after what was typed.

    Raises RequestError, which names file and line, for what cannot be read.
    """
    for path in files.requirements:
        job = _with(job, path, _read(job, path, "requirements"))
    for path in files.constraints:
        listing = _read(job, path, "requirements")
        job = _with(job, path, replace(listing, asked=(), constraints=(*listing.constraints, *listing.asked)))
    for path in files.files:
        chosen = (files.extras, files.groups) if path.endswith(".toml") else ((), ())
        job = _with(job, path, _read(job, path, None, *chosen))
    return job


def _read(
    job: Job, path: str, kind: Kind | None, extras: Sequence[str] = (), groups: Sequence[str] = ()
) -> Listing:
    return read(Path(job.directory, path).expanduser(), kind, extras=extras, groups=groups)


def _with(job: Job, path: str, listing: Listing) -> Job:
    indexes = listing.indexes
    named = Named(path, listing.channels, indexes.index_url, indexes.extra_index_urls, indexes.find_links)
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
