"""The words of the command line, one grammar for the command and the magic.

:func:`read` turns words into a :class:`condadeps.call.Call`; a door carries it out in its own way.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

import click

from condadeps.asked.job import Options
from condadeps.asked.verbs import meant
from condadeps.call import FORMATS, LOCKS, Call
from condadeps.errors import UsageError
from condadeps.options import (
    Help,
    at_least_one,
    change,
    changing,
    changing_at,
    environment,
    help_option,
    requests_argument,
    show_version,
    touch,
    touching,
    yes_option,
)


def read(words: Sequence[str], *, program: str = "condadeps") -> Call:
    """The call that ``words`` make. Raises UsageError."""
    try:
        with _group.make_context(program, list(words)) as context:
            return _with_help(context) if not words else _invoke(context)
    except Help as help:
        return Call("help", help=str(help))
    except click.exceptions.NoSuchOption as error:
        path = error.ctx.command_path if error.ctx else program
        likely = get_close_matches(error.option_name, error.possibilities or (), 3, 0.7)
        near = f" (near: {', '.join(likely)})" if likely else ""
        known = f"the options: {path} --help"
        raise UsageError(
            f"there is no option {error.option_name}{near}",
            help=f"the verb comes first; {known}"
            if path == program
            else f"{known} (no request begins with '-')",
        ) from error
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else program
        message = error.format_message().rstrip(".")
        raise UsageError(message[:1].lower() + message[1:], help=f"{command} --help") from error


def built() -> frozenset[str]:
    """The verbs there are."""
    return frozenset(_group.commands)


def _invoke(context: click.Context) -> Call:
    call = _group.invoke(context)
    assert isinstance(call, Call)
    return call


def _with_help(context: click.Context) -> Call:
    return Call("help", help=context.get_help())


class _Verbs(click.Group):
    """Tells a verb that is none from a package's name."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-"):
            close = get_close_matches(args[0], self.commands, 1)
            likely = meant(args) or ([close[0], *args[1:]] if close else None)
            ways = [f"did you mean condadeps {shlex.join(likely)}?"] if likely else []
            ways.append(f"to install a package of that name: condadeps install {args[0]}")
            raise UsageError(f"condadeps has no verb {args[0]!r}", help="; ".join(ways))
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Verbs,
    no_args_is_help=False,
    invoke_without_command=False,
    add_help_option=False,
    context_settings={"terminal_width": 110},
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version)
@help_option
def _group() -> None:
    """Install into an environment, conda first and PyPI second, in one solve, and write it down.

    \b
    condadeps install pandas "numpy>=2" conda:ffmpeg
    condadeps plan seaborn
    condadeps create -p ./env python=3.11 pandas --kernel analysis

    In a notebook: %condadeps pandas "numpy>=2"
    """


@_group.command(add_help_option=False)
@requests_argument
@change
def install(requests: tuple[str, ...], **said: Any) -> Call:
    """Install requests and record them.

    \b
    pandas  "numpy>=2"        conda when a channel has it, else PyPI
    conda:ffmpeg  pandas=2    certainly conda
    pypi:tree  "uvicorn[standard]~=0.30"
                              certainly PyPI's project (its conda package first, but for pypi:)
    bioconda::samtools        from that channel

    \b
    condadeps install pandas seaborn "rich>=13"
    condadeps install --dry-run --json "numpy<2"
    condadeps install -r requirements.txt --constraint constraints.txt
    condadeps install -f environment.yml
    """
    return changing("install", requests, said)


@_group.command(add_help_option=False)
@requests_argument
@click.option("--all", "update_all", is_flag=True, help="Everything, within what was asked for.")
@change
def update(requests: tuple[str, ...], update_all: bool, **said: Any) -> Call:
    """Move requests to the newest versions that fit; --all moves everything.

    \b
    condadeps update pandas
    condadeps update --all
    """
    if bool(requests) == update_all:
        raise click.UsageError("name what to update, or --all" if not requests else "names, or --all")
    return changing("update", requests, {**said, "update": True, "update_all": update_all})


@_group.command(add_help_option=False)
@requests_argument
@change
def plan(requests: tuple[str, ...], **said: Any) -> Call:
    """Show what install would do, and why; change nothing.

    \b
    condadeps plan seaborn "numpy<2"
    """
    return changing("install", requests, {**said, "dry_run": True})


