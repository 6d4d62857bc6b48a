"""What is in the image, and whose it is."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable

import pytest

from tests.image.channel import channel
from tests.image.podman import run_options

Podman = Callable[..., subprocess.CompletedProcess[str]]
LIMIT = 1_000_000_000
"""The image stays below 1 GB."""


@pytest.fixture
def inside(image: str, podman: Podman) -> Callable[..., str]:
    """Runs a shell script in a container as the image's user, without the entry point; what it printed."""

    def run(script: str, *options: str) -> str:
        words = [
            "run",
            "--rm",
            *run_options(channel()),
            *options,
            "--entrypoint",
            "bash",
            image,
            "-c",
            script,
        ]
        return podman(*words).stdout

    return run


def test_the_image_is_below_one_gigabyte(image: str, podman: Podman) -> None:
    layers = json.loads(podman("history", "--format", "json", image).stdout)
    told = [
        f"{layer['size'] / 1e6:8.1f} MB  {layer['CreatedBy'][:90]}" for layer in layers if layer["size"] > 1e5
    ]
    size = sum(layer["size"] for layer in layers)
    print("\n".join([*told, f"{size / 1e6:8.1f} MB  in all"]))
    assert size < LIMIT, "\n".join(told)


def test_what_both_environments_have_is_stored_once(inside: Callable[..., str]) -> None:
    """The hard links of the builder stage are still there in the final layer."""
    listed = inside("find /opt/conda -type f -links +1 -printf '%i %s %p\\n'").splitlines()
    inodes: dict[str, tuple[int, list[str]]] = {}
    for line in listed:
        inode, size, path = line.split(" ", 2)
        inodes.setdefault(inode, (int(size), []))[1].append(path)
    kernel = "/opt/conda/envs/python3/"
    shared = [
        size for size, paths in inodes.values() if len({path.startswith(kernel) for path in paths}) == 2
    ]
    print(f"{len(shared)} files are shared, {sum(shared) / 1e6:.1f} MB")
    assert sum(shared) > 100e6
    assert "/opt/conda/bin/python3.11" not in listed


def test_the_user_is_jovyan_without_sudo(inside: Callable[..., str]) -> None:
    assert inside("id").split() == ["uid=1000(jovyan)", "gid=100(users)", "groups=100(users)"]
    assert "may run" not in inside("sudo -n -l 2>&1 || true")
    assert inside("echo $HOME; pwd").split() == ["/home/jovyan", "/home/jovyan"]


def test_the_user_cannot_write_to_the_server_and_can_to_the_kernel(inside: Callable[..., str]) -> None:
    writable = inside("find /opt/conda -path /opt/conda/envs -prune -o -writable ! -type l -print")
    assert writable == ""
    kernel = "/opt/conda/envs/python3"
    assert inside(f"find {kernel} -type d ! -writable") == ""
    # A file under two names cannot be written: it would be the server's that changes.
    assert inside(f"find {kernel} -type f -links +1 -writable") == ""
    assert inside(f"find {kernel} -type f -links 1 ! -writable") == ""


def test_the_server_environment_is_frozen(inside: Callable[..., str]) -> None:
    said = inside("condadeps install -p /opt/conda humanize 2>&1 || echo status $?")
    assert "read-only for you" in said and "condadeps install -p /opt/conda/envs/python3" in said
    assert "status 1" in said
    said = inside("condadeps install -p /opt/conda humanize 2>&1 || echo status $?", "--user=0")
    assert "is frozen" in said and "status 1" in said


def test_the_kernel_called_python3_is_the_users_environment(inside: Callable[..., str]) -> None:
    listed = json.loads(inside("jupyter kernelspec list --json"))["kernelspecs"]
    assert listed["python3"]["spec"]["argv"][0] == "/opt/conda/envs/python3/bin/python"
    terminal = inside("bash -lc 'command -v python condadeps pip'").split()
    assert {path.rpartition("/")[0] for path in terminal} == {"/opt/conda/envs/python3/bin"}


def test_byte_code_is_there_for_whoever_cannot_write_it(inside: Callable[..., str]) -> None:
    tried = "python -v -c 'import jupyter_server.serverapp, jupyterlab.labapp' 2>&1"
    said = inside(tried)
    assert "matches /opt/conda/lib" in said
    assert not re.findall(r"code object from '.*\.py'", said)
    sources = int(inside("find /opt/conda/lib/python3*/site-packages/jupyter* -name '*.py' | wc -l"))
    compiled = int(inside("find /opt/conda/lib/python3*/site-packages/jupyter* -name '*.pyc' | wc -l"))
    assert compiled > 0.95 * sources


def test_labels_ports_and_the_commands_are_declared(image: str, podman: Podman) -> None:
    (found,) = json.loads(podman("image", "inspect", image).stdout)
    config = found["Config"]
    assert config["Entrypoint"] == ["tini", "-g", "--", "start.sh"]
    assert config["Cmd"] == ["jupyter-notebook-secure"]
    assert set(config["ExposedPorts"]) == {"443/tcp", "8443/tcp"}
    assert config["User"] == "1000"
    labels = {name.rpartition(".")[2]: value for name, value in config["Labels"].items()}
    assert labels["title"] == "jupyter-centos" and labels["licenses"] == "BSD-3-Clause"
    assert labels["version"] == "0.0.test"
    assert found["HealthCheck" if "HealthCheck" in found else "Healthcheck"]["Test"][-1].endswith(
        "healthcheck.py"
    )


def test_no_key_and_no_token_is_in_the_image(inside: Callable[..., str]) -> None:
    assert inside("ls -A /etc/jupyter/certificate") == ""
    pattern = "-----BEGIN [A-Z ]*PRIVATE KEY"
    places = "/etc /home /usr/local /opt/conda/etc"
    assert inside(f"grep -rlE --exclude='*.py' -e '{pattern}' {places} 2>/dev/null || true") == ""


def test_the_caches_of_the_build_are_not_in_the_image(inside: Callable[..., str]) -> None:
    assert inside("ls -d /opt/condadeps-cache /build /src /root/.cache 2>/dev/null || true") == ""
