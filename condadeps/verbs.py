"""From the words of a command or a magic to the function that does it, a case a verb."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from condadeps import api
from condadeps.asked import caller
from condadeps.asked.job import Asked, Job, located
from condadeps.errors import UsageError

if TYPE_CHECKING:
    from condadeps.call import Call
    from condadeps.show.reporter import Reporter


def carry_out(call: Call, asked: Sequence[Asked], directory: Path, reporter: Reporter | None) -> object:
    """Do what the words of a command or magic say, and return what is to be shown.

    ``asked`` are the call's requests with where each was asked; ``directory`` is where relative
    paths are meant from.
    """
    prefix = located(call.prefix)

    def job(verb: Any = call.verb, record: bool = call.options.record) -> Job:
        options = replace(call.options, record=record)
        return Job(verb, str(prefix), tuple(asked), options, str(directory), caller.notebook())

    match call.verb:
        case "list":
            return api.listing(prefix)
        case "which":
            return api.look_up(asked, prefix, directory)
        case "config":
            from condadeps.show.configured import configured

            return configured(prefix, directory)
        case "export":
            from condadeps.record.export import export

            return export(job(), reporter, **call.settings)
        case "install" | "update":
            if not asked and not call.files and not call.options.update_all:
                raise UsageError("name at least one package", help='such as pandas "numpy>=2"')
            return api.travel(api.with_files(job(), call.files), reporter)
        case "kernels":
            return _kernels(call, reporter)
        case "lock":
            from condadeps.locks import make

            return make.lock(job(), call.files, reporter, **call.settings)
        case "cache":
            from condadeps.sources import kept

            what, *kinds = call.requests or ("info",)
            if what == "clean" and call.yes:
                return kept.clear(kinds)
            return replace(kept.kept(kinds), asked=what == "clean")
        case "embed":
            from condadeps.record import embedding

            there = replace(job("export"), asked=())
            return [embedding.embed(there, path, reporter, **call.settings) for path in call.requests]
        case "strip":
            from condadeps.record import embedding

            return [embedding.strip(job("export"), path) for path in call.requests]
        case "bundle":
            from condadeps.locks import make

            return make.bundle(job(), call.files, reporter, **call.settings)
        case "sync":
            if not call.files:
                raise UsageError("say what it is to match", help="condadeps sync -f environment.yml")
            # The file is the record.
            return api.travel(
                api.with_files(job(record=call.options.env_file is not None), call.files), reporter
            )
        case "remove":
            if not asked:
                raise UsageError("name what is to be removed", help="such as: condadeps remove pandas")
            return api.travel(job(), reporter)
        case "undo":
            return api.travel(replace(job(), number=call.settings["number"]), reporter)
        case "history":
            return api.history(prefix)
        case "restore":
            return api.travel(job(), reporter)
        case "doctor":
            return api.doctor(prefix, reporter=reporter)
        case "migrate":
            from condadeps.migration.migrate import migrate

            return migrate(call.requests, directory=directory, **call.settings)
        case "create":
            from condadeps.kernels.creation import create as make_environment

            made = api.with_files(job(record=call.options.env_file is not None), call.files)
            return make_environment(made, reporter=reporter, **call.settings)
        case verb:
            raise ValueError(f"no such verb: {verb}")


def _kernels(call: Call, reporter: Reporter | None) -> object:
    from condadeps.kernels import first_use, offered, registered

    said = dict(call.settings)
    match said.pop("action"):
        case "add":
            return first_use.add(call.requests, call.prefix, reporter=reporter, **said)
        case "remove":
            return registered.remove(call.requests, call.prefix, **said)
        case "available":
            return offered.offers(first_use.names_registered())
        case _:
            return registered.kernels(call.prefix)
