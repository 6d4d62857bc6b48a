"""Jupyter Server's configuration, made from the plan. ``config/jupyter_server_config.py`` calls it."""

from __future__ import annotations

import os
import ssl
import sys
import warnings
from typing import Any

from secure_jupyter import plan, silence, tls, traits
from secure_jupyter.errors import LaunchError


def apply(config: Any) -> None:
    """Fills ``config`` (a traitlets ``Config``) in a server that the launcher started; else leaves it alone.

    Jupyter goes on without a configuration file that raises; a server that is to be secure must not.
    """
    told = plan.told()
    if told is None:
        return
    try:
        _fill(config, told)
    except LaunchError as error:
        sys.exit(f"jupyter: {error}")
    except Exception as error:
        sys.exit(f"jupyter: the launcher's configuration failed, so nothing is started: {error!r}")


def _fill(config: Any, told: plan.Plan) -> None:
    from jupyter_server.serverapp import ServerApp

    silence.keep(os.environ.get("JUPYTER_TOKEN", ""), told.hashed_password)
    # Of addresses that ask for no login themselves: allow_unauthenticated_access closes them.
    warnings.filterwarnings("ignore", message=".*endpoints without @allow_unauthenticated")
    server = config.ServerApp
    server.open_browser = False
    if told.root_dir:
        server.root_dir = told.root_dir
    for name, value in traits.read(os.environ, ServerApp.class_traits(config=True)).items():
        server[name] = value
    if told.mode == "secure":
        server.port_retries = 0
        server.ssl_options = {"ssl_version": ssl.PROTOCOL_TLS_SERVER, "ciphers": tls.CIPHERS}
        server.allow_unauthenticated_access = False
        # Lax: the browser sends the cookie from our own pages only. A gallery's pages need it sent as well.
        same_site = "None" if told.origin else "Lax"
        config.IdentityProvider.cookie_options = {"samesite": same_site, "secure": True}
    if told.hashed_password:
        config.PasswordIdentityProvider.hashed_password = told.hashed_password
