"""What one call says itself, in the words of the configuration, and what it may not ask for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from condadeps.config.configuration import Configuration, read
from condadeps.config.settings import Settings

if TYPE_CHECKING:
    from condadeps.asked.job import Job, Options


def settle(job: Job, environ: Mapping[str, str] | None = None) -> tuple[Job, Configuration]:
    """``job`` with the configuration's say where the call has none, and that configuration.

    What the options do not carry (``lock_timeout``, ``homes``, ``record.pin`` …) is taken from the settings
    by whoever needs it. Raises ConfigError as :func:`condadeps.config.read`, and for ``--trust`` or
    ``--no-overrides`` where the site's word is final.
    """
    call = of_call(job.options)
    if job.verb == "create" and not job.options.record:
        call.pop(
            "record.enabled", None
        )  # a new environment is recorded when asked for: no wish against a policy
    configuration = read(job.prefix, job.directory, environ, call=call)
    if job.options.trust:
        configuration.require_free("trust")
    if not job.options.overrides:
        configuration.require_free("overrides")
    options = resolved(job.options, configuration.settings)
    if job.verb == "create":
        options = dataclasses.replace(options, record=options.record and job.options.record)
    return dataclasses.replace(job, options=options), configuration


def of_call(options: Options) -> dict[str, Any]:
    """The settings that ``options`` make, by key; nothing for those that are as when a call says nothing."""
    found: dict[str, Any] = {}
    if options.channels:
        found["channels"] = list(options.channels)
    if options.override_channels:
        found["override_channels"] = True
    if options.pip != "auto":
        found["pip"] = options.pip
    if options.offline:
        found["offline"] = True
    if options.exclude_newer:
        found["exclude_newer"] = options.exclude_newer
    if options.pki:
        found["pki"] = True
    if options.pip_installer:
        found["pip_installer"] = options.pip_installer
    if not options.record:
        found["record.enabled"] = False
    if options.env_file:
        found["record.env_file"] = options.env_file
        found["record.enabled"] = options.record  # naming the file asks for it
    return found


def resolved(options: Options, settings: Settings) -> Options:
    """``options`` with what the configuration says where the call says nothing.

    ``settings`` were read with ``call=of_call(options)``. ``pip`` becomes ``never`` or stays ``auto``: who
    may come from PyPI otherwise is for :attr:`Settings.pip` to tell.
    """
    return dataclasses.replace(
        options,
        channels=settings.channels,
        override_channels=settings.override_channels,
        pip="never" if settings.pip == "never" else "auto",
        offline=settings.offline,
        exclude_newer=settings.exclude_newer,
        pki=settings.pki,
        record=settings.record.enabled,
        env_file=settings.record.env_file,
    )
