"""What image users expect of the server: which one runs, with what, again, and for JupyterHub."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.launch.servers import (
    SECURE,
    TOKEN,
    Server,
    environ,
    free_port,
    serving,
    stop,
    wait_for,
    wait_until,
)

pytestmark = [pytest.mark.slow, pytest.mark.network]


@pytest.fixture(scope="module")
def server(jupyter: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The classic notebook, with options of every kind."""
    home = tmp_path_factory.mktemp("classic")
    said = {
        "JUPYTER_TOKEN": TOKEN,
        "NOTEBOOK_DIR": str(home / "a" / "b"),
        "NOTEBOOK_ARGS": "--ServerApp.base_url='/a-b/' --ServerApp.quit_button=False",
        "DOCKER_STACKS_JUPYTER_CMD": "nbclassic",
    }
    with serving(jupyter, home, "--IdentityProvider.cookie_name=mine", **said) as running:
        # It answers a handshake before it has loaded its extensions.
        wait_until(lambda: "is running at:" in running.said)
        yield running


def test_notebook_dir_is_made_and_served(server: Server) -> None:
    (server.home / "a" / "b" / "here.txt").touch()
    listed = json.loads(server.curl("/a-b/api/contents", token=TOKEN).body)["content"]
    assert [one["name"] for one in listed] == ["here.txt"]


def test_notebook_args_and_arguments_reach_jupyter(server: Server) -> None:
    answer = server.curl("/a-b/api/status", token=TOKEN)
    assert answer.status == 200
    assert [one for one in answer.cookies() if one.startswith("mine=")]


def test_another_application_is_started_as_securely(server: Server) -> None:
    assert server.curl("/a-b/nbclassic/tree").status == 302
    assert "nbclassic" in server.curl("/a-b/nbclassic/tree", token=TOKEN).body


def test_a_server_that_somebody_starts_in_a_terminal_is_jupyter_s_own(jupyter: Path, home: Path) -> None:
    """Terminals inherit where the launcher's configuration is; it is for the launcher's server alone."""
    config = str(SECURE.parent.parent / "docker" / "launcher" / "config")
    port = str(free_port())
    with serving(
        jupyter,
        home,
        "server",
        f"--ServerApp.port={port}",
        program=jupyter / "bin" / "jupyter",
        scheme="http",
        JUPYTER_PORT=port,
        JUPYTER_CONFIG_PATH=config,
    ) as server:
        wait_until(lambda: "is running at:" in server.said)
        assert "?token=" in server.said
        assert "secure_jupyter.extension | extension was successfully loaded" in server.said
        assert server.curl("/api/status").status == 403


def children(pid: int) -> list[int]:
    done = subprocess.run(["pgrep", "--parent", str(pid)], capture_output=True, text=True, check=False)
    return [int(word) for word in done.stdout.split()]


def test_restartable_starts_it_again_and_ends_when_told(jupyter: Path, home: Path) -> None:
    with serving(jupyter, home, JUPYTER_TOKEN=TOKEN, RESTARTABLE="yes") as server:
        (first,) = children(server.process.pid)
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: "RESTARTABLE: starting it again" in server.said)
        wait_until(lambda: bool(children(server.process.pid)))
        wait_for(server)
        assert server.curl("/api/status", token=TOKEN).status == 200
        assert stop(server.process) == 128 + signal.SIGTERM
        assert not subprocess.run(
            ["pgrep", "-f", f"--ServerApp.port={server.port}"], check=False, capture_output=True
        ).stdout


# ---------------------------------------------------------------- JupyterHub


class FakeHub(BaseHTTPRequestHandler):
    """What a hub answers to its server while it starts; nobody logs in. Real hubs are beyond these tests."""

    def do_GET(self) -> None:
        self._answer({"version": "5.2.0"} if self.path == "/hub/api/" else {"kind": "user", "name": "jo"})

    def do_POST(self) -> None:
        self._answer({})

    def _answer(self, content: dict[str, str]) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def hub() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeHub)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()


def test_a_hub_s_token_starts_the_hub_s_server(jupyter: Path, home: Path, hub: str) -> None:
    port = free_port()
    hub_says = {
        "JUPYTERHUB_API_TOKEN": "token-of-the-hub",
        "JUPYTERHUB_API_URL": f"{hub}/hub/api",
        "JUPYTERHUB_BASE_URL": "/",
        "JUPYTERHUB_CLIENT_ID": "jupyterhub-user-jo",
        "JUPYTERHUB_HOST": "",
        "JUPYTERHUB_OAUTH_CALLBACK_URL": "/user/jo/oauth_callback",
        "JUPYTERHUB_SERVICE_PREFIX": "/user/jo/",
        "JUPYTERHUB_SERVICE_URL": f"http://127.0.0.1:{port}/user/jo/",
        "JUPYTERHUB_USER": "jo",
        "NBGALLERY_URL": "https://gallery.example.org",
        "NOTEBOOK_DIR": str(home / "work"),
        "JUPYTER_PORT": str(port),
    }
    with serving(jupyter, home, scheme="http", **hub_says) as server:
        assert "starting the hub's server" in server.said
        answer = server.curl("/user/jo/lab")
        # Strangers are sent to the hub.
        assert answer.status == 302
        assert (answer.header("Location") or "").startswith("/hub/api/oauth2/authorize")
        assert server.curl("/user/jo/api/contents").status in (302, 403)
        assert "token-of-the-hub" not in server.said
        assert (home / "work").is_dir()


def test_the_hub_s_server_listens_where_the_hub_expects(jupyter: Path, home: Path) -> None:
    code = "import sys; sys.path.insert(0, sys.argv[1]); from secure_jupyter import launch; import os\n"
    code += "print(launch.hub(os.environ, sys.argv[2:]).command[1:])"
    launcher = SECURE.parent.parent / "docker" / "launcher"
    settings = environ(jupyter, home, {"NOTEBOOK_ARGS": "--debug"})

    def command(*arguments: str) -> str:
        run = [jupyter / "bin" / "python", "-c", code, launcher, *arguments]
        return subprocess.run(run, env=settings, capture_output=True, text=True, check=True).stdout.strip()

    assert command("--x") == "('--ip=0.0.0.0', '--debug', '--x')"
    assert command("--ip=127.0.0.1") == "('--debug', '--ip=127.0.0.1')"
