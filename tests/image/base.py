"""The base image: a Debian that stands in for CentOS, whose mirrors are not reached where the tests run.

debootstrap makes it. What the Dockerfile asks ``dnf`` for comes from a small repository of rpms in it, so
that its ``dnf install`` lines run as they are: programs that Debian has in packages of their own are repacked
from those, and what the base has anyway is an rpm without files.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.image.channel import unpack
from tests.image.podman import exists, podman

PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"

REPACKED: Mapping[str, Sequence[str]] = {
    "less": ["less"],
    "procps-ng": ["procps", "libproc2-0", "libncursesw6"],
    "sudo": ["sudo"],
}
"""rpms, by the packages of Debian they are made of."""

THERE = ["ca-certificates", "findutils", "shadow-utils", "util-linux"]
"""What the substitute has from the start, as CentOS's image has most of it."""

INCLUDED = ["ca-certificates", "dnf", "libapparmor1", "libaudit1", "libselinux1", "python3-venv", "rpm"]

_SPEC = """\
Name: {name}
Version: {version}
Release: 1
Summary: {name} of the image tests' substitute base
License: see the package of Debian it is made of
AutoReqProv: no
%description
{name}, from Debian.
%install
cp -a {payload}/. %{{buildroot}}/
%files
{files}
"""
_REPOSITORY = """\
[substitute]
name=What the image asks dnf for
baseurl=file:///srv/rpms
gpgcheck=0
"""
_PIP_CONF = "[global]\ncert = /etc/ssl/certs/ca-certificates.crt\n"


def base() -> str:
    """The base image's name; made now if it is not there yet (under a minute, from Debian's mirror)."""
    name = f"localhost/condadeps-test/base:{_key()}"
    if not exists(name):
        with tempfile.TemporaryDirectory(prefix="condadeps-base-") as scratch:
            # In memory: dpkg syncs every file to the disk, which takes minutes on a busy one.
            mounted = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", scratch], check=False).returncode == 0
            try:
                _make(Path(scratch), name)
            finally:
                if mounted:
                    subprocess.run(["umount", scratch], check=True)
    return name


def _key() -> str:
    told = (platform.freedesktop_os_release()["VERSION_CODENAME"], REPACKED, THERE, INCLUDED, _SPEC)
    return hashlib.sha256(repr((*told, _REPOSITORY, _PIP_CONF)).encode()).hexdigest()[:16]


def _make(scratch: Path, name: str) -> None:
    print(f"image tests: making the base {name}", file=sys.stderr, flush=True)
    root = scratch / "root"
    codename = platform.freedesktop_os_release()["VERSION_CODENAME"]
    include = f"--include={','.join(INCLUDED)}"
    _run(["debootstrap", "--variant=minbase", include, codename, str(root), mirror()])
    for heap in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/man", "usr/share/locale"):
        shutil.rmtree(root / heap, ignore_errors=True)
    for rpm, debs in REPACKED.items():
        _pack(rpm, unpack(debs, scratch / rpm), scratch)
    for rpm in (*THERE, system_python(root), f"{system_python(root)}-pip"):
        (scratch / rpm).mkdir()
        _pack(rpm, scratch / rpm, scratch)
    repository = root / "srv/rpms"
    repository.mkdir(parents=True)
    for built in scratch.glob("rpms/RPMS/*/*.rpm"):
        shutil.copy(built, repository)
    _run(["createrepo_c", "--quiet", str(repository)])
    (root / "etc/yum.repos.d").mkdir(parents=True, exist_ok=True)
    (root / "etc/yum.repos.d/substitute.repo").write_text(_REPOSITORY, "utf-8")
    # Certificates are the machine's, mounted when it runs: condadeps and pip are to trust those.
    (root / "etc/pip.conf").write_text(_PIP_CONF, "utf-8")
    archive = scratch / "root.tar"
    _run(["tar", "--numeric-owner", "-C", str(root), "-cf", str(archive), "."])
    podman("import", "--quiet", archive, name)


def system_python(root: Path) -> str:
    """The base's own Python, such as ``python3.11``."""
    return (root / "usr/bin/python3").readlink().name


def mirror() -> str:
    """Where this machine's apt gets Debian's packages."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"]
    found = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()
    return next(uri for uri in found if "security" not in uri)


def _pack(name: str, payload: Path, scratch: Path) -> None:
    """An rpm of all files below ``payload``."""
    versions = [path for path in payload.glob("version-of-*")]
    version = versions[0].read_text("utf-8").partition("-")[0].replace("~", ".") if versions else "1"
    for path in versions:
        path.unlink()
    for heap in ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian"):
        shutil.rmtree(payload / heap, ignore_errors=True)
    files = [path for path in payload.rglob("*") if not path.is_dir() or path.is_symlink()]
    listed = [
        f"%attr({path.lstat().st_mode & 0o7777:o},root,root) /{path.relative_to(payload)}" for path in files
    ]
    spec = scratch / f"{name}.spec"
    text = _SPEC.format(name=name, version=version, payload=payload, files="\n".join(sorted(listed)))
    spec.write_text(text, "utf-8")
    defined = {
        "_topdir": str(scratch / "rpms"),
        "_build_id_links": "none",
        "debug_package": "%{nil}",
        "__os_install_post": "%{nil}",
        "_unpackaged_files_terminate_build": "0",
    }
    options = [word for key, value in defined.items() for word in ("--define", f"{key} {value}")]
    _run(["rpmbuild", "-bb", "--quiet", *options, str(spec)])


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-20:])
        raise RuntimeError(f"{command[0]} failed ({done.returncode}), as {os.getuid()}:\n{said}")
