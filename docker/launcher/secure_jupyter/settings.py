"""What the environment and the command line ask for."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from secure_jupyter import words
from secure_jupyter.errors import LaunchError

IMAGE_CERT_DIR = Path("/etc/jupyter/certificate")
"""Where the image keeps its own certificate: a directory of its own, to be a volume."""

_SERVER = r"(?:ServerApp|NotebookApp|LabApp|JupyterApp|JupyterNotebookApp)"
_PROVIDER = r"(?:IdentityProvider|PasswordIdentityProvider|ServerApp|NotebookApp|LabApp|JupyterApp)"
# Options of Jupyter that we must decide ourselves, by the name they have here.
_FOLDED = {
    "port": re.compile(rf"--(?:{_SERVER}\.)?port"),
    "ip": re.compile(rf"--(?:{_SERVER}\.)?ip"),
    "certfile": re.compile(rf"--(?:{_SERVER}\.)?certfile"),
    "keyfile": re.compile(rf"--(?:{_SERVER}\.)?keyfile"),
    "token": re.compile(rf"--{_PROVIDER}\.token"),
    "password": re.compile(rf"--{_PROVIDER}\.(?:hashed_)?password"),
}
_ROOT_ALLOWED = re.compile(rf"--(?:allow-root|{_SERVER}\.allow_root=(?:True|true|1))")
_APPLICATION = re.compile(r"[a-z][a-z0-9-]*")


@dataclass(frozen=True)
class Settings:
    """What was asked for, read and not yet tried.

    ``port`` None lets the launcher choose, ``address`` "" means all of the machine's. ``token`` and
    ``password`` (a hash) None were not given. ``arguments`` go to Jupyter as they are.
    """

    port: int | None
    address: str
    cert_file: Path | None
    key_file: Path | None
    cert_dir: Path
    cert_hosts: tuple[str, ...]
    token: str | None
    password: str | None
    notebook_dir: Path | None
    application: str
    restartable: bool
    allow_root: bool
    arguments: tuple[str, ...]


def read(environ: Mapping[str, str], argv: Sequence[str], address: str = "") -> Settings:
    """The settings in ``environ`` and ``argv`` (which wins). ``address`` is where to listen when nothing
    says.

    Raises :class:`LaunchError` for a value that makes no sense by itself.
    """
    arguments, folded = _fold([*_notebook_args(environ), *argv])
    token = folded.get("token", words.secret(environ, "JUPYTER_TOKEN"))
    password = folded.get("password", words.secret(environ, "JUPYTER_HASHED_PASSWORD"))
    port = folded.get("port") or environ.get("JUPYTER_PORT")
    return Settings(
        port=words.port(port, "JUPYTER_PORT") if port else None,
        address=_address(folded.get("ip", environ.get("JUPYTER_IP", address))),
        cert_file=_path(folded.get("certfile") or environ.get("CERT_FILE")),
        key_file=_path(folded.get("keyfile") or environ.get("KEY_FILE")),
        cert_dir=_cert_dir(environ),
        cert_hosts=tuple(word for word in re.split(r"[,\s]+", environ.get("CERT_HOSTS", "")) if word),
        token=token,
        password=password,
        notebook_dir=_path(environ.get("NOTEBOOK_DIR")),
        application=_application(environ),
        restartable=words.switch(environ, "RESTARTABLE"),
        allow_root=any(_ROOT_ALLOWED.fullmatch(argument) for argument in arguments),
        arguments=arguments,
    )


def _notebook_args(environ: Mapping[str, str]) -> list[str]:
    try:
        return shlex.split(environ.get("NOTEBOOK_ARGS", ""))
    except ValueError as error:
        reason = str(error).lower().removesuffix(".")
        raise LaunchError(
            f"NOTEBOOK_ARGS cannot be read: {reason}.", "Quote it as for a shell: NOTEBOOK_ARGS='--debug'"
        ) from None


def _fold(arguments: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """``arguments`` without those we decide ourselves, and the values of these; the last of each counts."""
    rest: list[str] = []
    folded: dict[str, str] = {}
    words_left = list(arguments)
    while words_left:
        word = words_left.pop(0)
        option, equals, value = word.partition("=")
        name = next((name for name, pattern in _FOLDED.items() if pattern.fullmatch(option)), None)
        if name is None:
            rest.append(word)
            continue
        if not equals:
            if not words_left or words_left[0].startswith("--"):
                raise LaunchError(f"{option} has no value.", f"Give it one: {option}=…")
            value = words_left.pop(0)
        # Jupyter's own documentation writes --IdentityProvider.token='', quotes and all in some shells.
        folded[name] = "" if value in ("''", '""') else value
    return tuple(rest), folded


def _address(value: str) -> str:
    """Jupyter's three ways to say "all addresses" are one here."""
    return "" if value in ("*", "0.0.0.0", "::") else value


def _path(value: str | None) -> Path | None:
    return Path(value) if value else None


def _cert_dir(environ: Mapping[str, str]) -> Path:
    if environ.get("CERT_DIR"):
        return Path(environ["CERT_DIR"])
    if IMAGE_CERT_DIR.is_dir():
        return IMAGE_CERT_DIR
    return Path(environ.get("HOME") or "/") / ".jupyter" / "certificate"


def _application(environ: Mapping[str, str]) -> str:
    name = environ.get("DOCKER_STACKS_JUPYTER_CMD") or "lab"
    if not _APPLICATION.fullmatch(name):
        raise LaunchError(
            f"DOCKER_STACKS_JUPYTER_CMD={name} is not the name of a Jupyter application.",
            "Use lab, notebook, nbclassic or server. Options go into NOTEBOOK_ARGS.",
        )
    return name
