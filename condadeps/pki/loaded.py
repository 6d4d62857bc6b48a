"""Asking pypki3 for the certificate it is configured with: done by a door, where a person can be asked.

pypki3 reads a ``.p12`` or ``.pem`` file named in its own ``config.ini``, asks for the password once if the
key is encrypted, and keeps the opened key in this process' memory. Its ways of handing the key out write
files that others can read and that a kill leaves behind, so it is only asked to open the key.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps.errors import ConfigError
from condadeps.pki.identity import Identity, Missing

if TYPE_CHECKING:
    from condadeps.asked.job import Job

_INSTALL = "condadeps install pypki3 (%condadeps pypki3), and configure it"
_PREPARE = "import pypki3; pypki3.prepare() asks for the password once, also before a notebook's other cells"
_CONFIGURE = "pypki3's page on PyPI says how: [global] with p12 (or pem) and ca"


def of_job(job: Job) -> Identity | Missing | None:
    """What ``job``, settled, is to show; None when nobody asked for it.

    Raises ConfigError when a certificate is asked for and there is none. Where only the overrides document
    of ipydeps' configuration wants one, that is :class:`Missing`: work goes on without the document.
    """
    if job.options.pki:
        return identity()
    if not _for_the_document(job):
        return None
    try:
        return identity()
    except ConfigError as error:
        return Missing(error.message)


def _for_the_document(job: Job) -> bool:
    from condadeps import config
    from condadeps.overrides import links

    if not links.heeded(job):
        return False
    return links.of(job, config.read(job.prefix, job.directory)).pki


def identity(environ: Mapping[str, str] | None = None) -> Identity:
    """The certificate of pypki3's configuration, opened. Raises ConfigError when it cannot be had.

    A password is asked for by pypki3 itself: in a notebook below the cell, in a terminal; where nobody can
    be asked that is an error.
    """
    if "pypki3" not in sys.modules and find_spec("pypki3") is None:
        raise ConfigError(
            "a client certificate (PKI) is asked for, and pypki3, which holds it, is not installed here",
            help=_INSTALL,
            setting="pki",
        )
    _check_configured(os.environ if environ is None else environ)
    loader = _loader()
    with _asking():
        try:
            loader.prepare()
            opened = loader.loaded_pki_bytes
            pem = b"\n".join([opened.key.strip(), opened.cert.strip(), b""]).decode("ascii")
            authorities = Path(loader.ca_path()).read_text("utf-8")
        except Exception as error:
            raise _unusable(error) from None
    return Identity(pem, authorities)


def _loader() -> Any:
    try:
        return import_module("pypki3").loader
    except Exception as error:
        raise _unusable(error) from None


def _unusable(error: Exception) -> ConfigError:
    # What pypki3 says names files and settings; of other errors only the kind is told: this is about a key.
    if isinstance(error, AttributeError):  # it takes any key of a .pem for one
        return ConfigError(
            "pypki3 cannot open its key: from a .pem it opens RSA keys only, from a .p12 any",
            help=_CONFIGURE,
            setting="pki",
        )
    told = isinstance(error, OSError) or type(error).__name__ == "Pypki3Exception"
    if isinstance(error, EOFError) or type(error).__name__ == "StdinNotImplementedError":
        return ConfigError(
            "pypki3's key is encrypted, and nobody can be asked for its password here",
            help=_PREPARE,
            setting="pki",
        )
    why = str(error) if told else f"its key cannot be opened ({type(error).__name__})"
    return ConfigError(f"pypki3 has no certificate to show: {why}", help=_CONFIGURE, setting="pki")


def _check_configured(environ: Mapping[str, str]) -> None:
    """Raises ConfigError where pypki3 has no configuration: in nbgallery it would wait for one for ever."""
    if "pypki3" in sys.modules:
        return
    places = list(_places(environ))
    if not any(place.is_file() for place in places):
        raise ConfigError(
            "pypki3 is not configured",
            detail=[f"there is none of {', '.join(map(str, places))}"],
            help=_CONFIGURE,
            setting="pki",
        )


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where pypki3 looks."""
    if named := environ.get("PYPKI3_CONFIG"):
        yield Path(named)
    base = environ.get("XDG_CONFIG_HOME")
    yield Path(base or "~/.config").expanduser() / "pypki3" / "config.ini"
    yield Path("/etc/pypki3/config.ini")
    if old := environ.get("MYPKI_CONFIG"):
        yield Path(old) / "mypki_config"
    if "NBGALLERY_CLIENT_VERSION" in environ:
        yield Path("~/.mypki").expanduser()


@contextlib.contextmanager
def _asking() -> Iterator[None]:
    """While pypki3 may ask and tell: standard output stays a program's, and only a person's input is read."""
    terminal = getattr(sys.stdin, "isatty", lambda: False)()
    with contextlib.redirect_stdout(sys.stderr):
        if terminal:
            yield
            return
        before, sys.stdin = sys.stdin, io.StringIO()
        try:
            yield
        finally:
            sys.stdin = before
