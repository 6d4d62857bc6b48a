"""The options that several verbs share, and the call that their values make."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from condadeps import __version__
from condadeps.asked.job import Options
from condadeps.call import Call, Files


class Help(Exception):
    """Carries help or version text out of click."""


def _show_help(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        raise Help(context.get_help())


def show_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    if value and not context.resilient_parsing:
        raise Help(f"condadeps {__version__}")


help_option = click.option(
    "-h", "--help", is_flag=True, is_eager=True, expose_value=False, callback=_show_help, help="Show this."
)

_Command = Callable[..., Any]


_RUNNING = "The environment (default: the one running this)."


def environment(command: _Command, where: str = _RUNNING) -> _Command:
    """Options of every verb that looks at an environment; ``where`` explains which."""
    for option in (
        click.option("-p", "--prefix", metavar="DIR", help=where),
        click.option("--json", is_flag=True, help="One JSON document on standard output, nothing else."),
        click.option("-q", "--quiet", is_flag=True, help="Say nothing when all went well."),
        click.option("-v", "--verbose", count=True, help="Say more."),
        help_option,
    ):
        command = option(command)
    return command


def touch(command: _Command, where: str = _RUNNING) -> _Command:
    """Options of every verb that changes an environment."""
    for option in (
        click.option("--env-file", metavar="FILE", help="Record here (default: environment.yml)."),
        click.option("--no-record", is_flag=True, help="Do not write the environment file."),
        click.option("--offline", is_flag=True, help="Use what is cached, ask no server."),
        click.option("--pki", is_flag=True, help="Show servers the client certificate that pypki3 holds."),
        click.option(
            "--dry-run",
            is_flag=True,
            help="Show the plan, change nothing (what must be built to be known is built).",
        ),
        click.option("--pip-installer", type=click.Choice(["pip", "uv"]), help="What installs from PyPI."),
        click.option("--restart", is_flag=True, help="In a notebook: restart the kernel if that is needed."),
        click.option("--override-frozen", is_flag=True, help="Even if it is frozen or externally managed."),
        click.option("--allow-base", is_flag=True, help="Even if it is conda's own, from outside."),
    ):
        command = option(command)
    return environment(command, where)


def change(command: _Command, where: str = _RUNNING) -> _Command:
    """Options of every verb that plans a change."""
    for option in (
        click.option("-c", "--channel", "channels", multiple=True, metavar="CHANNEL", help="Ask this first."),
        click.option("--override-channels", is_flag=True, help="Ask only the -c channels."),
        click.option("-U", "--update", is_flag=True, help="Take the newest that fits, not the installed."),
        click.option("--no-pip", is_flag=True, help="conda channels only, never PyPI."),
        click.option(
            "-r", "--requirement", "requirements", multiple=True, metavar="FILE", help="pip's file."
        ),
        click.option("--constraint", "constraints", multiple=True, metavar="FILE", help="pip's constraints."),
        click.option(
            "-f",
            "--file",
            "files",
            multiple=True,
            metavar="FILE",
            help="environment.yml, pyproject.toml, a script (PEP 723), a notebook, requirements.txt.",
        ),
        click.option("--extra", "extras", multiple=True, metavar="NAME", help="Of a pyproject.toml."),
        click.option(
            "--group", "groups", multiple=True, metavar="NAME", help="Of a pyproject.toml (PEP 735)."
        ),
        click.option("--trust", is_flag=True, help="Let files name channels and indexes of their own."),
        click.option("--no-overrides", is_flag=True, help="Leave the site's overrides out."),
        click.option("--index-url", metavar="URL", help="In place of pip's configured index."),
        click.option("--extra-index-url", "extra_index_urls", multiple=True, metavar="URL"),
        click.option("--find-links", multiple=True, metavar="DIR|URL"),
        click.option("--exclude-newer", metavar="DATE", help="Nothing published later, in both worlds."),
    ):
        command = option(command)
    return touch(command, where)


def changing_at(where: str) -> Callable[[_Command], _Command]:
    """As :func:`change`, for a verb whose environment is not one that is there."""
    return functools.partial(change, where=where)


yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask (a notebook and a pipe never do).")

requests_argument = click.argument("requests", nargs=-1, metavar="[REQUEST…]")


def changing(verb: str, requests: tuple[str, ...], said: dict[str, Any], **settings: Any) -> Call:
    """The call of a verb that plans a change; ``said`` are the values of :func:`change`'s options."""
    if said["override_channels"] and not said["channels"]:
        raise click.UsageError("--override-channels needs a channel: -c CHANNEL")
    files = Files(
        **{name: said[name] for name in ("requirements", "constraints", "files", "extras", "groups")}
    )
    options = Options(
        pip="never" if said["no_pip"] else "auto",
        record=not said["no_record"],
        overrides=not said["no_overrides"],
        verbosity=said["verbose"],
        **{name: said[name] for name in _PLAIN if name in said},
    )
    return _call(verb, requests, options, said, files=files, settings=settings)


def touching(verb: str, requests: tuple[str, ...], said: dict[str, Any], **more: Any) -> Call:
    """The call of a verb that asks no source for anything new; ``more`` are its own options."""
    names = ("env_file", "offline", "pki", "dry_run", "pip_installer", "override_frozen", "allow_base")
    plain = {name: said[name] for name in names}
    options = Options(record=not said["no_record"], verbosity=said["verbose"], **plain, **more)
    return _call(verb, requests, options, said, yes=said["yes"])


def _call(verb: str, requests: tuple[str, ...], options: Options, said: dict[str, Any], **more: Any) -> Call:
    where, how = said["prefix"], {name: said[name] for name in ("json", "quiet", "restart")}
    return Call(verb, requests, options, where, **how, **more)


_PLAIN = (
    "channels",
    "override_channels",
    "update",
    "update_all",
    "env_file",
    "trust",
    "index_url",
    "extra_index_urls",
    "find_links",
    "exclude_newer",
    "offline",
    "pki",
    "dry_run",
    "pip_installer",
    "override_frozen",
    "allow_base",
)
"""Options that are named on the command line as everywhere else."""


def at_least_one(requests: tuple[str, ...]) -> tuple[str, ...]:
    if not requests:
        raise click.UsageError("name at least one package")
    return requests
