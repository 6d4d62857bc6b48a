"""The sources of one job: which channels and indexes it may ask, and whose word counts (rule 11)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from condadeps.asked.job import Job, Named
from condadeps.asked.request import Request, Spec
from condadeps.config import Configuration
from condadeps.config.trust import trusted
from condadeps.errors import ConfigError
from condadeps.prefix.target import Target
from condadeps.show.reporter import Reporter
from condadeps.sources.channels import Channel, effective, resolve
from condadeps.sources.conda import CondaSource
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.credentials import without_credentials
from condadeps.sources.cutoff import moment
from condadeps.sources.pip_config import PipConfig
from condadeps.sources.pypi import PypiSource


def conda_source(
    job: Job,
    target: Target,
    config: CondaConfig,
    requests: Sequence[Request],
    reporter: Reporter,
    configuration: Configuration,
) -> CondaSource | None:
    """The channels for ``job``; None for an environment that is not conda's.

    Raises ConfigError for channels that cannot be, or that a file names and nobody configured.
    """
    if not target.is_conda:
        return None
    written = {
        request.name: request.channel
        for request in requests
        if isinstance(request, Spec) and request.channel is not None
    }
    options = job.options
    asked = frozenset(effective(config, options.channels, options.override_channels, job.directory))
    if not asked.issuperset(one for text in written.values() for one in _resolved(text, job, config)):
        configuration.require_free("channels")
    named = () if options.override_channels else _channels(job, config, configuration.settings.trust)
    channels = [*options.channels, *named]
    # Offline, a bundle is all there is: of other channels the index may be cached, not the packages.
    bundled = bool(options.offline and _bundles(job))
    tls = None
    if options.pki:  # what it imports is slow, and few have a client certificate
        from condadeps.pki import held

        tls = held.for_channels
    return CondaSource(
        config,
        target.subdir,
        channels=channels,
        override_channels=options.override_channels or bundled,
        named=written,
        offline=options.offline or None,
        exclude_newer=_newer(job, config),
        reporter=reporter,
        directory=job.directory,
        tls=tls,
    )


def pypi_source(
    job: Job,
    target: Target,
    config: CondaConfig,
    reporter: Reporter,
    configuration: Configuration,
    *,
    builds: bool = True,
) -> PypiSource:
    """The indexes for ``job``; without ``builds`` no build code is run.

    Raises ConfigError for an index that a file names and nobody configured.
    """
    options = job.options
    bundles = _bundles(job)
    pip = PipConfig.read(prefix=target.prefix).with_indexes(
        index_url=options.index_url,
        extra_index_urls=options.extra_index_urls,
        find_links=(*options.find_links, *_files_of(bundles)),
    )
    if bundles and options.offline:
        pip = replace(pip, index_urls=())
    if options.pki:
        from condadeps.pki import held

        pip = held.for_indexes(pip)
    return PypiSource(
        _with_named(job, pip, configuration.settings.trust),
        target,
        offline=options.offline or config.offline,
        refresh=options.update or options.update_all or job.verb == "update",
        exclude_newer=_newer(job, config),
        builds=builds,
        reporter=reporter,
    )


def _bundles(job: Job) -> tuple[Path, ...]:
    """The bundles among the channels that ``job`` names."""
    if not job.options.channels:
        return ()
    from condadeps.locks.bundled import among

    return tuple(among(job.options.channels, job.directory))


def _files_of(bundles: Sequence[Path]) -> list[str]:
    """Where bundles have what is PyPI's."""
    if not bundles:
        return []
    from condadeps.locks.bundled import PYPI

    return [str(one / PYPI) for one in bundles]


def _newer(job: Job, config: CondaConfig) -> datetime | None:
    """The earlier of condadeps' and conda's limits: neither loosens the other."""
    ours = moment(job.options.exclude_newer) if job.options.exclude_newer else None
    limits = [limit for limit in (ours, config.exclude_newer.everything) if limit is not None]
    return min(limits, default=None)


def _channels(job: Job, config: CondaConfig, trust: Sequence[str]) -> Iterator[str]:
    """The channels that files name, in their order; ``nodefaults`` passes, since it only takes away."""
    known = _known(job, config)
    for named in job.named:
        for text in named.channels:
            resolved = _resolved(text, job, config) if text != "nodefaults" else ()
            sure = known.issuperset(resolved) or all(trusted(trust, text, one.base_url) for one in resolved)
            if job.options.trust or sure:
                yield text
            else:
                raise _untrusted(named, f"the channel {without_credentials(text)}")


def _known(job: Job, config: CondaConfig) -> frozenset[Channel]:
    return frozenset(effective(config, job.options.channels, False, job.directory))


def _resolved(text: str, job: Job, config: CondaConfig) -> tuple[Channel, ...]:
    return resolve(text, config, job.directory)


def _with_named(job: Job, pip: PipConfig, trust: Sequence[str]) -> PipConfig:
    for named in job.named:
        urls = [url for url in (named.index_url, *named.extra_index_urls) if url]
        strange = [url for url in urls if url.rstrip("/") not in {u.rstrip("/") for u in pip.index_urls}]
        strange += [link for link in named.find_links if link not in pip.find_links]
        strange = [one for one in strange if not trusted(trust, one)]
        if strange and not job.options.trust:
            kind = "index" if strange[0] in urls else "find-links location"
            raise _untrusted(named, f"the {kind} {_shown(strange[0])}")
        hosts = [host for host in named.trusted_hosts if host not in pip.trusted_hosts]
        if hosts and not job.options.trust:
            raise _untrusted(named, f"the trusted host {hosts[0]}")
        pip = replace(
            pip,
            index_urls=() if named.no_index else tuple(dict.fromkeys((*_first(named, pip), *urls))),
            find_links=tuple(dict.fromkeys((*pip.find_links, *named.find_links))),
            trusted_hosts=(*pip.trusted_hosts, *hosts),
        ).with_formats(named.no_binary, named.only_binary)
        pip = replace(pip, prefer_binary=pip.prefer_binary or named.prefer_binary, pre=pip.pre or named.pre)
    return pip


def _first(named: Named, pip: PipConfig) -> tuple[str, ...]:
    """The indexes that stay: a file's ``--index-url`` stands in the first one's place, as with pip."""
    return (named.index_url, *pip.index_urls[1:]) if named.index_url else pip.index_urls


def _untrusted(named: Named, what: str) -> ConfigError:
    return ConfigError(
        f"{named.file} names {what}, which is not configured here",
        detail=["a file may say what to install, not where it comes from"],
        help=f"--trust takes {named.file}'s word for it; or configure it in .condarc or pip.conf",
        place=named.file,
    )


def _shown(url: str) -> str:
    return without_credentials(url) if "://" in url else url
