"""A door's end of locking: what is asked for on each platform, and the file that comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from condadeps.asked.gather import gather
from condadeps.asked.job import IMPLIED, Asked, Job
from condadeps.call import Files
from condadeps.errors import UsageError
from condadeps.locks.bundled import Bundle
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
    kernel: bool = False,
) -> Export:
    """Solve what ``job`` and ``files`` ask for, for each of ``platforms`` (this machine's by default).

    ``kernel``: and what a kernel with %condadeps needs. The text is written to ``output``, too, when
    that is given. Raises UsageError, RequestError, and what a solve raises, with the platform's name.
    """
    from condadeps import config
    from condadeps.engine import client

    names = tuple(dict.fromkeys(platforms)) or (machine_subdir(),)
    _check(names, format)
    job, configuration = config.settle(job)
    told = client.ask(
        replace(job, settings={**_asked(job, files, names, kernel), "format": format}),
        reporter,
        python=configuration.settings.engine_python,
    )
    made = Export(told["text"], format, tuple(told["notes"]))
    for note in made.notes if reporter else ():
        reporter.notice(note)  # type: ignore[union-attr]  # there is one
    return kept(made, Path(job.directory, output).expanduser()) if output else made


def bundle(
    job: Job,
    files: Files,
    reporter: Reporter | None = None,
    *,
    output: str,
    platforms: Sequence[str] = (),
    kernel: bool = False,
) -> Bundle:
    """Fetch all that a lock has, or that ``job`` and ``files`` ask for, into the directory ``output``.

    Raises UsageError, RequestError, RecordError for a directory that is something else, SourceError,
    HashError, and what a solve raises.
    """
    from condadeps import config
    from condadeps.engine import client

    names = tuple(dict.fromkeys(platforms))
    _check(names, "conda-lock")
    job, configuration = config.settle(job)
    followed = gather(replace(job, settings={}), files, solve=kernel).settings.get("lock")
    if followed and kernel:
        raise UsageError(f"{followed} is a lock, which is followed exactly", help="condadeps lock --kernel …")
    settings = (
        {"lock": followed, "only": names}
        if followed
        else _asked(job, files, names or (machine_subdir(),), kernel)
    )
    where = str(Path(job.directory, output).expanduser().absolute())
    told = client.ask(
        replace(job, settings={**settings, "output": where}),
        reporter,
        python=configuration.settings.engine_python,
    )
    return Bundle.from_json(told)


def _asked(job: Job, files: Files, platforms: Sequence[str], kernel: bool) -> dict[str, object]:
    """The settings of a job that solves for ``platforms``: per platform the job that asks for it.

    Files are read for each platform: an environment.yml may name what is for one only.
    """
    found: dict[str, object] = {}
    for subdir in platforms:
        one = gather(replace(job, verb="create", settings={}), files, subdir, solve=True)
        if "lock" in one.settings:
            raise UsageError(f"{one.settings['lock']} is a lock already", help="name what it was made from")
        if not one.asked:
            raise UsageError(
                "say what is to be locked", help="condadeps lock -f environment.yml --platform linux-64"
            )
        found[subdir] = (_with_kernel(one) if kernel else one).to_json()
    sources = [Path(path).name for path in (*files.files, *files.requirements)]
    return {"platforms": found, "sources": sources}


def _with_kernel(job: Job) -> Job:
    """With ipykernel and all that this condadeps needs, but not itself: ``create`` brings it."""
    from importlib.metadata import requires

    needed = [Asked(text, place=IMPLIED, metadata=True) for text in requires("condadeps") or ()]
    plain = [one for one in needed if "extra ==" not in one.text]
    implied = [Asked(text, place=IMPLIED) for text in ("pip", "ipykernel")]
    return replace(job, asked=(*job.asked, *implied, *plain))


def _check(platforms: Sequence[str], format: str) -> None:
    from condadeps.sources.channels import SUBDIRS

    for subdir in platforms:
        if subdir not in SUBDIRS or subdir == "noarch":
            raise UsageError(
                f"{subdir!r} is no platform", help="such as linux-64, linux-aarch64, osx-arm64, win-64"
            )
    if format == "explicit" and len(platforms) > 1:
        raise UsageError("an explicit file is for one platform", help="conda-lock and pixi-lock hold several")
