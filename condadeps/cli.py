"""The ``condadeps`` command: parses its words, walks the road, shows what came of it.

Exit status: 0 done (or nothing to do), 1 it could not be done (or somebody said no), 2 the words were wrong.
"""

from __future__ import annotations

import gc
import os
import sys

TYPE_CHECKING = False  # as typing has it; what is imported here an engine's start has to wait for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from condadeps.asked.job import Asked
    from condadeps.call import Call
    from condadeps.errors import CondadepsError

_PLANNED = ("plan", "update")
"""The verbs that an engine is needed for nearly always."""


def main() -> None:
    """The command itself; never returns."""
    gc.set_threshold(100_000)  # there is little to collect in so short a life
    try:
        if sys.argv[1:2] and sys.argv[1] in _PLANNED and not {"-h", "--help"} & {*sys.argv}:
            from condadeps.engine import launch

            launch.ahead()  # before anything is imported here: the two take as long
        status = run(sys.argv[1:])
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read it has enough, `| head` for one
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.stderr.flush()
    os._exit(status)  # nothing is left open; to take the interpreter apart takes as long as a small solve


def run(words: Sequence[str]) -> int:
    """Carry out a command line and return its exit status."""
    from condadeps.arguments import read
    from condadeps.errors import CancelledError, CondadepsError

    try:
        call = read(words)
    except CondadepsError as error:
        return _fail(error, json="--json" in words)
    if call.help:
        print(call.help)
        return 0
    try:
        return _carry_out(call)
    except CondadepsError as error:
        return _fail(error, json=call.json)
    except KeyboardInterrupt:
        return _fail(CancelledError("interrupted; nothing was changed"), json=call.json)


def _carry_out(call: Call) -> int:
    from dataclasses import replace
    from json import dumps
    from pathlib import Path

    from condadeps.asked.job import Asked
    from condadeps.errors import UsageError
    from condadeps.show import conda_json, terminal
    from condadeps.verbs import carry_out

    asked = [Asked(text) for text in call.requests]
    if call.restart:
        raise UsageError("there is no kernel here to restart", help="--restart is for notebooks")
    if _is_to_ask(call):
        if not (agreed := _agreed(call, asked)):
            if agreed is None:
                return 0
            print("condadeps: nothing was changed", file=sys.stderr)
            return 1
        call = replace(call, yes=True)
    with terminal.progress(quiet=call.quiet or call.json) as reporter:
        result = carry_out(call, asked, Path.cwd(), reporter)
    if call.json:
        print(dumps(conda_json.result(result), indent=2))
        for warning in getattr(result, "untold", ()):
            print(f"condadeps: {warning}", file=sys.stderr)
    elif not call.quiet:
        terminal.show(result, verbosity=call.options.verbosity)
    else:
        for warning in getattr(result, "warnings", getattr(result, "untold", ())):
            print(f"condadeps: {warning}", file=sys.stderr)
    results = result if isinstance(result, list) else [result]
    return max((int(getattr(one, "exit_code", 0)) for one in results), default=0)


def _is_to_ask(call: Call) -> bool:
    """Whether this takes something away, and a person is there to say yes."""
    takes = call.verb in {"remove", "undo", "sync", "restore"} and not call.options.dry_run
    takes = takes or (call.verb == "cache" and call.requests[:1] == ("clean",))
    return takes and not (call.yes or call.json or call.quiet) and sys.stdin.isatty() and sys.stdout.isatty()


def _agreed(call: Call, asked: Sequence[Asked]) -> bool | None:
    """Show what would change, and ask. None: nothing would."""
    from dataclasses import replace
    from pathlib import Path

    import click

    from condadeps.show import terminal
    from condadeps.transaction.outcome import Outcome, Status
    from condadeps.verbs import carry_out

    dry = replace(call, options=replace(call.options, dry_run=True))
    if call.verb == "cache":
        dry = replace(dry, requests=("info", *call.requests[1:]))
    with terminal.progress() as reporter:
        result = carry_out(dry, asked, Path.cwd(), reporter)
    terminal.show(result)
    if isinstance(result, Outcome) and result.status is Status.UNCHANGED:
        return None
    try:
        return click.confirm("Do it?", default=True)
    except click.Abort:
        print()  # the line of the question is not ended
        return False


def _fail(error: CondadepsError, *, json: bool) -> int:
    if json:
        from json import dumps

        from condadeps.show import conda_json

        print(dumps(conda_json.error(error), indent=2))
    else:
        print(f"condadeps: {error}", file=sys.stderr)
    return error.exit_code
