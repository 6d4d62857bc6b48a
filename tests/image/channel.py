"""The image's channel: the test channel, and what the environments of ``docker/*.yml`` need besides.

``conda`` and ``mamba`` are not in it: no wheel has them. ``tini`` is Debian's program.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from filelock import FileLock

from tests.channel import cached, recipe
from tests.channel.build import download, index, pack_wheel
from tests.channel.package import File, Package, write

HERE = Path(__file__).parent
WHEELS = HERE / "wheels.txt"


def channel() -> Path:
    """The channel's directory, built now if it is not there yet (half a minute beyond the test channel)."""
    finished = cached.root() / f"image-{key()}"
    if not finished.is_dir():
        base = cached.channel()
        with FileLock(cached.root() / f"{finished.name}.lock"):
            if not finished.is_dir():
                _build(base, finished)
    os.utime(finished)
    return finished / "channel"


def key() -> str:
    """A name for what this recipe gives here."""
    return hashlib.sha256(recipe.key().encode() + WHEELS.read_bytes()).hexdigest()[:16]


def _build(base: Path, finished: Path) -> None:
    print(f"test channel: building {finished}", file=sys.stderr, flush=True)
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=finished.parent))
    try:
        target = partial / "channel"
        # Not the index: it is linked, and writing it anew must not write the test channel's.
        index_files = shutil.ignore_patterns("repodata*", "shards")
        shutil.copytree(base, target, copy_function=os.link, ignore=index_files)
        _pack(download(recipe.pins(WHEELS), partial / "wheels"), target)
        write(tini(partial), target)
        shutil.rmtree(partial / "wheels")
        index(target)
        partial.chmod(0o755)
        partial.rename(finished)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _pack(wheels: Sequence[Path], target: Path) -> None:
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        for done in [pool.submit(pack_wheel, path, target) for path in wheels]:
            done.result()


def tini(scratch: Path) -> Package:
    """Debian's ``tini`` as conda's package of that name."""
    unpacked = unpack(["tini"], scratch / "tini")
    version = (unpacked / "version-of-tini").read_text("utf-8").partition("-")[0]
    return Package(
        name="tini",
        version=version,
        build="h0_0",
        subdir=recipe.subdir(),
        license="MIT",
        timestamp=1_735_689_600_000,
        files=[File("bin/tini", (unpacked / "usr/bin/tini").read_bytes(), executable=True)],
        about={"summary": "a tiny init for containers"},
    )


def unpack(names: Sequence[str], directory: Path) -> Path:
    """Debian's packages ``names`` unpacked into ``directory``, where ``version-of-NAME`` says which."""
    fetched = directory.with_name(f"{directory.name}-debs")
    fetched.mkdir(parents=True)
    directory.mkdir(parents=True, exist_ok=True)
    # apt-get's own user cannot write here; as root it may fetch without it.
    command = ["apt-get", "download", "-qq", "-o", "APT::Sandbox::User=root", *names]
    subprocess.run(command, cwd=fetched, check=True, stdout=subprocess.DEVNULL)
    for deb in sorted(fetched.glob("*.deb")):
        name, version, _ = deb.name.split("_")
        subprocess.run(["dpkg-deb", "-x", str(deb), str(directory)], check=True)
        (directory / f"version-of-{name}").write_text(version.partition("%3a")[2] or version, "utf-8")
    return directory
