"""Staging conda packages: fetched, checked and laid out by py-rattler, beside the environment and not in it.

The engine installs into the transaction's tree with the environment's own path patched into
the files, so that what is staged is what will be: relocated, hard-linked, entry points made,
records written. The environment itself is not touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeVar
from urllib.parse import urlsplit
from urllib.request import url2pathname

from condadeps.errors import (
    CondadepsError,
    HashError,
    PrefixError,
    SourceError,
    SpaceError,
    TransactionError,
)
from condadeps.names.namespaces import PackageName
from condadeps.prefix import installed
from condadeps.prefix.installed import InstalledPackage
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Link, Package
from condadeps.sources.cache import usable
from condadeps.sources.credentials import masked
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.changes import paths_in
from condadeps.transaction.keeping import Kept
from condadeps.transaction.linking import Linking
from condadeps.transaction.owners import files_of

T = TypeVar("T")

_PYTHON = PackageName("python")
_COPIES = "allow-hard-links = false\nallow-ref-links = false\n"
_POLL_SECONDS = 0.1


class Packages(Protocol):
    """What staging asks of the conda source: where packages are kept, and how to fetch them."""

    @property
    def package_cache(self) -> Path:
        """The directory of fetched and unpacked packages."""

    @property
    def copies(self) -> bool:
        """Whether files are copied into environments and never linked (conda's ``always_copy``)."""

    @property
    def client(self) -> Any:
        """A rattler client with the configured authentication and certificates."""


async def stage(
    links: Sequence[Link],
    prefix: Path,
    tree: Path,
    source: Packages,
    reporter: Reporter,
    cancel: Cancel,
) -> None:
    """Fetch, check and lay out the packages of ``links`` in ``tree``, as they will be in ``prefix``.

    Raises HashError, SourceError, SpaceError or TransactionError, CancelledError on request;
    nothing outside ``tree`` and the cache was changed then.
    """
    packages = [link.package for link in links]
    cache = usable(source.package_cache)
    await asyncio.to_thread(check_local, packages, cache)
    stub = _stub_python(prefix, tree) if _PYTHON not in {package.name for package in packages} else None
    try:
        await obeying(cancel, _install(packages, stub, prefix, tree, source, reporter))
    except CondadepsError:
        raise
    except Exception as error:
        raise _explained(error, packages, prefix) from error
    if stub:
        (tree / stub).unlink()
    _tidy(tree)


def gone(prefix: Path, names: Collection[PackageName]) -> set[str]:
    """The files and records of the installed packages of ``names``, every leftover record of theirs too."""
    paths: set[str] = set()
    for name, package in installed.packages(prefix).items():
        if name in names:
            for one in (package, *package.others):
                paths.update(files_of(one.path))
                paths.add(f"conda-meta/{one.path.name}")
    return paths


def relinked(prefix: Path, names: Collection[PackageName]) -> tuple[Link, ...]:
    """The installed packages of ``names``, to be laid out anew as they are. Raises PrefixError."""
    if not names:
        return ()
    from rattler import PrefixRecord

    from condadeps.sources.records import package

    present = installed.packages(prefix)
    found = [package(PrefixRecord.from_path(present[name].path)) for name in sorted(names)]
    return tuple(Link(one, "repaired", one) for one in found)


def write_specs(prefix: Path, tree: Path, specs: Mapping[PackageName, str], links: Sequence[Link]) -> None:
    """Stage ``requested_specs`` (and the older ``requested_spec``) into the records, as conda keeps them.

    What was asked for now is written; what was asked for earlier is kept when a package is replaced.
    """
    present = installed.packages(prefix)
    linked = {link.package.name: link.package for link in links}
    for name in {*linked, *specs}:
        before = present.get(name)
        earlier = specs_of(before) if before else ()
        asked = (specs[name],) if name in specs else earlier
        if name in linked:
            record = tree / "conda-meta" / f"{linked[name].dist_name}.json"
        elif before and asked != earlier:
            record = before.path
        else:
            continue
        _write_specs(record, tree, asked)


def requested(prefix: Path, names: Collection[PackageName]) -> list[PackageName]:
    """Those of ``names`` that somebody asked for."""
    present = installed.packages(prefix)
    return [name for name in names if name in present and specs_of(present[name])]


def specs(prefix: Path) -> dict[PackageName, tuple[str, ...]]:
    """What somebody asked for of each installed package."""
    return {name: specs_of(package) for name, package in installed.packages(prefix).items()}


def specs_of(package: InstalledPackage) -> tuple[str, ...]:
    """What somebody asked for of ``package``; nothing where its record cannot be read."""
    try:
        return package.requested_specs
    except PrefixError:  # it is about to be replaced
        return ()


def tell_records(
    prefix: Path, tree: Path, asked: Mapping[PackageName, tuple[str, ...]], links: Sequence[Link]
) -> None:
    """Stage the records of packages that another program linked, with what was really asked for.

    It was given addresses, and wrote down what the packages themselves say they need: a channel may have
    put that right since (repodata patches), and the plan was made with what the channel says.
    """
    known = ("depends", "constrains")
    patched = {
        link.package.name: {
            key: list(link.package.record[key]) for key in known if key in link.package.record
        }
        for link in links
    }
    present = installed.packages(prefix)
    for name, texts in asked.items():
        if name in present:
            _write_specs(present[name].path, tree, texts, patched.get(name, {}))


def _write_specs(
    record: Path, tree: Path, asked: Sequence[str], more: Mapping[str, object] | None = None
) -> None:
    document = json.loads(record.read_text(encoding="utf-8")) | (more or {})
    document["requested_specs"] = list(asked)
    document.pop("requested_spec", None)
    if asked:
        document["requested_spec"] = asked[0]
    staged = tree / "conda-meta" / record.name
    staged.parent.mkdir(exist_ok=True)
    staged.write_text(json.dumps(document, indent=2), encoding="utf-8")


def restore_records(prefix: Path, tree: Path, kept: Kept) -> tuple[list[str], list[PackageName]]:
    """Stage the records of before that ``kept`` holds; returns what is asked for again, and what no more."""
    restored = []
    for path in sorted(kept.records):
        staged, source = tree / path, kept.folder / path
        if staged.exists() and not all(os.path.lexists(tree / file) for file in files_of(source)):
            continue  # it lists files that are not laid out today
        staged.parent.mkdir(exist_ok=True)
        shutil.copy2(source, staged)
        restored.append(_recorded(staged))
    return asked_again(prefix, restored)


def asked_again(prefix: Path, before: Iterable[InstalledPackage]) -> tuple[list[str], list[PackageName]]:
    """What the records of ``before`` say was asked for and today's do not; and what today's alone say."""
    present = installed.packages(prefix)
    again: list[str] = []
    no_more: list[PackageName] = []
    for then in before:
        now = present.get(then.name)
        asked, is_asked = specs_of(then), specs_of(now) if now else ()
        again += asked if asked != is_asked else ()
        if is_asked and not asked:
            no_more.append(then.name)
    return again, no_more


def kept_records(kept: Kept | None) -> list[InstalledPackage]:
    """The records of before that ``kept`` holds."""
    return [_recorded(kept.folder / path) for path in sorted(kept.records)] if kept else []


def _recorded(path: Path) -> InstalledPackage:
    return InstalledPackage(PackageName(path.stem.rsplit("-", 2)[0]), "", "", path)


async def _install(
    packages: Sequence[Package],
    stub: str | None,
    prefix: Path,
    tree: Path,
    source: Packages,
    reporter: Reporter,
) -> None:
    from rattler import Config, PrefixRecord, install
    from rattler.package_cache import PackageCache, ValidationMode

    from condadeps.sources.records import all_to_rattler

    records: list[Any] = [*all_to_rattler(packages)]
    if stub:
        records.append(PrefixRecord.from_path(tree / stub))
    # A cached package whose files were edited through a hard link is seen here and fetched anew.
    cache = PackageCache.new_layered([source.package_cache], validation_mode=ValidationMode.full())
    await install(
        records=records,
        target_prefix=tree,
        alternative_target_prefix=prefix,
        package_cache=cache,
        client=source.client,
        config=Config.from_toml(_COPIES) if source.copies else None,
        execute_link_scripts=False,  # they run in the environment, when the files are in place
        reporter=Linking(reporter, packages),
        show_progress=False,
    )


def _stub_python(prefix: Path, tree: Path) -> str | None:
    """Let the engine know which Python noarch packages are for, without laying it out again."""
    package = installed.packages(prefix).get(_PYTHON)
    if package is None:
        return None
    document = {**package.record, "files": [], "paths_data": {"paths_version": 1, "paths": []}}
    path = f"conda-meta/{package.path.name}"
    (tree / "conda-meta").mkdir(exist_ok=True)
    (tree / path).write_text(json.dumps(document), encoding="utf-8")
    return path


def _tidy(tree: Path) -> None:
    """Leave nothing but what the records list: no CACHEDIR.TAG, no empty history, no probes."""
    listed: set[str] = set()
    for record in (tree / "conda-meta").glob("*.json"):
        _unhash_links(record)
        record.chmod(0o644)  # the engine leaves them to one user
        listed |= {f"conda-meta/{record.name}", *files_of(record)}
    for path in list(paths_in(tree)):
        if path not in listed:
            (tree / path).unlink()


def _unhash_links(record: Path) -> None:
    """Take the hashes of symbolic links out of a record, where conda has none.

    The engine hashes a link's text, conda the file behind it: to ``conda doctor`` each would be altered.
    """
    text = record.read_text(encoding="utf-8")
    if '"softlink"' not in text:
        return
    document = json.loads(text)
    for entry in document["paths_data"]["paths"]:
        if entry["path_type"] == "softlink":
            entry.pop("sha256_in_prefix", None)
    record.write_text(json.dumps(document, indent=2), encoding="utf-8")


async def obeying(cancel: Cancel, work: Awaitable[T]) -> T:
    """The result of ``work``. Raises CancelledError as soon as somebody asks to stop."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.wait([task], timeout=_POLL_SECONDS)
        if cancel.requested and not task.done():
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
            cancel.check()
    return task.result()


def check_local(packages: Sequence[Package], cache: Path) -> None:
    """Raises HashError for a local package file that is not the promised one.

    Neither the engine looks nor conda. What ``cache`` has unpacked of such a one is thrown away.
    """
    for package in packages:
        parts = urlsplit(package.url)
        if parts.scheme != "file" or not package.sha256:
            continue
        path = Path(url2pathname(parts.path))
        try:
            actual = sha256(path)
        except FileNotFoundError:
            continue  # it may be cached; if not, the engine says so
        except OSError as error:
            raise SourceError(
                f"{path} cannot be read", detail=[str(error)], url=package.url, status=None
            ) from error
        if actual != package.sha256:
            shutil.rmtree(cache / package.dist_name, ignore_errors=True)
            raise _wrong_hash(package, actual)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _wrong_hash(package: Package, actual: str | None) -> HashError:
    return HashError(
        f"{package.filename} is not the file its channel promises; nothing was changed",
        detail=[f"expected sha256 {package.sha256}", *([f"found    sha256 {actual}"] if actual else [])],
        help="the channel's index or the file is damaged: tell whoever runs the channel",
        url=masked(package.url),
        expected=package.sha256,
        actual=actual,
    )


_MISMATCH = re.compile(r"hash mismatch|sha256|md5|checksum", re.IGNORECASE)
_NO_SPACE = re.compile(r"no space left|os error 28|disk quota", re.IGNORECASE)
_STATUS = re.compile(r"\b(?:HTTP status[^(]*\(|status code:? ?)(\d{3})", re.IGNORECASE)
_UNREACHED = re.compile(
    r"error sending request|connect|timed out|http|no such file|reqwest|dns", re.IGNORECASE
)


_NO_PACKAGE = re.compile(r"extract|unpack|archive|zip|zstd|bzip2", re.IGNORECASE)


def _explained(error: Exception, packages: Sequence[Package], prefix: Path) -> CondadepsError:
    """The engine tells its failures apart by text only."""
    text = masked("\n".join(_chain(error)))
    package = next((one for one in packages if one.filename in text or one.dist_name in text), None)
    detail = text.splitlines()[:6]
    if _NO_SPACE.search(text):
        return SpaceError("the disk is full; nothing was changed", detail=detail, prefix=str(prefix))
    if package and _MISMATCH.search(text):
        return _wrong_hash(package, None)
    status = _STATUS.search(text)
    if package and (status or _UNREACHED.search(text) or _NO_PACKAGE.search(text)):
        failed = "could not be fetched" if status or not _NO_PACKAGE.search(text) else "is no conda package"
        return SourceError(
            f"{package.filename} {failed}; nothing was changed",
            detail=detail,
            url=masked(package.url),
            status=int(status.group(1)) if status else None,
        )
    return TransactionError(
        f"{package.filename if package else 'the packages'} could not be laid out; nothing was changed",
        detail=detail,
        restored=True,
        prefix=str(prefix),
    )


def _chain(error: BaseException | None) -> list[str]:
    lines: list[str] = []
    while error is not None:
        lines.append(str(error))
        error = error.__cause__
    return lines
