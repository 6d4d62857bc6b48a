"""Staging what pip installs: pip works below a root of its own and never in the environment.

pip is handed exactly the planned files, by hash, with no index, no dependency to resolve
and no configuration. ``--root`` makes it lay them out as they will be, scripts, ``RECORD``
and all; the transaction then moves them in.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from urllib.request import url2pathname

from condadeps.errors import HashError, TransactionError
from condadeps.names.namespaces import ProjectName
from condadeps.prefix.target import Target, inside
from condadeps.show.reporter import Reporter
from condadeps.solve.plan import Artifact, Install
from condadeps.sources.credentials import without_credentials
from condadeps.transaction import bytecode, programs, uv
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.conda import obeying, sha256

_LAST_LINES = 12

KEPT = "kept:"
"""In place of an artifact's URL: its files were kept by a past change, pip has nothing to do."""


class Files(Protocol):
    """What staging asks of the PyPI source."""

    @property
    def config(self) -> Any:
        """pip's configuration; its ``environ()`` is the environment of a pip that may reach the indexes."""

    async def fetch(self, file: Artifact, directory: Path) -> Path:
        """The file in ``directory``, checked. Raises HashError, SourceError."""

    async def wheel(self, file: Artifact, directory: Path) -> Path:
        """The wheel of it in ``directory``, built when it is an sdist. Raises SourceError too."""


async def fetch(
    installs: Sequence[Install], source: Files | None, directory: Path, cancel: Cancel
) -> dict[ProjectName, Path]:
    """Every planned file, in ``directory``; an editable has none.

    Raises HashError, SourceError, CancelledError.
    """
    directory.mkdir(exist_ok=True)
    artifacts = [install.artifact for install in installs if not install.artifact.editable]
    if source is None and artifacts:
        raise TransactionError(f"there is nowhere to fetch {artifacts[0].filename} from", restored=True)

    async def one(artifact: Artifact) -> Path:
        assert source is not None
        path = await source.fetch(artifact, directory)
        actual = await asyncio.to_thread(sha256, path)
        if artifact.sha256 and actual != artifact.sha256:
            raise _wrong_hash(artifact, actual)
        return path

    paths = await obeying(cancel, asyncio.gather(*(one(artifact) for artifact in artifacts)))
    return {artifact.project: path for artifact, path in zip(artifacts, paths, strict=True)}


async def build(
    installs: Sequence[Install],
    fetched: Mapping[ProjectName, Path],
    source: Files | None,
    reporter: Reporter,
    cancel: Cancel,
) -> dict[ProjectName, Path]:
    """``fetched`` with a wheel in place of everything that is none. Build code runs.

    Raises SourceError when a build fails, CancelledError.
    """
    wheels = dict(fetched)
    for install in installs:
        path = fetched.get(install.artifact.project)
        if path is not None and path.suffix != ".whl":
            assert source is not None
            reporter.phase("build", f"building {install.artifact.project} {install.artifact.version}")
            wheels[install.artifact.project] = await obeying(
                cancel, source.wheel(install.artifact, path.parent)
            )
    return wheels


async def stage(
    installs: Sequence[Install],
    wheels: Mapping[ProjectName, Path],
    target: Target,
    source: Files | None,
    work: Path,
    cancel: Cancel,
    by: Path | None = None,
) -> Path:
    """Have pip lay the planned files out; returns the tree, relative to the environment.

    ``work`` is an empty or missing folder on the environment's file system. ``by`` is the uv that does
    it in pip's stead, but for what is in development mode. Raises TransactionError when pip fails,
    CancelledError; the environment was not touched.
    """
    work.mkdir(parents=True, exist_ok=True)
    root = work / "root"
    listed = [install for install in installs if not install.artifact.editable]
    if listed:
        listing = _written(listed, wheels, work)
        folders = sorted({str(path.parent) for path in wheels.values()})
        if by:
            arguments = uv.arguments(by, listing, folders, root, work, target)
        else:
            arguments = _install_arguments(listing, folders, root, target)
        await _run(arguments, programs.closed(), work, cancel, listed, "uv" if by else "pip")
    for install in installs:
        if install.artifact.editable:
            arguments = [
                *_pip(target),
                "install",
                *_staged(root),
                "--editable",
                _path_of(install.artifact.url),
            ]
            environ = source.config.environ() if source else programs.closed()
            await _run(arguments, programs.tamed(environ), work, cancel, [install])
    tree = _within(root, target.prefix)
    disclaim(tree, uv.tidy(tree) if by else ())
    await bytecode.compile_all(target.python, [root], root, target.prefix.anchor, work, cancel)
    for install in installs:
        _finish(dist_info(tree, target, install.artifact), install)
    return tree


def _written(installs: Sequence[Install], wheels: Mapping[ProjectName, Path], work: Path) -> Path:
    """The requirements file that pins each of ``installs`` to its wheel."""
    listing = work / "requirements.txt"
    lines = [_pin(install.artifact, wheels[install.artifact.project]) for install in installs]
    listing.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return listing


