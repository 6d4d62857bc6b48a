"""The verbs that change no environment: what the engine answers to them, as plain data."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from condadeps import config as settings
from condadeps.asked.job import Job
from condadeps.engine import bundling, locking
from condadeps.engine.sources import pypi_source
from condadeps.locks import conda_lock, export
from condadeps.prefix.target import read
from condadeps.show.reporter import Reporter
from condadeps.sources.condarc import CondaConfig
from condadeps.transaction.cancel import Cancel

_Work = Callable[[Job, Reporter, Cancel], Coroutine[Any, Any, dict[str, Any]]]


def answer(job: Job, reporter: Reporter, cancel: Cancel) -> dict[str, Any]:
    """Do ``job`` and return its answer. Raises CondadepsError."""
    return asyncio.run(_WORK[job.verb](job, reporter, cancel))


async def _export(job: Job, reporter: Reporter, cancel: Cancel) -> dict[str, Any]:
    target = read(Path(job.prefix))
    config = CondaConfig.read(target.prefix)
    target = replace(target, overrides=config.override_virtual_packages)
    configuration = settings.read(job.prefix, job.directory)
    reporter.phase("index")
    pypi = pypi_source(job, target, config, reporter, configuration)
    try:
        text, notes = await export.text(job.settings["format"], target, pypi, config)
    finally:
        await pypi.close()
    return {"text": text, "notes": list(notes)}


async def _lock(job: Job, reporter: Reporter, cancel: Cancel) -> dict[str, Any]:
    lock = await locking.lock(job, reporter, cancel)
    more = conda_lock.notes(lock) if job.settings["format"] == "conda-lock" else ()
    return {"text": locking.text(lock, job.settings["format"]), "notes": [*lock.notes, *more]}


async def _bundle(job: Job, reporter: Reporter, cancel: Cancel) -> dict[str, Any]:
    return (await bundling.bundle(job, reporter, cancel)).to_json()


_WORK: Mapping[str, _Work] = {"export": _export, "lock": _lock, "bundle": _bundle}
