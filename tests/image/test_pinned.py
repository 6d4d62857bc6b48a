"""``util/pin-image``: the image's packages, written down exactly."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

from tests.channel import recipe
from tests.image import channel
from tests.image.build import had

ROOT = Path(__file__).parent.parent.parent
BASE = "docker://quay.io/centos/centos:stream9"
DIGEST = f"sha256:{'5' * 64}"


def test_the_pins_are_locks_of_both_environments_with_condadeps_needs(tmp_path: Path) -> None:
    (tmp_path / "util").mkdir()
    (tmp_path / "docker").mkdir()
    for name in ("pin-image", "venv.bash"):
        shutil.copy(ROOT / "util" / name, tmp_path / "util")
    shutil.copy(ROOT / "docker/Dockerfile", tmp_path / "docker")
    for name in ("server.yml", "python3.yml"):
        (tmp_path / "docker" / name).write_text(had(ROOT / "docker" / name), "utf-8")
    # A registry's client, for the base's digest: none is reached here.
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "skopeo").write_text(f'#!/bin/sh\n[ "$4" = {BASE} ] && echo {DIGEST}\n', "utf-8")
    (tmp_path / "bin" / "skopeo").chmod(0o755)
    environ = {
        **os.environ,
        "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "CONDADEPS": str(Path(sys.executable).with_name("condadeps")),
        "CONDA_CHANNELS": channel.channel().as_uri(),
    }
    command = [tmp_path / "util/pin-image", recipe.subdir()]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--build-arg SERVER=docker/server.conda-lock.yml" in done.stdout
    assert f"--build-arg BASE_TAG=stream9@{DIGEST}" in done.stdout
    for name, wanted in (("server", {"jupyterlab", "tini"}), ("python3", {"ipykernel", "pip"})):
        lock = YAML(typ="safe").load((tmp_path / "docker" / f"{name}.conda-lock.yml").read_text("utf-8"))
        locked = {one["name"]: one for one in lock["package"]}
        assert wanted | {"python", "py-rattler"} <= set(locked)
        assert all(one["hash"]["sha256"] for one in locked.values())
