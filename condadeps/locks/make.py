"""A door's end of locking: what is asked for on each platform, and the file that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condadeps.asked.gather import gather
from condadeps.asked.job import Job
from condadeps.call import Files
from condadeps.errors import UsageError
from condadeps.prefix.target import machine_subdir
from condadeps.record.export import Export, kept

if TYPE_CHECKING:
    from condadeps.show.reporter import Reporter


def lock(
    job: Job,
    files: Files,
    reporter: Reporter | None = None,
    *,
    platforms: Sequence[str] = (),
    format: str = "conda-lock",
    output: str | None = None,
) -> Export:
    """Solve what ``job`` and ``files`` ask for, for each of ``platforms`` (this machine's by default).

    The text is written to ``output``, too, when that is given. Raises UsageError, RequestError, and
    what a solve raises, with the platform's name.
    """
    from condadeps import config
    from condadeps.engine import client

    names = tuple(dict.fromkeys(platforms)) or (machine_subdir(),)
    _check(names, format)
    job, configuration = config.settle(job)
    told = client.ask(
        replace(job, settings={**asked(job, files, names), "format": format}),
        reporter,
        python=configuration.settings.engine_python,
    )
    made = Export(told["text"], format, tuple(told["notes"]))
    for note in made.notes if reporter else ():
        reporter.notice(note)  # type: ignore[union-attr]  # there is one
    return kept(made, Path(job.directory, output).expanduser()) if output else made


def asked(job: Job, files: Files, platforms: Sequence[str]) -> dict[str, object]:
    """The settings of a job that solves for ``platforms``: per platform the job that asks for it.

    Files are read for each platform: an environment.yml may name what is for one only.
    """
    found: dict[str, object] = {}
    for subdir in platforms:
        one = gather(replace(job, verb="create", settings={}), files, subdir)
        if "lock" in one.settings:
            raise UsageError(f"{one.settings['lock']} is a lock already", help="name what it was made from")
        if not one.asked:
            raise UsageError(
                "say what is to be locked", help="condadeps lock -f environment.yml --platform linux-64"
            )
        found[subdir] = one.to_json()
    sources = [Path(path).name for path in (*files.files, *files.requirements)]
    return {"platforms": found, "sources": sources}


def _check(platforms: Sequence[str], format: str) -> None:
    from condadeps.sources.channels import SUBDIRS

    for subdir in platforms:
        if subdir not in SUBDIRS or subdir == "noarch":
            raise UsageError(
                f"{subdir!r} is no platform", help="such as linux-64, linux-aarch64, osx-arm64, win-64"
            )
    if format == "explicit" and len(platforms) > 1:
        raise UsageError("an explicit file is for one platform", help="conda-lock and pixi-lock hold several")
