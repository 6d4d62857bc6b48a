"""pip's own configuration, as far as it says where files come from and how to reach them.

pip reads, each overriding the one before: the global files, the user's two, the file of the
environment (``sys.prefix``), the one ``PIP_CONFIG_FILE`` names, then ``PIP_*``. Within files a
``[install]`` section overrides ``[global]``. Whatever would move or redirect an install
(``target``, ``user``, ``prefix``, ``requirement`` …) is not looked at here, and
:meth:`PipConfig.environ` keeps it away from every pip that condadeps starts.
"""

from __future__ import annotations

import configparser
import locale
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Final

from condadeps.errors import ConfigError
from condadeps.names.namespaces import ProjectName

_ALL: Final = ":all:"
_NONE: Final = ":none:"


@dataclass(frozen=True, slots=True)
class PipConfig:
    """Where pip's files come from, and how its requests are made.

    URLs may hold credentials here, and nowhere else: never print them unmasked.
    """

    index_urls: tuple[str, ...] = field(repr=False)
    """The index and the extra ones, in pip's order; empty with ``no-index``."""
    find_links: tuple[str, ...] = field(default=(), repr=False)
    """Directories, archives, HTML files or URLs, as written."""
    cert: str | None = None
    """A CA bundle."""
    client_cert: str | None = None
    """One file with the client's certificate and its key."""
    proxy: str | None = field(default=None, repr=False)
    """None: as the environment says; empty: no proxy at all."""
    no_proxy_env: bool = False
    """The environment's proxies and CA bundles do not count."""
    trusted_hosts: tuple[str, ...] = ()
    timeout: float = 15.0
    """Seconds a connection or a read may take."""
    retries: int = 5
    keyring: str = "auto"
    """``auto``, ``import``, ``subprocess`` or ``disabled``."""
    no_binary: frozenset[str] = frozenset()
    only_binary: frozenset[str] = frozenset()
    prefer_binary: bool = False
    """Any wheel that fits before any sdist, whichever is newer."""
    pre: bool = False
    """Pre-releases count like final versions."""
    uploaded_before: datetime | None = None
    """``uploaded-prior-to``: the site's own cool-down; aware."""

    @staticmethod
    def read(environ: Mapping[str, str] | None = None, *, prefix: Path | None = None) -> PipConfig:
        """pip's configuration for the environment at ``prefix`` (default: this interpreter's).

        Raises ConfigError for a configuration file or value that pip would not accept either.
        """
        environ = os.environ if environ is None else environ
        return _from_options(_options(environ, Path(sys.prefix) if prefix is None else prefix))

    def allows_wheels(self, project: ProjectName) -> bool:
        """Whether ``no-binary`` and ``only-binary`` let a wheel of ``project`` be used."""
        if project in self.only_binary or project in self.no_binary:
            return project in self.only_binary
        return _ALL in self.only_binary or _ALL not in self.no_binary

    def allows_sdists(self, project: ProjectName) -> bool:
        """Whether ``no-binary`` and ``only-binary`` let an sdist of ``project`` be used."""
        if project in self.only_binary or project in self.no_binary:
            return project in self.no_binary
        return _ALL not in self.only_binary

    def with_indexes(
        self,
        *,
        index_url: str | None = None,
        extra_index_urls: Iterable[str] = (),
        find_links: Iterable[str] = (),
    ) -> PipConfig:
        """The same with a request's own indexes: ``index_url`` in place of the first, the rest added."""
        urls = (index_url, *self.index_urls[1:]) if index_url else self.index_urls
        return replace(
            self,
            index_urls=(*urls, *extra_index_urls),
            find_links=(*self.find_links, *find_links),
        )

    def with_formats(self, no_binary: Iterable[str], only_binary: Iterable[str]) -> PipConfig:
        """The same with a file's own ``--no-binary`` and ``--only-binary``, after the configured ones."""
        none, only = set(self.no_binary), set(self.only_binary)
        for name in no_binary:
            _choose_format(name, none, only)
        for name in only_binary:
            _choose_format(name, only, none)
        return replace(self, no_binary=frozenset(none), only_binary=frozenset(only))

    def environ(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment for a pip subprocess: this configuration, and nothing else of pip's.

        Secrets stay out of command lines. No configuration file and no other ``PIP_*`` is read.
        """
        base = os.environ if environ is None else environ
        clean = {key: value for key, value in base.items() if not key.upper().startswith("PIP_")}
        ours = {
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_NO_INPUT": "1",
            "PIP_NO_COLOR": "1",
            "PIP_PROGRESS_BAR": "off",
            "PIP_INDEX_URL": self.index_urls[0] if self.index_urls else "",
            "PIP_EXTRA_INDEX_URL": " ".join(self.index_urls[1:]),
            "PIP_NO_INDEX": "" if self.index_urls else "1",
            "PIP_FIND_LINKS": " ".join(map(_unspaced, self.find_links)),
            "PIP_CERT": self.cert or "",
            "PIP_CLIENT_CERT": self.client_cert or "",
            "PIP_PROXY": self.proxy or "",
            "PIP_TRUSTED_HOST": " ".join(self.trusted_hosts),
            "PIP_DEFAULT_TIMEOUT": f"{self.timeout:g}",
            "PIP_RETRIES": str(self.retries),
            "PIP_KEYRING_PROVIDER": "" if self.keyring == "auto" else self.keyring,
            "PIP_NO_BINARY": ",".join(sorted(self.no_binary)),
            "PIP_ONLY_BINARY": ",".join(sorted(self.only_binary)),
            "PIP_PREFER_BINARY": "1" if self.prefer_binary else "",
            "PIP_PRE": "1" if self.pre else "",
        }
        clean.update({key: value for key, value in ours.items() if value})
        if self.no_proxy_env or self.proxy == "":
            for key in [key for key in clean if key.lower() in _PROXY_VARIABLES]:
                del clean[key]
        return clean


_PROXY_VARIABLES: Final = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


def default_index() -> str:
    """The index pip uses when none is configured; asked of pip itself, so that no host is written here."""
    try:
        from pip._internal.models.index import PyPI
    except ImportError:
        return _default_index_of_help()
    url = getattr(PyPI, "simple_url", None)
    return url if isinstance(url, str) else _default_index_of_help()


def _default_index_of_help() -> str:
    """The default that ``pip install --help`` names; for a pip whose insides have moved."""
    environ = {key: value for key, value in os.environ.items() if not key.startswith("PIP_")}
    environ |= {"PIP_CONFIG_FILE": os.devnull, "COLUMNS": "1000", "PIP_NO_COLOR": "1"}
    said = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--help"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    ).stdout
    found = re.search(r"--index-url.*?\(default:?\s+(\w+://[^\s)]+)\)", said, re.DOTALL)
    if found is None:
        raise ConfigError("pip does not say which index it uses", help="set index-url in pip's configuration")
    return found.group(1)


def config_files(environ: Mapping[str, str], prefix: Path) -> tuple[Path, ...]:
    """The files pip reads for the environment at ``prefix``, a later one overriding an earlier one."""
    chosen = environ.get("PIP_CONFIG_FILE")
    if chosen == os.devnull:
        return ()
    files = [directory / _basename() for directory in _global_directories(environ)]
    if not (chosen and Path(chosen).exists()):
        files += [directory / _basename() for directory in _user_directories(environ)]
    files.append(prefix / _basename())
    if chosen:
        files.append(Path(chosen))
    return tuple(files)


def _basename() -> str:
    return "pip.ini" if sys.platform == "win32" else "pip.conf"


def _global_directories(environ: Mapping[str, str]) -> Iterator[Path]:
    if sys.platform == "win32" or sys.platform == "darwin":
        import platformdirs

        shared = platformdirs.site_data_dir if sys.platform == "darwin" else platformdirs.site_config_dir
        for directory in shared("pip", appauthor=False, multipath=True).split(os.pathsep):
            yield Path(directory)
        return
    for base in (environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep):
        if base:
            yield Path(base, "pip")
    yield Path("/etc")


def _user_directories(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path(environ.get("HOME") or "~").expanduser()
    if sys.platform == "win32":
        import platformdirs

        yield Path("~/pip").expanduser()
        yield Path(platformdirs.user_config_dir("pip", appauthor=False, roaming=True))
        return
    yield home / ".pip"
    support = home / "Library" / "Application Support" / "pip"
    if sys.platform == "darwin":
        yield support if support.is_dir() else home / ".config" / "pip"
    else:
        base = environ.get("XDG_CONFIG_HOME") or ""
        yield (Path(base) if base.strip() else home / ".config") / "pip"


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").removeprefix("--")


class _Parser(configparser.RawConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return _normal(optionstr)


def _options(environ: Mapping[str, str], prefix: Path) -> dict[str, str]:
    """What pip would see for ``pip install``: option name → the text that wins."""
    sections: dict[str, dict[str, str]] = {"global": {}, "install": {}, "env": {}}
    for path in config_files(environ, prefix):
        if path.exists():
            parser = _parsed(path)
            for section in ("global", "install"):
                if parser.has_section(section):
                    sections[section].update(parser.items(section))
    for key, value in environ.items():
        if key.startswith("PIP_"):
            sections["env"][_normal(key.removeprefix("PIP_"))] = value
    options: dict[str, str] = {}
    for items in sections.values():
        # pip drops an empty value only after the files are laid over each other.
        options.update(_same_name({key: value for key, value in items.items() if value}))
    return options


def _same_name(items: Mapping[str, str]) -> dict[str, str]:
    aliases = {"pypi-url": "index-url", "default-timeout": "timeout"}
    return {aliases.get(key, key): value for key, value in items.items()}


def _parsed(path: Path) -> configparser.RawConfigParser:
    parser = _Parser()
    encoding = "utf-8" if sys.flags.utf8_mode else locale.getpreferredencoding(False)
    try:
        parser.read(path, encoding=encoding)
    except (UnicodeDecodeError, configparser.Error) as error:
        raise ConfigError(
            f"pip's configuration file {path} cannot be read",
            detail=[str(error).splitlines()[0]],
            help="pip config debug",
            place=str(path),
        ) from error
    return parser


def _from_options(options: Mapping[str, str]) -> PipConfig:
    no_binary, only_binary = _formats(options)
    extra = options.get("extra-index-url", "").split()
    no_index = _flag(options, "no-index")
    return PipConfig(
        index_urls=() if no_index else (options.get("index-url") or default_index(), *extra),
        find_links=tuple(_expanded(link) for link in options.get("find-links", "").split()),
        cert=_path(options.get("cert")),
        client_cert=_path(options.get("client-cert")),
        proxy=options.get("proxy"),
        no_proxy_env=_flag(options, "no-proxy-env"),
        trusted_hosts=tuple(options.get("trusted-host", "").split()),
        timeout=_number(options, "timeout", 15.0),
        retries=int(_number(options, "retries", 5)),
        keyring=options.get("keyring-provider", "auto"),
        no_binary=no_binary,
        only_binary=only_binary,
        prefer_binary=_flag(options, "prefer-binary"),
        pre=_flag(options, "pre"),
        uploaded_before=_moment(options.get("uploaded-prior-to")),
    )


def _path(value: str | None) -> str | None:
    return str(Path(value).expanduser().absolute()) if value else None


def _expanded(link: str) -> str:
    if link.startswith("~") and Path(link).expanduser().exists():
        return str(Path(link).expanduser())
    return link


def _unspaced(link: str) -> str:
    """A location that survives pip's splitting at spaces."""
    return Path(link).absolute().as_uri() if " " in link and "://" not in link else link.replace(" ", "%20")


def _flag(options: Mapping[str, str], name: str) -> bool:
    value = options.get(name, "false").strip().lower()
    if value in ("y", "yes", "t", "true", "on", "1"):
        return True
    if value in ("n", "no", "f", "false", "off", "0"):
        return False
    raise ConfigError(
        f"pip's configuration has {name} = {value!r}, which is neither yes nor no", help="pip config debug"
    )


def _number(options: Mapping[str, str], name: str, default: float) -> float:
    value = options.get(name)
    if value is None:
        return default
    try:
        return float(value)
    except ValueError:
        raise ConfigError(
            f"pip's configuration has {name} = {value!r}, which is no number", help="pip config debug"
        ) from None


def _moment(value: str | None) -> datetime | None:
    """``2026-01-31``, an ISO 8601 time, or ``P7D`` (days ago), as pip takes them."""
    if value is None:
        return None
    if days := re.fullmatch(r"P(\d+)D", value, re.ASCII):
        return datetime.now(timezone.utc) - timedelta(days=int(days.group(1)))
    try:
        moment = datetime.fromisoformat(re.sub(r"Z$", "+00:00", value))
    except ValueError:
        raise ConfigError(
            f"pip's configuration has uploaded-prior-to = {value!r}, which is no time",
            help="pip config debug",
        ) from None
    return moment if moment.tzinfo else moment.astimezone()


def _formats(options: Mapping[str, str]) -> tuple[frozenset[str], frozenset[str]]:
    """``no-binary`` and ``only-binary``: a name is in one of them at most, the later one said wins."""
    no_binary: set[str] = set()
    only_binary: set[str] = set()
    for key, value in options.items():
        if key == "no-binary":
            _choose_format(value, no_binary, only_binary)
        elif key == "only-binary":
            _choose_format(value, only_binary, no_binary)
    return frozenset(no_binary), frozenset(only_binary)


def _choose_format(value: str, target: set[str], other: set[str]) -> None:
    names = [name.strip() for name in value.split(",") if name.strip()]
    if _ALL in names:
        other.clear()
        target.clear()
        target.add(_ALL)
        names = names[len(names) - names[::-1].index(_ALL) :]
        if _NONE not in names:
            return
    for name in names:
        if name == _NONE:
            target.clear()
            continue
        try:
            project = ProjectName(name)
        except ValueError:
            continue  # as pip, which never meets a project of such a name
        other.discard(project)
        target.add(project)
