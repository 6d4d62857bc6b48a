"""Real conda environments of the test channel, made fast.

The engine runs in a process of its own (``python -m tests.prefixes``): it can crash a process at its exit.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import distribution
from pathlib import Path

ROOT = Path(__file__).parent.parent
KERNEL = ("python", "pip", "ipykernel")
"""What makes an environment a kernel's."""

_LAUNCHER = "#!{python}\nimport sys\nfrom condadeps.cli import main\nsys.exit(main())\n"


def create(prefix: Path, specs: Sequence[str], channel: str, cache: Path) -> Path:
    """Makes ``prefix`` of ``specs`` from ``channel`` (a URL) and returns it; packages are kept in ``cache``.

    Raises RuntimeError with the engine's words when they cannot be had.
    """
    asked = {"prefix": str(prefix), "specs": list(specs), "channel": channel, "cache": str(cache)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.prefixes"],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"no environment of {', '.join(specs)}: {done.stderr.strip()[-2000:]}")
    return prefix


def dependencies() -> list[str]:
    """conda specs of what this condadeps needs, for :func:`create`."""
    from packaging.requirements import Requirement

    from tests.channel.wheel import conda_spec

    needed = [Requirement(text) for text in distribution("condadeps").requires or ()]
    return [conda_spec(one) for one in needed if one.marker is None or one.marker.evaluate({"extra": ""})]


def add_condadeps(prefix: Path) -> Path:
    """Puts this checkout's condadeps into ``prefix`` as pip would put its wheel, and returns ``prefix``."""
    (site_packages,) = prefix.glob("lib/python3.*/site-packages")
    files = {
        path.relative_to(ROOT).as_posix(): path.read_bytes()
        for path in sorted((ROOT / "condadeps").rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    installed = distribution("condadeps")
    info = f"condadeps-{installed.version}.dist-info"
    for name in ("METADATA", "entry_points.txt", "WHEEL"):
        files[f"{info}/{name}"] = (installed.read_text(name) or "").encode()
    files[f"{info}/INSTALLER"] = b"pip\n"
    files[f"{info}/REQUESTED"] = b""
    for name, content in files.items():
        target = site_packages / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    script = prefix / "bin" / "condadeps"
    script.write_text(_LAUNCHER.format(python=prefix / "bin" / "python"), "utf-8")
    script.chmod(0o755)
    with (site_packages / info / "RECORD").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows([name, "", ""] for name in [*files, f"{info}/RECORD", "../../../bin/condadeps"])
    return prefix


async def _install(asked: dict[str, str], specs: Sequence[str]) -> None:
    import rattler

    gateway = rattler.Gateway(cache_dir=Path(asked["cache"]) / "repodata")
    records = await rattler.solve(
        sources=[rattler.Channel(asked["channel"])],
        specs=list(specs),
        gateway=gateway,
        platforms=[rattler.Subdir.current(), "noarch"],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    await rattler.install(
        records,
        asked["prefix"],
        cache_dir=Path(asked["cache"]) / "pkgs",
        show_progress=False,
        # 0.28 takes only the inner object here, whatever its signature says.
        requested_specs=[rattler.MatchSpec(spec)._match_spec for spec in specs],
    )


def _main() -> None:
    asked = json.load(sys.stdin)
    try:
        asyncio.run(_install(asked, asked.pop("specs")))
    except Exception as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
        os._exit(1)
    (Path(asked["prefix"]) / "CACHEDIR.TAG").unlink(missing_ok=True)
    os._exit(0)


if __name__ == "__main__":
    _main()
