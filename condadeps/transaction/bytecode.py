"""Bytecode, made while staging by the Python that will run it, naming the files where they will be.

conda compiles the noarch packages it links, and lists the ``.pyc`` files in their records (as
``pyc_file``, without a hash), so that they leave with the package; pip does the same in ``RECORD``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from condadeps.prefix.target import Target, inside
from condadeps.solve.plan import Link
from condadeps.transaction import programs
from condadeps.transaction.cancel import Cancel
from condadeps.transaction.owners import files_of

_MANY = 200
"""From how many files on several processes are worth their start."""


async def compile_noarch(
    links: Iterable[Link], tree: Path, target: Target, work: Path, cancel: Cancel
) -> None:
    """Compile the noarch Python packages of ``links`` in ``tree``, and list the bytecode in their records.

    Where the Python cannot run here (another platform's), there is none, as with conda. Raises
    CancelledError.
    """
    records = {
        tree / "conda-meta" / f"{link.package.dist_name}.json"
        for link in links
        if link.package.record.get("noarch") == "python"
    }
    sources = {record: [path for path in files_of(record) if path.endswith(".py")] for record in records}
    paths = [tree / path for several in sources.values() for path in several if "site-packages/" in path]
    place = inside(target.prefix, target.python)
    if not paths or place is None:
        return
    staged = tree / place
    python = staged if staged.exists() else target.python
    await compile_all(python, paths, tree, str(target.prefix), work, cancel)
    for record, several in sources.items():
        _list(record, of(tree, several))


async def compile_all(
    python: Path, paths: Sequence[Path], tree: Path, final: str, work: Path, cancel: Cancel
) -> None:
    """Compile ``paths`` (files or folders below ``tree``) as if they were below ``final``.

    A source that is no Python has no bytecode. Raises CancelledError.
    """
    work.mkdir(parents=True, exist_ok=True)
    listing = work / "sources.txt"
    listing.write_text("".join(f"{path}\n" for path in paths), encoding="utf-8")
    several = ["-j", "0"] if len(paths) > _MANY else []
    arguments = [str(python), "-I", "-B", "-m", "compileall", "-qq", *several, "-i", str(listing)]
    try:
        await programs.run([*arguments, "-s", str(tree), "-p", final], programs.closed(), work, cancel)
    except OSError:
        return  # no Python that runs here


def of(base: Path, sources: Iterable[str]) -> list[str]:
    """The bytecode there is below ``base`` of ``sources`` (relative, forward slashes; PEP 3147)."""
    found: list[str] = []
    for path in sources:
        folder, _, name = path.rpartition("/")
        if name.endswith(".py"):
            cache = f"{folder}/__pycache__" if folder else "__pycache__"
            found += [f"{cache}/{one.name}" for one in (base / cache).glob(f"{name[:-3]}.*.pyc")]
    return found


def _list(record: Path, compiled: Sequence[str]) -> None:
    document = json.loads(record.read_text(encoding="utf-8"))
    listed = set(document["files"])
    new = sorted(path for path in compiled if path not in listed)
    document["files"] += new
    document["paths_data"]["paths"] += [{"_path": path, "path_type": "pyc_file"} for path in new]
    record.write_text(json.dumps(document, indent=2), encoding="utf-8")
