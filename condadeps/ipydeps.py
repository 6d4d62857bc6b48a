"""ipydeps' one function, on condadeps' road: ``import condadeps.ipydeps as ipydeps; ipydeps.pip(["numpy"])``.

After :func:`activate` an old notebook's own ``import ipydeps`` comes here too. The words and habits are those
ipydeps documents: names are PyPI projects, names of the standard library are skipped with a warning,
installed ones with an info, nothing is raised for what could not be installed (``strict=True`` raises).
The rest is condadeps: conda first, PyPI second, in one solve, written down.

``python -m condadeps.ipydeps numpy pandas`` does the same from a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps.errors import CancelledError, CondadepsError, UsageError

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType

    from condadeps.asked.job import Asked, Job
    from condadeps.asked.pip_command import PipInstall
    from condadeps.names.namespaces import ProjectName
    from condadeps.prefix.target import Target
    from condadeps.transaction.outcome import Outcome

__all__ = ["activate", "pip"]

NAME = "ipydeps"


def pip(
    requested_packages: str | Iterable[str] = (),
    verbose: bool = False,
    use_pki: bool = False,
    use_overrides: bool = True,
    config: str | None = None,
    *,
    strict: bool = False,
    requested: str | Iterable[str] = (),
) -> None:
    """Install PyPI projects into this interpreter's environment, conda first.

    ``requested_packages`` (``requested`` is another name for it) is a text or a sequence of texts, each with
    one requirement or several: versions, extras, markers, URLs, ``git+https://…``, ``-r FILE``. ``use_pki``
    shows the client certificate that pypki3 holds. ``config`` names a pip configuration in ipydeps'
    directory, as ipydeps had it. ``use_overrides=False`` leaves the site's overrides out. What cannot be
    installed is shown and nothing raised, unless ``strict``.
    """
    try:
        _install(_texts(requested_packages) + _texts(requested), verbose, use_pki, use_overrides, config)
    except CancelledError:
        raise
    except CondadepsError as error:
        if strict:
            raise
        _show(error)


def activate(when: Callable[[], bool] | None = None) -> None:
    """Let a plain ``import ipydeps`` reach this module, also where ipydeps itself is installed.

    With ``when``, it is asked at the time of that import, and only a true answer counts: a configuration
    need not be read before a notebook says ``import ipydeps``.
    """
    if when is not None:
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
        sys.meta_path.insert(0, _Finder(when))
        return
    import condadeps.ipydeps as ours

    theirs = sys.modules.get(NAME)
    if theirs is not None and theirs is not ours:
        theirs.pip = pip  # type: ignore[attr-defined]  # a notebook may have imported it before
    sys.modules[NAME] = ours


def configured() -> bool:
    """Whether the configuration has ``import ipydeps`` come here; for :func:`activate`."""
    from condadeps import config

    try:
        return config.own().ipydeps_alias
    except CondadepsError:
        return False  # whatever is wrong with it, the first call of a door tells


class _Finder:
    """Finds ``ipydeps`` here, when it is to be found here. (importlib's base class costs 17 ms to load.)"""

    def __init__(self, when: Callable[[], bool]) -> None:
        self._when = when

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname != NAME or not self._when():
            return None
        from importlib.machinery import ModuleSpec

        loader: Any = _Loader()
        return ModuleSpec(fullname, loader)


class _Loader:
    """Loads nothing: the module is there already, under its own name."""

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        activate()


def _texts(requested: str | Iterable[str]) -> list[str]:
    texts = [requested] if isinstance(requested, str) else list(requested)
    for text in texts:
        if not isinstance(text, str):
            raise UsageError(
                f"a requirement is a string, not {type(text).__name__}", help='such as "pandas>=2"'
            )
    return texts


def _install(
    texts: Sequence[str], verbose: bool, use_pki: bool, use_overrides: bool, config: str | None
) -> None:
    from condadeps.prefix.target import read

    pip_config, always = _ipydeps_config(config)
    wanted = _understood(texts)
    asked = _without_standard_library(wanted.asked)
    target = read(Path(sys.prefix))
    before = _projects(target)
    there = _already(asked, target)
    if there:
        print(f"Packages currently installed: {', '.join(there)}")
    if asked or wanted.requirements:
        job = _job(asked, wanted, verbose, use_pki or always, use_overrides, pip_config)
        _walk(job, verbose)
    new = sorted(_projects(target) - before)
    print(f"New packages installed: {', '.join(new)}" if new else "No new packages installed")


def _ipydeps_config(name: str | None) -> tuple[str | None, bool]:
    """pip's configuration of that name, when one is named, and whether ipydeps' files want PKI for all.

    What they say is told, once.
    """
    from condadeps import ipydeps_config

    found, path = ipydeps_config.read(), None
    if name is not None:
        found, path = ipydeps_config.chosen(found, name)
    for note in found.notes:
        if note not in _TOLD:
            print(f"note: {note}")
            _TOLD.add(note)
    return None if path is None else str(path), found.use_pki


_TOLD: set[str] = set()
"""The notes this session has seen."""


def _understood(texts: Sequence[str]) -> PipInstall:
    from condadeps.asked import pip_command

    try:
        wanted = pip_command.read(pip_command.words(texts), place="ipydeps.pip")
    except ValueError as error:
        raise UsageError(str(error), help="ipydeps.pip(['-r', 'requirements.txt'])") from None
    if wanted.refused:
        raise UsageError(
            f"{', '.join(wanted.refused)}: there is nothing of the kind here",
            help="what to install, -r FILE, -c FILE, -e PATH, -U, and pip's options about indexes",
        )
    if wanted.needless:
        _warn(f"{', '.join(wanted.needless)}: not needed here, and not heeded")
    return replace(wanted, asked=tuple(map(_typed, wanted.asked)))


def _typed(asked: Asked) -> Asked:
    """What says itself whose it is (``conda:ffmpeg``) is read as ``%condadeps`` reads it."""
    return replace(asked, metadata=not asked.text.startswith(("conda:", "pypi:")))


def _without_standard_library(asked: Iterable[Asked]) -> list[Asked]:
    """What remains when names of Python's own library are left out, each with a warning."""
    from condadeps.names.imports import standard_library

    theirs = standard_library()
    kept: dict[Asked, None] = {}
    for item in asked:
        name = _name(item)
        if name is not None and name in theirs:
            _warn(
                f"{name} is part of the Python standard library and will be skipped.  "
                "Remove it from the list to remove this warning."
            )
        else:
            kept[item] = None
    return list(kept)


def _name(asked: Asked) -> ProjectName | None:
    """The project a request names; None for a URL, and for what cannot be read: the road tells why."""
    from condadeps.asked.parse import parse
    from condadeps.asked.request import Project
    from condadeps.errors import RequestError

    try:
        request = parse(asked, Path.cwd())
    except RequestError:
        return None
    return request.name if isinstance(request, Project) else None


def _already(asked: Sequence[Asked], target: Target) -> list[str]:
    """The names of what is met as it is."""
    from condadeps import config
    from condadeps.asked.parse import parse
    from condadeps.names.homes import Homes
    from condadeps.prefix import already

    requests = [parse(item, Path.cwd()) for item in asked]
    answers = already.answers(requests, target, Homes(overrides=config.own().homes))
    return sorted({str(one.project or one.name) for one in answers if one is not None and one.version})


def _projects(target: Target) -> frozenset[ProjectName]:
    from condadeps.prefix import installed

    return frozenset(installed.distributions(target))


def _job(
    asked: Sequence[Asked],
    wanted: PipInstall,
    verbose: bool,
    use_pki: bool,
    use_overrides: bool,
    pip_config: str | None,
) -> Job:
    from condadeps.asked import caller
    from condadeps.asked.job import Job, Options

    options = Options(
        update=wanted.update,
        verbosity=int(verbose or wanted.verbose),
        overrides=use_overrides,
        pki=use_pki,
        index_url=wanted.index_url,
        extra_index_urls=wanted.extra_index_urls,
        find_links=wanted.find_links,
        dry_run=wanted.dry_run,
        pip_config=pip_config,
    )
    prefix, here = str(Path(sys.prefix).absolute()), str(Path.cwd())
    job = Job("install", prefix, tuple(asked), options, here, caller.notebook())
    if wanted.requirements or wanted.constraints:
        from condadeps.asked.gather import gather
        from condadeps.call import Files

        job = gather(job, Files(requirements=wanted.requirements, constraints=wanted.constraints))
    return job


def _walk(job: Job, verbose: bool) -> None:
    from condadeps.api import travel
    from condadeps.show.notebook import live

    with live(_shell()) as display:
        try:
            outcome = travel(job, display)
        except KeyboardInterrupt:
            raise CancelledError("interrupted; nothing was changed") from None
        if _worth_showing(outcome) or verbose:
            display.result(outcome)
    if verbose:
        from condadeps.show import text

        print("\n".join(text.answers(outcome.plan)))


def _worth_showing(outcome: Outcome) -> bool:
    return bool(outcome.plan or outcome.warnings or outcome.plan.notes or outcome.restart)


def _shell() -> Any:
    """IPython's shell when this runs in one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def _warn(message: str) -> None:
    print(message, file=sys.stderr)


def _show(error: CondadepsError) -> None:
    """Show an error where a person looks: as an output of the cell, else on standard error."""
    if getattr(_shell(), "kernel", None) is None:
        print(f"{NAME}: {error}", file=sys.stderr)
        return
    from IPython.display import display

    from condadeps.show import notebook

    show: Callable[..., object] = display
    show({"text/html": notebook.error(error), "text/plain": str(error)}, raw=True)


def main(words: Sequence[str]) -> int:
    """``python -m condadeps.ipydeps``: the exit status is 1 (2 for wrong words) when something failed."""
    if not words:
        return 0
    try:
        pip(words, strict=True)
    except CondadepsError as error:
        _show(error)
        return error.exit_code
    return 0


if __name__ == "__main__":
    # Run as it is imported elsewhere, not as a second copy of itself.
    from condadeps.ipydeps import main as run

    sys.exit(run(sys.argv[1:]))