def _install_arguments(listing: Path, folders: Sequence[str], root: Path, target: Target) -> list[str]:
    return [
        *_pip(target),
        "install",
        *_staged(root),
        "--isolated",
        "--no-index",
        *(f"--find-links={folder}" for folder in folders),
        "--only-binary=:all:",
        "--require-hashes",
        f"--requirement={listing}",
    ]


def _pip(target: Target) -> list[str]:
    # This process's pip works for any environment, also for one without a pip.
    return [sys.executable, "-I", "-m", "pip", "--python", str(target.python)]


def _staged(root: Path) -> list[str]:
    return [
        f"--root={root}",
        "--ignore-installed",
        "--no-deps",
        "--no-compile",
        "--no-warn-script-location",
        "--disable-pip-version-check",
        "--no-input",
        "--no-color",
        "--progress-bar=off",
        "--root-user-action=ignore",
    ]


def _pin(artifact: Artifact, wheel: Path) -> str:
    # The version is the wheel's own: an sdist's file name may spell it another way.
    return f"{artifact.project}=={wheel.name.split('-')[1].replace('_', '-')} --hash=sha256:{sha256(wheel)}"


async def _run(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    directory: Path,
    cancel: Cancel,
    installs: Sequence[Install],
    program: str = "pip",
) -> None:
    code, output = await programs.run(arguments, environ, directory, cancel)
    if code != 0:
        names = ", ".join(str(install.artifact.project) for install in installs[:5])
        raise TransactionError(
            f"{program} could not install {names}; nothing was changed",
            detail=output[-_LAST_LINES:],
            restored=True,
            exit_code=code,
        )


def _within(root: Path, prefix: Path) -> Path:
    """Where pip puts the environment below its root (a drive letter is dropped)."""
    for one in (prefix, prefix.resolve()):
        found = root / one.relative_to(one.anchor)
        if found.is_dir():
            return found
    raise TransactionError(
        f"pip did not install into {prefix}: it found another environment's layout", restored=True
    )


def _finish(location: Path, install: Install) -> None:
    """Make the staged metadata say what was asked (PEP 376 ``REQUESTED``) and from where (PEP 610)."""
    artifact = install.artifact
    rows = read_record(location / "RECORD")
    if not install.requested:
        (location / "REQUESTED").unlink(missing_ok=True)
        rows = [row for row in rows if row[0] != f"{location.name}/REQUESTED"]
    if artifact.direct and not (location / "direct_url.json").exists():
        (location / "direct_url.json").write_text(json.dumps(_direct_url(artifact)), encoding="utf-8")
        rows.append([f"{location.name}/direct_url.json", "", ""])
    rows += [[path, "", ""] for path in bytecode.of(location.parent, [row[0] for row in rows])]
    write_record(location / "RECORD", rows)


def dist_info(tree: Path, target: Target, artifact: Artifact) -> Path:
    """The staged metadata of ``artifact``. Raises TransactionError when pip left none, or several."""
    folders = {inside(target.prefix, path) for path in target.paths}
    found = [
        path
        for folder in folders
        if folder is not None
        for path in (tree / folder).glob("*.dist-info")
        if _project_of(path.name) == artifact.project
    ]
    if len(found) != 1:
        raise TransactionError(
            f"{artifact.filename} does not hold the project {artifact.project}; nothing was changed",
            restored=True,
        )
    return found[0]


def _project_of(name: str) -> ProjectName | None:
    try:
        return ProjectName(name.split("-")[0])
    except ValueError:
        return None


def _direct_url(artifact: Artifact) -> dict[str, Any]:
    if artifact.direct_url is not None:
        return dict(artifact.direct_url)
    hashes = {"sha256": artifact.sha256} if artifact.sha256 else {}
    return {"url": without_credentials(artifact.url), "archive_info": {"hashes": hashes}}


def read_record(path: Path) -> list[list[str]]:
    """The rows of a ``RECORD`` (path, hash, size)."""
    return [row for row in csv.reader(path.read_text(encoding="utf-8").splitlines()) if row]


def write_record(path: Path, rows: Iterable[Sequence[str]]) -> None:
    """The inverse of :func:`read_record`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8")


def _path_of(url: str) -> str:
    parts = urlsplit(url)
    return url2pathname(parts.path) if parts.scheme == "file" else url


def _wrong_hash(artifact: Artifact, actual: str) -> HashError:
    return HashError(
        f"{artifact.filename} is not the file its index promises; nothing was changed",
        detail=[f"expected sha256 {artifact.sha256}", f"found    sha256 {actual}"],
        url=artifact.url,
        expected=artifact.sha256,
        actual=actual,
    )


def disclaim(tree: Path, paths: Collection[str]) -> None:
    """Take ``paths`` out of every staged ``RECORD``: they belong to somebody else."""
    if not paths:
        return
    for record in tree.rglob("*.dist-info/RECORD"):
        base = record.parent.parent.relative_to(tree)
        rows = read_record(record)
        kept = [row for row in rows if os.path.normpath(base / row[0]).replace(os.sep, "/") not in paths]
        if len(kept) < len(rows):
            write_record(record, kept)
