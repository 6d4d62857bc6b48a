"""What *is* in an environment, whatever put it there, as a file that rebuilds it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from condadeps.asked.job import Job
from condadeps.errors import UsageError
from condadeps.prefix.installed import Distribution, distributions, packages
from condadeps.prefix.target import Target, read
from condadeps.record.place import environment_name
from condadeps.show.shown import Shown
from condadeps.sources.credentials import split_credentials
from condadeps.transaction import asked_earlier
from condadeps.transaction.journal import unfinished

if TYPE_CHECKING:
    from condadeps.show.reporter import Reporter
    from condadeps.solve.dependents import Graph
    from condadeps.solve.plan import Answer

ENVIRONMENT_YAML = "environment-yaml"


@dataclass(frozen=True, slots=True)
class Export(Shown):
    """The text of a file that tells what is installed."""

    text: str
    format: str = ENVIRONMENT_YAML
    notes: tuple[str, ...] = ()
    """What is not in it though it is installed, and why."""
    written: str | None = None
    """The file it was written to."""

    def __str__(self) -> str:
        return f"written to {self.written}" if self.written else self.text.rstrip("\n")

    def to_json(self) -> dict[str, Any]:
        """The text under the format's name."""
        return {self.format: self.text, "notes": list(self.notes), "written": self.written}


def export(
    job: Job,
    reporter: Reporter | None = None,
    *,
    format: str = ENVIRONMENT_YAML,
    everything: bool = False,
    hashes: bool = False,
    output: str | None = None,
) -> Export:
    """The environment of ``job`` as a file of ``format``; written to ``output``, too, when that is given.

    ``everything``: an environment file of all there is, not only of what was asked for. ``hashes``:
    requirements with hashes. What is left out is noticed on ``reporter``. Raises UsageError for
    options that do not go together, PrefixError, SourceError, RecordError.
    """
    if everything and format != ENVIRONMENT_YAML:
        raise UsageError(f"--all is for {ENVIRONMENT_YAML}; {format} always has everything")
    if hashes and format != "requirements":
        raise UsageError("--hashes is for requirements; the locks have hashes always")
    if format == ENVIRONMENT_YAML:
        made = environment_yaml(Path(job.prefix), everything=everything)
    else:
        made = _locked(job, reporter, f"{format}-hashes" if hashes else format)
    half = unfinished(Path(job.prefix))
    made = replace(made, format=format, notes=(*([str(half)] if half else ()), *made.notes))
    for note in made.notes if reporter else ():
        reporter.notice(note)  # type: ignore[union-attr]  # there is one
    return kept(made, Path(job.directory, output).expanduser()) if output else made


def _locked(job: Job, reporter: Reporter | None, format: str) -> Export:
    from condadeps import config
    from condadeps.engine import client

    job, configuration = config.settle(job)
    asked = replace(job, settings={"format": format})
    told = client.ask(asked, reporter, python=configuration.settings.engine_python)
    return Export(told["text"], format, tuple(told["notes"]))


def kept(made: Export, path: Path) -> Export:
    """``made``, written to ``path``. Raises RecordError."""
    from condadeps.record import file

    file.put(path, made.text)
    return replace(made, written=str(path))


def environment_yaml(prefix: Path, *, everything: bool = False) -> Export:
    """What was asked for in ``prefix``, or ``everything`` in it, each at its installed version (CEP 24).

    What conda packages pip's projects need is there too, so that a rebuild takes it from conda. Where
    nobody is known to have asked for anything, what nothing else needs counts as asked for. Builds
    are left out, so that the file holds on other platforms. Raises PrefixError.
    """
    from condadeps import config
    from condadeps.names.homes import Homes
    from condadeps.prefix.needed import needed
    from condadeps.record import environment

    target, homes = read(prefix), Homes(overrides=config.own().homes)
    there, notes = _told(target, homes, everything)
    answers = [*there]
    with TemporaryDirectory(prefix="condadeps-") as directory:
        path = Path(directory, "environment.yml")
        environment.write(
            path,
            environment=environment_name(target.prefix),
            python=target.minor if target.has_python else None,
            channels=_channels(target),
            answers=answers,
            needed=needed(answers, target, homes),
        )
        return Export(path.read_text("utf-8"), notes=tuple(notes))


