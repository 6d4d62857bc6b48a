"""Conda channels as a source of candidates: what packages there are, and which of them count.

    source = CondaSource(config, "linux-64", channels=["bioconda"])
    there = await source.having([PackageName("numpy")])
    records = await source.asking(rattler.solve(
        source.solver_sources(), specs, gateway=source.gateway, platforms=source.platforms,
        channel_priority=source.solver_priority, virtual_packages=source.virtual_packages(),
        channel_relations="disabled"))

Absence is always known: a channel that does not answer sensibly, or an offline cache with a
hole in it, is a :class:`~condadeps.errors.SourceError`.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import threading
from collections.abc import Awaitable, Coroutine, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from condadeps.errors import SourceError
from condadeps.names.namespaces import PackageName
from condadeps.show.reporter import Reporter, Silent
from condadeps.sources import silence
from condadeps.sources.cache import cache_root, usable
from condadeps.sources.channel_client import Tls, Transport, with_credentials
from condadeps.sources.channels import Channel, check_allowed, effective, resolve, tiers
from condadeps.sources.condarc import CondaConfig
from condadeps.sources.cutoff import Cutoff, moment
from condadeps.sources.subdirs import LANDMARKS, Subdir
from condadeps.sources.tier import Tier
from condadeps.sources.virtual import virtual_packages

if TYPE_CHECKING:
    import rattler
    from rattler.networking import Client
    from rattler.networking.fetch_repo_data import CacheAction

_T = TypeVar("_T")


class CondaSource:
    """The channels of one call, for one platform."""

    def __init__(
        self,
        config: CondaConfig,
        subdir: str,
        *,
        channels: Sequence[str] = (),
        override_channels: bool = False,
        named: Mapping[PackageName, str] | None = None,
        cache_dir: Path | None = None,
        offline: bool | None = None,
        exclude_newer: datetime | str | None = None,
        reporter: Reporter | None = None,
        directory: str | Path = ".",
        environ: Mapping[str, str] | None = None,
        tls: Tls | None = None,
    ) -> None:
        """Nothing is fetched yet.

        ``channels`` come before the configured ones, or replace them (``override_channels``).
        ``named`` are packages whose channel was written (``bioconda::samtools``): each comes from that
        channel only, which is searched last when it is not among the others. ``offline`` and
        ``exclude_newer`` default to the configuration's. Relative channel paths are meant from
        ``directory``. ``tls`` shows a client certificate in the place of conda's own. Raises ConfigError,
        RequestError or UsageError for channels that cannot be.
        """
        self.config = config
        self.subdir = subdir
        self.offline = config.offline if offline is None else offline
        self.cutoff = (
            config.exclude_newer
            if exclude_newer is None
            else Cutoff(moment(exclude_newer), config.exclude_newer.packages)
        )
        self._environ = os.environ if environ is None else environ
        self._named = {name: resolve(text, config, directory) for name, text in (named or {}).items()}
        found = effective(config, channels, override_channels, directory)
        extra = [channel for named_channels in self._named.values() for channel in named_channels]
        for channel in extra:
            check_allowed(channel, config, directory)
        self.channels: tuple[Channel, ...] = tuple(dict.fromkeys((*found, *extra)))
        """Every channel searched, in order of priority."""
        self._cache = (cache_dir or cache_root(self._environ)) / "repodata"
        self._reporter = reporter or Silent()
        self._transport = Transport(config, self.channels, self._environ, tls)
        self._unconditional: set[str] = set()
        self._gateway = self._new_gateway()
        self._subdirs = [Subdir(channel, name) for channel in self.channels for name in self.platforms]
        self._names: dict[str, frozenset[str]] | None = None
        self._opened = False
        self._opening: asyncio.Task[None] | None = None
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Ask for every index now, though :meth:`having` wants to know only later; of a running loop."""
        if self._opening is None and not self._opened:
            self._opening = asyncio.ensure_future(self._open_all())
            self._opening.add_done_callback(lambda done: done.cancelled() or done.exception())

    def close(self) -> None:
        """Ends what was started for it; the source answers no more."""
        if self._opening is not None:
            self._opening.cancel()
        self._transport.close()

    @property
    def client(self) -> Client:
        """The engine's HTTP client: credentials, TLS and proxies as configured. For installing, too."""
        return self._transport.client

    @property
    def gateway(self) -> rattler.Gateway:
        """The engine's store of repodata. Ask for it after :meth:`having`, which may have to replace it."""
        return self._gateway

    @property
    def platforms(self) -> list[Any]:
        """The subdirs that count, for the engine's ``platforms=``."""
        return list(dict.fromkeys((self.subdir, "noarch")))

    @property
    def solver_priority(self) -> rattler.ChannelPriority:
        """The configured channel priority, for the engine's ``channel_priority=``."""
        from rattler import ChannelPriority

        return {
            "strict": ChannelPriority.Strict,
            "flexible": ChannelPriority.Flexible,
            "disabled": ChannelPriority.Disabled,
        }[self.config.channel_priority]

    @property
    def written(self) -> tuple[str, ...]:
        """The channels by the names they were written with, without credentials, in order."""
        return tuple(dict.fromkeys(channel.name for channel in self.channels))

    @property
    def copies(self) -> bool:
        """Whether packages are copied into environments and never linked."""
        return self.config.always_copy

    @property
    def package_cache(self) -> Path:
        """Where fetched packages are kept, the same for all environments (see :func:`package_cache`)."""
        return package_cache(self.config, self._environ)

    def virtual_packages(self) -> list[rattler.GenericVirtualPackage]:
        """What the platform offers (CEP 30), with ``CONDA_OVERRIDE_*`` applied."""
        return list(self._virtual_packages)

    @functools.cached_property
    def _virtual_packages(self) -> list[rattler.GenericVirtualPackage]:
        return virtual_packages(self.subdir, self._environ, self.config.override_virtual_packages)

    async def having(self, names: Iterable[PackageName]) -> frozenset[PackageName]:
        """Those of ``names`` that any channel has, for the platform or noarch.

        Afterwards every channel is known to answer, and what it has not to be absent. Raises SourceError.
        """
        asked = list(dict.fromkeys(names))
        if not self._asks_singly:
            there = await self.names()
            return frozenset(name for name in asked if name in there)
        await self._ask(asked)
        return frozenset(name for name in asked if any(subdir.found[name] for subdir in self._subdirs))

    async def names(self) -> frozenset[str]:
        """Every package name in any channel, for the platform and noarch. Raises SourceError.

        It takes long for a large channel: :meth:`having` tells of single ones.
        """
        await self._load()
        return self._all_names

    async def where(self, name: PackageName) -> tuple[Channel, ...]:
        """The channels that have a package of that name, by priority. Raises SourceError."""
        by_channel = await self._load()
        return tuple(channel for channel in self.channels if name in by_channel[channel.base_url])

    async def near(self, name: str, count: int = 3) -> tuple[str, ...]:
        """Names that exist and look like ``name``, the likeliest first. Raises SourceError."""
        import difflib

        known = await self.names()
        looked_for = name.lower()
        affixed = [known_name for known_name in _AFFIXED if (known_name.format(looked_for)) in known]
        close = difflib.get_close_matches(looked_for, sorted(known), n=count, cutoff=0.75)
        found = [*(template.format(looked_for) for template in affixed), *close]
        return tuple(dict.fromkeys(item for item in found if item != looked_for))[:count]

    async def records(self, names: Iterable[PackageName]) -> dict[PackageName, list[rattler.RepoDataRecord]]:
        """The candidates of each name that the channel rules admit, those of the first channel first.

        Strict priority: only those of the first channel (or multichannel) that has the name at all.
        Flexible and disabled: all; the order is the channels'. What is newer than the cut-off, or
        disallowed, is left out. A name that nobody has gives an empty list. Raises SourceError.
        """
        wanted = list(dict.fromkeys(names))
        found: dict[PackageName, list[rattler.RepoDataRecord]] = {name: [] for name in wanted}
        if self._asks_singly:
            await self._ask(wanted)
            return {name: [one for subdir in self._subdirs for one in subdir.found[name]] for name in wanted}
        await self._load()
        for tier in self._prepared:
            owned = [name for name in wanted if tier.has(name)]
            if owned:
                for record in await self.asking(tier.query(self._gateway, self.platforms, owned)):
                    found[PackageName(record.name.normalized)].append(record)
        return found

    def solver_sources(self) -> list[Any]:
        """What to give the engine's ``solve()`` as sources, so that :meth:`records`' rules hold there.

        Channels themselves where the engine's own rules do (the common case, and the fastest).
        To be called after :meth:`having`; raises RuntimeError before.
        """
        from rattler import Channel as RattlerChannel
        from rattler.repo_data import MultiSource

        if not (self._opened if self._asks_singly else self._names):
            raise RuntimeError("the sources are known once having() was awaited")
        if self._asks_singly or all(tier.admits_all for tier in self._prepared):
            return [
                RattlerChannel(members[0].base_url)
                if len(members) == 1
                else MultiSource(
                    members[0].group or members[0].name,
                    [RattlerChannel(channel.base_url) for channel in members],
                )
                for members in tiers(self.channels)
            ]
        return [tier.as_source(self._gateway) for tier in self._prepared]

    @contextlib.contextmanager
    def answering(self) -> Iterator[None]:
        """Around work that asks the gateway: the engine's errors about repodata become SourceError."""
        from rattler.exceptions import FetchRepoDataError, GatewayError

        try:
            yield
        except (GatewayError, FetchRepoDataError) as error:
            raise self._failure(error, self.channels) from error

    @functools.cached_property
    def _asks_singly(self) -> bool:
        """Whether no rule of ours needs to know all the names: every record of every channel counts."""
        ranked = self.config.channel_priority == "strict" and len(tiers(self.channels)) > 1
        return not (ranked or self._named or self.cutoff or self.config.disallowed_packages)

    @functools.cached_property
    def _all_names(self) -> frozenset[str]:
        assert self._names is not None
        return frozenset().union(*self._names.values())

    @functools.cached_property
    def _prepared(self) -> list[Tier]:
        """The channels by priority, each with the names it may give; once the names are known."""
        from rattler import MatchSpec

        by_channel = self._names
        assert by_channel is not None
        strict = self.config.channel_priority == "strict"
        disallowed = tuple(MatchSpec(spec) for spec in self.config.disallowed_packages)
        prepared: list[Tier] = []
        taken: set[str] = set()
        named = {name: frozenset(found) for name, found in self._named.items()}
        for members in tiers(self.channels):
            here = frozenset().union(*(by_channel[channel.base_url] for channel in members))
            barred: set[str] = {name for name, only in named.items() if only.isdisjoint(members)}
            if strict:
                barred |= {name for name in taken & here if name not in named}
                taken |= here
            prepared.append(Tier(members, here, frozenset(barred & here), self.cutoff, disallowed))
        return prepared

    async def _load(self) -> dict[str, frozenset[str]]:
        """The names by channel."""
        if self._names is None:
            await self._open()
            names: dict[str, frozenset[str]] = {}
            for subdir, found in zip(
                self._subdirs, await _all([self._names_in(one) for one in self._subdirs]), strict=True
            ):
                url = subdir.channel.base_url
                names[url] = names.get(url, frozenset()) | found
            self._names = names
        return self._names

    async def _open(self) -> None:
        """Wait for every index, which proves that all answer."""
        if not self._opened:
            self.begin()
            assert self._opening is not None
            try:
                await self._opening
            finally:
                self._opening = None
            self._opened = True

    async def _open_all(self) -> None:
        done = 0

        async def one(subdir: Subdir) -> None:
            nonlocal done
            await self._open_one(subdir)
            done += 1
            self._reporter.progress("repodata", done, len(self._subdirs))

        await _all([one(subdir) for subdir in self._subdirs])

    async def _open_one(self, subdir: Subdir) -> None:
        from rattler.exceptions import FetchRepoDataError, GatewayError

        channel = subdir.channel
        try:
            await self._watched(subdir.open(self._gateway), [channel])
        except (GatewayError, FetchRepoDataError) as error:
            if not silence.is_stale_answer(error):
                raise self._failure(error, [channel]) from error
            # The engine fails for good on a 304 without Last-Modified: ask as if nothing were cached.
            self._fetch_afresh(channel)
            await self.asking(subdir.open(self._gateway), [channel])

    async def _ask(self, names: Sequence[PackageName]) -> None:
        """Have the records of ``names`` in every subdir, and make sure that each is one."""
        await self._open()
        await _all([self._ask_one(subdir, names) for subdir in self._subdirs])

    async def _ask_one(self, subdir: Subdir, names: Sequence[PackageName]) -> None:
        await self.asking(subdir.ask(self._gateway, names), [subdir.channel])
        if not (subdir.sure or self.offline):  # offline, a shard may be wanting that nobody needs
            with contextlib.suppress(SourceError):
                await self.asking(subdir.ask(self._gateway, LANDMARKS), [subdir.channel])
        if not subdir.sure:
            await self._names_in(subdir)

    async def _names_in(self, subdir: Subdir) -> frozenset[str]:
        names = await self.asking(subdir.names(self._gateway), [subdir.channel])
        if not (names or subdir.sure):
            await asyncio.to_thread(self._prove_empty, subdir.channel, subdir.platform)
        subdir.sure = True
        return names

    async def asking(self, work: Coroutine[Any, Any, _T], channels: Sequence[Channel] = ()) -> _T:
        """The result of work that asks ``channels`` (all of them by default) through the gateway or client.

        Raises SourceError as :meth:`answering` does, and also when a channel falls silent meanwhile.
        """
        from rattler.exceptions import FetchRepoDataError, GatewayError

        try:
            return await self._watched(work, channels or self.channels)
        except (GatewayError, FetchRepoDataError) as error:
            raise self._failure(error, channels or self.channels) from error

    async def _watched(self, work: Coroutine[Any, Any, _T], channels: Sequence[Channel]) -> _T:
        """``work``, given up when it takes long and one of the channels turns out to be silent.

        The engine's client has a limit on a whole request only, which a slow line needs to be long.
        """
        task = asyncio.ensure_future(work)
        try:
            while True:
                done, _ = await asyncio.wait({task}, timeout=self.config.remote_read_timeout_secs)
                if done:
                    return task.result()
                await asyncio.to_thread(self._prove_alive, channels)
        finally:
            task.cancel()

    def _prove_alive(self, channels: Sequence[Channel]) -> None:
        for channel in channels:
            if not channel.is_file and not self.offline:
                with self._get(channel, "noarch/repodata.json"):
                    pass

    def _prove_empty(self, channel: Channel, subdir: str) -> None:
        """Raises SourceError when what looks like a subdir with no packages is something else.

        The engine takes any JSON object for repodata: an error page in JSON would look like absence.
        """
        if self.offline:
            return
        document: object
        if channel.is_file:
            document = _read_local(channel, subdir)
        else:
            with self._get(channel, f"{subdir}/repodata.json") as response:
                if response.status_code == 404 and subdir != "noarch":
                    return
                try:
                    document = response.json()
                except ValueError:
                    document = None
        known = ("packages", "packages.conda", "info", "repodata_version")
        if document is not None and not (
            isinstance(document, dict) and any(key in document for key in known)
        ):
            url = f"{channel.base_url}/{subdir}/repodata.json"
            raise silence.unreachable(channel, url, "what it sends is not repodata")

    @contextlib.contextmanager
    def _get(self, channel: Channel, path: str) -> Iterator[Any]:
        import requests

        url = f"{with_credentials(channel)}/{path}"
        with self._transport.session() as session:
            try:
                response = session.get(
                    url, stream=True, timeout=self._transport.timeout(), verify=session.verify
                )
            except requests.RequestException as error:
                raise silence.unreachable(channel, url, silence.reason(error)) from error
            with response:
                yield response

    def _failure(self, error: Exception, channels: Sequence[Channel]) -> SourceError:
        if str(self._cache) in str(error):  # perhaps not the channel's fault at all
            try:
                usable(self._cache)
            except SourceError as refused:
                return refused
        relay = self._transport.relay
        return silence.source_error(error, channels, relay.failures if relay else None)

    def _fetch_afresh(self, channel: Channel) -> None:
        with self._lock:
            self._unconditional.add(channel.base_url)
            self._gateway = self._new_gateway()

    def _new_gateway(self) -> rattler.Gateway:
        from rattler import Gateway, SourceConfig

        def settings(action: CacheAction) -> SourceConfig:
            return SourceConfig(
                zstd_enabled=self.config.repodata_use_zst,
                bz2_enabled=False,
                sharded_enabled=self.config.repodata_use_shards,
                cache_action=action,
            )

        # A directory is there without a network: offline does not concern it.
        local = {channel.base_url: settings("cache-or-fetch") for channel in self.channels if channel.is_file}
        afresh = {url: settings("no-cache") for url in self._unconditional}

        return Gateway(
            cache_dir=self._cache,
            default_config=settings("force-cache-only" if self.offline else "cache-or-fetch"),
            per_channel_config={**local, **afresh},
            max_concurrent_requests=self.config.repodata_threads or 50,
            client=self._transport.client,
        )


def package_cache(config: CondaConfig, environ: Mapping[str, str] | None = None) -> Path:
    """The one directory of fetched and extracted packages, so that environments share files by links.

    Conda's ``pkgs_dirs`` (``CONDA_PKGS_DIRS``) when configured: the first that can be written; else
    ``pkgs`` in the cache.
    """
    for directory in config.pkgs_dirs:
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        if os.access(existing, os.W_OK | os.X_OK):
            return directory
    return cache_root(environ) / "pkgs"


_AFFIXED = ("python-{}", "{}-python", "py-{}", "{}-py", "py{}", "lib{}", "r-{}")


async def _all(work: Sequence[Coroutine[Any, Any, _T]]) -> list[_T]:
    """Every result, or the first failure once nothing is under way any more."""
    tasks: list[Awaitable[_T]] = [asyncio.ensure_future(item) for item in work]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()  # type: ignore[attr-defined]  # ensure_future gives tasks for coroutines
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


def _read_local(channel: Channel, subdir: str) -> object:
    import json
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    path = Path(url2pathname(urlsplit(channel.base_url).path), subdir, "repodata.json")
    try:
        found: object = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found
