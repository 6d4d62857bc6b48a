"""From settings to a running server: what is checked and made first, the command, and running it again."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType

from secure_jupyter import access, certificate, gallery, identity, listening, traits
from secure_jupyter import settings as asked
from secure_jupyter.errors import LaunchError
from secure_jupyter.gallery import Gallery
from secure_jupyter.plan import Plan
from secure_jupyter.settings import Settings

CONFIGURATION = Path(__file__).resolve().parent.parent / "config"
INSECURE_PORT = 8888
_LOOPBACK = "127.0.0.1"
_QUICK = 5.0
_LONGEST_WAIT = 30.0


@dataclass(frozen=True)
class Start:
    """A server ready to be started: its command, its environment, and what to tell whoever starts it."""

    command: tuple[str, ...]
    environ: Mapping[str, str]
    told: tuple[str, ...]
    restartable: bool = False


def secure(environ: Mapping[str, str], argv: Sequence[str]) -> Start:
    """The server over TLS, with a token or a password; JupyterHub's when a hub started us.

    Everything is checked, and a certificate made if there is none. Raises :class:`LaunchError`.
    """
    if environ.get("JUPYTERHUB_API_TOKEN"):
        return hub(environ, argv)
    settings = asked.read(environ, argv)
    _refuse_root(settings)
    way_in = access.check(settings.token, settings.password)
    nbgallery = gallery.read(environ)
    traits.check(environ)
    now = datetime.now(timezone.utc)
    who = identity.mounted(settings.cert_file, settings.key_file, now)
    port = listening.choose(settings.port, settings.address)
    _make_directory(settings.notebook_dir)
    # Last: nothing is made for a start that is refused.
    who = who or identity.own(settings.cert_dir, settings.cert_hosts, now)
    plan = Plan(
        mode="secure",
        ip=settings.address,
        port=port.number,
        cert_file=str(who.cert_file),
        key_file=str(who.key_file),
        insist=who.lasting,
        hashed_password=way_in.hashed_password or "",
        origin=nbgallery.origin,
        root_dir=str(settings.notebook_dir or ""),
    )
    # On the command line too: TLS does not hang on a configuration file being read.
    options = (f"--ServerApp.certfile={who.cert_file}", f"--ServerApp.keyfile={who.key_file}")
    notes = (port.note, *who.notes, *way_in.notes, *nbgallery.notes)
    told = [
        f"https on port {port.number}",
        *_describe(who),
        _describe_way_in(way_in),
        *_describe_gallery(nbgallery),
    ]
    return Start(
        command=(*_jupyter(settings, port.number), *options, *settings.arguments),
        environ=_environ(environ, plan, nbgallery, way_in.token),
        told=(*told, *(f"NOTE: {note}" for note in notes if note)),
        restartable=settings.restartable,
    )


def insecure(environ: Mapping[str, str], argv: Sequence[str]) -> Start:
    """The server without TLS and, unless a token or a password is given, open to all.

    Raises :class:`LaunchError`.
    """
    settings = asked.read(environ, argv, address=_LOOPBACK)
    _refuse_root(settings)
    nbgallery = gallery.read(environ)
    open_to_all = not settings.token and not settings.password
    if not open_to_all:
        access.check(settings.token or None, settings.password or None)
    number = settings.port or INSECURE_PORT
    listening.choose(number, settings.address)
    _make_directory(settings.notebook_dir)
    plan = Plan(
        mode="insecure",
        ip=settings.address,
        port=number,
        hashed_password=settings.password or "",
        origin=nbgallery.origin,
        root_dir=str(settings.notebook_dir or ""),
    )
    nobody_asked = ("--IdentityProvider.token=", "--PasswordIdentityProvider.hashed_password=")
    options = nobody_asked if open_to_all else ()
    return Start(
        command=(*_jupyter(settings, number), *options, *settings.arguments),
        environ=_environ(environ, plan, nbgallery, settings.token or None),
        told=_shout(settings, number, open_to_all),
        restartable=settings.restartable,
    )


def hub(environ: Mapping[str, str], argv: Sequence[str]) -> Start:
    """A server of JupyterHub's: the hub says where it listens, who gets in, and speaks TLS."""
    settings = asked.read({**environ, "JUPYTER_TOKEN": "of-the-hub"}, ())
    nbgallery = gallery.read(environ)
    _make_directory(settings.notebook_dir)
    arguments = (*shlex.split(environ.get("NOTEBOOK_ARGS", "")), *argv)
    everywhere = () if any(word.partition("=")[0] == "--ip" for word in arguments) else ("--ip=0.0.0.0",)
    plan = Plan(mode="hub", origin=nbgallery.origin, root_dir=str(settings.notebook_dir or ""))
    return Start(
        command=(_beside("jupyterhub-singleuser"), *everywhere, *arguments),
        environ=_environ(environ, plan, nbgallery, None),
        told=("JUPYTERHUB_API_TOKEN is set: starting the hub's server", *_describe_gallery(nbgallery)),
    )


# ---------------------------------------------------------------- the parts of a start


def _refuse_root(settings: Settings) -> None:
    if os.geteuid() == 0 and not settings.allow_root:
        raise LaunchError(
            "This would run as root: every notebook could do anything in here.",
            "Start it as a user (start.sh does: --user root is for its options), or say so: --allow-root",
        )


