"""A throw-away machine for ``start.sh``: this one's files under an overlay, with the image's user and
programs.

Root and a mount namespace are enough; nothing outside is changed, and all is gone when the command ends.
The real containers are in ``tests/image``.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to change users in a mount namespace")
NEEDS_SUDO = pytest.mark.skipif(
    shutil.which("sudo") is None, reason="needs sudo, which is not installed here"
)

# What the image's Dockerfile makes.
_PREPARE = r"""
set -euo pipefail
box="$1"; shift
mount -t tmpfs tmpfs "$box"
mkdir "$box/upper" "$box/work" "$box/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$box/upper,workdir=$box/work" "$box/root"
cd "$box/root"
mount -t proc proc proc
mount --rbind /dev dev
mount -t tmpfs -o mode=0755 tmpfs home
mount -t tmpfs -o mode=0755 tmpfs usr/local/bin
mkdir -p opt/conda/bin etc/sudoers.d
printf '%s\n' root:x:0:0:root:/root:/bin/bash nobody:x:65534:65534::/:/bin/false \
    jovyan:x:1000:100::/home/jovyan:/bin/bash >etc/passwd
printf '%s\n' root:x:0: users:x:100: nogroup:x:65534: >etc/group
printf '%s\n' 'root:*:20000::::::' 'jovyan:!:20000::::::' >etc/shadow
printf '%s\n' 'root:*::' 'users:!::' >etc/gshadow
chmod 664 etc/passwd
rm -f etc/sudoers.d/*
mkdir -m 2775 home/jovyan home/jovyan/work
echo hello >home/jovyan/.bashrc
chown -R 1000:100 home/jovyan
cd usr/local/bin
cp "$REPOSITORY"/docker/*.sh "$REPOSITORY"/docker/fix-permissions "$REPOSITORY"/util/jupyter-notebook-secure .
mkdir start-notebook.d before-notebook.d
cd "$box/root"
printf '#!/bin/sh\necho "the conda of the box"\n' >opt/conda/bin/conda-in-a-box
chmod 755 opt/conda/bin/conda-in-a-box
exec chroot . env -i PATH=/opt/conda/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    CONDA_DIR=/opt/conda HOME=/home/jovyan NB_USER=jovyan NB_UID=1000 NB_GID=100 LANG=C.UTF-8 "$@"
"""


@dataclass(frozen=True)
class Said:
    """What came of a command in the box."""

    status: int
    out: str
    log: str


def run(
    box: Path,
    *command: str,
    user: str = "0:0",
    groups: str = "",
    prepare: str = "",
    within: str = "/home/jovyan",
    **environ: str,
) -> Said:
    """Runs ``start.sh command…`` in a new box as ``docker run --user user --group-add groups`` would.

    ``prepare`` is a shell script that root runs first, within the box.
    """
    return script(box, shlex.join(["start.sh", *command]), user, groups, prepare, within, environ)


def script(
    box: Path,
    text: str,
    user: str = "0:0",
    groups: str = "",
    prepare: str = "",
    within: str = "/home/jovyan",
    environ: Mapping[str, str] | None = None,
) -> Said:
    """Runs the shell script ``text`` in a new box, as :func:`run` does."""
    box.mkdir(parents=True, exist_ok=True)
    uid, _, gid = user.partition(":")
    more = ",".join([gid, *([groups] if groups else [])])
    become: Sequence[str] = ["setpriv", "--reuid", uid, "--regid", gid, "--groups", more]
    if uid == "0":
        become = ["env"]
    settings = [f"{name}={value}" for name, value in (environ or {}).items()]
    inside = f"set -e\n{prepare}\ncd {within}\nexec {shlex.join(become)} bash -c {shlex.quote(text)}"
    command = ["unshare", "--mount", "--propagation", "private", "bash", "-c", _PREPARE, "box", str(box)]
    done = subprocess.run(
        [*command, *settings, "bash", "-c", inside],
        env={"PATH": os.environ["PATH"], "REPOSITORY": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)
