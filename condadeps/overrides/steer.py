"""What the overrides make of requests. A pure function: nothing is fetched, run or installed here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from condadeps.asked.job import Asked
from condadeps.asked.parse import parse
from condadeps.asked.request import Bare, Direct, Project, Request, Spec
from condadeps.errors import ConfigError
from condadeps.names.homes import Homes
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.overrides.document import Document, Key, Place, Rule
from condadeps.overrides.steered import Commands, Steered
from condadeps.prefix.conda_match import conda_grammar


def steer(
    requests: Sequence[Request],
    document: Document,
    place: Place,
    homes: Homes,
    *,
    allow_commands: bool = False,
    unrun: str | None = None,
) -> Steered:
    """``requests`` with the rules of ``document`` that hold at ``place`` applied, each once.

    A URL or path is nobody's to override. ``allow_commands`` is the site's word, not the user's; without it
    commands of the old form are shown and skipped, with ``unrun`` for a reason if it is another one, and the
    request goes on as it was.

    Raises ConfigError for a request that a rule refuses.
    """
    work = _Work(document, place, homes, allow_commands, unrun)
    kept: list[Request] = []
    for request in requests:
        kept += work.one(request)
    constraints = tuple(_constraint(rule, document.origin) for rule in document.bounds(place))
    warnings = (*document.warnings, *document.problems)
    told = tuple(f"overrides ({document.origin}): {text}" for text in warnings)
    return Steered(
        tuple(dict.fromkeys(kept)),
        constraints,
        tuple(work.commands),
        tuple(work.notes),
        (*told, *work.warnings),
    )


class _Work:
    def __init__(
        self, document: Document, place: Place, homes: Homes, allow_commands: bool, unrun: str | None
    ) -> None:
        self.document = document
        self.place = place
        self.homes = homes
        self.allow_commands = allow_commands
        self.unrun = unrun or "this site's configuration does not allow any"
        self.commands: list[Commands] = []
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def one(self, request: Request) -> Iterator[Request]:
        """What stands for ``request``."""
        rule = self._rule(request)
        if rule is None:
            yield request
        elif rule.refuse is not None:
            raise ConfigError(
                f"{request.text} is not to be had here: {rule.refuse}",
                detail=[f"the overrides at {self.document.origin} say so"],
                place=self.document.origin,
                name=str(rule.name),
            )
        elif rule.provided is not None:
            by = f" ({rule.provided})" if rule.provided else ""
            self._note(request, f"is provided already{by}", rule)
        elif rule.commands:
            self._run(request, rule)
            yield request
        elif rule.instead:
            texts = rule.instead
            self._note(request, f"is replaced by {' '.join(texts)}", rule)
            for text in texts:
                yield parse(self._asked(text))
        elif rule.pip is not None:
            yield self._by_pip(request, rule, rule.pip)
        elif rule.conda is not None or rule.channel is not None:
            yield self._by_conda(request, rule)
        else:
            yield request  # a bound: it is a constraint on everything

    def _rule(self, request: Request) -> Rule | None:
        for name in _names(request, self.homes):
            rule = self.document.rule(name, self.place)
            if rule is not None:
                return rule
        return None

    def _run(self, request: Request, rule: Rule) -> None:
        commands = Commands(str(rule.name), rule.commands, request)
        if self.allow_commands:
            self.commands.append(commands)
            self._note(request, f"comes with commands: {commands}", rule)
        else:
            self.warnings.append(
                f"overrides ({self.document.origin}): the commands for {rule.name} were not run, "
                f"since {self.unrun}: {commands}"
            )

    def _by_pip(self, request: Request, rule: Rule, text: str) -> Request:
        wanted = Requirement(text)
        specifier, extras = _asked_for(request)
        if wanted.url is None:
            same = ProjectName(wanted.name) == rule.name
            if not wanted.specifier and same:
                wanted.specifier = specifier
            if same:
                wanted.extras = wanted.extras | extras
        self._note(request, f"is taken from PyPI as {wanted}", rule)
        prefix = "" if wanted.url else "pypi:"
        return parse(self._asked(f"{prefix}{wanted}"))

    def _by_conda(self, request: Request, rule: Rule) -> Request:
        specifier, extras = _asked_for(request)
        text = rule.conda or self._home(request, rule)
        spec = parse(self._asked(text if "::" in text else f"conda:{text}"))
        assert isinstance(spec, Spec)
        plain = spec.spec == (f"{spec.channel}::{spec.name}" if spec.channel else str(spec.name))
        if plain and isinstance(request, Spec):
            text = (
                f"{text}{request.spec.removeprefix(f'{request.channel}::').removeprefix(str(request.name))}"
            )
        elif plain and specifier:
            text = f"{text} {conda_grammar(specifier)}"
        if rule.channel and "::" not in text:
            text = f"{rule.channel}::{text}"
        if extras:
            self.warnings.append(f"the extras of {request.text} are PyPI's, and {text} has none")
        self._note(request, f"is taken as conda's {text}", rule)
        return parse(self._asked(text if "::" in text else f"conda:{text}"))

    def _home(self, request: Request, rule: Rule) -> str:
        """The package that a rule which names a channel only is about."""
        if isinstance(request, Spec):
            return str(request.name)
        if isinstance(rule.name, PackageName):
            return str(rule.name)
        home = self.homes.home(rule.name)
        return home.spec or str(rule.name)

    def _asked(self, text: str) -> Asked:
        return Asked(text, place=f"overrides ({self.document.origin})")

    def _note(self, request: Request, what: str, rule: Rule) -> None:
        why = f": {rule.reason}" if rule.reason else ""
        self.notes.append(f"{request.text} {what}, by the overrides at {self.document.origin}{why}")


def _names(request: Request, homes: Homes) -> Iterator[Key]:
    """The names under which a request may be overridden, the likeliest first."""
    match request:
        case Project():
            yield request.name
        case Spec():
            yield request.name
        case Bare():
            try:
                project = ProjectName(request.name)
                yield project
                home = homes.home(project).package
                if home is not None:
                    yield home
                else:
                    yield PackageName(request.name)
            except ValueError:
                yield PackageName(request.name)
        case Direct():
            return


def _asked_for(request: Request) -> tuple[SpecifierSet, set[str]]:
    match request:
        case Bare():
            return request.specifier, set()
        case Project():
            return request.requirement.specifier, set(request.requirement.extras)
    return SpecifierSet(), set()


def _constraint(rule: Rule, origin: str) -> Request:
    asked = Asked(f"{rule.name}{rule.version}", place=f"overrides ({origin})", metadata=True)
    if isinstance(rule.name, PackageName):
        version = conda_grammar(SpecifierSet(rule.version or ""))
        return parse(replace(asked, text=f"conda:{rule.name} {version}", metadata=False))
    return parse(asked)
