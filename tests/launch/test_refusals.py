"""What the launcher refuses, and what it says then: real launches, most of which end before Jupyter is
started.
"""

from __future__ import annotations

import os
import socket
import stat
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from secure_jupyter.errors import LaunchError
from secure_jupyter.extension import refuse
from secure_jupyter.plan import Plan

from tests.launch.certificates import mount
from tests.launch.servers import (
    INSECURE,
    PATIENCE,
    SECURE,
    TOKEN,
    as_user,
    environ,
    free_port,
    launch,
    listens,
    serving,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.network]
AS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0, reason="needs root, for a network and capabilities of its own"
)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """What a launch that failed said; it was short and no traceback."""
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    return done.stderr


# ---------------------------------------------------------------- by the launcher


def test_check_tells_everything_and_starts_nothing(jupyter: Path, home: Path) -> None:
    done = launch(jupyter, home, "--check", JUPYTER_PORT=str(free_port()), JUPYTER_TOKEN=TOKEN)
    assert done.returncode == 0
    assert "nothing was started" in done.stderr
    assert "SHA-256 " in done.stderr
    assert TOKEN not in done.stderr
    assert (home / ".jupyter" / "certificate" / "server.key").is_file()


def test_help_has_the_settings_and_examples(jupyter: Path, home: Path) -> None:
    done = launch(jupyter, home, "--help")
    assert done.returncode == 0
    assert "CERT_FILE" in done.stdout
    assert "examples:" in done.stdout


@AS_ROOT
def test_root_is_refused_unless_it_is_said(jupyter: Path, home: Path) -> None:
    settings = environ(jupyter, home, {"JUPYTER_PORT": str(free_port())})

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(SECURE), "--check", *arguments]
        return subprocess.run(command, env=settings, cwd=home, capture_output=True, text=True, check=False)

    said = refused(run())
    assert "This would run as root" in said
    assert "--allow-root" in said
    assert run("--allow-root").returncode == 0


@pytest.mark.parametrize("setting", [{"JUPYTER_TOKEN": ""}, {"NOTEBOOK_ARGS": "--IdentityProvider.token=''"}])
def test_an_empty_token_is_refused(jupyter: Path, home: Path, setting: dict[str, str]) -> None:
    assert "The token given is empty" in refused(launch(jupyter, home, **setting))


def test_an_open_key_is_refused(jupyter: Path, home: Path) -> None:
    files = mount(home / "tls")
    files.key_file.chmod(0o644)
    assert "others can read" in refused(launch(jupyter, home, **files.environ))


def test_nothing_is_made_for_a_start_that_is_refused(jupyter: Path, home: Path) -> None:
    refused(launch(jupyter, home, JUPYTER_PORT="none"))
    assert list(home.iterdir()) == []