@_group.command(add_help_option=False)
@requests_argument
@click.option("--platform", "platforms", multiple=True, metavar="PLATFORM", help="Such as osx-arm64.")
@click.option("--format", type=click.Choice(LOCKS), default="conda-lock", show_default=True)
@click.option("-o", "--output", metavar="FILE", help="Write it there.")
@click.option("--kernel", is_flag=True, help="With what a kernel with %condadeps needs.")
@change
def lock(
    requests: tuple[str, ...],
    platforms: tuple[str, ...],
    format: str,
    output: str | None,
    kernel: bool,
    **said: Any,
) -> Call:
    """Solve for one platform or several, and write down every file by URL and hash; change nothing.

    Each platform is solved with its own virtual packages (CONDA_OVERRIDE_… changes them), markers and
    wheels. `condadeps create -f` rebuilds from the file.

    \b
    condadeps lock -f environment.yml -o conda-lock.yml
    condadeps lock -f environment.yml --platform linux-64 --platform osx-arm64 --platform win-64
    """
    settings = {"platforms": platforms, "format": format, "output": output, "kernel": kernel}
    return changing("lock", requests, said, **settings)


@_group.command(add_help_option=False)
@requests_argument
@click.option("-o", "--output", metavar="DIR", required=True, help="Where; what is there already is kept.")
@click.option("--platform", "platforms", multiple=True, metavar="PLATFORM", help="Such as osx-arm64.")
@click.option("--kernel", is_flag=True, help="With what a kernel with %condadeps needs.")
@change
def bundle(
    requests: tuple[str, ...], output: str, platforms: tuple[str, ...], kernel: bool, **said: Any
) -> Call:
    """Fetch all of a lock, or of what a file asks for, into a directory for machines without a network.

    The directory is a conda channel and a Python index at once. A bundling that was cut short goes on
    when it is called again.

    \b
    condadeps bundle -f conda-lock.yml -o bundle
    condadeps create --offline -c ./bundle -f bundle/conda-lock.yml -p ./env
    condadeps install --offline -c ./bundle pandas
    """
    return changing("bundle", requests, said, platforms=platforms, output=output, kernel=kernel)


@_group.command(add_help_option=False)
@click.argument("notebooks", nargs=-1, required=True, metavar="NOTEBOOK…")
@click.option("-f", "--file", "environment", metavar="FILE", help="Default: environment.yml beside it.")
@click.option("--no-lock", is_flag=True, help="Not the exact files of this platform.")
@click.option("--offline", is_flag=True, help="Use what is cached, ask no server.")
@environment
def embed(
    notebooks: tuple[str, ...],
    environment: str | None,
    no_lock: bool,
    offline: bool,
    prefix: str | None,
    json: bool,
    quiet: bool,
    verbose: int,
) -> Call:
    """Write the environment, and its lock, into a notebook, so that whoever gets it can rebuild it.

    \b
    condadeps embed analysis.ipynb
    condadeps create -f analysis.ipynb -p ./env --kernel analysis
    condadeps strip analysis.ipynb
    """
    settings = {"environment": environment, "lock": not no_lock}
    return Call("embed", notebooks, Options(offline=offline), prefix, json, quiet, settings=settings)


@_group.command(add_help_option=False)
@click.argument("notebooks", nargs=-1, required=True, metavar="NOTEBOOK…")
@click.option("--json", is_flag=True, help="One JSON document on standard output, nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when all went well.")
@help_option
def strip(notebooks: tuple[str, ...], json: bool, quiet: bool) -> Call:
    """Take the environment out of notebooks that embed wrote it into."""
    return Call("strip", notebooks, json=json, quiet=quiet)


@_group.command(add_help_option=False)
@click.argument("words", nargs=-1, metavar="info|clean [PART…]")
@yes_option
@click.option("--json", is_flag=True, help="One JSON document on standard output, nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when all went well.")
@help_option
def cache(words: tuple[str, ...], yes: bool, json: bool, quiet: bool) -> Call:
    """Tell what is kept of what was fetched and how big it is, or clear it away.

    Environments stay whole. Where nobody can be asked, clean clears nothing without --yes.

    \b
    condadeps cache info
    condadeps cache clean
    condadeps cache clean packages files
    """
    if words and words[0] not in ("info", "clean"):
        raise click.UsageError(f"{words[0]!r} is neither info nor clean")
    return Call("cache", words, json=json, quiet=quiet, yes=yes)


@_group.command(add_help_option=False)
@yes_option
@change
def sync(yes: bool, **said: Any) -> Call:
    """Make the environment what a file says: install, change, and remove what is not in it.

    What a running kernel stands on stays. --dry-run shows what would go.

    \b
    condadeps sync -f environment.yml
    condadeps sync -p ./env -f conda-lock.yml
    """
    return replace(changing("sync", (), said), yes=yes)


