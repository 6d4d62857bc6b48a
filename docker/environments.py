"""The image's two environments, made by condadeps: the server's and the kernel's. Run in the build, as root.

    environments.py --channels LIST --server FILE --kernel FILE --kernels LIST --owner UID:GID

The server's stays root's and is frozen (CEP 22), so that nothing a notebook installs can break Jupyter. The
kernel's directories are the user's. Files that both have are one file with two names, root's: the user may
replace them in the kernel's environment, and cannot change the server's by that.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from condadeps.sources.credentials import without_credentials

ROOT = Path("/opt/conda")
KERNEL = ROOT / "envs" / "python3"
KERNELSPEC = ROOT / "share" / "jupyter" / "kernels" / "python3"
CONDARC = Path("/etc/conda/condarc")
NOTES = Path("/usr/local/share/condadeps")
"""Where the locks go, and later the bill of materials."""

FROZEN = (
    "This is the Jupyter server's environment; what is installed here may break Jupyter. "
    f"The notebooks' environment is {KERNEL}: condadeps install -p {KERNEL} …"
)


def main(words: Sequence[str] | None = None) -> None:
    """Make everything below :data:`ROOT`; ends with status 1 and the reason when something fails."""
    parser = argparse.ArgumentParser(description="Makes the image's environments.")
    for name in ("channels", "server", "kernel", "kernels", "owner"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args(words)
    uid, gid = (int(part) for part in given.owner.split(":"))
    channels, languages = _listed(given.channels), _listed(given.kernels)
    cache = ROOT.parent / "condadeps-cache"  # beside the environments: files are linked, not copied
    os.environ["CONDADEPS_CACHE_DIR"] = str(cache)
    write_condarc(CONDARC, channels)
    condadeps("create", "-p", ROOT, "-f", given.server)
    # ipykernel brings a kernelspec "python3" for the environment it is in: the server's.
    shutil.rmtree(KERNELSPEC, ignore_errors=True)
    name = ["--kernel", "python3", "--display-name", "Python 3", "--kernel-prefix", ROOT]
    condadeps("create", "-p", KERNEL, "-f", given.kernel, *name)
    put_on_path(KERNELSPEC / "kernel.json", KERNEL)
    if languages:
        # The server's Python starts them: it is there whatever users do to their own environments.
        condadeps("kernels", "add", *languages, "--kernel-prefix", ROOT, python=ROOT / "bin" / "python")
    compile_all(ROOT)
    link_compiled(ROOT, KERNEL)
    compile_all(KERNEL)
    NOTES.mkdir(parents=True, exist_ok=True)
    for prefix, lock in ((ROOT, "server"), (KERNEL, "python3")):
        condadeps("export", "-p", prefix, "--format", "conda-lock", "-o", NOTES / f"{lock}.conda-lock.yml")
    shutil.rmtree(cache)
    (ROOT / "conda-meta" / "frozen").write_text(json.dumps({"message": FROZEN}), "utf-8")
    readable(ROOT)
    hand_over(KERNEL, uid, gid)
    os.chown(KERNEL.parent, uid, gid)
    KERNEL.parent.chmod(0o2775)
    shared, saved = shared_bytes(ROOT, KERNEL)
    print(f"{shared} files are in both environments and stored once: {saved / 1e6:.1f} MB saved")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def condadeps(*words: str | Path, python: str | Path = sys.executable) -> None:
    """Run the condadeps that runs this, or another Python's; on failure it has said why."""
    done = subprocess.run([python, "-m", "condadeps", *map(str, words)], check=False)
    if done.returncode:
        sys.exit(f"environments.py: condadeps {words[0]} failed")


def write_condarc(path: Path, channels: Sequence[str]) -> None:
    """Conda's and condadeps' configuration for the whole image: JSON is YAML.

    Whoever has the image can read it, so no password may be in it.
    """
    if not channels:
        sys.exit("environments.py: CHANNELS names no channel")
    for channel in channels:
        shown = without_credentials(channel)
        if shown != channel:
            sys.exit(
                f"environments.py: CHANNELS: {shown} has a password or token, which the image would keep\n"
                "  give it as a secret: --secret id=netrc,src=$HOME/.netrc"
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"channels: {json.dumps(channels)}\nauto_activate_base: false\n", "utf-8")


def put_on_path(spec: Path, prefix: Path) -> None:
    """Have the kernel's own programs come first for what notebooks run: ``!pip``, ``!python``, ``dot``."""
    found = json.loads(spec.read_text("utf-8"))
    found["env"] = {
        "PATH": f"{prefix / 'bin'}:${{PATH}}",
        "CONDA_PREFIX": str(prefix),
        **found.get("env", {}),
    }
    spec.write_text(json.dumps(found, indent=1), "utf-8")


def compile_all(prefix: Path) -> None:
    """Byte code for all that has none yet: nobody but root could write the server's later."""
    (library,) = prefix.glob("lib/python3.*/site-packages")
    # What does not compile are templates and tests of other Pythons; they are not imported either.
    command = [prefix / "bin" / "python", "-m", "compileall", "-q", "-q", "-j", "0", library.parent]
    subprocess.run([str(word) for word in command], check=False)


def link_compiled(server: Path, kernel: Path) -> None:
    """Share the byte code of the sources that are shared: on import Python puts the right path in."""
    known = {_identity(path): path for path in _sources(server)}
    for path in _sources(kernel):
        twin = known.get(_identity(path))
        for compiled in twin.parent.glob(f"__pycache__/{twin.stem}.*.pyc") if twin else ():
            target = path.parent / "__pycache__" / compiled.name
            target.parent.mkdir(exist_ok=True)
            if not target.exists():
                target.hardlink_to(compiled)


def _sources(prefix: Path) -> Iterator[Path]:
    for library in prefix.glob("lib/python3.*"):
        yield from library.rglob("*.py")


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def readable(prefix: Path) -> None:
    """Everything of ``prefix`` readable for all and writable for its owner only."""
    for path in _all(prefix):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod((mode | 0o444 | (0o111 if mode & 0o111 or path.is_dir() else 0)) & ~0o022)


def hand_over(prefix: Path, uid: int, gid: int) -> None:
    """Give ``prefix`` to the user and the group; a file that has another name elsewhere stays root's."""
    for path in (prefix, *_all(prefix)):
        found = path.lstat()
        if path.is_dir() and not path.is_symlink():
            os.chown(path, uid, gid)
            path.chmod(0o2775)
        elif path.is_symlink() or found.st_nlink == 1:
            os.chown(path, uid, gid, follow_symlinks=False)
            if not path.is_symlink():
                path.chmod(found.st_mode | 0o660)


def shared_bytes(one: Path, other: Path) -> tuple[int, int]:
    """How many files of ``other`` are also ``one``'s, and their bytes."""
    inside = {_identity(path) for path in _all(one) if not path.is_relative_to(other)}
    twins = {_identity(path): path.lstat().st_size for path in _all(other) if _identity(path) in inside}
    return len(twins), sum(twins.values())


def _all(prefix: Path) -> Iterator[Path]:
    for directory, directories, files in os.walk(prefix):
        for name in (*directories, *files):
            yield Path(directory, name)


if __name__ == "__main__":
    main()
