"""What the launcher tells the server it starts, through one variable of the environment."""

from __future__ import annotations

import json
import os
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass

VARIABLE = "SECURE_JUPYTER"
SECRETS = ("JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE", "JUPYTER_HASHED_PASSWORD", "JUPYTER_HASHED_PASSWORD_FILE")
"""What no kernel and no terminal needs to see."""


@dataclass(frozen=True)
class Plan:
    """How the server is to run.

    ``mode`` is ``secure``, ``insecure`` (no TLS, for testing) or ``hub`` (JupyterHub decides who gets in).
    ``origin`` is the gallery's, "" without one. ``insist`` tells browsers to come back over TLS only.
    """

    mode: str
    ip: str = ""
    port: int = 0
    cert_file: str = ""
    key_file: str = ""
    insist: bool = False
    hashed_password: str = ""
    origin: str = ""
    root_dir: str = ""

    def tell(self, environ: MutableMapping[str, str]) -> None:
        """Writes the plan into ``environ``, for the server that is started with it."""
        environ[VARIABLE] = json.dumps(asdict(self))


def told() -> Plan | None:
    """The plan for this process; None when it was not started by the launcher."""
    text = os.environ.get(VARIABLE)
    return Plan(**json.loads(text)) if text else None


def forget() -> None:
    """Takes the plan and the secrets out of the environment that kernels and terminals get."""
    for name in (VARIABLE, *SECRETS):
        os.environ.pop(name, None)
