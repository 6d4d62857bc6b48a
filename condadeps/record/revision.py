"""What recording changes: which lines come, move to another version, and leave."""

from __future__ import annotations

from collections.abc import Sequence

from condadeps.asked.credentials import without
from condadeps.names.namespaces import PackageName, ProjectName
from condadeps.record.constraints import Pin, admits, pinned, settled
from condadeps.record.sheet import (
    CondaEntry,
    Line,
    PipEntry,
    Sheet,
    conda_entry,
    conda_name,
    pip_entry,
    pip_name,
)
from condadeps.solve.plan import Answer, Needed


class Revision:
    """One recording's changes of a sheet, which is changed in place."""

    warnings: list[str]
    """What to tell the person."""

    def __init__(self, sheet: Sheet, answers: Sequence[Answer], needed: Sequence[Needed], pin: Pin) -> None:
        self.sheet = sheet
        self.asked = answers
        self.needed = {item.name: item for item in needed}
        self.pin = pin
        self.warnings = []
        self.were_in_pip = sheet.projects()
        self.recorded: set[str] = set()

    def channels(self, channels: Sequence[str]) -> None:
        """Add the channels that were used and are not there; the file's own order stands.

        So does whether the configured channels count beside them (``nodefaults``), where it has channels.
        """
        known = [line.text for line in self.sheet.channels]
        if known:
            channels = [channel for channel in channels if channel != "nodefaults"]
        for channel in channels:
            bare = without(channel)
            if bare != channel:
                self.warnings.append(f"the channel {bare} is recorded without its credentials")
            if not any(_is_channel(bare, other) for other in known):
                known.append(bare)
                self.sheet.channels.append(Line(bare))

    def answers(self) -> None:
        """Record every answer where its manager has it, and what pip's projects need of conda."""
        for answer in self.asked:
            if answer.manager == "conda":
                self._conda(answer)
            else:
                self._needs(answer.name)
                self._pip(answer)
        for item in self.needed.values():
            self._need(item)
        self._drop_what_nothing_needs()

    def _conda(self, answer: Answer) -> None:
        name = PackageName(answer.name)
        self.recorded.add(name)
        line = self.sheet.conda_line(name)
        constraint = settled_conda(line, answer, self.pin)
        channel = without(answer.channel) if answer.channel else None
        entry = CondaEntry(name, constraint, channel)
        if line is None:
            self._add_conda(Line(entry.text))
        else:
            old = conda_entry(line.text)
            if old is None or old.constraint != constraint or (channel and channel != old.channel):
                line.text = CondaEntry(name, constraint, channel or (old.channel if old else None)).text
            if line.needed_by and _is_ours(line, self.were_in_pip, self.needed):
                line.comment = ""
        self._forget_in_pip(name, answer.project)
        if answer.extras and answer.project is not None:
            self._extras_for_pip(answer.project, answer)

    def _extras_for_pip(self, project: ProjectName, answer: Answer) -> None:
        """Conda has no extras: ``pip:`` lists ``uvicorn[standard]`` too, for what the extra adds to it."""
        line = self.sheet.pip_line(project)
        old = pip_entry(line.text) if line is not None else None
        entry = PipEntry(
            old.name if old else project,
            "",
            frozenset(answer.extras) | (old.extras if old else frozenset()),
            answer.marker or (old.marker if old else None),
        )
        if line is None:
            self.sheet.pip.append(Line(entry.text))
        elif entry != old:
            line.text = entry.text

    def _pip(self, answer: Answer) -> None:
        name = ProjectName(answer.name)
        line = self.sheet.pip_line(name)
        entry = self._pip_entry(line, answer)
        if line is None:
            self.sheet.pip.append(Line(entry.text))
        elif pip_entry(line.text) != entry:
            line.text = entry.text
        if answer.version:  # else it is wanted on other platforms only, and says nothing of this one
            self._forget_in_conda(name)

    def _pip_entry(self, line: Line | None, answer: Answer) -> PipEntry:
        """The parts of the line that ``answer`` is to have."""
        asked = answer.constraint
        if asked.lstrip().startswith("@"):
            url = asked.lstrip()[1:].strip()
            if without(url) != url:
                self.warnings.append(f"{answer.name} is recorded without the credentials of its URL")
            asked = f" @ {without(url)}"
        extras = frozenset(answer.extras)
        old = pip_entry(line.text) if line is not None else None
        if old is None:
            return PipEntry(
                answer.name, asked or pinned(answer.version, "pip", self.pin), extras, answer.marker
            )
        if asked.startswith(" @"):
            constraint = asked
        elif old.constraint.startswith(" @"):
            constraint = asked or old.constraint
        else:
            constraint = settled(old.constraint, asked, answer.version, "pip", self.pin)
        return PipEntry(old.name, constraint, old.extras | extras, answer.marker or old.marker)

    def _needs(self, project: str) -> None:
        """List what ``project`` needs of conda here: beside the request that brought it."""
        for item in self.needed.values():
            if _base(item.needed_by[0] if item.needed_by else "") == ProjectName(project):
                self._need(item)

    def _need(self, item: Needed) -> None:
        line = self.sheet.conda_line(item.name)
        asked = item.name in self.recorded or any(
            answer.manager == "conda" and PackageName(answer.name) == item.name for answer in self.asked
        )
        if line is None:
            if not asked:
                text = CondaEntry(item.name, pinned(item.version, "conda", self.pin)).text
                self._add_conda(Line(text, _for(item.needed_by)))
            return
        old = conda_entry(line.text)
        if old is not None and not asked:
            constraint = settled(old.constraint, "", item.version, "conda", self.pin)
            if constraint != old.constraint:
                line.text = CondaEntry(old.name, constraint, old.channel).text
        if line.needed_by and not asked and _is_ours(line, self.were_in_pip, self.needed):
            known = {_base(name) for name in line.needed_by}
            more = [name for name in item.needed_by if _base(name) not in known]
            if more:
                line.comment = _for((*line.needed_by, *more))

    def _drop_what_nothing_needs(self) -> None:
        """Lines marked ``# for X`` leave when X left, or was solved anew and needs them no more."""
        still = self.sheet.projects()
        solved = {a.project or ProjectName(a.name) for a in self.asked if _is_solved_anew(a)}
        for line in self.sheet.conda:
            if line.opaque or line.dropped or not _is_ours(line, self.were_in_pip, self.needed):
                continue
            item = self.needed.get(PackageName(conda_name(line.text) or "_"))
            fresh = {_base(name) for name in item.needed_by} if item else set()
            stay = [
                name
                for name in line.needed_by
                if (base := _base(name)) in fresh
                or (base not in solved and not (base in self.were_in_pip and base not in still))
            ]
            if not stay:
                line.dropped = True
            elif len(stay) < len(line.needed_by):
                line.comment = _for(stay)

    def python(self, version: str) -> None:
        """``python=X.Y``, first, unless the file says it in a way that holds."""
        line = self.sheet.conda_line("python")
        if line is None:
            self.sheet.conda.insert(0, Line(f"python={version}"))
            return
        old = conda_entry(line.text)
        if old is not None and not _admits_minor(old.constraint, version):
            line.text = CondaEntry(old.name, f"={version}", old.channel).text

    def pip(self) -> None:
        """``pip`` itself, when there is a ``pip:`` list: conda would add it, and says so each time."""
        if any(not line.dropped for line in self.sheet.pip) and self.sheet.conda_line("pip") is None:
            place = next((i for i, line in enumerate(self.sheet.conda) if line.opaque), len(self.sheet.conda))
            self.sheet.conda.insert(place, Line("pip"))

    def _add_conda(self, line: Line) -> None:
        """After the last package, but before ``pip`` and the lists of other installers."""
        lines = self.sheet.conda
        last = max(
            (i for i, known in enumerate(lines) if not known.opaque and conda_name(known.text) != "pip"),
            default=-1,
        )
        lines.insert(last + 1, line)

    def _forget_in_pip(self, package: str, project: ProjectName | None) -> None:
        """A project that is conda's now leaves the ``pip:`` list, but for its extras."""
        for line in self.sheet.pip:
            name = None if line.opaque or line.dropped else pip_name(line.text)
            if name is None or (name != project and (project is not None or _home(name) != package)):
                continue
            old = pip_entry(line.text)
            if old is None or not old.extras or old.constraint.startswith(" @"):
                line.dropped = True
            elif old.constraint:
                line.text = PipEntry(old.name, "", old.extras, old.marker).text

    def _forget_in_conda(self, project: ProjectName) -> None:
        """A project that is pip's now: the package that ships it leaves; a mere namesake does not."""
        home = _home(project)
        line = self.sheet.conda_line(home) if home else None
        if line is not None:
            line.dropped = True