@_group.command(add_help_option=False)
@requests_argument
@click.option("--kernel", metavar="NAME", help="Register it with Jupyter under this name.")
@click.option("--display-name", metavar="TEXT", help="What Jupyter shows (default: the kernel's name).")
@click.option("--kernel-prefix", metavar="DIR", help="Register it below DIR (default: for this user).")
@click.option("--bare", is_flag=True, help="Leave ipykernel and condadeps out of it.")
@changing_at("Where it is to be: a directory that is not there yet, or empty.")
def create(
    requests: tuple[str, ...],
    kernel: str | None,
    display_name: str | None,
    kernel_prefix: str | None,
    bare: bool,
    **said: Any,
) -> Call:
    """Make a conda environment, with no conda installed.

    ipykernel and this condadeps go into it, so that %condadeps works there.

    \b
    condadeps create -p ./env python=3.11 pandas
    condadeps create -p ./env python=3.11 pandas --kernel analysis
    condadeps kernels                     lists the kernels that were registered so
    condadeps kernels remove analysis     takes one away; its environment stays
    """
    if not said["prefix"]:
        raise click.UsageError("say where: -p DIR")
    settings = {"display_name": display_name, "kernel_prefix": kernel_prefix, "bare": bare}
    return changing("create", requests, said, kernel=kernel, **settings)


@_group.command(add_help_option=False)
@click.argument("words", nargs=-1, metavar="[list|available|add NAME…|remove NAME…]")
@click.option("--kernel-prefix", metavar="DIR", help="add: register below DIR. Else: look below DIR, too.")
@click.option("--now", is_flag=True, help="add: install at once, and run its first cell.")
@click.option("--environment", is_flag=True, help="remove: its environment, too, if it installed itself.")
@click.option("--offline", is_flag=True, help="add --now: use what is cached, ask no server.")
@click.option("--dry-run", is_flag=True, help="add, remove: show what would be done.")
@click.option("--json", is_flag=True, help="One JSON document on standard output, nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing when all went well.")
@help_option
def kernels(words: tuple[str, ...], kernel_prefix: str | None, json: bool, quiet: bool, **said: bool) -> Call:
    """Kernels of other languages that install themselves on first use, and those that create registered.

    \b
    list            (or nothing) the kernels that condadeps registered with Jupyter, and where
    available       the languages that can be had: R, Julia, bash, another Python …
    add NAME…       put some into the launcher; the first start of each installs it
    remove NAME…    take kernels away; their environments stay, without --environment

    \b
    condadeps kernels available
    condadeps kernels add r julia
    condadeps kernels add python3.12 --now
    condadeps kernels remove analysis
    condadeps kernels remove r --environment --dry-run
    condadeps kernels add geo --kernel-prefix /opt/conda
    """
    verb, *names = words or ("list",)
    takes = {"add": {"now", "offline", "dry_run"}, "remove": {"environment", "dry_run"}}
    if verb not in {"list", "available", *takes}:
        raise click.UsageError(f"{verb!r} is not one of list, available, add and remove")
    if bool(names) != (verb in takes):
        raise click.UsageError(f"{verb} takes no names" if names else f"say what to {verb}: a kernel's name")
    for option, given in said.items():
        if given and option not in takes.get(verb, ()):
            raise click.UsageError(f"--{option.replace('_', '-')} is not for condadeps kernels {verb}")
    if said["offline"] and not said["now"]:
        raise click.UsageError("--offline is for --now: without it nothing is fetched")
    settings = {"action": verb, **{name: said[name] for name in takes.get(verb, ())}}
    return Call("kernels", tuple(names), prefix=kernel_prefix, json=json, quiet=quiet, settings=settings)


@_group.command(add_help_option=False)
@click.argument("requests", nargs=-1, metavar="NAME…")
@click.option("--keep-dependencies", is_flag=True, help="Leave what only it needed.")
@yes_option
@touch
def remove(requests: tuple[str, ...], keep_dependencies: bool, **said: Any) -> Call:
    """Remove packages, and what only they needed.

    What something asked for needs is not removed; the message says what to type.

    \b
    condadeps remove seaborn
    condadeps remove conda:ffmpeg pypi:tree
    """
    return touching("remove", requests, said, keep_dependencies=keep_dependencies)


@_group.command(add_help_option=False)
@click.argument("number", required=False, metavar="[NUMBER]")
@yes_option
@touch
def undo(number: str | None, **said: Any) -> Call:
    """Take back the last change, or the one of that number in the history.

    conda's packages, pip's and the environment file are as they were before it.

    \b
    condadeps undo
    condadeps history
    condadeps undo 3
    """
    if number is not None and not (number.isdecimal() and int(number)):
        raise click.UsageError(f"{number!r} is not the number of a change: condadeps history lists them")
    return replace(touching("undo", (), said), settings={"number": int(number) if number else None})


