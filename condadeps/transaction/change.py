"""The part of a transaction in which the environment changes, step by step, and its taking back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from packaging.requirements import Requirement

from condadeps.solve.plan import Package
from condadeps.transaction import changes, conda, journal, listing, past, scripts, snapshot, verify
from condadeps.transaction.checkpoints import Checkpoints
from condadeps.transaction.executable import Executable, carry_out
from condadeps.transaction.journal import Journal, State
from condadeps.transaction.room import flush
from condadeps.transaction.staging import Staging


class Change:
    """One transaction's changes, each written to the journal before it is made."""

    def __init__(self, staging: Staging, entry: Journal, points: Checkpoints, *, begun: bool = False) -> None:
        """``begun``: ``entry`` is on the disk, and something was changed."""
        self._staging = staging
        self._entry = entry
        self._points = points
        self._room = staging.room
        self._plan = staging.plan
        self._begun = begun
        self._known: dict[Path, tuple[Requirement, ...]] = {}
        self._unmet: set[verify.Problem] = set()

    def begin(self, link_scripts: bool) -> None:
        """Open the journal. From here on an end is taken back."""
        target = self._staging.target
        self._unmet = verify.problems(target, self._known) if target.has_python else set()
        known, keep = past.leaving(self._plan, target, self._staging.owners())
        self._entry = replace(self._entry, leaving=known, keep=(*self._entry.keep, *keep))
        leaving = self._leaving() if link_scripts else []
        coming = self._coming() if link_scripts else []
        if leaving or coming or self._staging.executable:
            listing.take(self._room)
        if self._staging.executable:
            snapshot.hold(self._room)  # it may put a package's file in the place of anybody's
        self._write(self._entry)
        self._begun = True
        for package in leaving:
            self._points.reached(f"pre-unlink {package.name}")
            self._staging.warnings += scripts.run(self._room.prefix, package, "pre-unlink")

    def make(self) -> None:
        """Put in place what is staged; the first time, take away what the plan removes. Raises OSError."""
        self._staging.reporter.phase("link", "putting the files in place")
        number = len(self._entry.waves)
        wave = self._staging.changes(number)
        self._write(self._entry.with_wave(wave))
        verify.forget(self._known, frozenset(wave.displaced), self._room.prefix)
        tree, kept = self._room.tree(number), self._room.kept(number)
        changes.make(self._room.prefix, tree, kept, wave, self._points)

    def hand_over(self, executable: Executable) -> None:
        """Let another program link and unlink, everything that it may touch kept before.

        Raises what the program's failure comes to.
        """
        self._staging.reporter.phase("link", f"{executable.kind} puts the files in place")
        number = len(self._entry.waves)
        wave = self._staging.handed_over()
        asked = self._staging.specs()
        self._write(self._entry.with_wave(wave))
        (self._room.prefix / "conda-meta").mkdir(exist_ok=True)
        changes.keep_all(self._room.prefix, self._room.kept(number), wave)
        verify.forget(self._known, frozenset(wave.displaced), self._room.prefix)
        self._points.reached(executable.kind)
        (self._room.prefix / "conda-meta" / "history").touch()  # else it is no environment to conda
        carry_out(executable, self._plan, self._room.current / "explicit", self._staging.cancel)
        conda.tell_records(self._room.prefix, self._room.tree(2), asked, self._plan.link)

    def settle(self, link_scripts: bool) -> None:
        """Run what the new packages want run. Raises TransactionError when one of them fails."""
        for package in self._coming(self._room.prefix) if link_scripts else ():
            self._points.reached(f"post-link {package.name}")
            self._staging.warnings += scripts.run(self._room.prefix, package, "post-link")

    def verify(self) -> None:
        """Raises TransactionError unless the environment is as planned."""
        self._points.reached("verify")
        self._staging.reporter.phase("verify")
        self._staging.warnings += verify.placed(
            self._plan, self._staging.target, by_another=self._staging.executable is not None
        )
        if self._staging.target.has_python:
            unmet = verify.problems(self._staging.target, self._known)
            self._staging.warnings += verify.judge(unmet - self._unmet, self._staging.target)

    def finish(self) -> None:
        """Close the journal: the change stands."""
        flush(self._room.prefix)  # or a power cut would leave empty files that the journal calls done
        laid = past.laid(self._plan, self._staging.target)
        self._write(replace(self._entry, state=State.DONE, laid=laid))
        self._begun = False
        self._points.reached("file away")
        journal.file_away(self._room, self._entry)
        self._points.reached("sweep")
        self._room.sweep()

    def take_back(self) -> None:
        """The environment as it was. Raises TransactionError when that fails; the journal then stays."""
        if self._begun:
            journal.take_back(self._room, self._entry)
        self._room.sweep()

    def _write(self, entry: Journal) -> None:
        self._points.reached(f"journal {entry.state.value} {len(entry.waves)}")
        entry.write(self._room)
        self._entry = entry

    def _leaving(self) -> list[Package]:
        replaced = [link.previous for link in self._plan.link if link.previous]
        leaving = [*replaced, *(one.package for one in self._plan.unlink)]
        return scripts.among(self._room.prefix, leaving, "pre-unlink")

    def _coming(self, root: Path | None = None) -> list[Package]:
        packages = [link.package for link in self._plan.link]
        return scripts.among(root or self._room.tree(0), packages, "post-link")