def settled_conda(line: Line | None, answer: Answer, pin: Pin) -> str:
    """The constraint a conda line is to have for ``answer``."""
    if answer.name == "python" and not answer.constraint.strip():
        minor = ".".join(answer.version.split(".")[:2])
        old = conda_entry(line.text) if line is not None else None
        return (
            old.constraint if old and old.constraint and _admits_minor(old.constraint, minor) else f"={minor}"
        )
    asked = answer.constraint.rstrip() if answer.constraint.strip() else ""
    if line is None:
        return asked or pinned(answer.version, "conda", pin)
    old = conda_entry(line.text)
    return settled(old.constraint if old else "", asked, answer.version, "conda", pin)


def _is_solved_anew(answer: Answer) -> bool:
    """Whether what the answered project needs of conda was just looked at."""
    return not answer.already and (answer.manager == "pip" or bool(answer.extras))


def _is_ours(line: Line, in_pip: frozenset[str], needed: dict[PackageName, Needed]) -> bool:
    """Whether ``# for X`` is this program's mark: X is a project of the file, or said to need something now.

    A person may write ``# for plotting``; such a line is theirs.
    """
    told = {_base(name) for item in needed.values() for name in item.needed_by}
    return bool(line.needed_by) and all(
        _base(name) in in_pip or _base(name) in told for name in line.needed_by
    )


def _for(names: Sequence[str]) -> str:
    return f"# for {', '.join(names)}" if names else ""


def _base(name: str) -> str:
    """``uvicorn`` of ``Uvicorn[standard]``."""
    try:
        return ProjectName(name.partition("[")[0].strip())
    except ValueError:
        return name


def _admits_minor(constraint: str, minor: str) -> bool:
    """Whether some ``minor.N`` may meet ``constraint``: only the minor version is known here."""
    if not constraint.strip():
        return False
    return any(
        admits(constraint, version, "conda") is not False
        for version in (minor, *(f"{minor}.{patch}" for patch in range(40)))
    )


def _is_channel(one: str, other: str) -> bool:
    """Whether two texts are one channel: its name, or where that is when nothing else is configured."""
    first, second = sorted((without(text).rstrip("/") for text in (one, other)), key=len)
    if first == second or "://" in first or not second.endswith(f"/{first}") or "://" not in second:
        return first == second
    from condadeps.sources.known_places import alias

    return second == f"{alias()}/{first}"


def _home(project: ProjectName) -> str | None:
    from condadeps import names

    return names.home(project)