def _make_directory(directory: Path | None) -> None:
    if directory is None:
        return
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LaunchError(
            f"NOTEBOOK_DIR={directory} cannot be made by user {os.getuid()}: {error.strerror}.",
            "Name one that can, or mount one there.",
        ) from None


def _beside(program: str) -> str:
    """``program`` of the environment we run in; PATH may name a kernel's."""
    path = Path(sys.executable).parent / program
    return str(path) if path.exists() else program


def _jupyter(settings: Settings, port: int) -> tuple[str, ...]:
    return (
        _beside("jupyter"),
        settings.application,
        f"--ServerApp.ip={settings.address or '*'}",
        f"--ServerApp.port={port}",
    )


def _environ(
    environ: Mapping[str, str], plan: Plan, nbgallery: Gallery, token: str | None
) -> Mapping[str, str]:
    said = gallery.environment(environ, nbgallery)
    for name in ("JUPYTER_TOKEN", "JUPYTER_TOKEN_FILE", "JUPYTER_PORT"):
        said.pop(name, None)
    if token:
        said["JUPYTER_TOKEN"] = token
    plan.tell(said)
    written = _runtime_directory(plan)
    gallery.write(written, nbgallery)
    paths = [str(written), str(CONFIGURATION), said.get("JUPYTER_CONFIG_PATH", "")]
    said["JUPYTER_CONFIG_PATH"] = os.pathsep.join(path for path in paths if path)
    return said


def _runtime_directory(plan: Plan) -> Path:
    """A directory of this user's for what is written at each start."""
    from jupyter_core.paths import jupyter_runtime_dir

    directory = Path(jupyter_runtime_dir()) / f"secure-jupyter-{plan.mode}-{plan.port}"
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        directory.chmod(0o700)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="secure-jupyter-"))
    return directory


# ---------------------------------------------------------------- what people are told


def _describe(who: identity.Identity) -> list[str]:
    found = who.certificate
    kind = "mounted" if who.mounted else "self-signed: your browser warns once, compare this fingerprint"
    return [
        f"certificate {who.cert_file} ({kind})",
        f"  SHA-256 {found.fingerprint}",
        f"  until {certificate.day(found.ends)}, for {', '.join(found.hosts) or 'no host'}",
    ]


def _describe_way_in(way_in: access.Access) -> str:
    if way_in.token and way_in.hashed_password:
        return "the way in is the token or the password you gave"
    if way_in.hashed_password:
        return "the way in is the password you gave the hash of"
    if way_in.token:
        return "the way in is the token you gave"
    return "the way in is the token that Jupyter prints below, unless its configuration has a password"


def _describe_gallery(nbgallery: Gallery) -> list[str]:
    return [f"the gallery is {nbgallery.url}"] if nbgallery.url else []


def _shout(settings: Settings, port: int, open_to_all: bool) -> tuple[str, ...]:
    everywhere = settings.address == ""
    reach = "FROM EVERY NETWORK THIS MACHINE IS ON" if everywhere else f"at {settings.address}"
    lines = [
        "INSECURE, FOR TESTING ONLY: NO TLS. WHAT IS TYPED AND SHOWN CAN BE READ AND CHANGED ON THE WAY.",
        f"Listening on port {port} {reach}.",
    ]
    if open_to_all:
        lines.insert(1, "NO TOKEN: WHOEVER REACHES THIS PORT CAN RUN ANYTHING HERE.")
    if settings.address == _LOOPBACK:
        lines.append(
            f"From outside a container, nobody gets here without --ip=0.0.0.0 and -p 127.0.0.1:{port}:{port}"
        )
    width = max(map(len, lines)) + 8
    return ("!" * width, *(f"!!  {line:<{width - 8}}  !!" for line in lines), "!" * width)


# ---------------------------------------------------------------- running


def run(start: Start, again: Callable[[], Start], say: Callable[[str], None]) -> int:
    """Becomes the server; with ``RESTARTABLE`` starts it again whenever it ends, ``again`` having prepared it
    anew.

    Returns only in the second case, when a signal ended us.
    """
    if start.restartable:
        return _over_and_over(start, again, say)
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvpe(start.command[0], list(start.command), dict(start.environ))
    except OSError as error:
        raise LaunchError(f"{start.command[0]} cannot be run: {error.strerror}.") from None


def _over_and_over(start: Start, again: Callable[[], Start], say: Callable[[str], None]) -> int:
    stopped: list[int] = []
    child: list[subprocess.Popen[bytes]] = []

    def stop(number: int, _frame: FrameType | None) -> None:
        stopped.append(number)
        if child and child[0].poll() is None:
            child[0].send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    wait = 1.0
    while True:
        began = time.monotonic()
        child[:] = [subprocess.Popen(start.command, env=dict(start.environ))]
        status = child[0].wait()
        if stopped:
            return 128 + stopped[0]
        # One that cannot start must not keep a processor busy.
        quick = time.monotonic() - began < _QUICK
        wait = min(wait * 2, _LONGEST_WAIT) if quick else 1.0
        say(f"Jupyter ended with status {status}; RESTARTABLE: starting it again in {wait:.0f} s")
        _sleep(wait, stopped)
        if stopped:
            return 128 + stopped[0]
        start = again()


def _sleep(seconds: float, stopped: Sequence[int]) -> None:
    """``time.sleep`` goes on after a signal."""
    until = time.monotonic() + seconds
    while not stopped and time.monotonic() < until:
        time.sleep(0.1)
