"""``NBGALLERY_CONFIG_<TRAIT>``: one option of Jupyter Server each, as the published nbgallery images have it.

``NBGALLERY_CONFIG_BASE_URL=/jupyter/`` sets ``ServerApp.base_url``. The value is read by the option's kind
and never evaluated: text as it is, numbers, yes or no, and JSON for lists and tables. What decides who gets
in has settings of its own and is refused here, and so is what names code.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import traitlets

from secure_jupyter import words
from secure_jupyter.errors import LaunchError

PREFIX = "NBGALLERY_CONFIG_"

_ELSEWHERE = {
    "token": "Use JUPYTER_TOKEN or JUPYTER_TOKEN_FILE.",
    "password": "Use JUPYTER_HASHED_PASSWORD or JUPYTER_HASHED_PASSWORD_FILE.",
    "certfile": "Use CERT_FILE.",
    "keyfile": "Use KEY_FILE.",
    "port": "Use JUPYTER_PORT.",
    "port_retries": "Use JUPYTER_PORT.",
    "ip": "Use JUPYTER_IP.",
    "allow_root": "Use the argument --allow-root.",
    "allow_origin": "Use NBGALLERY_URL.",
    "allow_origin_pat": "Use NBGALLERY_URL.",
    "allow_credentials": "Use NBGALLERY_URL.",
    "disable_check_xsrf": "The gallery gets in without: set NBGALLERY_URL.",
}
_CLOSED = frozenset(
    {
        "allow_password_change",
        "allow_remote_access",
        "allow_unauthenticated_access",
        "config_file",
        "config_file_name",
        "cookie_options",
        "cookie_secret",
        "cookie_secret_file",
        "get_secure_cookie_kwargs",
        "jpserver_extensions",
        "password_required",
        "sock",
        "sock_mode",
        "ssl_options",
        "tornado_settings",
        "trust_xheaders",
    }
)


def check(environ: Mapping[str, str]) -> None:
    """Raises :class:`LaunchError` if an option set by ``environ`` cannot be."""
    if any(name.startswith(PREFIX) for name in environ):
        from jupyter_server.serverapp import ServerApp  # half a second, for those who need it

        read(environ, ServerApp.class_traits(config=True))


def read(environ: Mapping[str, str], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options set by ``environ``, of those that ``options`` (name: trait) has. Raises
    :class:`LaunchError`.
    """
    return {
        name.removeprefix(PREFIX).lower(): _value(name, text, options)
        for name, text in environ.items()
        if name.startswith(PREFIX)
    }


def _value(name: str, text: str, options: Mapping[str, Any]) -> Any:
    option = name.removeprefix(PREFIX).lower()
    if option in _ELSEWHERE:
        raise LaunchError(f"{name} is refused: it decides who gets in.", _ELSEWHERE[option])
    if option in _CLOSED:
        raise LaunchError(f"{name} is refused: it decides who gets in.", "Leave it out.")
    if option not in options:
        raise LaunchError(
            f"{name}: Jupyter Server has no option {option}.", "jupyter server --help-all lists them."
        )
    match options[option]:
        case traitlets.Bool():
            return words.switch({name: text}, name)
        case traitlets.Integer() | traitlets.Float() as kind:
            return _number(name, text, kind)
        case traitlets.Unicode() | traitlets.Enum():
            return text
        case traitlets.List() | traitlets.Dict() as kind:
            return _table(name, text, kind)
        case _:
            raise LaunchError(
                f"{name} is refused: its value would be code.", "Set it in a configuration file."
            )


def _number(name: str, text: str, kind: Any) -> int | float:
    whole = isinstance(kind, traitlets.Integer)
    try:
        return int(text) if whole else float(text)
    except ValueError:
        raise LaunchError(f"{name}={text} is not a {'whole ' if whole else ''}number.") from None


def _table(name: str, text: str, kind: Any) -> Any:
    shape, example = (list, '["a", "b"]') if isinstance(kind, traitlets.List) else (dict, '{"a": 1}')
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, shape):
        raise LaunchError(
            f"{name}={text} is not a JSON {shape.__name__}.", f"Write it like this: {name}='{example}'"
        )
    return value
