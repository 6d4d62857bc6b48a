"""The start of real containers: who runs the command, over which port, with which certificate, and again.

Each option of ``start.sh`` and of the launcher is tested in ``tests/launch``; these are how they meet in an
engine.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.image.conftest import Start
from tests.image.podman import podman

TOKEN = "c0ffee-a-given-token-c0ffee"


def run(
    image: str, *options: str | Path, command: str = "jupyter-notebook-secure --check", status: int = 0
) -> str:
    """All that a container says that ends by itself with ``status``, in a network of its own."""
    words = shlex.split(command)
    done = podman("run", "--rm", "--network=none", *options, image, *words, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def volume() -> Iterator[str]:
    """A volume, taken away after the test."""
    name = f"condadeps-test-{time.time_ns()}"
    yield name
    podman("volume", "rm", "--force", name)


# ---------------------------------------------------------------- the port


def test_a_user_gets_8443_and_the_mapping_where_the_engine_keeps_443(image: str) -> None:
    said = run(
        image, "--sysctl", "net.ipv4.ip_unprivileged_port_start=1024", "--cap-drop", "NET_BIND_SERVICE"
    )
    assert "https on port 8443" in said
    assert "-p 443:8443" in said


@pytest.mark.parametrize(
    "options",
    [
        ("--cap-add", "NET_BIND_SERVICE"),
        ("--sysctl", "net.ipv4.ip_unprivileged_port_start=0"),
        ("--user", "root"),
    ],
    ids=["capability", "sysctl", "started as root"],
)
def test_a_user_gets_443_where_the_engine_lets_it(image: str, options: tuple[str, ...]) -> None:
    said = run(image, *options)
    assert "https on port 443" in said
    assert "8443" not in said


# ---------------------------------------------------------------- the certificate


def fingerprint(said: str) -> str:
    found = re.search(r"SHA-256 ((?:[0-9A-F]{2}:){31}[0-9A-F]{2})", said)
    assert found, said
    return found[1]


def test_a_certificate_is_made_at_the_start_and_kept_in_a_volume(image: str, volume: str) -> None:
    once, again = (fingerprint(run(image)) for _ in range(2))
    assert once != again
    mounted = ("-v", f"{volume}:/etc/jupyter/certificate")
    first, second = (fingerprint(run(image, *mounted)) for _ in range(2))
    assert first == second
    shown = run(image, *mounted, command="stat -c '%a %U %n' /etc/jupyter/certificate/server.key")
    assert "600 jovyan /etc/jupyter/certificate/server.key" in shown


def test_a_key_that_others_can_read_starts_nothing(
    image: str, tmp_path: Path, shared_directory: Path
) -> None:
    from tests.launch.certificates import mount

    files = mount(shared_directory)
    files.key_file.chmod(0o644)
    named = ("-e", "CERT_FILE=/tls/server.crt", "-e", "KEY_FILE=/tls/server.key")
    said = run(
        image, "-v", f"{shared_directory}:/tls:ro", *named, command="jupyter-notebook-secure", status=1
    )
    assert "KEY_FILE=/tls/server.key holds a private key that others can read" in said


# ---------------------------------------------------------------- who runs it


def test_a_container_started_as_root_runs_as_the_user_that_was_asked_for(image: str) -> None:
    settings = {
        "NB_USER": "ada",
        "NB_UID": "1234",
        "NB_GID": "110",
        "NB_GROUP": "lab",
        "NB_UMASK": "027",
        "CHOWN_HOME": "yes",
        "CHOWN_HOME_OPTS": "-R",
        "CHOWN_EXTRA": "/srv,/mnt",
        "JUPYTER_ENV_VARS_TO_UNSET": "SECRET",
        "SECRET": "s3cret",
    }
    given = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
    command = "bash -c 'id; umask; pwd; stat -c \"%u:%g %n\" /srv /mnt ~ ~/work; jupyter --version; env'"
    said = run(image, "--user", "root", *given, command=command)
    assert "uid=1234(ada) gid=110(lab) groups=110(lab),100(users)" in said
    assert "\n0027\n/home/ada\n" in said
    assert "1234:110 /srv\n1234:110 /mnt\n1234:110 /home/ada\n1234:110 /home/ada/work\n" in said
    assert "jupyterlab" in said
    assert "s3cret" not in said


def test_sudo_is_granted_or_not_there(image: str) -> None:
    sudo = "bash -c 'sudo -n id -u && sudo -n which jupyter'"
    assert "0\n/opt/conda/bin/jupyter\n" in run(image, "--user", "root", "-e", "GRANT_SUDO=yes", command=sudo)
    run(image, "--user", "root", command="sudo -n id", status=1)


@pytest.mark.parametrize("user", ["1010:0", "1010:1010"])
def test_any_uid_may_start_the_server(image: str, user: str) -> None:
    said = run(image, "--user", user, "--group-add", "100")
    assert "all settings are good" in said
    assert "the certificate is not kept" not in said


def test_root_is_refused_unless_it_is_said(image: str) -> None:
    root = ("--user", "root", "-e", "NB_UID=0")
    assert "This would run as root" in run(image, *root, status=1)
    assert "all settings are good" in run(image, *root, command="--allow-root --check")


def test_hooks_are_run_from_where_they_are_mounted(image: str, tmp_path: Path) -> None:
    (tmp_path / "hello.sh").write_text("export FROM_A_HOOK=hello\n")
    mounted = ("-v", f"{tmp_path}/hello.sh:/usr/local/bin/before-notebook.d/99-hello.sh:ro")
    assert "<hello>" in run(image, *mounted, command="bash -c 'echo \"<$FROM_A_HOOK>\"'")


@pytest.mark.parametrize("name", ["start-notebook.sh", "start-notebook.py", "jupyter-notebook-secure"])
def test_the_names_people_type_start_the_secure_server(image: str, name: str) -> None:
    assert "all settings are good" in run(image, command=f"{name} --check")


# ---------------------------------------------------------------- over its life


def test_a_given_token_is_in_no_log_and_stopping_is_quick(container: Start) -> None:
    running = container(env={"JUPYTER_TOKEN": TOKEN})
    assert running.get(f"/api/status?token={TOKEN}")["kernels"] == 0
    assert TOKEN not in running.logs()
    began = time.monotonic()
    podman("stop", "--time", "30", running.id)
    assert time.monotonic() - began < 20


def test_restartable_outlives_a_server_that_dies(container: Start) -> None:
    running = container(env={"JUPYTER_TOKEN": TOKEN, "RESTARTABLE": "yes"})
    running.exec("pkill", "-KILL", "-f", "jupyter-?lab")
    for _ in range(300):
        if "RESTARTABLE: starting it again" in running.logs():
            break
        time.sleep(0.1)
    running.wait()
    assert running.get(f"/api/status?token={TOKEN}")["kernels"] == 0
    podman("stop", "--time", "30", running.id)
    assert running.finish() != 0
