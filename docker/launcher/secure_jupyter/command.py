"""The commands: ``jupyter-notebook-secure`` and ``jupyter-notebook-insecure-for-testing-only``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from secure_jupyter import launch
from secure_jupyter.errors import LaunchError
from secure_jupyter.launch import Start

SECURE = "jupyter-notebook-secure"
INSECURE = "jupyter-notebook-insecure-for-testing-only"

_HELP = {
    SECURE: """\
usage: jupyter-notebook-secure [--check] [JUPYTER OPTION…]

Starts JupyterLab over TLS, with a token, as a user. Options are Jupyter's and are passed on.

  --check   checks all settings, makes the certificate if there is none, and starts nothing
  --help    this

  CERT_FILE, KEY_FILE        a certificate of yours and its key (PEM); without them one is made
  CERT_DIR                   where that one is kept, to be a volume
  CERT_HOSTS                 more names and addresses it is for: jupyter.example.org,192.0.2.7
  JUPYTER_PORT, JUPYTER_IP   where to listen: 443, or 8443 where 443 is not open to users; all addresses
  JUPYTER_TOKEN              the token, or JUPYTER_TOKEN_FILE; without, one is made and printed
  JUPYTER_HASHED_PASSWORD    what Jupyter makes of a password, or JUPYTER_HASHED_PASSWORD_FILE
  NOTEBOOK_DIR               where notebooks are
  NOTEBOOK_ARGS              more options for Jupyter
  DOCKER_STACKS_JUPYTER_CMD  lab (when unset), notebook, nbclassic or server
  RESTARTABLE=yes            starts Jupyter again whenever it ends
  NBGALLERY_URL, …           the gallery: docs/launcher.md has all of its settings

examples:
  jupyter-notebook-secure --check
  CERT_FILE=/tls/server.crt KEY_FILE=/tls/server.key jupyter-notebook-secure
  jupyter-notebook-secure --ServerApp.base_url=/jupyter/
""",
    INSECURE: """\
usage: jupyter-notebook-insecure-for-testing-only [JUPYTER OPTION…]

Starts JupyterLab WITHOUT TLS and, unless JUPYTER_TOKEN says one, WITHOUT A TOKEN. Whoever reaches its port
can run anything. It listens on 127.0.0.1 port 8888; --ip=ADDRESS (JUPYTER_IP) and --port=NUMBER
(JUPYTER_PORT) say otherwise. The other settings are those of jupyter-notebook-secure. Also called ji.

example:
  docker run --rm -p 127.0.0.1:8888:8888 IMAGE jupyter-notebook-insecure-for-testing-only --ip=0.0.0.0
""",
}
_STARTS: Mapping[str, Callable[[Mapping[str, str], Sequence[str]], Start]] = {
    SECURE: launch.secure,
    INSECURE: launch.insecure,
}


def main(name: str, argv: Sequence[str]) -> int:
    """Runs the command ``name`` with ``argv``: becomes the server, or returns 1 having said why it is not
    started.
    """
    if "--help" in argv or "-h" in argv:
        print(_HELP[name], end="")
        return 0
    check = name == SECURE and "--check" in argv
    words = [word for word in argv if word != "--check"] if check else list(argv)

    def prepare() -> Start:
        start = _STARTS[name](os.environ, words)
        for line in start.told:
            _say(name, line)
        return start

    try:
        start = prepare()
        if check:
            _say(name, "all settings are good; nothing was started (--check)")
            return 0
        return launch.run(start, prepare, lambda line: _say(name, line))
    except LaunchError as error:
        _say(name, str(error))
        return 1


def _say(name: str, text: str) -> None:
    for line in text.splitlines():
        print(f"{name}: {line}", file=sys.stderr, flush=True)
