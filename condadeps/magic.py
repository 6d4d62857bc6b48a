"""The ``%condadeps`` magic: parses a line or a cell, walks the road, shows what came of it."""

from __future__ import annotations

import importlib
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from IPython.core.magic import Magics, line_cell_magic, magics_class

from condadeps.asked.job import Asked
from condadeps.asked.verbs import VERBS, meant
from condadeps.errors import CancelledError, UsageError

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from condadeps.call import Call


_warming: threading.Thread | None = None


def register(shell: InteractiveShell) -> None:
    """Teach ``shell`` the magic; more than once does no harm.

    What its first call needs is loaded meanwhile, while nobody waits.
    """
    global _warming
    shell.register_magics(CondadepsMagics)
    _warming = threading.Thread(target=_warm_up, name="condadeps-warm-up", daemon=True)
    _warming.start()


_FIRST_CALL = (
    *("call", "verbs", "asked.parse", "prefix.already", "config", "record.place", "show.notebook"),
    *("record.environment", "record.glance", "transaction.room", "api"),
)


def _warm_up() -> None:
    """Load and read what tells that everything is there already; an error is for the call that meets it."""
    with suppress(Exception):
        for name in _FIRST_CALL:
            importlib.import_module(f"condadeps.{name}")
        from condadeps import config
        from condadeps.prefix import installed, target

        config.own()
        here = target.read(Path(sys.prefix))
        installed.packages(here.prefix)
        installed.distributions(here)


@magics_class
class CondadepsMagics(Magics):
    """Holds the one magic."""

    @line_cell_magic
    def condadeps(self, line: str, cell: str | None = None) -> None:
        """Install into this kernel's environment: conda first, PyPI second, in one solve; write it down.

        Usage, in a cell of its own or among others::

            %condadeps pandas seaborn "rich>=13"       what you want to import; quote what has > < or spaces
            %condadeps conda:ffmpeg pypi:tree          certainly conda's, certainly PyPI's
            %condadeps "uvicorn[standard]~=0.30"       extras, as pip has them
            %condadeps pandas=2 conda-forge::xz        conda's own grammar
            %condadeps --dry-run "numpy<2"             the plan only
            %condadeps update pandas                   to the newest that fits
            %condadeps remove seaborn                  it, and what only it needed
            %condadeps undo                            the last change taken back (history lists them)
            %condadeps doctor                          what is not as it was installed (restore mends it)
            %condadeps which torch graphviz            what a name means
            %condadeps list                            what is installed
            %condadeps export                          an environment file of it
            %condadeps install export                  a package named as a verb is

            %%condadeps                                a requirements list, one a line
            pandas >=2
            seaborn    # for the plots

        What is there already is left alone, at once. What was asked for is written into
        environment.yml beside the notebook (--env-file FILE, --no-record).

        Options: -c CHANNEL, --override-channels, -U/--update, --no-pip, --env-file FILE, --no-record,
        --no-overrides, --pki, --offline, --dry-run, --restart (the kernel, when the change needs it),
        -p/--prefix DIR, -q, -v; `%condadeps install --help` explains them.
        """
        if _warming is not None:
            _warming.join()  # it does what this call needs: both at once would do it twice
        from condadeps.asked.parse import lines, split

        words = split(line)
        call = _call(words if words or cell is None else ["install"])
        if call.help:
            from condadeps.show.spelling import as_magic

            print(as_magic(call.help))
            return
        asked = [Asked(text, place="cell") for text in call.requests]
        if cell is not None:
            if call.verb not in {"install", "update"}:
                raise UsageError(f"%%condadeps {call.verb} takes no list", help=f"%condadeps {call.verb}")
            asked += lines(cell)
            if not asked:
                raise UsageError("the list is empty", help="one request a line")
        self._carry_out(call, asked)

    def _carry_out(self, call: Call, asked: list[Asked]) -> None:
        from condadeps.show.notebook import live
        from condadeps.verbs import carry_out

        with live(self.shell, quiet=call.quiet) as display:
            try:
                result = carry_out(call, asked, Path.cwd(), display)
            except KeyboardInterrupt:
                raise CancelledError("interrupted; nothing was changed") from None
            display.result(result, json=call.json)
        if call.restart and self.shell and getattr(result, "restart_needed", False):
            from condadeps.kernels.restarting import restart

            restart(self.shell)


_ABOUT = frozenset({"-h", "--help", "--version"})


def _call(words: list[str]) -> Call:
    """What the words ask; a plain list of requests is understood without the command line's grammar."""
    if words and words[0] not in VERBS | _ABOUT:
        verb = next((word for word in words if word in VERBS), None)
        if words[0].startswith("-") and verb:
            raise UsageError(
                f"is {verb!r} what to do, or a package's name?",
                help=f"%condadeps {verb} … does it; %condadeps install … {verb} is for the package",
            )
        if likely := meant(words):
            import shlex

            raise UsageError(
                f"{words[0]!r} is no verb of %condadeps, and {shlex.join(words)} no list of packages",
                help=f"%condadeps {shlex.join(likely)}; packages of those names: "
                f"%condadeps install {shlex.join(words)}",
            )
        words = ["install", *words]
    if words[:1] == ["install"] and not any(word.startswith("-") for word in words):
        from condadeps.call import Call

        return Call("install", tuple(words[1:]))
    from condadeps.arguments import read

    return read(words, program="%condadeps")