def test_a_port_that_is_taken_is_refused(jupyter: Path, home: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"JUPYTER_PORT={port} at any address: another process listens there" in refused(
            launch(jupyter, home, JUPYTER_PORT=str(port))
        )


def test_an_address_of_another_machine_is_refused(jupyter: Path, home: Path) -> None:
    said = refused(launch(jupyter, home, "--ip=203.0.113.9", JUPYTER_PORT=str(free_port())))
    assert "JUPYTER_IP=203.0.113.9 is no address of this machine" in said


def test_a_notebook_directory_that_cannot_be_is_refused(jupyter: Path, home: Path) -> None:
    said = refused(launch(jupyter, home, JUPYTER_PORT=str(free_port()), NOTEBOOK_DIR="/proc/notebooks"))
    assert "NOTEBOOK_DIR=/proc/notebooks cannot be made" in said


def test_without_a_jupyter_on_path_it_says_so(home: Path) -> None:
    done = subprocess.run(
        [str(SECURE)],
        env={"PATH": "/usr/bin:/bin", "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "there is no jupyter on PATH" in refused(done)


# ---------------------------------------------------------------- by the server itself, whatever its
# configuration says


def test_a_configuration_that_undoes_it_starts_nothing(jupyter: Path, home: Path) -> None:
    (home / ".jupyter").mkdir()
    lines = "c = get_config()\nc.IdentityProvider.token = ''\n"
    (home / ".jupyter" / "jupyter_server_config.py").write_text(lines)
    port = free_port()
    assert "neither token nor password" in refused(launch(jupyter, home, JUPYTER_PORT=str(port)))
    assert not listens(port, tls=False)


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("--ServerApp.disable_check_xsrf=True", "disable_check_xsrf is set"),
        ("--ServerApp.allow_unauthenticated_access=True", "allow_unauthenticated_access is set"),
        ("--IdentityProvider.cookie_options={}", "the protection from the login's cookie"),
    ],
)
def test_an_argument_that_undoes_it_starts_nothing(
    jupyter: Path, home: Path, argument: str, why: str
) -> None:
    done = launch(jupyter, home, argument, JUPYTER_PORT=str(free_port()))
    assert why in refused(done)


def provider(enabled: bool = True, **cookie: object) -> SimpleNamespace:
    """Who lets people in, with a cookie that is protected, but for ``cookie``."""
    return SimpleNamespace(auth_enabled=enabled, cookie_options={"secure": True, "samesite": "Lax", **cookie})


def configured(**different: object) -> SimpleNamespace:
    """What the last look sees of a server that is as it was planned, but for ``different``."""
    server = SimpleNamespace(
        identity_provider=provider(),
        allow_unauthenticated_access=False,
        disable_check_xsrf=False,
        allow_origin="",
        allow_origin_pat="",
        certfile="/c",
        keyfile="/k",
        port=443,
    )
    server.__dict__.update(different)
    return server


PLAN = Plan(mode="secure", port=443, cert_file="/c", key_file="/k")


@pytest.mark.parametrize(
    ("different", "why"),
    [
        ({"identity_provider": provider(enabled=False)}, "neither token nor password"),
        ({"identity_provider": provider(secure=False)}, "the protection from the login's cookie"),
        ({"identity_provider": provider(httponly=False)}, "the protection from the login's cookie"),
        ({"identity_provider": provider(samesite=None)}, "the protection from the login's cookie"),
        ({"allow_unauthenticated_access": True}, "allow_unauthenticated_access is set"),
        ({"disable_check_xsrf": True}, "disable_check_xsrf is set"),
        ({"allow_origin": "*"}, "lets the pages of every site in"),
        ({"allow_origin_pat": "https://.*"}, "lets the pages of every site in"),
        ({"certfile": "/other"}, "another certificate or port"),
        ({"certfile": "", "keyfile": ""}, "another certificate or port"),
        ({"port": 80}, "another certificate or port"),
    ],
)
def test_the_last_look_sees_what_was_undone(different: dict[str, object], why: str) -> None:
    with pytest.raises(LaunchError, match=why):
        refuse(configured(**different), PLAN)


def test_the_last_look_lets_by_what_is_as_planned() -> None:
    refuse(configured(), PLAN)
    refuse(configured(allow_origin="https://one.example", allow_origin_pat="https://two[.]example$"), PLAN)


# ---------------------------------------------------------------- the port, in a network of its own


def in_a_network(jupyter: Path, home: Path, sysctl: int) -> subprocess.CompletedProcess[str]:
    """``--check`` by a user without capabilities, where ports from ``sysctl`` on are anybody's."""
    inner = " ".join(as_user([SECURE, "--check"]))
    script = f"echo {sysctl} > /proc/sys/net/ipv4/ip_unprivileged_port_start && exec {inner}"
    return subprocess.run(
        ["unshare", "--net", "sh", "-c", script],
        env=environ(jupyter, home, {}),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@AS_ROOT
def test_443_is_used_where_the_kernel_lets_a_user(jupyter: Path, home: Path) -> None:
    done = in_a_network(jupyter, home, 0)
    assert done.returncode == 0, done
    assert "https on port 443" in done.stderr
    assert "-p " not in done.stderr


@AS_ROOT
def test_8443_is_used_where_it_does_not_and_the_mapping_told(jupyter: Path, home: Path) -> None:
    done = in_a_network(jupyter, home, 1024)
    assert done.returncode == 0, done
    assert "https on port 8443" in done.stderr
    assert "-p 443:8443" in done.stderr


@AS_ROOT
def test_a_capability_is_enough_for_443(jupyter: Path, home: Path) -> None:
    keep = " ".join(
        f"--{kind}=-all,+net_bind_service" for kind in ("inh-caps", "ambient-caps", "bounding-set")
    )
    script = f"exec setpriv {keep} {SECURE} --check --allow-root"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", script],
        env=environ(jupyter, home, {}),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert "https on port 443" in done.stderr, done


@AS_ROOT
def test_a_port_asked_for_that_the_kernel_keeps_is_refused(jupyter: Path, home: Path) -> None:
    said = refused(launch(jupyter, home, "--check", JUPYTER_PORT="80"))
    assert "JUPYTER_PORT=80: the kernel does not let user 1000 listen on port 80" in said
    assert "-p 80:8443" in said


# ---------------------------------------------------------------- the insecure one


def test_the_insecure_one_shouts_and_listens_where_it_is_told(jupyter: Path, home: Path) -> None:
    with serving(jupyter, home, "--ip=127.0.0.1", program=INSECURE, scheme="http") as server:
        assert server.curl("/api/status").status == 200
        assert "INSECURE, FOR TESTING ONLY: NO TLS" in server.said
        assert "NO TOKEN: WHOEVER REACHES THIS PORT CAN RUN ANYTHING HERE." in server.said
        listening = subprocess.run(
            ["ss", "-ltnH", f"sport = :{server.port}"], capture_output=True, text=True, check=True
        )
        assert [line.split()[3] for line in listening.stdout.splitlines()] == [f"127.0.0.1:{server.port}"]


def test_the_insecure_one_listens_everywhere_only_when_told(jupyter: Path, home: Path) -> None:
    settings = {"JUPYTER_IP": "0.0.0.0", "JUPYTER_TOKEN": TOKEN}
    with serving(jupyter, home, program=INSECURE, scheme="http", **settings) as server:
        assert "FROM EVERY NETWORK THIS MACHINE IS ON" in server.said
        # A token that was given still counts.
        assert server.curl("/api/status").status == 403
        assert server.curl("/api/status", token=TOKEN).status == 200
        assert TOKEN not in server.said
        # The end of Jupyter is the end, unless RESTARTABLE says otherwise.
        wait_until(lambda: "is running at:" in server.said)
        assert server.curl("/api/shutdown", "--request", "POST", token=TOKEN).status == 200
        assert server.process.wait(30) == 0


def test_ji_is_its_short_name(jupyter: Path, home: Path) -> None:
    done = launch(jupyter, home, "--help", program=INSECURE.parent / "ji")
    assert "WITHOUT A TOKEN" in done.stdout


def test_files_of_the_launcher_are_programs() -> None:
    for program in (SECURE, INSECURE):
        assert stat.S_IMODE(program.stat().st_mode) & 0o111