@_group.command(add_help_option=False)
@environment
def history(prefix: str | None, json: bool, quiet: bool, verbose: int) -> Call:
    """List the changes condadeps made: when, who, what was asked, what changed."""
    return Call("history", prefix=prefix, json=json, quiet=quiet)


@_group.command(add_help_option=False)
@click.argument("requests", nargs=-1, metavar="[NAME…]")
@yes_option
@touch
def restore(requests: tuple[str, ...], **said: Any) -> Call:
    """Lay out anew what is not as it was installed, conda's packages and pip's projects; doctor tells.

    A change that was cut short is put back first. Edited files are kept aside.

    \b
    condadeps doctor
    condadeps restore --dry-run
    condadeps restore numpy
    """
    return touching("restore", requests, said)


@_group.command(add_help_option=False)
@environment
def doctor(prefix: str | None, json: bool, quiet: bool, verbose: int) -> Call:
    """Tell what is wrong with an environment, and what to type; change nothing.

    Every file is held against what was installed, conda's and pip's; besides: records, twins, dependencies,
    pins, changes cut short, copies in ~/.local. Exit status 1 when something is wrong.
    """
    return Call("doctor", prefix=prefix, json=json, quiet=quiet)


@_group.command("list", add_help_option=False)
@environment
def list_(prefix: str | None, json: bool, quiet: bool, verbose: int) -> Call:
    """List what is installed, conda's and pip's."""
    return Call("list", prefix=prefix, json=json, quiet=quiet)


@_group.command(add_help_option=False)
@click.argument("requests", nargs=-1, metavar="NAME…")
@environment
def which(requests: tuple[str, ...], prefix: str | None, json: bool, quiet: bool, verbose: int) -> Call:
    """Tell what a name means: its conda package, why, and its namesakes.

    \b
    condadeps which torch graphviz tree
    """
    return Call("which", at_least_one(requests), prefix=prefix, json=json, quiet=quiet)


@_group.command(add_help_option=False)
@click.option("--format", type=click.Choice(FORMATS), default="environment-yaml", show_default=True)
@click.option("--all", "everything", is_flag=True, help="environment-yaml: not only what was asked for.")
@click.option("--hashes", is_flag=True, help="requirements: with hashes, for pip's --require-hashes.")
@click.option("-o", "--output", metavar="FILE", help="Write it there.")
@click.option("--offline", is_flag=True, help="Use what is cached, ask no server.")
@environment
def export(offline: bool, prefix: str | None, json: bool, quiet: bool, verbose: int, **settings: Any) -> Call:
    """Write down what is installed, conda's packages and pip's, as a file that rebuilds it.

    \b
    environment-yaml    what was asked for, with versions, for any platform; conda reads it
    explicit            conda's packages by URL and sha256 (CEP 23); conda reads it
    conda-lock          conda's and pip's, by URL and sha256 (CEP 37); conda-lock reads it
    pixi-lock           the same; pixi reads it
    requirements        every Python project, conda's too, under PyPI's names; pip reads it
    pylock              the same by URL and sha256 (PEP 751)

    \b
    condadeps export -p ./env --format conda-lock -o conda-lock.yml
    """
    return Call("export", (), Options(offline=offline), prefix, json, quiet, settings=settings)


@_group.command(add_help_option=False)
@click.argument("notebooks", nargs=-1, metavar="NOTEBOOK|FOLDER…")
@click.option("--check", is_flag=True, help="Write nothing; exit status 1 when something is to be rewritten.")
@click.option("--diff", is_flag=True, help="Show what would change, write nothing; exit status as --check.")
@click.option("--json", is_flag=True, help="One JSON document on standard output, nothing else.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing; the exit status tells.")
@help_option
def migrate(notebooks: tuple[str, ...], check: bool, diff: bool, json: bool, quiet: bool) -> Call:
    """Rewrite notebooks that install by ipydeps, pip or conda to %condadeps.

    All else in the files stays as it is, byte for byte. What cannot be followed is left and named.

    \b
    condadeps migrate analysis.ipynb
    condadeps migrate --check notebooks/
    """
    if not notebooks:
        raise click.UsageError("name a notebook or a folder of notebooks")
    return Call("migrate", notebooks, json=json, quiet=quiet, settings={"check": check, "diff": diff})


@_group.command(add_help_option=False)
@environment
def config(prefix: str | None, json: bool, quiet: bool, verbose: int) -> Call:
    """Show every setting, its value and where it was made."""
    return Call("config", prefix=prefix, json=json, quiet=quiet)
