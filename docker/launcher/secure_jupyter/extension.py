"""A server extension: the last look before the server listens, and what configuration cannot say."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from secure_jupyter import gallery_shim, plan, tls
from secure_jupyter.errors import LaunchError

HSTS = f"max-age={365 * 24 * 3600}"
_ANYBODY = "https://anybody.invalid"
_LOOK_EVERY = 5
"""Seconds between looks at the certificate's files: a mounted one is renewed where it came from."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "secure_jupyter.extension"}]


def _load_jupyter_server_extension(app: Any) -> None:
    """Called by Jupyter Server when all is configured and nothing listens. Ends the process rather than be
    insecure.
    """
    told = plan.told()
    if told is None:
        return
    plan.forget()
    try:
        if told.mode == "secure":
            refuse(app, told)
            _secure(app, told)
        _mind_the_gallery(app, told.origin)
    except LaunchError as error:
        sys.exit(f"jupyter: {error}")
    except Exception as error:
        sys.exit(f"jupyter: the server could not be made secure, so it is not started: {error!r}")


def refuse(app: Any, told: plan.Plan) -> None:
    """Raises :class:`LaunchError` if arguments or configuration files undid what makes the server secure."""
    if not app.identity_provider.auth_enabled:
        raise LaunchError(
            "This server would have neither token nor password: anyone who reaches the port could use it.",
            "Take the empty token out of the arguments and the configuration files.",
        )
    if app.disable_check_xsrf:
        raise LaunchError(
            "disable_check_xsrf is set: any web page could act here in its visitors' name.",
            "Leave it out. A gallery gets in without it: NBGALLERY_URL=…",
        )
    if app.allow_unauthenticated_access:
        raise LaunchError(
            "allow_unauthenticated_access is set: what forgot to ask for the login would be open.",
            "Leave it out.",
        )
    cookie = app.identity_provider.cookie_options
    if not (cookie.get("secure") and cookie.get("httponly", True) and cookie.get("samesite")):
        raise LaunchError(
            "IdentityProvider.cookie_options takes the protection from the login's cookie.", "Leave it out."
        )
    pattern = app.allow_origin_pat
    if app.allow_origin == "*" or (pattern and re.match(pattern, _ANYBODY)):
        raise LaunchError(
            "allow_origin lets the pages of every site in.", "Name the one that may: NBGALLERY_URL=…"
        )
    if (app.certfile, app.keyfile, app.port) != (told.cert_file, told.key_file, told.port):
        raise LaunchError(
            "A configuration file sets another certificate or port than the ones that were checked.",
            "Use CERT_FILE, KEY_FILE and JUPYTER_PORT.",
        )


def _secure(app: Any, told: plan.Plan) -> None:
    cert_file, key_file = Path(told.cert_file), Path(told.key_file)
    context = tls.context(cert_file, key_file)
    settings = app.web_app.settings
    xsrf_cookie = settings.get("xsrf_cookie_kwargs", {})
    settings["xsrf_cookie_kwargs"] = {**xsrf_cookie, "secure": True, "samesite": "Lax"}
    # Jupyter lets pages of any origin see the answer to a request that has the token; an empty one is no
    # page's.
    headers = {"Access-Control-Allow-Origin": "", **settings.get("headers", {})}
    if told.insist:
        headers["Strict-Transport-Security"] = HSTS
    settings["headers"] = headers
    # ServerApp.ssl_options takes no SSLContext. This runs before the socket is bound: callbacks keep their
    # order.
    app.io_loop.add_callback(_use, app, context)
    _follow(app, context, cert_file, key_file)


def _use(app: Any, context: Any) -> None:
    app.http_server.ssl_options = context


def _follow(app: Any, context: Any, cert_file: Path, key_file: Path) -> None:
    """New connections get the certificate in the files of now; one that does not load changes nothing."""
    from tornado.ioloop import PeriodicCallback

    seen = _times(cert_file, key_file)

    def look() -> None:
        nonlocal seen
        now = _times(cert_file, key_file)
        if now == seen:
            return
        seen = now
        try:
            tls.context(cert_file, key_file)
            context.load_cert_chain(cert_file, key_file)
        except (OSError, ValueError) as error:
            app.log.error("The certificate in %s has changed and cannot be used: %s", cert_file, error)
        else:
            app.log.info("The certificate in %s has changed: new connections use it.", cert_file)

    app.io_loop.add_callback(PeriodicCallback(look, _LOOK_EVERY * 1000).start)


def _times(*paths: Path) -> tuple[float, ...]:
    """When the files were changed; 0 for one that is being replaced."""
    times = []
    for path in paths:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            times.append(0.0)
    return tuple(times)


def _mind_the_gallery(app: Any, origin: str) -> None:
    gallery_shim.disarm()
    try:
        if origin:
            gallery_shim.install(origin)
    except ImportError as error:
        app.log.warning("NBGALLERY_URL is set and nbgallery's extensions are not installed: %s", error)