def _told(target: Target, homes: Any, everything: bool) -> tuple[list[Answer], list[str]]:
    """The answers to record, and what to say of what cannot be."""
    from condadeps.solve.dependents import graph

    condas, projects = packages(target.prefix), distributions(target) if target.has_python else {}
    extras = asked_earlier.extras(target.prefix)
    found = graph(condas, projects, target, homes, extras=extras)
    nodes = found.needs.keys() if everything else _wanted(found)
    answers: list[Answer] = []
    notes: list[str] = []
    for node in sorted(nodes):
        if node.manager == "conda" and node.name not in {"python", "pip"}:
            package = next(one for name, one in condas.items() if name == node.name)
            answers.append(_answer("conda", node.name, package.version))
        elif node.manager == "pip":
            one = next(one for name, one in projects.items() if name == node.name)
            constraint = _direct(one)
            if constraint is None:
                notes.append(_why_not(one))
            else:
                several = tuple(sorted(extras.get(one.project, ())))
                answers.append(_answer("pip", node.name, one.version, constraint, several))
    return answers, notes


def _wanted(found: Graph) -> set[Any]:
    """What was asked for, and what nothing else needs: a lock brings packages and says of none why.

    What a kernel needs (:data:`removal.ALWAYS`) counts only where nothing was asked for.
    """
    from condadeps.solve.removal import ALWAYS

    needed = frozenset().union(*found.needs.values()) if found.needs else frozenset()
    tops = set(found.needs) - needed
    return set(found.asked) | (tops - ALWAYS) if found.asked else tops


def _direct(one: Distribution) -> str | None:
    """The constraint of what came by URL, ``""`` for what is from an index; None for what nobody can have."""
    told = one.direct_url
    if one.editable or one.project == "condadeps":
        return None
    if told is None:
        return ""
    url = split_credentials(told["url"])[0]
    vcs = told.get("vcs_info")
    if url.startswith("file:"):
        return None
    return f" @ {vcs['vcs']}+{url}@{vcs['commit_id']}" if isinstance(vcs, dict) else f" @ {url}"


def _why_not(one: Distribution) -> str:
    what = f"{one.project} {one.version} is left out"
    if one.project == "condadeps":
        return f"{what}: `condadeps create` brings its own"
    mode = "it is installed in development mode" if one.editable else "it came from a file of this machine"
    return f"{what}: {mode}"


def _answer(
    manager: Any, name: str, version: str, constraint: str = "", extras: tuple[str, ...] = ()
) -> Answer:
    from condadeps.solve.plan import Answer

    return Answer(name, "", manager, name, version, constraint, extras)


def _channels(target: Target) -> list[str]:
    """The channels its packages came from, in the order in which conda would ask them here.

    One that is not configured was named by a call (``-c``), so it came first: the most used of them.
    """
    from condadeps.record.place import NODEFAULTS
    from condadeps.sources.channels import effective
    from condadeps.sources.condarc import CondaConfig

    config = CondaConfig.read(target.prefix)
    alias = config.alias.rstrip("/") + "/"
    used = Counter(
        split_credentials(package.channel)[0].rstrip("/").removesuffix(f"/{package.subdir}")
        for package in packages(target.prefix).values()
    )
    configured = effective(config, directory=target.prefix)
    known = {one.base_url for one in configured}
    strange = [url.removeprefix(alias) for url, _ in used.most_common() if url not in known]
    ordered = [one.base_url if one.is_file else one.name for one in configured if one.base_url in used]
    kept_out = [NODEFAULTS] if NODEFAULTS in config.channels else []
    return list(dict.fromkeys((*strange, *ordered, *kept_out)))
